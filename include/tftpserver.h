/*
 * libtftpserver: a TFTP server inside your program.
 *
 * It serves a directory, or data that your callbacks supply, to any TFTP client (RFC 1350, with the
 * options of RFC 2347, 2348, 2349 and 7440). Names and numbers are those of the IPWorks TFTPServer
 * class.
 *
 * QUICK START
 *
 *     #include <stdio.h>
 *     #include <tftpserver.h>
 *
 *     int main(void)
 *     {
 *         tftpserver *server = tftpserver_open();
 *         if (tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_DIR, 0, "/srv/tftp") != 0
 *             || tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 6969) != 0
 *             || tftpserver_do_startlistening(server) != 0) {
 *             fprintf(stderr, "%s\n", tftpserver_get_last_error(server));
 *             return 1;
 *         }
 *         getchar();
 *         return tftpserver_close(server);
 *     }
 *
 *     cc serve.c $(pkg-config --cflags --libs tftpserver)
 *
 * This is a complete server: without callbacks, no further calls are needed. To observe and decide
 * what the server does, register callbacks and call tftpserver_do_doevents in a loop.
 *
 * ERRORS
 *
 * Functions that return int32_t return 0 or an error number, TFTPSERVER_ERROR_.... Functions that
 * return a value return NULL, 0 or -1 on failure. As 0 may also be a value, check
 * tftpserver_get_last_error_code: it is 0 after a success. tftpserver_get_last_error returns the
 * text with details, tftpserver_strerror the text of a number alone. Both getters refer to the
 * calling thread's last call with that handle. A call that fails changes nothing. The numbers are
 * the same on every platform: EADDRINUSE of Linux is 10048.
 *
 * NULL, a closed handle, an unknown id, an index out of range and text that is not UTF-8 give an
 * error number, never undefined behaviour. Invalid callback pointers, unterminated strings and
 * lengths beyond a buffer cannot be detected.
 *
 * MEMORY
 *
 * Text is UTF-8 and NUL-terminated. The library copies every argument. Returned pointers belong to
 * the library and are valid until the same thread's next call with the same handle; the two getters
 * of the last error do not invalidate them. You never free anything. Pointers in an event are valid
 * until its callback returns.
 *
 * THREADS
 *
 * Every function may be called from any thread at any time. The server runs on its own threads.
 * Callbacks never run there: they run only inside tftpserver_do_doevents, on the thread that calls
 * it, one at a time, and the library holds no lock meanwhile. A callback may call every function
 * except tftpserver_close and tftpserver_do_doevents, which return 907 inside a callback, for any
 * handle. tftpserver_release closes a server there.
 *
 * Handles are not inherited by fork: in the child they are invalid (901). The child may open its
 * own servers, and its exit does not affect the parent. The library's threads block all signals.
 * tftpserver_do_interrupt may be called from any thread but not from a signal handler: let a thread
 * wait for the signal, or set a flag.
 *
 * EVENTS
 *
 * The events of one connection fire in this order, each if a callback is registered for it:
 *
 *     ConnectionRequest   accept, refuse, or answer later
 *     Connected           0 "OK", or the error; no further events if the connection was not accepted
 *     StartTransfer
 *     Transfer ...        one for each block
 *     EndTransfer         only if the file is complete
 *     Disconnected        0 "OK", or the error; exactly one for each Connected with 0
 *
 * ConnectionRequest, Connected and StartTransfer hold their own connection until the callback has
 * returned, and no other. Error and Log may fire between them. Nothing waits for an event without a
 * callback.
 *
 * Log is the only event that may be dropped; a later Log event then reports how many were. If
 * callbacks are slow, the connections whose Transfer events are pending slow down. While tens of
 * thousands of events are pending, new requests are not answered until DoEvents is called; clients
 * retransmit them.
 *
 * If a decision takes time, such as a database query, set `accept` to TFTPSERVER_ACCEPT_LATER,
 * return, and call tftpserver_do_accept from any thread when the answer is known. Only that
 * connection waits, at most for Timeout.
 *
 * If another thread or a task of an event loop stores uploaded data, call tftpserver_do_hold in the
 * Transfer callback, and again when the data is stored. Until then, the last block of the upload is
 * not acknowledged.
 *
 * THE CONN ARRAYS
 *
 * Properties whose names begin with Conn have one value for each connection. Their index is a
 * connection id as events carry it (ids start at 1000001), or a position from 0 to ConnCount - 1.
 * The arrays change only inside DoEvents: a record is added before its ConnectionRequest or
 * Connected callback and removed after its Disconnected callback. A program without callbacks that
 * calls DoEvents also sees its connections there. The figures from ConnBytesTransferred to
 * ConnElapsedMillis are current at every read, on any thread, and final in Disconnected.
 *
 * SOURCES AND DESTINATIONS
 *
 * The first of these that applies is used:
 *
 *  1. ConnFileData, if set (downloads).
 *  2. DataWanted and tftpserver_do_supply, if ConnDataSize is set (downloads).
 *  3. ConnLocalFile, if set: any path that the program chooses.
 *  4. LocalDir, if set: the file that ConnServedName or else the client names, never outside
 *     LocalDir.
 *  5. The Transfer callback (uploads). No file is written. If the callback is removed before the
 *     end, the upload fails with 126.
 *  6. Otherwise the client gets ERROR 1, and the program error 126 (uploads) or 127 (downloads).
 *
 * The choice is made when Connected has returned and, if nothing was found, again when
 * StartTransfer has returned. Later changes of ConnFileData, ConnDataSize, ConnDataKey,
 * ConnLocalFile and ConnServedName fail with 130.
 *
 * An uploaded file gets its final name only when it is complete. Until then its name is
 * .tftpserver-<16 hex digits>.part in the same directory. When listening starts, such files that a
 * killed program left in or below LocalDir are removed.
 *
 * DATA WITHOUT A FILE
 *
 * Content from a URL, an object store or a generator can be sent without holding it in memory. Set
 * ConnDataSize (its length in bytes, or -1 if unknown) in ConnectionRequest, Connected or
 * StartTransfer, or before the deferred answer. From then on, each DataWanted event requests bytes
 * from an offset, and tftpserver_do_supply supplies them:
 *
 *     static int32_t on_wanted(tftpserver *server, tftpserver_event *event, void *context)
 *     {
 *         tftpserver_data_wanted_event *e = &event->data.data_wanted;
 *         static char bytes[65536];
 *         size_t most = e->length < (int64_t)sizeof bytes ? (size_t)e->length : sizeof bytes;
 *         size_t length = fread(bytes, 1, most, context);
 *         return tftpserver_do_supply(server, e->connection_id, bytes, length, feof((FILE *)context));
 *     }
 *
 * This serves one download at a time, from one FILE. If `length` exceeds the buffer, supply the
 * rest in a loop. At most two windows, or 32 kB if that is more, are requested ahead of the
 * client's acknowledgement. The event fires again when less than half of the requested data is
 * still to come. Without a DataWanted callback the client gets ERROR 1, and the program 126. If the
 * source fails, call tftpserver_do_abort.
 *
 * Downloads with the same ConnDataKey and ConnDataSize share one pass over the source, so a
 * thousand machines that boot the same image cause one pass. The event carries the id of one of
 * them. A download that starts after the beginning was discarded, or that falls half a second
 * behind, gets its own pass: its events start at offset 0 again, with its own id. The id and the
 * offset identify a pass. If an event continues at the offset of a pass with another id, the
 * connection of the former id has ended or was left behind. If the program ends a connection inside
 * the callback of its DataWanted, or before that fires, another event requests the missing bytes
 * for a connection that shares the source.
 *
 * WRITING BINDINGS
 *
 * For callers from other languages, and from runtimes with an event loop:
 *
 *  - The last error is kept per thread. A runtime that runs native calls on a thread pool must read
 *    the number and the text in the same job as the failed call. It must also copy returned text
 *    and bytes in that job.
 *  - The event descriptor is an eventfd on Linux, polled for reading, level-triggered. The library
 *    owns it: a read by the program loses a wake-up. Loops that close the descriptors they are
 *    given (asio, libuv's uv_pipe_open, Node's streams) need a dup() of it. uv_poll_t, GLib,
 *    asyncio and epoll can use it directly.
 *  - tftpserver_do_doevents blocks its thread for at most SelectWaitMillis if no event is pending.
 *    On the thread of an event loop set SelectWaitMillis=0, and call it when the descriptor is
 *    readable.
 *  - Some runtimes run callbacks on another thread while the thread in DoEvents waits for them.
 *    Such a callback must not call tftpserver_close or tftpserver_do_doevents: the library cannot
 *    detect the relation between the threads, and they would deadlock. tftpserver_release closes
 *    without waiting, from any thread. Keep `context` and the callback's code until DoEvents has
 *    returned.
 *  - A callback must end by return, never by an exception or longjmp. Store the exception, call
 *    tftpserver_do_interrupt, return a non-zero value, and rethrow it when DoEvents has returned.
 *  - Structs and constants only grow. Definitions made from an older header work with every newer
 *    library of the same SONAME. At the start, check that tftpserver_version() is not older than
 *    TFTPSERVER_VERSION_NUMBER.
 *
 * PROPERTIES
 *
 *   id  property                type, range      default  changes
 *    0  VERSION                 text             0.1.0    never
 *         The version of the library.
 *    1  ConnCount               integer          0        never
 *         The number of records in the Conn arrays.
 *    2  ConnConnectionId (i)    text                      never
 *         The connection's id, as decimal text.
 *    4  ConnFileData (i)        binary                    before (130)
 *         Data that is sent in place of a file; empty: none.
 *    5  ConnFilename (i)        text                      never
 *         The file name in the client's request.
 *    6  ConnLocalFile (i)       text                      before (130)
 *         The local file that is read or written: any path that the program chooses.
 *    7  ConnRemoteHost (i)      text                      never
 *         The client's IP address.
 *    8  ConnRemotePort (i)      integer          0        never
 *         The client's UDP port.
 *    9  ConnTransferMode (i)    text                      never
 *         "0" octet, "1" netascii.
 *   11  Listening               Boolean          False    any time
 *         True while the server listens; setting it calls StartListening or StopListening.
 *   12  LocalDir                text                      any time
 *         The directory that is served; must exist. "": none, callbacks supply everything.
 *   13  LocalHost               text                      stopped (107)
 *         The address or host name to listen on; "": every address. While listening, the bound address.
 *   14  LocalPort               0 to 65535       69       stopped (106)
 *         The UDP port to listen on; 0: the system chooses one. While listening, the bound port.
 *   15  MaxRetransmits          0 to 1000        3        any time
 *         How many times a packet is retransmitted before the transfer fails (301).
 *   16  RetransmitTimeout       1 to 3600        5        any time
 *         Seconds until a packet is retransmitted, at most.
 *   17  Timeout                 0 to 2147483     60       any time
 *         Seconds without progress after which a transfer fails (301); 0: no limit.
 *   18  ConnOperation (i)       integer          0        never
 *         1 read (RRQ), 2 write (WRQ).
 *   19  ConnBytesTransferred (i) integer          0        never
 *         Bytes that the client has acknowledged (read) or the server has accepted (write).
 *   20  ConnTotalBytes (i)      integer          0        never
 *         Bytes of the whole transfer; -1: unknown.
 *   21  ConnBlockSize (i)       integer          0        never
 *         Negotiated bytes per block (RFC 2348); 0 before the negotiation.
 *   22  ConnWindowSize (i)      integer          0        never
 *         Negotiated blocks per window (RFC 7440); 0 before the negotiation.
 *   23  ConnRetransmissions (i) integer          0        never
 *         Packets that the server has retransmitted.
 *   24  ConnElapsedMillis (i)   integer          0        never
 *         Milliseconds since the request; final when the transfer has ended.
 *   25  ConnServedName (i)      text                      before (130)
 *         The name to look up in LocalDir in place of ConnFilename; "": ConnFilename.
 *   26  ConnDataSize (i)        -1 to 9223372036854775807 0        before (130)
 *         Makes the program the source of this download and gives its length in bytes; -1: unknown.
 *   27  ConnDataKey (i)         text                      before (130)
 *         Downloads with the same key and ConnDataSize share the supplied data; "": not shared.
 *   2011  RuntimeLicense          text                      any time
 *         No effect: stored for programs written for IPWorks.
 *
 * (i): indexed by connection. Booleans read "True" or "False" and accept True, False, 1, 0, Yes and
 * No in any case. "any time": running transfers keep the old value. "stopped (106)": fails with
 * that number while listening. "before (130)": until the transfer begins. "never": fails with 904.
 * The ids 3 and 10 are reserved (902).
 *
 * SETTINGS, through tftpserver_do_config
 *
 * "NAME=VALUE" sets a value and returns "", "NAME" returns the value. Names are case-insensitive,
 * and spaces around them are ignored.
 *
 *       setting                 type, range      default  changes
 *       DefaultRollOverNumber   0 to 1           0        any time
 *         The block number after 65535, unless the client negotiates the option rollover.
 *       CaptureIPPacketInfo     Boolean          False    any time
 *         Records the destination address of requests for DestinationAddress.
 *       DelayHostResolution     Boolean          False    any time
 *         No effect on a UDP server; stored and returned.
 *       DestinationAddress      text                      never
 *         In a callback, the address its client sent to; elsewhere, the latest one. "" without CaptureIPPacketInfo.
 *       DontFragment            Boolean          False    at start
 *         Sets the Don't Fragment flag of outgoing packets.
 *       LocalHost               text                      stopped (107)
 *         The property LocalHost.
 *       LocalPort               0 to 65535       69       stopped (106)
 *         The property LocalPort.
 *       MaxPacketSize           516 to 65535     65535    stopped (112)
 *         Bytes of the largest datagram. Limits blksize to 4 bytes less.
 *       QOSDSCPValue            0 to 63          0        at start
 *         DSCP of outgoing packets; 0: QOSTrafficType decides.
 *       QOSTrafficType          0 to 5           0        at start
 *         DSCP by name: BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5).
 *       ShareLocalPort          Boolean          False    stopped (113)
 *         Allows other servers on the same port.
 *       SourceIPAddress         text                      at start
 *         The source address of outgoing packets; "": the one that the client sent to. Not on Windows: 909.
 *       SourceMacAddress        text                      at start
 *         The Ethernet source address of IPv4 packets, such as 02-00-00-00-00-01. Linux only: 909 elsewhere.
 *       UseConnection           Boolean          False    stopped (117)
 *         Gives every transfer its own connected socket, without exception.
 *       UseIPv6                 Boolean          False    at start
 *         Listens on IPv6; with LocalHost "" on both families. Also selects the family of names in LocalHost.
 *       AbsoluteTimeout         Boolean          False    any time
 *         Timeout limits the whole transfer instead of the time without progress.
 *       FirewallData            text                      any time
 *         No effect on a UDP server; stored and returned.
 *       InBufferSize            0 to 1073741824  0        at start
 *         Bytes of the socket receive buffer; 0: the library's choice. While listening, the granted size.
 *       OutBufferSize           0 to 1073741824  0        at start
 *         Bytes of the socket send buffer; 0: the library's choice. While listening, the granted size.
 *       BuildInfo               text                      never
 *         Version, architecture, system and build profile of the library.
 *       CodePage                0 to 4294967295  65001    any time
 *         Code page of file names in packets; 65001 is UTF-8. docs/codepages.md lists them; 434: not available.
 *       LicenseInfo             text                      never
 *         The license of the library.
 *       MaskSensitive           Boolean          True     any time
 *         No effect on a UDP server; stored and returned.
 *       ProcessIdleEvents       Boolean          True     any time
 *         No effect on a UDP server; stored and returned.
 *       SelectWaitMillis        0 to 60000       20       any time
 *         Milliseconds that DoEvents waits for the first event, at most; 0: no wait.
 *       UseInternalSecurityAPI  Boolean          True     any time
 *         No effect on a UDP server; stored and returned.
 *       LogLevel                0 to 3           1        any time
 *         Level of Log events: 0 none, 1 Info, 2 Verbose, 3 Debug.
 *       MaxBlockSize            8 to 65464       65464    any time
 *         Largest blksize that is granted (RFC 2348).
 *       MaxWindowSize           1 to 65535       64       any time
 *         Largest windowsize that is granted (RFC 7440).
 *       MaxConnections          1 to 1000000     10000    any time
 *         Largest number of concurrent transfers. Further requests are refused with 10068.
 *       MaxConnectionsPerHost   0 to 1000000     0        any time
 *         Largest number of concurrent transfers of one address; 0: no limit.
 *       ReadOnly                Boolean          False    any time
 *         Refuses uploads.
 *       AllowOverwrite          Boolean          True     any time
 *         Allows uploads to replace existing files.
 *       FollowSymlinks          Boolean          True     any time
 *         Follows symbolic links whose targets are inside LocalDir.
 *       SinglePort              Boolean          False    at start
 *         Sends from the listening port instead of one port per transfer, for firewalls and NAT.
 *       TransferPorts           text                      at start
 *         Range of ports for transfers, such as 40000-40100; "": the system chooses.
 *       PortPerTransfer         Boolean          True     at start
 *         Gives each transfer its own connected socket on a random port, while descriptors last.
 *       Interface               text                      at start
 *         The network interface (on Linux also a VRF) for all packets; "": any. Linux and macOS only: 909 elsewhere.
 *       IoThreads               1 to 64          1        at start
 *         Number of I/O threads for each listening address.
 *       AdaptiveRetransmit      Boolean          True     any time
 *         Adapts retransmission to the measured round trip; False: always waits RetransmitTimeout.
 *       SyncUploads             Boolean          False    any time
 *         Acknowledges an upload only when it is on the disk (fsync), so that it survives power loss.
 *       BusyPollMicros          0 to 100000      0        at start
 *         Microseconds to poll for the next packet before sleeping, at most; 0: no polling.
 *       Statistics              text                      never
 *         Totals of this server, one line of JSON.
 *       ListenOn                text                      at start
 *         Additional addresses to listen on, such as 192.0.2.1:69 [2001:db8::1]:69.
 *       ListenDescriptors       text                      at start
 *         Bound UDP sockets to listen on in place of LocalHost and LocalPort, such as 3,4. Not on Windows: 909.
 *       ListenAddresses         text                      never
 *         The addresses on which the server listens; "": it does not listen.
 *
 * "at start": may be set at any time, takes effect when listening starts the next time.
 * QOSDSCPValue and QOSTrafficType do not need UseConnection here. With DontFragment, a client whose
 * blksize exceeds its path MTU gets an ERROR at once (10040).
 *
 * PortPerTransfer: each transfer has its own connected socket on a random port, so an attacker must
 * guess the port to forge a packet. Such sockets take at most half of the soft limit of descriptors
 * (those whose client has not answered yet at most an eighth) and half of TransferPorts. Further
 * transfers share 64 ports per thread. UseConnection refuses further transfers instead, with 10024
 * or 10048. SinglePort overrides both, and limits windows to four blocks unless MaxWindowSize is
 * set above its default.
 *
 * Interface: StartListening fails if the interface does not exist. Sockets of ListenDescriptors
 * keep their device.
 *
 * SourceIPAddress: an address of this host needs no privilege. For another address, StartListening
 * fails with 10013 without CAP_NET_ADMIN or CAP_NET_RAW, and the network must route packets for
 * that address to this host. 10047: no client can have its address family. With UseIPv6, clients of
 * the other family are served as usual. With SinglePort leave LocalHost "", so that packets to that
 * address arrive.
 *
 * SourceMacAddress: StartListening fails with 10013 without CAP_NET_RAW, and with 909 if UseIPv6 is
 * on or LocalHost is an IPv6 address. Packets that do not leave through Ethernet (loopback,
 * tunnels) are sent as usual.
 *
 * ListenOn: either all addresses start or none does; the error names the address. Each address has
 * its own IoThreads threads; everything else is shared. An IPv6 address there receives IPv6 only.
 *
 * ListenDescriptors: the library duplicates the sockets at every start and changes no option that
 * affects other users of the same socket. InBufferSize and OutBufferSize apply only if they were
 * set. Only one server at a time may listen on a socket.
 *
 * StopListening lets transfers finish, and StartListening may be called at once. With SinglePort
 * the transfers keep the port, and the server listens there again. If a setting marked "at start"
 * was changed meanwhile, StartListening fails with 10048 until the last of them has ended.
 */

#ifndef TFTPSERVER_H
#define TFTPSERVER_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this header as text.
 */
#define TFTPSERVER_VERSION_STRING "0.1.0"

/*
 * The prefix of every function declaration. Define TFTPSERVER_STATIC to link the static library on Windows.
 */
#ifndef TFTPSERVER_API
#if defined(_WIN32) && !defined(TFTPSERVER_STATIC)
#define TFTPSERVER_API __declspec(dllimport)
#else
#define TFTPSERVER_API
#endif
#endif

/**
 * First part of this header's version. `tftpserver_version` returns the version of the loaded
 * library.
 */
#define TFTPSERVER_VERSION_MAJOR 0

/**
 * Second part of this header's version.
 */
#define TFTPSERVER_VERSION_MINOR 1

/**
 * Third part of this header's version.
 */
#define TFTPSERVER_VERSION_PATCH 0

/**
 * The version of this header as one comparable number: major * 1000000 + minor * 1000 + patch.
 */
#define TFTPSERVER_VERSION_NUMBER 1000

/**
 * A connection was accepted (status 0), or refused (error number).
 */
#define TFTPSERVER_EVENT_CONNECTED 1

/**
 * A client requests a transfer: accept or refuse it.
 */
#define TFTPSERVER_EVENT_CONNECTION_REQUEST 2

/**
 * A connection ended.
 */
#define TFTPSERVER_EVENT_DISCONNECTED 3

/**
 * A transfer is complete.
 */
#define TFTPSERVER_EVENT_END_TRANSFER 4

/**
 * A transfer or request failed.
 */
#define TFTPSERVER_EVENT_ERROR 5

/**
 * A log message.
 */
#define TFTPSERVER_EVENT_LOG 6

/**
 * A transfer begins.
 */
#define TFTPSERVER_EVENT_START_TRANSFER 7

/**
 * A block was transferred.
 */
#define TFTPSERVER_EVENT_TRANSFER 8

/**
 * A download that the program supplies needs more data.
 */
#define TFTPSERVER_EVENT_DATA_WANTED 9

/**
 * Text, read-only: the version of the library.
 */
#define TFTPSERVER_PROPERTY_VERSION 0

/**
 * Integer, read-only: the number of records in the Conn arrays.
 */
#define TFTPSERVER_PROPERTY_CONN_COUNT 1

/**
 * Text, read-only, indexed: the connection's id as decimal text.
 */
#define TFTPSERVER_PROPERTY_CONN_CONNECTION_ID 2

/**
 * Binary, indexed: data that is sent in place of a file; empty: none.
 */
#define TFTPSERVER_PROPERTY_CONN_FILE_DATA 4

/**
 * Text, read-only, indexed: the file name in the client's request.
 */
#define TFTPSERVER_PROPERTY_CONN_FILENAME 5

/**
 * Text, indexed: the local file that is read or written; any path.
 */
#define TFTPSERVER_PROPERTY_CONN_LOCAL_FILE 6

/**
 * Text, read-only, indexed: the client's IP address.
 */
#define TFTPSERVER_PROPERTY_CONN_REMOTE_HOST 7

/**
 * Integer, read-only, indexed: the client's UDP port.
 */
#define TFTPSERVER_PROPERTY_CONN_REMOTE_PORT 8

/**
 * Text, read-only, indexed: "0" octet, "1" netascii.
 */
#define TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE 9

/**
 * Boolean: True while the server listens; setting it starts or stops listening.
 */
#define TFTPSERVER_PROPERTY_LISTENING 11

/**
 * Text: the directory that is served; "": none.
 */
#define TFTPSERVER_PROPERTY_LOCAL_DIR 12

/**
 * Text: the local address or host name to listen on; "": every address.
 */
#define TFTPSERVER_PROPERTY_LOCAL_HOST 13

/**
 * Integer: the UDP port to listen on; 0: the system chooses one.
 */
#define TFTPSERVER_PROPERTY_LOCAL_PORT 14

/**
 * Integer: how many times a packet is retransmitted before the transfer fails.
 */
#define TFTPSERVER_PROPERTY_MAX_RETRANSMITS 15

/**
 * Integer, seconds: the longest wait before a packet is retransmitted.
 */
#define TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT 16

/**
 * Integer, seconds: inactivity (with AbsoluteTimeout: duration) after which a transfer fails; 0:
 * no limit.
 */
#define TFTPSERVER_PROPERTY_TIMEOUT 17

/**
 * Integer, read-only, indexed: 1 read (RRQ), 2 write (WRQ): TFTPSERVER_OPERATION_....
 */
#define TFTPSERVER_PROPERTY_CONN_OPERATION 18

/**
 * Integer, read-only, indexed: bytes that the client has acknowledged (read) or the server has
 * accepted (write).
 */
#define TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED 19

/**
 * Integer, read-only, indexed: bytes of the whole transfer; -1: unknown.
 */
#define TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES 20

/**
 * Integer, read-only, indexed: bytes per block; 0 before the negotiation.
 */
#define TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE 21

/**
 * Integer, read-only, indexed: blocks per window; 0 before the negotiation.
 */
#define TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE 22

/**
 * Integer, read-only, indexed: packets that were retransmitted.
 */
#define TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS 23

/**
 * Integer, milliseconds, read-only, indexed: time since the request, final when the transfer has
 * ended.
 */
#define TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS 24

/**
 * Text, indexed: the name to look up in LocalDir in place of the client's; "": the client's.
 */
#define TFTPSERVER_PROPERTY_CONN_SERVED_NAME 25

/**
 * Integer, bytes, indexed: makes the program the source of this download and gives its length; -1:
 * unknown.
 */
#define TFTPSERVER_PROPERTY_CONN_DATA_SIZE 26

/**
 * Text, indexed: downloads with the same key and ConnDataSize share the supplied data; "": not
 * shared.
 */
#define TFTPSERVER_PROPERTY_CONN_DATA_KEY 27

/**
 * Text: stored and returned for programs written for IPWorks; it has no effect.
 */
#define TFTPSERVER_PROPERTY_RUNTIME_LICENSE 2011

/**
 * Direction: the client sends (upload).
 */
#define TFTPSERVER_DIRECTION_UPLOAD 0

/**
 * Direction: the server sends (download).
 */
#define TFTPSERVER_DIRECTION_DOWNLOAD 1

/**
 * Operation: the client reads a file (RRQ).
 */
#define TFTPSERVER_OPERATION_READ 1

/**
 * Operation: the client writes a file (WRQ).
 */
#define TFTPSERVER_OPERATION_WRITE 2

/**
 * Answer to ConnectionRequest: refuse, the client gets an ERROR.
 */
#define TFTPSERVER_ACCEPT_NO 0

/**
 * Answer to ConnectionRequest: accept.
 */
#define TFTPSERVER_ACCEPT_YES 1

/**
 * Answer to ConnectionRequest: deferred until `tftpserver_do_accept`.
 */
#define TFTPSERVER_ACCEPT_LATER 2

/**
 * Packet too large.
 *
 * Cause: A client sends a DATA packet longer than the negotiated blksize.
 */
#define TFTPSERVER_ERROR_PACKET_TOO_LARGE 122

/**
 * Wrong response type from server.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_WRONG_RESPONSE_TYPE 123

/**
 * Server error. Description contains detailed information.
 *
 * Cause: The client sends an ERROR. The description has its code and text.
 */
#define TFTPSERVER_ERROR_CLIENT_ERROR 124

/**
 * Invalid server response.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_INVALID_RESPONSE 125

/**
 * A valid LocalFile must be provided for PUT operations.
 *
 * Cause: An upload has no destination: no LocalDir, no ConnLocalFile, no Transfer callback. Or
 * ConnDataSize is set and DataWanted has no callback.
 */
#define TFTPSERVER_ERROR_NO_LOCAL_FILE 126

/**
 * Can't open local file.
 *
 * Cause: The file of a transfer does not exist, or cannot be opened or created.
 */
#define TFTPSERVER_ERROR_CANNOT_OPEN_FILE 127

/**
 * Can't write to local file.
 *
 * Cause: An upload cannot be written, or cannot get its final name.
 */
#define TFTPSERVER_ERROR_CANNOT_WRITE_FILE 128

/**
 * Can't read local file.
 *
 * Cause: The file of a download cannot be read or has shrunk, or the program's source ends before
 * ConnDataSize bytes.
 */
#define TFTPSERVER_ERROR_CANNOT_READ_FILE 129

/**
 * Busy performing the current transfer.
 *
 * Cause: A source or destination of a connection is set after its transfer began, a request is
 * answered that is not deferred, or data is supplied to a download whose source is not the program
 * or has ended.
 */
#define TFTPSERVER_ERROR_BUSY 130

/**
 * Timeout while waiting for server.
 *
 * Cause: The client sends nothing for Timeout or after the last retransmission, or the program
 * does not answer or supply data within Timeout.
 */
#define TFTPSERVER_ERROR_TIMEOUT 301

/**
 * Server error.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_SERVER_ERROR 305

/**
 * Wrong or invalid response type received from server.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_WRONG_OR_INVALID_RESPONSE_TYPE 306

/**
 * Invalid response from server.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_INVALID_RESPONSE_FROM_SERVER 307

/**
 * UDP is already Active.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_ALREADY_ACTIVE 104

/**
 * You cannot change the LocalPort while the class is Active.
 *
 * Cause: LocalPort is set while listening.
 */
#define TFTPSERVER_ERROR_LOCAL_PORT_LOCKED 106

/**
 * You cannot change the LocalHost at this time. A connection is in progress.
 *
 * Cause: LocalHost is set while listening.
 */
#define TFTPSERVER_ERROR_LOCAL_HOST_LOCKED 107

/**
 * The class must be Active for this operation.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NOT_ACTIVE 109

/**
 * Cannot change MaxPacketSize while the class is Active.
 *
 * Cause: MaxPacketSize is set while listening.
 */
#define TFTPSERVER_ERROR_MAX_PACKET_SIZE_LOCKED 112

/**
 * Cannot change ShareLocalPort option while the class is Active.
 *
 * Cause: ShareLocalPort is set while listening.
 */
#define TFTPSERVER_ERROR_SHARE_LOCAL_PORT_LOCKED 113

/**
 * Cannot change RemoteHost when UseConnection is set and the class Active.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_REMOTE_HOST_LOCKED 114

/**
 * Cannot change RemotePort when UseConnection is set and the class is Active.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_REMOTE_PORT_LOCKED 115

/**
 * RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_REMOTE_PORT_ZERO 116

/**
 * Cannot change UseConnection while the class is Active.
 *
 * Cause: UseConnection is set while listening.
 */
#define TFTPSERVER_ERROR_USE_CONNECTION_LOCKED 117

/**
 * Message can't be longer than MaxPacketSize.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_MESSAGE_TOO_LONG 118

/**
 * Message too short.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_MESSAGE_TOO_SHORT 119

/**
 * Unable to convert string to selected CodePage
 *
 * Cause: A file name cannot be converted from the CodePage, or CodePage is set to one that is not
 * available here.
 */
#define TFTPSERVER_ERROR_CODE_PAGE 434

/**
 * Cannot load specified security library.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_SECURITY_LIBRARY 270

/**
 * Cannot open certificate store.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_STORE 271

/**
 * Cannot find specified certificate.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_NOT_FOUND 272

/**
 * Cannot acquire security credentials.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_SECURITY_CREDENTIALS 273

/**
 * Cannot find certificate chain.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_CHAIN 274

/**
 * Cannot verify certificate chain.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_CHAIN_INVALID 275

/**
 * Error during handshake.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_HANDSHAKE 276

/**
 * Error verifying certificate.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_INVALID 280

/**
 * Could not find client certificate.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NO_CLIENT_CERTIFICATE 281

/**
 * Could not find server certificate.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NO_SERVER_CERTIFICATE 282

/**
 * Error encrypting data.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_ENCRYPT 283

/**
 * Error decrypting data.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_DECRYPT 284

/**
 * Interrupted system call.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_INTERRUPTED 10004

/**
 * Bad file number.
 *
 * Cause: ListenDescriptors contains a number that is not a descriptor.
 */
#define TFTPSERVER_ERROR_BAD_FILE 10009

/**
 * Access denied.
 *
 * Cause: The system denies permission, such as for ports below 1024 or raw frames;
 * ConnectionRequest refuses; or ReadOnly forbids an upload.
 */
#define TFTPSERVER_ERROR_ACCESS_DENIED 10013

/**
 * Bad address.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_BAD_ADDRESS 10014

/**
 * Invalid argument.
 *
 * Cause: LocalHost is a link-local address without its scope (fe80::1%eth0), a socket of
 * ListenDescriptors is not UDP, not bound, or connected, or the system rejects another argument.
 */
#define TFTPSERVER_ERROR_INVALID_ARGUMENT 10022

/**
 * Too many open files.
 *
 * Cause: No descriptor is left for a socket, a directory or a transfer. The servers of a process
 * use at most three quarters of the descriptors that were free when the first of them started.
 */
#define TFTPSERVER_ERROR_TOO_MANY_FILES 10024

/**
 * Operation would block.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_WOULD_BLOCK 10035

/**
 * Operation now in progress.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_IN_PROGRESS 10036

/**
 * Operation already in progress.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_ALREADY_IN_PROGRESS 10037

/**
 * Socket operation on non-socket.
 *
 * Cause: ListenDescriptors contains a descriptor that is not a socket.
 */
#define TFTPSERVER_ERROR_NOT_A_SOCKET 10038

/**
 * Destination address required.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_DESTINATION_REQUIRED 10039

/**
 * Message too long.
 *
 * Cause: With DontFragment: a block does not fit the path MTU.
 */
#define TFTPSERVER_ERROR_DATAGRAM_TOO_LONG 10040

/**
 * Protocol wrong type for socket.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_WRONG_PROTOCOL_TYPE 10041

/**
 * Bad protocol option.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_BAD_PROTOCOL_OPTION 10042

/**
 * Protocol not supported.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_PROTOCOL_NOT_SUPPORTED 10043

/**
 * Socket type not supported.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_SOCKET_TYPE_NOT_SUPPORTED 10044

/**
 * Operation not supported on socket.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_OPERATION_NOT_SUPPORTED 10045

/**
 * Protocol family not supported.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_PROTOCOL_FAMILY_NOT_SUPPORTED 10046

/**
 * Address family not supported by protocol family.
 *
 * Cause: LocalHost is an address of the family that UseIPv6 excludes, or SourceIPAddress has
 * another family than LocalHost.
 */
#define TFTPSERVER_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED 10047

/**
 * Address already in use.
 *
 * Cause: The port is in use: LocalPort, one of ListenOn, or all of TransferPorts; or
 * ListenDescriptors contains a socket twice.
 */
#define TFTPSERVER_ERROR_ADDRESS_IN_USE 10048

/**
 * Can't assign requested address.
 *
 * Cause: LocalHost, or an address of ListenOn, does not belong to this machine.
 */
#define TFTPSERVER_ERROR_ADDRESS_NOT_AVAILABLE 10049

/**
 * Network is down.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_NETWORK_DOWN 10050

/**
 * Network is unreachable.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_NETWORK_UNREACHABLE 10051

/**
 * Net dropped connection or reset.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NETWORK_RESET 10052

/**
 * Software caused connection abort.
 *
 * Cause: Shutdown, Disconnect, Abort, Reset or a callback ends the connection.
 */
#define TFTPSERVER_ERROR_ABORTED 10053

/**
 * Connection reset by peer.
 *
 * Cause: The client restarts its transfer, or starts another one from a port that can have only
 * one.
 */
#define TFTPSERVER_ERROR_CONNECTION_RESET 10054

/**
 * No buffer space available.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_NO_BUFFER_SPACE 10055

/**
 * Socket is already connected.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_ALREADY_CONNECTED 10056

/**
 * Socket is not connected.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NOT_CONNECTED 10057

/**
 * Can't send after socket shutdown.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_SHUT_DOWN 10058

/**
 * Too many references, can't splice.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_TOO_MANY_REFERENCES 10059

/**
 * Connection timed out.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_CONNECTION_TIMED_OUT 10060

/**
 * Connection refused.
 *
 * Cause: No program listens on the client's port any more.
 */
#define TFTPSERVER_ERROR_CONNECTION_REFUSED 10061

/**
 * Too many levels of symbolic links.
 *
 * Cause: The path of LocalDir has too many symbolic links.
 */
#define TFTPSERVER_ERROR_TOO_MANY_LINKS 10062

/**
 * File name too long.
 *
 * Cause: A name in LocalDir is too long.
 */
#define TFTPSERVER_ERROR_NAME_TOO_LONG 10063

/**
 * Host is down.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_HOST_DOWN 10064

/**
 * No route to host.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_HOST_UNREACHABLE 10065

/**
 * Directory not empty
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_DIRECTORY_NOT_EMPTY 10066

/**
 * Too many processes.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_TOO_MANY_PROCESSES 10067

/**
 * Too many users.
 *
 * Cause: MaxConnections or MaxConnectionsPerHost is reached.
 */
#define TFTPSERVER_ERROR_TOO_MANY_USERS 10068

/**
 * Disc Quota Exceeded.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_DISK_QUOTA 10069

/**
 * Stale NFS file handle.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_STALE_HANDLE 10070

/**
 * Too many levels of remote in path.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_TOO_MANY_REMOTE_LEVELS 10071

/**
 * Network subsystem is unavailable.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NETWORK_UNAVAILABLE 10091

/**
 * WINSOCK DLL Version out of range.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_VERSION_OUT_OF_RANGE 10092

/**
 * Winsock not loaded yet.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NOT_LOADED 10093

/**
 * Host not found.
 *
 * Cause: The name in LocalHost is not found.
 */
#define TFTPSERVER_ERROR_HOST_NOT_FOUND 11001

/**
 * Non-authoritative 'Host not found' (try again or check DNS setup).
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_HOST_NOT_FOUND_TRY_AGAIN 11002

/**
 * Non-recoverable errors: FORMERR, REFUSED, NOTIMP.
 *
 * Reserved: this library never raises it.
 */
#define TFTPSERVER_ERROR_NAME_SERVER_FAILURE 11003

/**
 * Valid name, no data record (check DNS setup).
 *
 * Cause: The name in LocalHost has no address of the family that UseIPv6 selects.
 */
#define TFTPSERVER_ERROR_NO_ADDRESS 11004

/**
 * Not a handle, or one that was closed.
 *
 * Cause: The handle is NULL, was closed, or never was a handle.
 */
#define TFTPSERVER_ERROR_NOT_A_HANDLE 901

/**
 * Unknown property.
 *
 * Cause: The property does not exist, or its id is reserved (3, 10).
 */
#define TFTPSERVER_ERROR_UNKNOWN_PROPERTY 902

/**
 * Index out of range.
 *
 * Cause: No connection has this index or id, or it has ended.
 */
#define TFTPSERVER_ERROR_INDEX_OUT_OF_RANGE 903

/**
 * Read-only.
 *
 * Cause: The property or setting cannot be set at all.
 */
#define TFTPSERVER_ERROR_READ_ONLY 904

/**
 * Invalid value.
 *
 * Cause: The value has the wrong type, is out of range, is not UTF-8 or is NULL; the event does
 * not exist; or LocalDir is not a directory.
 */
#define TFTPSERVER_ERROR_INVALID_VALUE 905

/**
 * Unknown setting
 *
 * Cause: The setting does not exist.
 */
#define TFTPSERVER_ERROR_UNKNOWN_SETTING 906

/**
 * Not allowed inside a callback.
 *
 * Cause: Close or DoEvents is called inside a callback.
 */
#define TFTPSERVER_ERROR_INSIDE_CALLBACK 907

/**
 * Internal error.
 *
 * Cause: A bug of the library, caught before it reaches the program. Please report it.
 */
#define TFTPSERVER_ERROR_INTERNAL 908

/**
 * Not available on this platform.
 *
 * Cause: This system does not support the function or setting.
 */
#define TFTPSERVER_ERROR_NOT_AVAILABLE 909

/**
 * System error.
 *
 * Cause: The system returns it for a socket, a thread or a directory.
 */
#define TFTPSERVER_ERROR_SYSTEM 910

/**
 * The handle of a server. Opaque: a key that the library looks up and never dereferences.
 */
typedef struct tftpserver tftpserver;

/**
 * Fires when a connection was accepted, or refused. An accepted connection waits until the
 * callback has returned. Set ConnFileData, ConnDataSize, ConnLocalFile or ConnServedName here, or
 * in ConnectionRequest.
 */
typedef struct tftpserver_connected_event {
    /**
     * The connection's id.
     */
    int32_t connection_id;
    /**
     * 0, or an error number, such as 10013 (refused by ConnectionRequest) or 10068 (too many
     * connections).
     */
    int32_t status_code;
    /**
     * "OK", or the error text.
     */
    const char *description;
} tftpserver_connected_event;

/**
 * Fires when a client requests a transfer (RRQ or WRQ). The connection waits until the callback
 * has returned, or until `tftpserver_do_accept` if the answer is deferred.
 */
typedef struct tftpserver_connection_request_event {
    /**
     * The client's IP address.
     */
    const char *remote_host;
    /**
     * The client's UDP port.
     */
    int32_t remote_port;
    /**
     * The file name as the client sent it, converted from CodePage to UTF-8. Untrusted input. A
     * byte from 0x80 on that is invalid in the CodePage becomes the character U+EF00 plus the
     * byte: 0xFF is U+EFFF, "\xEE\xBF\xBF" in C.
     */
    const char *filename;
    /**
     * "0" octet, "1" netascii.
     */
    const char *transfer_mode;
    /**
     * TFTPSERVER_OPERATION_READ (1) or TFTPSERVER_OPERATION_WRITE (2).
     */
    int32_t operation;
    /**
     * In and out: TFTPSERVER_ACCEPT_YES (1) on entry. Set it to TFTPSERVER_ACCEPT_NO (0) to
     * refuse, or to TFTPSERVER_ACCEPT_LATER (2) to answer with `tftpserver_do_accept`. Other
     * values accept.
     */
    int32_t accept;
    /**
     * The connection's id. Its record is already in the Conn arrays.
     */
    int32_t connection_id;
    /**
     * The local address that the client sent to; "" if the system does not report it.
     */
    const char *local_host;
} tftpserver_connection_request_event;

/**
 * Fires at the end of a connection, exactly once for each Connected with status 0.
 */
typedef struct tftpserver_disconnected_event {
    /**
     * The connection's id. Its record is removed from the Conn arrays when the callback has
     * returned.
     */
    int32_t connection_id;
    /**
     * 0 if the transfer is complete, otherwise the error number.
     */
    int32_t status_code;
    /**
     * "OK", or the error text.
     */
    const char *description;
} tftpserver_disconnected_event;

/**
 * Fires when a transfer is complete. An uploaded file has its final name by then.
 */
typedef struct tftpserver_end_transfer_event {
    /**
     * The connection's id.
     */
    int32_t connection_id;
    /**
     * TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
     */
    int32_t direction;
} tftpserver_end_transfer_event;

/**
 * Fires when a transfer or a request fails, before the Connected or Disconnected with the same
 * number. It does not fire for requests that ConnectionRequest refused, nor for clients that only
 * queried the size.
 */
typedef struct tftpserver_error_event {
    /**
     * The error number.
     */
    int32_t error_code;
    /**
     * The error text.
     */
    const char *description;
    /**
     * The connection's id, or 0 if the event belongs to no connection.
     */
    int32_t connection_id;
} tftpserver_error_event;

/**
 * Fires once for each log message whose level is enabled by LogLevel. Level 1 has Info and Error.
 * Level 2 adds PITrail (each RRQ, WRQ, OACK and ERROR) and Verbose (negotiated options and
 * results). Level 3 adds Debug (each DATA and ACK). The only event that may be dropped if too many
 * are pending; a later message reports how many.
 */
typedef struct tftpserver_log_event {
    /**
     * The connection's id, or 0 if the event belongs to no connection.
     */
    int32_t connection_id;
    /**
     * 1 Info, 2 Verbose, 3 Debug.
     */
    int32_t log_level;
    /**
     * The message: one line, in which control characters are escaped.
     */
    const char *message;
    /**
     * "Info", "Error", "Verbose", "Debug" or "PITrail".
     */
    const char *log_type;
} tftpserver_log_event;

/**
 * Fires when a transfer begins. The connection waits until the callback has returned. If no source
 * or destination was found yet, this is the last chance to set ConnFileData, ConnDataSize or
 * ConnLocalFile.
 */
typedef struct tftpserver_start_transfer_event {
    /**
     * The connection's id.
     */
    int32_t connection_id;
    /**
     * TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
     */
    int32_t direction;
} tftpserver_start_transfer_event;

/**
 * Fires for each block of data, in order; in a download, when the client has acknowledged it. A
 * slow callback slows only its own connection.
 *
 * In a netascii download, `text` has the bytes of the packets. In a netascii upload, it has the
 * translated bytes of the file, and one event may have those of several packets.
 * `bytes_transferred` counts the same bytes.
 */
typedef struct tftpserver_transfer_event {
    /**
     * The connection's id.
     */
    int32_t connection_id;
    /**
     * TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
     */
    int32_t direction;
    /**
     * Bytes transferred so far, including this block.
     */
    int64_t bytes_transferred;
    /**
     * 0 to 100, relative to the file's size or the tsize that the client announced. -1 if neither
     * is known: uploads without tsize, and netascii except downloads from ConnFileData.
     */
    int32_t percent_done;
    /**
     * The data of this block: binary, not NUL-terminated, never NULL.
     */
    const uint8_t *text;
    /**
     * The number of bytes in `text`; 0 for an empty last block.
     */
    size_t text_length;
} tftpserver_transfer_event;

/**
 * Fires when a download whose ConnDataSize is set needs `length` more bytes from `offset` on:
 * first with offset 0, and again when less than half of the requested data is still to come. Call
 * `tftpserver_do_supply` in the callback, later, or from another thread.
 */
typedef struct tftpserver_data_wanted_event {
    /**
     * The connection's id, or the id of one of those that share the source (ConnDataKey).
     */
    int32_t connection_id;
    /**
     * The position in the source of the first requested byte. Earlier bytes were requested before.
     */
    int64_t offset;
    /**
     * The largest number of bytes to supply now.
     */
    int64_t length;
} tftpserver_data_wanted_event;

/**
 * The fields of an event. Its id selects the member.
 */
typedef union tftpserver_event_data {
    /**
     * TFTPSERVER_EVENT_CONNECTED
     */
    struct tftpserver_connected_event connected;
    /**
     * TFTPSERVER_EVENT_CONNECTION_REQUEST
     */
    struct tftpserver_connection_request_event connection_request;
    /**
     * TFTPSERVER_EVENT_DISCONNECTED
     */
    struct tftpserver_disconnected_event disconnected;
    /**
     * TFTPSERVER_EVENT_END_TRANSFER
     */
    struct tftpserver_end_transfer_event end_transfer;
    /**
     * TFTPSERVER_EVENT_ERROR
     */
    struct tftpserver_error_event error;
    /**
     * TFTPSERVER_EVENT_LOG
     */
    struct tftpserver_log_event log;
    /**
     * TFTPSERVER_EVENT_START_TRANSFER
     */
    struct tftpserver_start_transfer_event start_transfer;
    /**
     * TFTPSERVER_EVENT_TRANSFER
     */
    struct tftpserver_transfer_event transfer;
    /**
     * TFTPSERVER_EVENT_DATA_WANTED
     */
    struct tftpserver_data_wanted_event data_wanted;
} tftpserver_event_data;

/**
 * An event. It and everything it points to are valid until the callback returns. In later versions
 * its structs may grow at their end and do not change otherwise.
 */
typedef struct tftpserver_event {
    /**
     * One of TFTPSERVER_EVENT_..., which selects the member of `data`.
     */
    int32_t id;
    /**
     * The fields of the event.
     */
    union tftpserver_event_data data;
} tftpserver_event;

/**
 * A function that an event calls, inside `tftpserver_do_doevents` and on its thread. The library
 * holds no lock meanwhile.
 *
 * `context` is the pointer that was passed to `tftpserver_register_callback`. Return 0 to
 * continue. Any other value ends the connection of the event: its client gets a TFTP ERROR, and
 * Disconnected fires with 10053 and the value in its description. If the client already has the
 * whole file (EndTransfer, the last Transfer of a download), it gets no ERROR. In Error and
 * Disconnected the value has no effect on a connection that has already ended. C++ exceptions,
 * longjmp and Rust panics must not leave the callback.
 */
typedef int32_t (*tftpserver_callback)(tftpserver *server,
                                       tftpserver_event *event,
                                       void *context);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Creates a server with every property and setting at its default. It does not listen yet.
 *
 * @return The handle, the first argument of all other functions. End it with `tftpserver_close` or
 *         `tftpserver_release`. NULL after an internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API tftpserver *tftpserver_open(void);

/**
 * Closes the server: stops listening, ends every transfer, joins the library's threads and frees
 * the server.
 *
 * Clients of running transfers get an ERROR. If DoEvents runs on another thread, it returns after
 * its current callback, and `close` waits for that. Pending events are discarded.
 *
 * @param server The handle. It is invalid afterwards on every thread: every later use, including
 *               another close, gives 901.
 * @return 0; 901 not a handle; 907 called inside a callback, nothing was closed (call
 *         `tftpserver_release` there); 908 internal error.
 *
 * Memory: all pointers returned for this handle become invalid. Threads: any, except a thread that
 * a running callback waits for, which would deadlock.
 */
TFTPSERVER_API int32_t tftpserver_close(tftpserver *server);

/**
 * Registers the callback of an event and replaces the previous one.
 *
 * Events without a callback cost nothing, and nothing waits for them.
 *
 * @param server   The handle.
 * @param event_id One of TFTPSERVER_EVENT_....
 * @param callback The function, or NULL to remove the callback.
 * @param context Passed to the callback unchanged; the library does not dereference it. Its target
 *                 must stay valid until the server is closed, or until the callback was replaced
 *                 and every tftpserver_do_doevents that was running at that moment has returned.
 * @return 0; 901 not a handle; 905 unknown event id; 908 internal error.
 *
 * Threads: any, also inside a callback. A replaced callback may still be running, or be about to
 * run, on another thread: waiting for it could deadlock with a lock of the application.
 */
TFTPSERVER_API
int32_t tftpserver_register_callback(tftpserver *server,
                                     int32_t event_id,
                                     tftpserver_callback callback,
                                     void *context);

/**
 * Returns the error text of this thread's last call with this handle.
 *
 * The text of the number (`tftpserver_strerror`) comes first, then details such as the address or
 * the name.
 *
 * @param server The handle.
 * @return UTF-8 text; "" after a success; the text of 901 if `server` is not a handle. Never NULL.
 *
 * Memory: owned by the library, valid until this thread's next call with this handle, other than
 * the two getters of the last error. Threads: any; each thread has its own last error for each
 * handle.
 */
TFTPSERVER_API const char *tftpserver_get_last_error(tftpserver *server);

/**
 * Returns the error number of this thread's last call with this handle.
 *
 * Every function with a handle sets it, except the two getters of the last error. After a function
 * that returns text, a number or bytes, it shows whether the call failed.
 *
 * @param server The handle.
 * @return 0 after a success, otherwise TFTPSERVER_ERROR_...; 901 if `server` is not a handle.
 *
 * Threads: any; each thread has its own last error for each handle.
 */
TFTPSERVER_API int32_t tftpserver_get_last_error_code(tftpserver *server);

/**
 * Returns a property as text, such as "True", "69" or a path.
 *
 * @param server      The handle.
 * @param property_id One of TFTPSERVER_PROPERTY_....
 * @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
 * @return UTF-8 text, or NULL on failure: 901 not a handle; 902 unknown or reserved property; 903
 *         no such connection; 905 ConnFileData is not text (use `tftpserver_get_bytes`); 908
 *         internal error.
 *
 * Memory: owned by the library, valid until this thread's next call with this handle. Threads:
 * any.
 */
TFTPSERVER_API
const char *tftpserver_get(tftpserver *server,
                           int32_t property_id,
                           int32_t index);

/**
 * Sets a property from text. Booleans accept True, False, 1, 0, Yes and No in any case.
 *
 * @param server      The handle.
 * @param property_id One of TFTPSERVER_PROPERTY_....
 * @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
 * @param value       UTF-8 text, copied.
 * @return 0; 901 not a handle; 902 unknown or reserved property; 903 no such connection; 904
 *         read-only; 905 invalid value, NULL, or not UTF-8; 106, 107 not allowed while listening;
 *         130 the transfer has begun; for LocalDir 10013, 10062, 10063 and other system errors;
 *         for Listening every error of `tftpserver_do_startlistening`; 908 internal error. On
 *         failure the old value stays.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int32_t tftpserver_set(tftpserver *server,
                       int32_t property_id,
                       int32_t index,
                       const char *value);

/**
 * Returns a property as a number. Booleans are 0 and 1; text is converted if it is a decimal
 * number.
 *
 * @param server      The handle.
 * @param property_id One of TFTPSERVER_PROPERTY_....
 * @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
 * @return The number, or 0 on failure (see `tftpserver_get_last_error_code`): 901 not a handle;
 *         902 unknown or reserved property; 903 no such connection; 905 the value is not a number;
 *         908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int64_t tftpserver_get_int(tftpserver *server,
                           int32_t property_id,
                           int32_t index);

/**
 * Sets a property from a number. Booleans accept 0 and 1; text becomes the decimal number.
 *
 * @param server      The handle.
 * @param property_id One of TFTPSERVER_PROPERTY_....
 * @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
 * @param value       The number.
 * @return As `tftpserver_set`.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int32_t tftpserver_set_int(tftpserver *server,
                           int32_t property_id,
                           int32_t index,
                           int64_t value);

/**
 * Returns a property as bytes: ConnFileData unchanged, every other property as its text.
 *
 * @param server      The handle.
 * @param property_id One of TFTPSERVER_PROPERTY_....
 * @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
 * @param length      Out: the number of bytes, without the NUL that always follows them. May be NULL. Unchanged on
 *                    failure.
 * @return The bytes, not NULL even if there are none; NULL on failure: 901 not a handle; 902
 *         unknown or reserved property; 903 no such connection; 908 internal error.
 *
 * Memory: owned by the library, valid until this thread's next call with this handle. Threads:
 * any.
 */
TFTPSERVER_API
const void *tftpserver_get_bytes(tftpserver *server,
                                 int32_t property_id,
                                 int32_t index,
                                 size_t *length);

/**
 * Sets a property from bytes: ConnFileData unchanged, every other property as UTF-8 text.
 *
 * @param server      The handle.
 * @param property_id One of TFTPSERVER_PROPERTY_....
 * @param index       For Conn properties, a connection id or a position from 0 to ConnCount - 1; ignored for others.
 * @param data        The bytes, copied. May be NULL if `length` is 0.
 * @param length      The number of bytes.
 * @return As `tftpserver_set`.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int32_t tftpserver_set_bytes(tftpserver *server,
                             int32_t property_id,
                             int32_t index,
                             const void *data,
                             size_t length);

/**
 * Sets a setting ("NAME=VALUE") or returns its value ("NAME"). Names are case-insensitive.
 *
 * @param server               The handle.
 * @param configuration_string UTF-8 text.
 * @return The value, or "" if one was set; NULL on failure: 901 not a handle; 904 read-only; 905
 *         invalid value, NULL, or not UTF-8; 906 unknown setting; 909 not available on this
 *         platform; 106, 107, 112, 113, 117 not allowed while listening; 434 the code page is not
 *         available; 908 internal error. On failure the old value stays.
 *
 * Memory: owned by the library, valid until this thread's next call with this handle. Threads:
 * any.
 */
TFTPSERVER_API
const char *tftpserver_do_config(tftpserver *server,
                                 const char *configuration_string);

/**
 * Delivers the pending events: calls the registered callbacks one after another on this thread.
 *
 * If no event is pending, it waits for the first one, at most for SelectWaitMillis (default 20 ms;
 * 0: no wait). Events that arrive during the delivery are left to the next call. A call on a
 * second thread waits until the first call has returned.
 *
 * @param server The handle.
 * @return 0, whether or not an event was delivered; 901 not a handle, or closed meanwhile; 907
 *         called inside a callback; 908 internal error.
 *
 * Threads: any; callbacks run on the calling thread.
 */
TFTPSERVER_API int32_t tftpserver_do_doevents(tftpserver *server);

/**
 * Starts listening on LocalHost and LocalPort, and on every address of ListenOn. Does nothing and
 * succeeds if the server already listens.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 905 LocalDir is no longer a directory; 909 SourceMacAddress is set
 *         and the server would listen on IPv6; 10013 permission denied (ports below 1024 need a
 *         privilege on most systems); 10047 LocalHost is an address of the family that UseIPv6
 *         excludes; 10048 the port is in use, or ListenDescriptors contains a socket twice; 10049
 *         an address of LocalHost or ListenOn does not belong to this machine; 11001 the name in
 *         LocalHost was not found; 11004 the name has no address of the family that UseIPv6
 *         selects; 10009 ListenDescriptors contains a number that is not a descriptor; 10038 a
 *         descriptor there is not a socket; 10022 a socket there is not UDP, not bound, or
 *         connected; another TCP/IP error number from the system; 908 internal error. On failure
 *         the server listens nowhere, and the text names the address.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API int32_t tftpserver_do_startlistening(tftpserver *server);

/**
 * Stops listening: new requests are not answered any more, and running transfers continue to their
 * end.
 *
 * The port is free when this returns; with SinglePort, when the last transfer has ended.
 *
 * @param server The handle.
 * @return 0, also if the server did not listen; 901 not a handle; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API int32_t tftpserver_do_stoplistening(tftpserver *server);

/**
 * Stops listening and ends every transfer: the clients get an ERROR, and Disconnected fires with 10053.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int32_t tftpserver_do_shutdown(tftpserver *server);

/**
 * Ends one transfer: its client gets an ERROR, and Disconnected fires with 10053.
 *
 * @param server The handle.
 * @param index  A connection id, or a position from 0 to ConnCount - 1.
 * @return 0; 901 not a handle; 903 no such connection; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API int32_t tftpserver_do_disconnect(tftpserver *server, int32_t index);

/**
 * Shuts the server down and sets every property and setting to its default.
 *
 * Callbacks stay registered, the event descriptor stays the same, and pending events are still
 * delivered.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API int32_t tftpserver_do_reset(tftpserver *server);

/**
 * Interrupts DoEvents: one that waits returns at once, one that delivers returns after its current
 * callback and those that belong to it: Connected after ConnectionRequest, the other blocks of the
 * same window after Transfer, Disconnected after EndTransfer.
 *
 * If none is running, the next one returns at once. No event is lost: undelivered events stay
 * pending for the next DoEvents.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Threads: any, also inside a callback. Not for signal handlers: set a flag there.
 */
TFTPSERVER_API int32_t tftpserver_do_interrupt(tftpserver *server);

/**
 * Returns a descriptor that is readable while an event is pending, for poll, epoll, kqueue,
 * asyncio, libuv and GLib.
 *
 * When it is readable, call `tftpserver_do_doevents`. Do not read, write or close it.
 *
 * @param server The handle.
 * @return The descriptor, the same at every call, closed by `tftpserver_close`; -1 on failure: 901
 *         not a handle; 909 not available on Windows (use `tftpserver_get_event_handle`); 10024
 *         too many open files; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API int tftpserver_get_event_fd(tftpserver *server);

/**
 * Returns the text of an error number, without the details that `tftpserver_get_last_error` adds.
 *
 * @param code TFTPSERVER_ERROR_..., or 0.
 * @return UTF-8 text; "OK" for 0; "Unknown error." for an unknown number. Never NULL.
 *
 * Memory: static. Threads: any.
 */
TFTPSERVER_API const char *tftpserver_strerror(int32_t code);

/**
 * Returns the version of the loaded library. TFTPSERVER_VERSION_STRING is the version of the
 * header.
 *
 * @return Text such as "0.1.0". Never NULL.
 *
 * Memory: static. Threads: any.
 */
TFTPSERVER_API const char *tftpserver_version(void);

/**
 * Answers a request for which the ConnectionRequest callback set `accept` to
 * TFTPSERVER_ACCEPT_LATER.
 *
 * Until then only this connection waits. Its record stays in the Conn arrays, its sources
 * (ConnFileData, ConnLocalFile, ConnServedName, ConnDataSize, ConnDataKey) may be set, and
 * retransmitted requests of its client cause no second event. DoEvents delivers the events that
 * follow, Connected first. An answer that is given before the callback has returned overrides the
 * callback's own.
 *
 * A request that is not answered ends after Timeout, counted from its last retransmission, and
 * Connected fires with
 * 301. If the connection ends otherwise before the answer, Connected fires with that error. With
 *      Timeout 0 the wait is
 * unlimited.
 *
 * @param server The handle.
 * @param index  A connection id, or a position from 0 to ConnCount - 1.
 * @param accept TFTPSERVER_ACCEPT_YES or TFTPSERVER_ACCEPT_NO.
 * @return 0; 901 not a handle; 903 no such connection, or it has ended; 130 already answered, or
 *         not deferred; 905 `accept` is neither of the two; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int32_t tftpserver_do_accept(tftpserver *server,
                             int32_t index,
                             int32_t accept);

/**
 * Closes the server without waiting for a callback. For places where `tftpserver_close` fails or
 * would deadlock.
 *
 * The server has stopped listening and has ended every transfer when this returns. If DoEvents
 * runs with this handle on any thread, it returns after its current callback and then frees the
 * server. Otherwise the server is freed at once.
 *
 * Call it inside a callback, and in a runtime that runs callbacks on another thread than the one
 * in DoEvents: a close inside such a callback would wait for the callback, and the callback for
 * the close.
 *
 * @param server The handle. It is invalid afterwards on every thread: every later use, including a
 * close, gives 901.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Memory: all pointers returned for this handle become invalid. A callback's `context` must stay
 * valid until a running DoEvents has returned. Threads: any, also inside a callback of this or
 * another handle.
 */
TFTPSERVER_API int32_t tftpserver_release(tftpserver *server);

/**
 * Holds a transfer while the program stores the data of its Transfer events elsewhere, on another
 * thread or in a task of an event loop.
 *
 * Data that Transfer delivers between a call with `hold` 1 and the next call with `hold` 0 does
 * not count as consumed. When 256 kB are delivered and not consumed, the server stops
 * acknowledging an upload and stops sending a download. The last block of an upload is
 * acknowledged when all data is consumed. If the program cannot store the data, it calls
 * `tftpserver_do_disconnect` or `tftpserver_do_abort`: the client then gets an ERROR instead of
 * that acknowledgement. The hold ends with the connection. While the last block of an upload is
 * held, neither Timeout nor AbsoluteTimeout ends it: a program that never calls with `hold` 0 keeps
 * the connection.
 *
 * @param server The handle.
 * @param index  A connection id, or a position from 0 to ConnCount - 1.
 * @param hold   1: data delivered from now on is not consumed. 0: all data delivered so far is consumed.
 * @return 0, also if nothing changes; 901 not a handle; 903 no such connection, or it has ended;
 *         905 neither 0 nor 1; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int32_t tftpserver_do_hold(tftpserver *server,
                           int32_t index,
                           int32_t hold);

/**
 * Supplies the next bytes of a download whose ConnDataSize is set, as its DataWanted events
 * request them: in order, in one or many pieces, inside the callback, later, or from another
 * thread.
 *
 * The source ends after ConnDataSize bytes, or with `is_last`. If `is_last` comes before
 * ConnDataSize bytes, the client gets ERROR 0, and Disconnected fires with 129. If the program
 * supplies nothing for Timeout, the download ends with 301.
 *
 * @param server  The handle.
 * @param index   A connection id, or a position from 0 to ConnCount - 1. For downloads that share a source
 *                (ConnDataKey), any of their ids is accepted, as long as one of them runs: also one of the last 1024
 *                that have ended, and always the id in the event.
 * @param data    The bytes, copied. May be NULL if `length` is 0.
 * @param length  The number of bytes.
 * @param is_last Not 0: the source ends after these bytes.
 * @return 0; 901 not a handle; 903 no such connection; 905 more bytes than requested, or past
 *         ConnDataSize, nothing was taken; 130 the program is not its source, or the source has
 *         ended; 908 internal error.
 *
 * Threads: any, also inside a callback; one call at a time for each download.
 */
TFTPSERVER_API
int32_t tftpserver_do_supply(tftpserver *server,
                             int32_t index,
                             const void *data,
                             size_t length,
                             int32_t is_last);

/**
 * Ends a transfer of any kind with a TFTP error code and text, at any time from its
 * ConnectionRequest on.
 *
 * The client gets an ERROR with both. Disconnected, or Connected if it has not fired yet, fires
 * with 10053 and the text. Other downloads with the same ConnDataKey continue; what DataWanted
 * events have requested under this id must still be supplied for them, except the request of an
 * event in whose callback the program aborts. When the program has ended all of them, nothing more
 * is due: a download that begins later has DataWanted events of its own, from offset 0.
 *
 * @param server    The handle.
 * @param index     A connection id, or a position from 0 to ConnCount - 1.
 * @param tftp_code The error code of RFC 1350 and RFC 2347, 0 to 8, such as 0 (not defined, see
 *                  the text) or 1 (file not found).
 * @param message   UTF-8 text, of which at most 256 bytes are sent. NULL: "Aborted".
 * @return 0; 901 not a handle; 903 no such connection; 905 a code outside 0 to 8, or text that is
 *         not UTF-8; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API
int32_t tftpserver_do_abort(tftpserver *server,
                            int32_t index,
                            int32_t tftp_code,
                            const char *message);

/**
 * Returns a Windows HANDLE that is signalled while an event is pending, for
 * WaitForMultipleObjects, MsgWaitForMultipleObjects and RegisterWaitForSingleObject.
 *
 * When it is signalled, call `tftpserver_do_doevents`. It is a manual-reset event: it stays
 * signalled until no event is pending. Only the library sets and resets it. Do not set, reset or
 * close it.
 *
 * @param server The handle.
 * @return The HANDLE, the same at every call, closed by `tftpserver_close`; NULL on failure: 901
 *         not a handle; 909 not available on systems other than Windows (use
 *         `tftpserver_get_event_fd`); 10024 too many open files; 908 internal error.
 *
 * Threads: any, also inside a callback.
 */
TFTPSERVER_API void *tftpserver_get_event_handle(tftpserver *server);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TFTPSERVER_H */
