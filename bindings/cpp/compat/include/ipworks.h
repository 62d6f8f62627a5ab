/*
 * Lets programs with #include "../../include/ipworks.h" be built unchanged. Opt-in: never installed, so that it
 * cannot replace the vendor's own file. README.md in the directory above describes its use.
 */
#include <ipworks/ipworks.h>
