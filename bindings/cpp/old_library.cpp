/*
 * An old library with a new header: this program replaces the library's function that returns the
 * version.
 */
#include <ipworks/ipworks.h>
#include <tftpserver.hpp>

#include "../../c-tests/check.h"

static const char *pretended = "0.0.9";

extern "C" const char *tftpserver_version(void)
{
    return pretended;
}

static void the_class_throws()
{
    for (const char *version : {"0.0.9", "1.0.0", "", "nonsense", "0.0", "."}) {
        pretended = version;
        try {
            tftp::server server;
            CHECK(!"a library that does not fit");
        } catch (const tftp::error &e) {
            CHECK(e.code() == tftp::errc::not_available);
            CHECK(std::string(e.what()).find(std::string("libtftpserver ") + version + " does not fit") == 0);
        }
    }
}

static void the_ipworks_class_fails_every_call()
{
    pretended = "0.0.9";
    TFTPServer server;
    CHECK_INT(server.StartListening(), 909);
    CHECK(strstr(server.GetLastError(), "older than this program needs") != NULL);
    CHECK_INT(server.GetLastErrorCode(), 909);
    CHECK_INT(server.DoEvents(), 909);
    CHECK_INT(server.SetLocalPort(1), 909);
    CHECK_TEXT(server.GetLocalDir(), "");
}

static void the_c_layer_makes_nothing()
{
    for (const char *version : {"0.0.9", "1.0.0", "", "0.0."}) {
        pretended = version;
        CHECK(IPWorks_TFTPServer_Create(NULL, NULL, NULL, 0) == NULL);
    }
}

/* Accepts the same version, and a later one with the same major number. */
static void a_fitting_one_is_taken(const char *version)
{
    pretended = version;
    tftp::server server;
    CHECK(server.handle() != nullptr);
    TFTPServer other;
    CHECK_INT(other.SetLocalPort(1), 0);
    void *third = IPWorks_TFTPServer_Create(NULL, NULL, NULL, 0);
    CHECK(third != NULL);
    CHECK_INT(IPWorks_TFTPServer_Destroy(third), 0);
}

int main()
{
    check_begin(60);
    RUN(the_class_throws);
    RUN(the_ipworks_class_fails_every_call);
    RUN(the_c_layer_makes_nothing);
    check_test = "a_fitting_one_is_taken";
    a_fitting_one_is_taken(TFTPSERVER_VERSION_STRING);
    a_fitting_one_is_taken("0.999.0");
    return check_end();
}
