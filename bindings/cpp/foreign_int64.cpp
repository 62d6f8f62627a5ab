/* A part of the program ipworks that has an int64 of its own. Also compiled alone, with IPWORKS_NO_INT64 defined first. */
#ifdef IPWORKS_NO_INT64
typedef long int64;
#endif
#include <ipworks/ipworks.h>
#ifndef IPWORKS_NO_INT64
typedef long int64;
#endif

#include <type_traits>

namespace theirs {
typedef unsigned int64;
int64 narrow(int64 value);
int64 narrow(int64 value)
{
    return value;
}
} // namespace theirs

static_assert(std::is_same<decltype(TFTPServerTransferEventParams::BytesTransferred), long long>::value, "64 bits");
static_assert(std::is_same<decltype(theirs::narrow(0)), unsigned>::value, "theirs");
static_assert(std::is_same<::int64, long>::value, "this file's");
#ifdef IPWORKS_NO_INT64
static_assert(std::is_same<int64, long>::value, "no other name is there");
#endif

/* The class's inline members call it: it must be the same function in every file. */
int (*library_fits_elsewhere())();
int (*library_fits_elsewhere())()
{
    return &IPWorks_TFTPServer_LibraryFits;
}
