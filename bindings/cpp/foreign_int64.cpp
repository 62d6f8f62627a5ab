/*
 * A file of the program `ipworks` with its own int64. Also compiled alone, with IPWORKS_NO_INT64
 * defined.
 */
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

/* Called by inline members of the class, so it must be the same function in every file. */
int (*library_fits_elsewhere())();
int (*library_fits_elsewhere())()
{
    return &IPWorks_TFTPServer_LibraryFits;
}
