/*
 * Lets programs that say #include "../../include/ipworks.h" be built as they are. Opt-in: never installed, so that it
 * cannot take the place of the vendor's own file. README.md in the directory above says how it is used.
 */
#include <ipworks/ipworks.h>
