/* The C layer in C: its header needs no other includes and may be included twice. */
#include <ipworks/ipworks_tftpserver.h>
#include <ipworks/ipworks_tftpserver.h>

int main(void)
{
    void *server = IPWorks_TFTPServer_Create(NULL, NULL, NULL, 0);
    return IPWorks_TFTPServer_Set(server, 14, 0, (void *)(intptr_t)6969, 0)
         + ((intptr_t)IPWorks_TFTPServer_Get(server, 14, 0, NULL, NULL) != 6969) + IPWorks_TFTPServer_Destroy(server);
}
