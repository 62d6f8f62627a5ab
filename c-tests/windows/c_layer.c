/*
 * The C layer as 32-bit programs for Windows were written for it: functions and sink are __stdcall.
 */
#include <stdio.h>

#include <ipworks/ipworks_tftpserver.h>

static int __stdcall on_event(void *context, int event_id, int cparam, void *param[], int cbparam[])
{
    (void)context, (void)event_id, (void)cparam, (void)param, (void)cbparam;
    return 0;
}

int main(void)
{
    void *(__stdcall * create)(int(__stdcall *)(void *, int, int, void *[], int[]), void *, char *, int) =
        IPWorks_TFTPServer_Create;
    int(__stdcall * destroy)(void *) = IPWorks_TFTPServer_Destroy;
    void *object = create(on_event, NULL, NULL, 0);
    if (object == NULL || IPWorks_TFTPServer_Do(object, IPWORKS_TFTPSERVER_DOEVENTS, 0, NULL, NULL, NULL) != 0)
        return 1;
    puts("the C layer works");
    return destroy(object);
}
