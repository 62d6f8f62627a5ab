/* Made from api/settings.toml by `make bless`; not to be edited. */
#include <stdio.h>
#include <stdlib.h>
#include <tftpserver.h>

static void check(tftpserver *server, int line)
{
    if (tftpserver_get_last_error_code(server) == 0)
        return;
    fprintf(stderr, "settings.c:%d: %s\n", line - 1, tftpserver_get_last_error(server));
    exit(1);
}

void example(tftpserver *server)
{
    tftpserver_do_config(server, "DefaultRollOverNumber=1");
    check(server, __LINE__);
    tftpserver_do_config(server, "CaptureIPPacketInfo=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "DelayHostResolution=True");
    check(server, __LINE__);
    printf("%s\n", tftpserver_do_config(server, "DestinationAddress"));
    check(server, __LINE__);
    tftpserver_do_config(server, "DontFragment=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "LocalHost=127.0.0.1");
    check(server, __LINE__);
    tftpserver_do_config(server, "LocalPort=6969");
    check(server, __LINE__);
    tftpserver_do_config(server, "MaxPacketSize=1432");
    check(server, __LINE__);
    tftpserver_do_config(server, "QOSDSCPValue=46");
    check(server, __LINE__);
    tftpserver_do_config(server, "QOSTrafficType=Voice");
    check(server, __LINE__);
    tftpserver_do_config(server, "ShareLocalPort=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "SourceIPAddress=192.0.2.1");
    check(server, __LINE__);
    tftpserver_do_config(server, "SourceMacAddress=02-00-00-00-00-01");
    check(server, __LINE__);
    tftpserver_do_config(server, "UseConnection=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "UseIPv6=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "AbsoluteTimeout=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "FirewallData=");
    check(server, __LINE__);
    tftpserver_do_config(server, "InBufferSize=1048576");
    check(server, __LINE__);
    tftpserver_do_config(server, "OutBufferSize=1048576");
    check(server, __LINE__);
    printf("%s\n", tftpserver_do_config(server, "BuildInfo"));
    check(server, __LINE__);
    tftpserver_do_config(server, "CodePage=1252");
    check(server, __LINE__);
    printf("%s\n", tftpserver_do_config(server, "LicenseInfo"));
    check(server, __LINE__);
    tftpserver_do_config(server, "MaskSensitive=False");
    check(server, __LINE__);
    tftpserver_do_config(server, "ProcessIdleEvents=False");
    check(server, __LINE__);
    tftpserver_do_config(server, "SelectWaitMillis=0");
    check(server, __LINE__);
    tftpserver_do_config(server, "UseInternalSecurityAPI=False");
    check(server, __LINE__);
    tftpserver_do_config(server, "LogLevel=2");
    check(server, __LINE__);
    tftpserver_do_config(server, "MaxBlockSize=1428");
    check(server, __LINE__);
    tftpserver_do_config(server, "MaxWindowSize=16");
    check(server, __LINE__);
    tftpserver_do_config(server, "MaxConnections=100");
    check(server, __LINE__);
    tftpserver_do_config(server, "MaxConnectionsPerHost=4");
    check(server, __LINE__);
    tftpserver_do_config(server, "ReadOnly=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "AllowOverwrite=False");
    check(server, __LINE__);
    tftpserver_do_config(server, "FollowSymlinks=False");
    check(server, __LINE__);
    tftpserver_do_config(server, "SinglePort=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "TransferPorts=40000-41999");
    check(server, __LINE__);
    tftpserver_do_config(server, "PortPerTransfer=False");
    check(server, __LINE__);
    tftpserver_do_config(server, "Interface=eth0");
    check(server, __LINE__);
    tftpserver_do_config(server, "IoThreads=2");
    check(server, __LINE__);
    tftpserver_do_config(server, "AdaptiveRetransmit=False");
    check(server, __LINE__);
    tftpserver_do_config(server, "SyncUploads=True");
    check(server, __LINE__);
    tftpserver_do_config(server, "BusyPollMicros=50");
    check(server, __LINE__);
    printf("%s\n", tftpserver_do_config(server, "Statistics"));
    check(server, __LINE__);
    tftpserver_do_config(server, "ListenOn=127.0.0.1:6970 [::1]:6970");
    check(server, __LINE__);
    tftpserver_do_config(server, "ListenDescriptors=");
    check(server, __LINE__);
    printf("%s\n", tftpserver_do_config(server, "ListenAddresses"));
    check(server, __LINE__);
    tftpserver_do_reset(server);
}
