/*
 * libtftpserver: a TFTP server inside your program.
 *
 * It serves a directory, or whatever your callbacks supply, to any TFTP client (RFC 1350, with the options of RFC
 * 2347, 2348, 2349 and 7440). Names and numbers are those that programs written for IPWorks TFTPServer know.
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
 * That is a whole server: without a callback nothing else has to be called. To see and to decide what happens,
 * register callbacks, and call tftpserver_do_doevents in a loop.
 *
 * ERRORS
 *
 * Functions that return int32_t return 0 or an error number, TFTPSERVER_ERROR_.... Those that return a value return
 * NULL, 0 or -1 where they fail, and tftpserver_get_last_error_code tells whether they did. tftpserver_get_last_error
 * gives the text with its particulars, tftpserver_strerror the text of a number alone. Both getters speak of the
 * calling thread's last call with that handle. A call that fails changes nothing. The numbers are the same on every
 * platform: an EADDRINUSE of Linux is 10048.
 *
 * NULL, a handle that was closed, an unknown id, an index out of range, text that is not UTF-8: an error number,
 * never undefined behaviour. A callback pointer, a string or a length that lies is beyond what can be checked.
 *
 * MEMORY
 *
 * Text is UTF-8 and ends with a NUL. What you pass is copied. What is returned belongs to the library and stays valid
 * until the same thread's next call with the same handle (the two getters of the last error leave it alone); you never
 * free anything. What an event points to lives until its callback returns.
 *
 * THREADS
 *
 * Every function may be called from any thread at any time. The server works on threads of its own; your callbacks
 * never run there, but only inside tftpserver_do_doevents, on the thread that calls it, one at a time, with no lock of
 * the library held. From inside a callback everything may be called but tftpserver_close and tftpserver_do_doevents,
 * which answer 907 there, for any handle; tftpserver_release closes a server there. Handles do not survive a fork: in
 * the child they are no handles any more (901), whatever it opens itself works, and its exit does not disturb the
 * parent. The library's threads take no signals. tftpserver_do_interrupt is for any thread, but not for a signal
 * handler: let a thread wait for the signal, or set a flag.
 *
 * EVENTS
 *
 * One connection's events come in this order, each of them where a callback is registered for it:
 *
 *     ConnectionRequest   accept, refuse, or answer later
 *     Connected           0 "OK", or why not; a connection that was not accepted has no further events
 *     StartTransfer
 *     Transfer ...        one for each block
 *     EndTransfer         only where the file is whole
 *     Disconnected        0 "OK", or why; exactly one for each Connected with 0
 *
 * ConnectionRequest, Connected and StartTransfer hold their connection, and no other, until they have returned. Error
 * and Log come in between. Nothing waits for an event that has no callback. No event is lost but Log, which says how
 * many were: a slow program slows the connections whose Transfer events it has not taken, and while tens of thousands
 * of events wait, new requests stay unanswered until DoEvents was called; clients repeat them.
 *
 * An answer that takes time, as from a database or a person: set `accept` to TFTPSERVER_ACCEPT_LATER, return, and call
 * tftpserver_do_accept when it is known, from any thread. Only that connection waits, up to Timeout.
 *
 * Data that the program stores on another thread or in an event loop's task: call tftpserver_do_hold in the Transfer
 * callback, and again when the data is stored. The end of an upload is not acknowledged before that.
 *
 * THE CONN ARRAYS
 *
 * The properties whose name begins with Conn have a value for each connection. Their index is a connection id, as the
 * events carry it (ids begin at 1000001), or a position from 0 to ConnCount - 1. What they show changes only inside
 * DoEvents: a record comes before its ConnectionRequest or Connected callback and goes after its Disconnected callback.
 * A program without callbacks that calls DoEvents sees its connections there as well. The figures among them, from
 * ConnBytesTransferred on, are those of the moment, whatever thread asks, and the last ones in Disconnected.
 *
 * WHERE THE BYTES COME FROM
 *
 *  1. ConnFileData, if it was set (downloads).
 *  2. DataWanted and tftpserver_do_supply, if ConnDataSize was set (downloads).
 *  3. ConnLocalFile, if it was set: any path, your own choice.
 *  4. LocalDir and ConnServedName or else the client's file name, never outside LocalDir.
 *  5. An upload with a Transfer callback goes there, and no file is written. Where that callback is unregistered before
 *     the end, the upload fails with 126.
 *  6. Otherwise the client gets ERROR 1, the program error 126 or 127.
 *
 * This is decided when Connected has returned, and once more, if nothing was found, when StartTransfer has. Setting
 * ConnFileData, ConnDataSize, ConnDataKey, ConnLocalFile or ConnServedName later answers 130. A file that is uploaded
 * has its final name only when it is whole; until then it is .tftpserver-<16 hex digits>.part beside it, and what a
 * killed program leaves of these below LocalDir is removed when that is listened on again.
 *
 * DATA THAT HAS NO PATH
 *
 * What comes from a URL, an object store or a generator need not be held in memory. Set ConnDataSize (its length, or -1
 * where that is not known) in ConnectionRequest, Connected or StartTransfer, or while the answer is put off. From then
 * on DataWanted says how many bytes are welcome from which offset on, and tftpserver_do_supply brings them:
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
 * (Where `length` exceeds the buffer, a loop supplies the rest.) At most two windows, 32 kB without windowsize, are
 * asked for ahead of what the client has acknowledged. The event fires again when less than half of that is left to
 * come. Without a callback for DataWanted the client gets ERROR 1, the program 126. Where the source fails, call
 * tftpserver_do_abort.
 *
 * Downloads with the same ConnDataKey and ConnDataSize share one pass over the source: a thousand machines that boot
 * the same image cause one. The event names one of them. A download that comes when the beginning is let go of, or that
 * is half a second behind the others, has a pass of its own: its events begin with offset 0 again, under its own id.
 * Passes are told apart by the id that the event names and by the offset; where an event continues at an offset with
 * another id, the former one has ended.
 *
 * WRITING BINDINGS
 *
 * For those who call the library from another language, or from a runtime with an event loop:
 *
 *  - The last error belongs to a thread. A runtime that runs each native call on some thread of a pool must read the
 *    number and the text in the same job as the call that failed. The same holds for returned text and bytes: copy them
 *    in that job.
 *  - The event descriptor is an eventfd, polled for reading, level-triggered, and stays the library's: reading from it
 *    loses a wake-up. A loop that closes the descriptors that it is given (asio, libuv's uv_pipe_open, Node's
 *    streams) gets a dup() of it. uv_poll_t, GLib, asyncio and epoll take it as it is.
 *  - tftpserver_do_doevents blocks its thread up to SelectWaitMillis. On the thread of an event loop (Node's, a user
 *    interface's) set SelectWaitMillis=0 and call it when the descriptor is readable.
 *  - A runtime that runs callbacks on another thread, while the thread in DoEvents waits for them, must not call
 *    tftpserver_close or tftpserver_do_doevents from such a callback: the library cannot know that the two threads
 *    belong together, and they would wait for each other for ever. tftpserver_release closes without waiting, from
 *    any thread; keep `context` and the callback's code until DoEvents has returned.
 *  - Nothing may leave a callback but by return: no exception, no longjmp. Keep the exception, call
 *    tftpserver_do_interrupt, return a number other than 0, and raise it again when DoEvents has returned.
 *  - Structs and constants only grow, so definitions made from an older header work with every newer library of the
 *    same SONAME. Compare tftpserver_version() with TFTPSERVER_VERSION_NUMBER at the start: it must not be older.
 *
 * PROPERTIES
 *
 *   id  property                type, range      default  changes
 *    0  VERSION                 text             0.1.0    never
 *         The version of the library.
 *    1  ConnCount               integer          0        never
 *         The number of records in the Conn arrays.
 *    2  ConnConnectionId (i)    text                      never
 *         The connection's id.
 *    4  ConnFileData (i)        binary                    before (130)
 *         Data to send instead of a file; empty: none.
 *    5  ConnFilename (i)        text                      never
 *         The name that the client asked for.
 *    6  ConnLocalFile (i)       text                      before (130)
 *         The file on the server; any path, the application's own choice.
 *    7  ConnRemoteHost (i)      text                      never
 *         The client's IP address.
 *    8  ConnRemotePort (i)      integer          0        never
 *         The client's port.
 *    9  ConnTransferMode (i)    text                      never
 *         0 octet, 1 netascii.
 *   11  Listening               Boolean          False    any time
 *         Whether the server listens; setting it calls StartListening or StopListening.
 *   12  LocalDir                text                      any time
 *         The directory that is served; must exist. "": only what the application supplies.
 *   13  LocalHost               text                      stopped (107)
 *         The address or name to listen on, "": every address. While listening, its address.
 *   14  LocalPort               0 to 65535       69       stopped (106)
 *         The port to listen on; 0: the system chooses. While listening, the real one.
 *   15  MaxRetransmits          0 to 1000        3        any time
 *         How often a packet is sent again before the transfer fails.
 *   16  RetransmitTimeout       1 to 3600        5        any time
 *         Seconds to wait at most before a packet is sent again.
 *   17  Timeout                 0 to 2147483     60       any time
 *         Seconds of silence after which a transfer fails; 0: none.
 *   18  ConnOperation (i)       integer          0        never
 *         1 read (RRQ), 2 write (WRQ).
 *   19  ConnBytesTransferred (i) integer          0        never
 *         Bytes that the client has acknowledged (read) or the server has taken (write).
 *   20  ConnTotalBytes (i)      integer          0        never
 *         Bytes of the whole transfer; -1: not known.
 *   21  ConnBlockSize (i)       integer          0        never
 *         Bytes of a block as negotiated; 0 before that.
 *   22  ConnWindowSize (i)      integer          0        never
 *         Blocks of a window as negotiated; 0 before that.
 *   23  ConnRetransmissions (i) integer          0        never
 *         Packets that were sent more than once.
 *   24  ConnElapsedMillis (i)   integer          0        never
 *         Milliseconds since the request; stands still at the end.
 *   25  ConnServedName (i)      text                      before (130)
 *         The name that is looked up in LocalDir; "": ConnFilename.
 *   26  ConnDataSize (i)        -1 to 9223372036854775807 0        before (130)
 *         Makes the program the source of this download: its length in bytes, -1 where that is not known.
 *   27  ConnDataKey (i)         text                      before (130)
 *         Downloads with the same key and size share what is supplied; "": not shared.
 *   2011  RuntimeLicense          text                      any time
 *         Kept for programs written for IPWorks; no license is needed.
 *
 * (i): indexed by connection. Booleans read "True" or "False" and take True False 1 0 Yes No in any case. "any time":
 * transfers that have begun keep the old value. "stopped (106)": while listening it answers that error. "before (130)":
 * until the transfer begins. The ids 3 and 10 are reserved.
 *
 * SETTINGS, through tftpserver_do_config
 *
 * "NAME=VALUE" sets and returns "", "NAME" returns the value. Names match without regard to case; spaces around a name
 * do not count.
 *
 *       setting                 type, range      default  changes
 *       DefaultRollOverNumber   0 to 1           0        any time
 *         What follows block number 65535.
 *       CaptureIPPacketInfo     Boolean          False    any time
 *         Keep the address that requests were sent to, for DestinationAddress. Linux only: 909 elsewhere.
 *       DelayHostResolution     Boolean          False    any time
 *         No effect on a UDP server; kept and returned.
 *       DestinationAddress      text                      never
 *         In a callback: the address that its client sent to; elsewhere: the latest. "" without CaptureIPPacketInfo.
 *       DontFragment            Boolean          False    at start
 *         Set the Don't Fragment flag of outgoing packets.
 *       LocalHost               text                      stopped (107)
 *         The property of this name.
 *       LocalPort               0 to 65535       69       stopped (106)
 *         The property of this name.
 *       MaxPacketSize           516 to 65535     65535    stopped (112)
 *         Bytes of the largest datagram: caps blksize at 4 less.
 *       QOSDSCPValue            0 to 63          0        at start
 *         DSCP of outgoing packets; 0: as QOSTrafficType says.
 *       QOSTrafficType          0 to 5           0        at start
 *         BestEffort (0), Background, ExcellentEffort, AudioVideo, Voice or Control (5).
 *       ShareLocalPort          Boolean          False    stopped (113)
 *         Others may listen on the same port.
 *       SourceIPAddress         text                      at start
 *         Packets come from this address; "": from the one that was asked. Linux only: 909 elsewhere.
 *       SourceMacAddress        text                      at start
 *         IPv4 packets come from this Ethernet address, as in 02-00-00-00-00-01. Linux only: 909 elsewhere.
 *       UseConnection           Boolean          False    stopped (117)
 *         Each transfer has a connected socket of its own.
 *       UseIPv6                 Boolean          False    at start
 *         Listen on IPv6; with LocalHost "" on both families. Names in LocalHost are looked up for it.
 *       AbsoluteTimeout         Boolean          False    any time
 *         Timeout counts from the beginning, not from the last packet.
 *       FirewallData            text                      any time
 *         No effect on a UDP server; kept and returned.
 *       InBufferSize            0 to 1073741824  0        at start
 *         Bytes of the socket's receive queue; 0: the library's choice. While listening, what was granted.
 *       OutBufferSize           0 to 1073741824  0        at start
 *         Bytes of the socket's send queue; 0: the library's choice. While listening, what was granted.
 *       BuildInfo               text                      never
 *         What was built, and for which system.
 *       CodePage                0 to 4294967295  65001    any time
 *         Code page of file names on the wire; 65001 is UTF-8. docs/codepages.md lists them; 434 for what is lacking.
 *       LicenseInfo             text                      never
 *         The license.
 *       MaskSensitive           Boolean          True     any time
 *         No effect on a UDP server; kept and returned.
 *       ProcessIdleEvents       Boolean          True     any time
 *         No effect on a UDP server; kept and returned.
 *       SelectWaitMillis        0 to 60000       20       any time
 *         Milliseconds that DoEvents waits for the first event.
 *       UseInternalSecurityAPI  Boolean          True     any time
 *         No effect on a UDP server; kept and returned.
 *       LogLevel                0 to 3           1        any time
 *         Log events: 0 none, 1 Info, 2 Verbose, 3 Debug.
 *       MaxBlockSize            8 to 65464       65464    any time
 *         Largest blksize that a client gets (RFC 2348).
 *       MaxWindowSize           1 to 65535       64       any time
 *         Largest windowsize that a client gets (RFC 7440).
 *       MaxConnections          1 to 1000000     10000    any time
 *         Transfers at once; more are refused with 10068.
 *       MaxConnectionsPerHost   0 to 1000000     0        any time
 *         Transfers at once from one address; 0: no limit.
 *       ReadOnly                Boolean          False    any time
 *         Refuse uploads.
 *       AllowOverwrite          Boolean          True     any time
 *         An upload may replace a file.
 *       FollowSymlinks          Boolean          True     any time
 *         Follow symbolic links, as long as they stay inside LocalDir.
 *       SinglePort              Boolean          False    at start
 *         Answer from the listening port, for firewalls and NAT.
 *       TransferPorts           text                      at start
 *         Ports to answer from, as in 40000-40100; "": the system chooses.
 *       PortPerTransfer         Boolean          True     at start
 *         Each transfer has a random port and a connected socket of its own, as long as descriptors last.
 *       Interface               text                      at start
 *         Network interface or VRF that packets come and go through; "": any. Linux only: 909 elsewhere.
 *       IoThreads               1 to 64          1        at start
 *         Threads that move packets.
 *       AdaptiveRetransmit      Boolean          True     any time
 *         Wait as long as was measured, RetransmitTimeout at most; False: always that.
 *       SyncUploads             Boolean          False    any time
 *         An acknowledged upload survives power loss.
 *       BusyPollMicros          0 to 100000      0        at start
 *         Microseconds at most to look for the next packet before sleeping, while packets come that fast.
 *       Statistics              text                      never
 *         Figures, one line of JSON.
 *       ListenOn                text                      at start
 *         More addresses to listen on, as in 192.0.2.1:69 [2001:db8::1]:69.
 *       ListenDescriptors       text                      at start
 *         Bound UDP sockets to listen on instead of LocalHost and LocalPort, as in 3,4. Not on Windows: 909.
 *       ListenAddresses         text                      never
 *         Where it listens; "": nowhere.
 *
 * "at start": may be set at any time, is looked at when listening starts. QOSDSCPValue and QOSTrafficType need no
 * UseConnection here. With DontFragment a client whose blksize exceeds what its path takes gets an ERROR at once
 * (10040).
 *
 * PortPerTransfer: each transfer has a random port and a connected socket, so that nobody can forge its packets without
 * guessing the port. They take at most half of the soft limit of descriptors, those of clients that have not answered
 * yet an eighth, and half of TransferPorts; further transfers share 64 ports a thread. UseConnection refuses these
 * with 10024 or 10048 instead. SinglePort comes before both, and grants windows of four blocks at most unless
 * MaxWindowSize was set above its default.
 *
 * Interface: the start fails where there is no such interface. Sockets of ListenDescriptors keep their own.
 *
 * SourceIPAddress: an address of this host, as of another of its interfaces, needs no rights. For any other one the
 * start answers 10013 without CAP_NET_ADMIN or CAP_NET_RAW, and what clients send to that address must be brought
 * here by the network. 10047: no client can be of its family. With UseIPv6 clients of the other family are answered
 * as ever. With SinglePort leave LocalHost "", so that answers to that address arrive.
 *
 * SourceMacAddress: the start answers 10013 without CAP_NET_RAW, 909 with UseIPv6 or an IPv6 LocalHost. Packets to
 * clients that no Ethernet leads to (loopback, tunnels) leave as ever.
 *
 * ListenOn: all addresses start or none does; the error names the address. Each has IoThreads threads of its own, all
 * else is one server. An IPv6 address there takes IPv6 only. ListenDescriptors: the library duplicates the sockets at
 * every start and changes nothing by which others would read them differently; InBufferSize and OutBufferSize count
 * only where they were set. One server at a time may listen on a socket.
 *
 * StopListening leaves transfers to their end, and StartListening may follow at once. With SinglePort they keep the
 * port: listening goes on there, unless a setting that is looked at when listening starts was changed meanwhile: then
 * it is 10048 until the last of them has ended.
 */

#ifndef TFTPSERVER_H
#define TFTPSERVER_H

#include <stddef.h>
#include <stdint.h>

/**
 * Version of this header, as text.
 */
#define TFTPSERVER_VERSION_STRING "0.1.0"

/*
 * What a function's declaration begins with. Define TFTPSERVER_STATIC where the static library is linked on Windows.
 */
#ifndef TFTPSERVER_API
#if defined(_WIN32) && !defined(TFTPSERVER_STATIC)
#define TFTPSERVER_API __declspec(dllimport)
#else
#define TFTPSERVER_API
#endif
#endif

/**
 * Version of this header, as numbers. The library's own, as text: `tftpserver_version`.
 */
#define TFTPSERVER_VERSION_MAJOR 0

/**
 * Second part of the version.
 */
#define TFTPSERVER_VERSION_MINOR 1

/**
 * Third part of the version.
 */
#define TFTPSERVER_VERSION_PATCH 0

/**
 * Version of this header as one number that can be compared: major * 1000000 + minor * 1000 + patch.
 */
#define TFTPSERVER_VERSION_NUMBER 1000

/**
 * A connection was accepted (status 0), or failed (its error number).
 */
#define TFTPSERVER_EVENT_CONNECTED 1

/**
 * A client asks for a file: accept or refuse.
 */
#define TFTPSERVER_EVENT_CONNECTION_REQUEST 2

/**
 * A connection ended.
 */
#define TFTPSERVER_EVENT_DISCONNECTED 3

/**
 * A file was transferred whole.
 */
#define TFTPSERVER_EVENT_END_TRANSFER 4

/**
 * Something failed.
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
 * A download that the program feeds has room for more data.
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
 * Binary, indexed: data to send instead of a file.
 */
#define TFTPSERVER_PROPERTY_CONN_FILE_DATA 4

/**
 * Text, read-only, indexed: the file name that the client asked for.
 */
#define TFTPSERVER_PROPERTY_CONN_FILENAME 5

/**
 * Text, indexed: the file on the server that is read or written.
 */
#define TFTPSERVER_PROPERTY_CONN_LOCAL_FILE 6

/**
 * Text, read-only, indexed: the client's IP address.
 */
#define TFTPSERVER_PROPERTY_CONN_REMOTE_HOST 7

/**
 * Integer, read-only, indexed: the client's port.
 */
#define TFTPSERVER_PROPERTY_CONN_REMOTE_PORT 8

/**
 * Text, read-only, indexed: "0" octet, "1" netascii.
 */
#define TFTPSERVER_PROPERTY_CONN_TRANSFER_MODE 9

/**
 * Boolean: whether the server listens; setting it starts or stops listening.
 */
#define TFTPSERVER_PROPERTY_LISTENING 11

/**
 * Text: the directory that is served.
 */
#define TFTPSERVER_PROPERTY_LOCAL_DIR 12

/**
 * Text: the local address or host name to listen on.
 */
#define TFTPSERVER_PROPERTY_LOCAL_HOST 13

/**
 * Integer: the port to listen on.
 */
#define TFTPSERVER_PROPERTY_LOCAL_PORT 14

/**
 * Integer: how often a packet is sent again.
 */
#define TFTPSERVER_PROPERTY_MAX_RETRANSMITS 15

/**
 * Integer, seconds: the longest wait before a packet is sent again.
 */
#define TFTPSERVER_PROPERTY_RETRANSMIT_TIMEOUT 16

/**
 * Integer, seconds: silence (or, with AbsoluteTimeout, time) after which a transfer ends; 0: never.
 */
#define TFTPSERVER_PROPERTY_TIMEOUT 17

/**
 * Integer, read-only, indexed: 1 read, 2 write (TFTPSERVER_OPERATION_...).
 */
#define TFTPSERVER_PROPERTY_CONN_OPERATION 18

/**
 * Integer, read-only, indexed: bytes that the client has acknowledged, or the server has taken.
 */
#define TFTPSERVER_PROPERTY_CONN_BYTES_TRANSFERRED 19

/**
 * Integer, read-only, indexed: bytes of the whole transfer; -1: not known.
 */
#define TFTPSERVER_PROPERTY_CONN_TOTAL_BYTES 20

/**
 * Integer, read-only, indexed: bytes of a block; 0 before the negotiation.
 */
#define TFTPSERVER_PROPERTY_CONN_BLOCK_SIZE 21

/**
 * Integer, read-only, indexed: blocks of a window; 0 before the negotiation.
 */
#define TFTPSERVER_PROPERTY_CONN_WINDOW_SIZE 22

/**
 * Integer, read-only, indexed: packets that were sent more than once.
 */
#define TFTPSERVER_PROPERTY_CONN_RETRANSMISSIONS 23

/**
 * Integer, milliseconds, read-only, indexed: since the request, or from it to the end.
 */
#define TFTPSERVER_PROPERTY_CONN_ELAPSED_MILLIS 24

/**
 * Text, indexed: the name that is looked up in LocalDir instead of the client's; "": the client's.
 */
#define TFTPSERVER_PROPERTY_CONN_SERVED_NAME 25

/**
 * Integer, bytes, indexed: makes the program the source of this download; -1: a length that is not known.
 */
#define TFTPSERVER_PROPERTY_CONN_DATA_SIZE 26

/**
 * Text, indexed: downloads with the same key and the same ConnDataSize share what is supplied; "": none.
 */
#define TFTPSERVER_PROPERTY_CONN_DATA_KEY 27

/**
 * Text: kept and returned for programs written for IPWorks; it has no effect.
 */
#define TFTPSERVER_PROPERTY_RUNTIME_LICENSE 2011

/**
 * Direction: the client sends.
 */
#define TFTPSERVER_DIRECTION_UPLOAD 0

/**
 * Direction: the server sends.
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
 * Accept: no, the client gets an ERROR.
 */
#define TFTPSERVER_ACCEPT_NO 0

/**
 * Accept: yes.
 */
#define TFTPSERVER_ACCEPT_YES 1

/**
 * Accept: not known yet; `tftpserver_do_accept` says it.
 */
#define TFTPSERVER_ACCEPT_LATER 2

/**
 * Packet too large.
 */
#define TFTPSERVER_ERROR_PACKET_TOO_LARGE 122

/**
 * Wrong response type from server.
 */
#define TFTPSERVER_ERROR_WRONG_RESPONSE_TYPE 123

/**
 * Server error. Description contains detailed information.
 */
#define TFTPSERVER_ERROR_CLIENT_ERROR 124

/**
 * Invalid server response.
 */
#define TFTPSERVER_ERROR_INVALID_RESPONSE 125

/**
 * A valid LocalFile must be provided for PUT operations.
 */
#define TFTPSERVER_ERROR_NO_LOCAL_FILE 126

/**
 * Can't open local file.
 */
#define TFTPSERVER_ERROR_CANNOT_OPEN_FILE 127

/**
 * Can't write to local file.
 */
#define TFTPSERVER_ERROR_CANNOT_WRITE_FILE 128

/**
 * Can't read local file.
 */
#define TFTPSERVER_ERROR_CANNOT_READ_FILE 129

/**
 * Busy performing the current transfer.
 */
#define TFTPSERVER_ERROR_BUSY 130

/**
 * Timeout while waiting for server.
 */
#define TFTPSERVER_ERROR_TIMEOUT 301

/**
 * Server error.
 */
#define TFTPSERVER_ERROR_SERVER_ERROR 305

/**
 * Wrong or invalid response type received from server.
 */
#define TFTPSERVER_ERROR_WRONG_OR_INVALID_RESPONSE_TYPE 306

/**
 * Invalid response from server.
 */
#define TFTPSERVER_ERROR_INVALID_RESPONSE_FROM_SERVER 307

/**
 * UDP is already Active.
 */
#define TFTPSERVER_ERROR_ALREADY_ACTIVE 104

/**
 * You cannot change the LocalPort while the class is Active.
 */
#define TFTPSERVER_ERROR_LOCAL_PORT_LOCKED 106

/**
 * You cannot change the LocalHost at this time. A connection is in progress.
 */
#define TFTPSERVER_ERROR_LOCAL_HOST_LOCKED 107

/**
 * The class must be Active for this operation.
 */
#define TFTPSERVER_ERROR_NOT_ACTIVE 109

/**
 * Cannot change MaxPacketSize while the class is Active.
 */
#define TFTPSERVER_ERROR_MAX_PACKET_SIZE_LOCKED 112

/**
 * Cannot change ShareLocalPort option while the class is Active.
 */
#define TFTPSERVER_ERROR_SHARE_LOCAL_PORT_LOCKED 113

/**
 * Cannot change RemoteHost when UseConnection is set and the class Active.
 */
#define TFTPSERVER_ERROR_REMOTE_HOST_LOCKED 114

/**
 * Cannot change RemotePort when UseConnection is set and the class is Active.
 */
#define TFTPSERVER_ERROR_REMOTE_PORT_LOCKED 115

/**
 * RemotePort can't be zero when UseConnection is set. Please specify a valid service port number.
 */
#define TFTPSERVER_ERROR_REMOTE_PORT_ZERO 116

/**
 * Cannot change UseConnection while the class is Active.
 */
#define TFTPSERVER_ERROR_USE_CONNECTION_LOCKED 117

/**
 * Message can't be longer than MaxPacketSize.
 */
#define TFTPSERVER_ERROR_MESSAGE_TOO_LONG 118

/**
 * Message too short.
 */
#define TFTPSERVER_ERROR_MESSAGE_TOO_SHORT 119

/**
 * Unable to convert string to selected CodePage
 */
#define TFTPSERVER_ERROR_CODE_PAGE 434

/**
 * Cannot load specified security library.
 */
#define TFTPSERVER_ERROR_SECURITY_LIBRARY 270

/**
 * Cannot open certificate store.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_STORE 271

/**
 * Cannot find specified certificate.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_NOT_FOUND 272

/**
 * Cannot acquire security credentials.
 */
#define TFTPSERVER_ERROR_SECURITY_CREDENTIALS 273

/**
 * Cannot find certificate chain.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_CHAIN 274

/**
 * Cannot verify certificate chain.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_CHAIN_INVALID 275

/**
 * Error during handshake.
 */
#define TFTPSERVER_ERROR_HANDSHAKE 276

/**
 * Error verifying certificate.
 */
#define TFTPSERVER_ERROR_CERTIFICATE_INVALID 280

/**
 * Could not find client certificate.
 */
#define TFTPSERVER_ERROR_NO_CLIENT_CERTIFICATE 281

/**
 * Could not find server certificate.
 */
#define TFTPSERVER_ERROR_NO_SERVER_CERTIFICATE 282

/**
 * Error encrypting data.
 */
#define TFTPSERVER_ERROR_ENCRYPT 283

/**
 * Error decrypting data.
 */
#define TFTPSERVER_ERROR_DECRYPT 284

/**
 * Interrupted system call.
 */
#define TFTPSERVER_ERROR_INTERRUPTED 10004

/**
 * Bad file number.
 */
#define TFTPSERVER_ERROR_BAD_FILE 10009

/**
 * Access denied.
 */
#define TFTPSERVER_ERROR_ACCESS_DENIED 10013

/**
 * Bad address.
 */
#define TFTPSERVER_ERROR_BAD_ADDRESS 10014

/**
 * Invalid argument.
 */
#define TFTPSERVER_ERROR_INVALID_ARGUMENT 10022

/**
 * Too many open files.
 */
#define TFTPSERVER_ERROR_TOO_MANY_FILES 10024

/**
 * Operation would block.
 */
#define TFTPSERVER_ERROR_WOULD_BLOCK 10035

/**
 * Operation now in progress.
 */
#define TFTPSERVER_ERROR_IN_PROGRESS 10036

/**
 * Operation already in progress.
 */
#define TFTPSERVER_ERROR_ALREADY_IN_PROGRESS 10037

/**
 * Socket operation on non-socket.
 */
#define TFTPSERVER_ERROR_NOT_A_SOCKET 10038

/**
 * Destination address required.
 */
#define TFTPSERVER_ERROR_DESTINATION_REQUIRED 10039

/**
 * Message too long.
 */
#define TFTPSERVER_ERROR_DATAGRAM_TOO_LONG 10040

/**
 * Protocol wrong type for socket.
 */
#define TFTPSERVER_ERROR_WRONG_PROTOCOL_TYPE 10041

/**
 * Bad protocol option.
 */
#define TFTPSERVER_ERROR_BAD_PROTOCOL_OPTION 10042

/**
 * Protocol not supported.
 */
#define TFTPSERVER_ERROR_PROTOCOL_NOT_SUPPORTED 10043

/**
 * Socket type not supported.
 */
#define TFTPSERVER_ERROR_SOCKET_TYPE_NOT_SUPPORTED 10044

/**
 * Operation not supported on socket.
 */
#define TFTPSERVER_ERROR_OPERATION_NOT_SUPPORTED 10045

/**
 * Protocol family not supported.
 */
#define TFTPSERVER_ERROR_PROTOCOL_FAMILY_NOT_SUPPORTED 10046

/**
 * Address family not supported by protocol family.
 */
#define TFTPSERVER_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED 10047

/**
 * Address already in use.
 */
#define TFTPSERVER_ERROR_ADDRESS_IN_USE 10048

/**
 * Can't assign requested address.
 */
#define TFTPSERVER_ERROR_ADDRESS_NOT_AVAILABLE 10049

/**
 * Network is down.
 */
#define TFTPSERVER_ERROR_NETWORK_DOWN 10050

/**
 * Network is unreachable.
 */
#define TFTPSERVER_ERROR_NETWORK_UNREACHABLE 10051

/**
 * Net dropped connection or reset.
 */
#define TFTPSERVER_ERROR_NETWORK_RESET 10052

/**
 * Software caused connection abort.
 */
#define TFTPSERVER_ERROR_ABORTED 10053

/**
 * Connection reset by peer.
 */
#define TFTPSERVER_ERROR_CONNECTION_RESET 10054

/**
 * No buffer space available.
 */
#define TFTPSERVER_ERROR_NO_BUFFER_SPACE 10055

/**
 * Socket is already connected.
 */
#define TFTPSERVER_ERROR_ALREADY_CONNECTED 10056

/**
 * Socket is not connected.
 */
#define TFTPSERVER_ERROR_NOT_CONNECTED 10057

/**
 * Can't send after socket shutdown.
 */
#define TFTPSERVER_ERROR_SHUT_DOWN 10058

/**
 * Too many references, can't splice.
 */
#define TFTPSERVER_ERROR_TOO_MANY_REFERENCES 10059

/**
 * Connection timed out.
 */
#define TFTPSERVER_ERROR_CONNECTION_TIMED_OUT 10060

/**
 * Connection refused.
 */
#define TFTPSERVER_ERROR_CONNECTION_REFUSED 10061

/**
 * Too many levels of symbolic links.
 */
#define TFTPSERVER_ERROR_TOO_MANY_LINKS 10062

/**
 * File name too long.
 */
#define TFTPSERVER_ERROR_NAME_TOO_LONG 10063

/**
 * Host is down.
 */
#define TFTPSERVER_ERROR_HOST_DOWN 10064

/**
 * No route to host.
 */
#define TFTPSERVER_ERROR_HOST_UNREACHABLE 10065

/**
 * Directory not empty
 */
#define TFTPSERVER_ERROR_DIRECTORY_NOT_EMPTY 10066

/**
 * Too many processes.
 */
#define TFTPSERVER_ERROR_TOO_MANY_PROCESSES 10067

/**
 * Too many users.
 */
#define TFTPSERVER_ERROR_TOO_MANY_USERS 10068

/**
 * Disc Quota Exceeded.
 */
#define TFTPSERVER_ERROR_DISK_QUOTA 10069

/**
 * Stale NFS file handle.
 */
#define TFTPSERVER_ERROR_STALE_HANDLE 10070

/**
 * Too many levels of remote in path.
 */
#define TFTPSERVER_ERROR_TOO_MANY_REMOTE_LEVELS 10071

/**
 * Network subsystem is unavailable.
 */
#define TFTPSERVER_ERROR_NETWORK_UNAVAILABLE 10091

/**
 * WINSOCK DLL Version out of range.
 */
#define TFTPSERVER_ERROR_VERSION_OUT_OF_RANGE 10092

/**
 * Winsock not loaded yet.
 */
#define TFTPSERVER_ERROR_NOT_LOADED 10093

/**
 * Host not found.
 */
#define TFTPSERVER_ERROR_HOST_NOT_FOUND 11001

/**
 * Non-authoritative 'Host not found' (try again or check DNS setup).
 */
#define TFTPSERVER_ERROR_HOST_NOT_FOUND_TRY_AGAIN 11002

/**
 * Non-recoverable errors: FORMERR, REFUSED, NOTIMP.
 */
#define TFTPSERVER_ERROR_NAME_SERVER_FAILURE 11003

/**
 * Valid name, no data record (check DNS setup).
 */
#define TFTPSERVER_ERROR_NO_ADDRESS 11004

/**
 * Not a handle, or one that was closed.
 */
#define TFTPSERVER_ERROR_NOT_A_HANDLE 901

/**
 * Unknown property.
 */
#define TFTPSERVER_ERROR_UNKNOWN_PROPERTY 902

/**
 * Index out of range.
 */
#define TFTPSERVER_ERROR_INDEX_OUT_OF_RANGE 903

/**
 * Read-only.
 */
#define TFTPSERVER_ERROR_READ_ONLY 904

/**
 * Invalid value.
 */
#define TFTPSERVER_ERROR_INVALID_VALUE 905

/**
 * Unknown setting
 */
#define TFTPSERVER_ERROR_UNKNOWN_SETTING 906

/**
 * Not allowed inside a callback.
 */
#define TFTPSERVER_ERROR_INSIDE_CALLBACK 907

/**
 * Internal error.
 */
#define TFTPSERVER_ERROR_INTERNAL 908

/**
 * Not available on this platform.
 */
#define TFTPSERVER_ERROR_NOT_AVAILABLE 909

/**
 * System error.
 */
#define TFTPSERVER_ERROR_SYSTEM 910

/**
 * A server. Opaque: a key that the library looks up, never a place in memory.
 */
typedef struct tftpserver tftpserver;

/**
 * Fires when a connection was accepted, or failed. Where it is registered, the connection waits until the
 * callback has returned: the moment to set ConnFileData or ConnLocalFile.
 */
typedef struct tftpserver_connected_event {
    /**
     * The connection.
     */
    int32_t connection_id;
    /**
     * 0, or the error number: 10013 refused by ConnectionRequest, 10068 too many connections.
     */
    int32_t status_code;
    /**
     * "OK", or what went wrong.
     */
    const char *description;
} tftpserver_connected_event;

/**
 * Fires when a client asks for a file. The connection waits until the callback has returned, or longer where its
 * answer is put off.
 */
typedef struct tftpserver_connection_request_event {
    /**
     * The client's IP address.
     */
    const char *remote_host;
    /**
     * The client's port.
     */
    int32_t remote_port;
    /**
     * The file name as the client sent it, in UTF-8. Trust it with nothing. A byte from 0x80 on that means nothing in the
     * CodePage is the character U+EF00 plus the byte: 0xFF is U+EFFF, "\xEE\xBF\xBF" in C.
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
     * In and out: TFTPSERVER_ACCEPT_YES (1) on entry; set it to TFTPSERVER_ACCEPT_NO (0) to refuse, to
     * TFTPSERVER_ACCEPT_LATER (2) to answer by `tftpserver_do_accept`.
     */
    int32_t accept;
    /**
     * The connection's id; its record in the Conn arrays is there already.
     */
    int32_t connection_id;
    /**
     * The server's address that was asked; "" where the system does not tell.
     */
    const char *local_host;
} tftpserver_connection_request_event;

/**
 * Fires once at the end of every connection whose Connected had status 0.
 */
typedef struct tftpserver_disconnected_event {
    /**
     * The connection; its record leaves the Conn arrays when the callback has returned.
     */
    int32_t connection_id;
    /**
     * 0, or the error number.
     */
    int32_t status_code;
    /**
     * "OK", or what went wrong.
     */
    const char *description;
} tftpserver_disconnected_event;

/**
 * Fires when a file was transferred whole: an upload is in its place under its final name.
 */
typedef struct tftpserver_end_transfer_event {
    /**
     * The connection.
     */
    int32_t connection_id;
    /**
     * TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
     */
    int32_t direction;
} tftpserver_end_transfer_event;

/**
 * Fires when something failed.
 */
typedef struct tftpserver_error_event {
    /**
     * The error number.
     */
    int32_t error_code;
    /**
     * What went wrong.
     */
    const char *description;
    /**
     * The connection, or 0 where none is meant.
     */
    int32_t connection_id;
} tftpserver_error_event;

/**
 * Fires once for each log message, as far as LogLevel asks for it: Info and Error (1), PITrail, which is the dialogue
 * of RRQ, WRQ, OACK and ERROR, and Verbose, which tells what was agreed and how it went (2), Debug, which tells of
 * every DATA and ACK (3). The only event that may be dropped when too
 * many wait; a message then says how many.
 */
typedef struct tftpserver_log_event {
    /**
     * The connection, or 0 where none is meant.
     */
    int32_t connection_id;
    /**
     * 1 Info, 2 Verbose, 3 Debug.
     */
    int32_t log_level;
    /**
     * The message, one line.
     */
    const char *message;
    /**
     * "Info", "Error", "Verbose", "Debug" or "PITrail".
     */
    const char *log_type;
} tftpserver_log_event;

/**
 * Fires when a transfer begins. The connection waits until the callback has returned; where neither LocalDir nor
 * the application has a file for it yet, this is the last moment to set ConnFileData or ConnLocalFile.
 */
typedef struct tftpserver_start_transfer_event {
    /**
     * The connection.
     */
    int32_t connection_id;
    /**
     * TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
     */
    int32_t direction;
} tftpserver_start_transfer_event;

/**
 * Fires for each block of data, in order: of a download when the client has acknowledged it. A slow callback slows
 * this connection and none else.
 *
 * In netascii, `text` of a download is what goes over the wire, and of an upload what the file gets, translated, as
 * much an event as came at once; `bytes_transferred` counts the same.
 */
typedef struct tftpserver_transfer_event {
    /**
     * The connection.
     */
    int32_t connection_id;
    /**
     * TFTPSERVER_DIRECTION_UPLOAD (0) or TFTPSERVER_DIRECTION_DOWNLOAD (1).
     */
    int32_t direction;
    /**
     * Bytes transferred so far, this block included.
     */
    int64_t bytes_transferred;
    /**
     * 0 to 100, of the file's size or of the tsize that the client announced; -1 where neither is known: uploads
     * without tsize, netascii (but for downloads from ConnFileData).
     */
    int32_t percent_done;
    /**
     * This block's data: binary, not terminated. Never NULL.
     */
    const uint8_t *text;
    /**
     * Bytes in `text`; 0 for the empty last block.
     */
    size_t text_length;
} tftpserver_transfer_event;

/**
 * Fires when a download whose ConnDataSize was set has room for `length` more bytes from `offset` on: first with
 * offset 0, and again when less than half of what was asked for is left to come. Answer it by `tftpserver_do_supply`, at
 * once, later, or from another thread.
 */
typedef struct tftpserver_data_wanted_event {
    /**
     * The connection, or one of those that share the source (ConnDataKey).
     */
    int32_t connection_id;
    /**
     * Bytes of the source before what is wanted: everything up to here was asked for already.
     */
    int64_t offset;
    /**
     * How many bytes may be supplied.
     */
    int64_t length;
} tftpserver_data_wanted_event;

/**
 * What happened: the member of `data` that belongs to an event's id.
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
 * An event. It and everything it points to lives until the callback returns. Its structs may grow at their end in
 * later versions, never otherwise.
 */
typedef struct tftpserver_event {
    /**
     * One of TFTPSERVER_EVENT_...: tells which member of `data` is meant.
     */
    int32_t id;
    /**
     * What happened.
     */
    union tftpserver_event_data data;
} tftpserver_event;

/**
 * Called inside `tftpserver_do_doevents`, on the thread that called it, with no lock of the library held.
 *
 * `context` is what was given to `tftpserver_register_callback`. Return 0 to go on; any other value ends the
 * connection that the event belongs to: its client gets a TFTP ERROR, and Disconnected fires with 10053 and the
 * value in its description. Where the client has everything already (EndTransfer, the last Transfer of a download),
 * only Disconnected tells of it; Error and Disconnected themselves are about what has ended. A C++ exception, a longjmp or a Rust panic must not leave the callback.
 */
typedef int32_t (*tftpserver_callback)(tftpserver *server,
                                       tftpserver_event *event,
                                       void *context);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Makes a server with every property and setting at its default. It does not listen yet.
 *
 * @return The handle, for every other function; to be ended with `tftpserver_close`. NULL after an internal
 *         error.
 *
 * Threads: any.
 */
TFTPSERVER_API tftpserver *tftpserver_open(void);

/**
 * Stops listening, ends every transfer, waits for the library's threads and frees the server.
 *
 * A DoEvents that runs on another thread returns after its present callback, and `close` waits for that. Events
 * that still wait are not delivered any more.
 *
 * @param server The handle. It is invalid afterwards, on every thread: any use of it, closing included, gives 901.
 * @return 0; 901 not a handle; 907 called from inside a callback: nothing was closed (`tftpserver_release` closes there);
 *         908 internal error.
 *
 * Memory: every pointer that was returned for this handle ends here. Threads: any, except while a callback waits for
 * the thread that calls it.
 */
TFTPSERVER_API
int32_t tftpserver_close(tftpserver *server);

/**
 * Registers the function that an event calls, in place of any before it.
 *
 * An event without a callback costs nothing, and nothing waits for it.
 *
 * @param server   The handle.
 * @param event_id TFTPSERVER_EVENT_...
 * @param callback The function, or NULL to register none any more.
 * @param context  Given back to the callback; never looked at. What it points to must live until the server is closed,
 *                 or until the callback has been replaced and every tftpserver_do_doevents that was running at that
 *                 moment has returned.
 * @return 0; 901 not a handle; 905 no such event; 908 internal error.
 *
 * Threads: any, from inside a callback too. Replacing a callback does not wait for one that runs at this moment on
 * another thread, or is about to: waiting could deadlock with a lock of the application.
 */
TFTPSERVER_API
int32_t tftpserver_register_callback(tftpserver *server,
                                     int32_t event_id,
                                     tftpserver_callback callback,
                                     void *context);

/**
 * The text of the error of this thread's last call with this handle.
 *
 * @param server The handle.
 * @return UTF-8 text, "" after a success; for what is not a handle, the text of 901. Never NULL.
 *
 * Memory: the library's; valid until this thread's next call with this handle. Threads: any; each has its own last
 * error for each handle.
 */
TFTPSERVER_API
const char *tftpserver_get_last_error(tftpserver *server);

/**
 * The number of the error of this thread's last call with this handle.
 *
 * Every function with a handle sets it but the two that read it. A function that answers with a value (text, a
 * number, bytes) tells by it whether it failed.
 *
 * @param server The handle.
 * @return 0 after a success, or TFTPSERVER_ERROR_...; 901 for what is not a handle.
 *
 * Threads: any; each has its own last error for each handle.
 */
TFTPSERVER_API
int32_t tftpserver_get_last_error_code(tftpserver *server);

/**
 * Reads a property as text: "True", "False", "69", a path.
 *
 * @param server      The handle.
 * @param property_id TFTPSERVER_PROPERTY_...
 * @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
 * @return UTF-8 text, or NULL where the call fails: 901 not a handle; 902 unknown or reserved property; 903 no such
 *         connection; 905 ConnFileData holds what is not text (use `tftpserver_get_bytes`); 908 internal error.
 *
 * Memory: the library's; valid until this thread's next call with this handle. Threads: any.
 */
TFTPSERVER_API
const char *tftpserver_get(tftpserver *server,
                           int32_t property_id,
                           int32_t index);

/**
 * Sets a property from text. Booleans take True, False, 1, 0, Yes and No in any case.
 *
 * @param server      The handle.
 * @param property_id TFTPSERVER_PROPERTY_...
 * @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
 * @param value       UTF-8 text, copied.
 * @return 0; 901 not a handle; 902 unknown or reserved property; 903 no such connection; 904 read-only; 905 invalid
 *         value, NULL, or not UTF-8; 106, 107 not while listening; 130 the transfer has begun; for LocalDir 10013,
 *         10062, 10063 and what else the system says; for Listening every error of `tftpserver_do_startlistening`; 908
 *         internal error. Where it fails, the old value stays.
 *
 * Threads: any.
 */
TFTPSERVER_API
int32_t tftpserver_set(tftpserver *server,
                       int32_t property_id,
                       int32_t index,
                       const char *value);

/**
 * Reads a property as a number. Booleans are 0 and 1; text is read where it is a decimal number.
 *
 * @param server      The handle.
 * @param property_id TFTPSERVER_PROPERTY_...
 * @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
 * @return The number, or 0 where the call fails (`tftpserver_get_last_error_code` tells): 901 not a handle; 902
 *         unknown or reserved property; 903 no such connection; 905 the property is not a number; 908 internal error.
 *
 * Threads: any.
 */
TFTPSERVER_API
int64_t tftpserver_get_int(tftpserver *server,
                           int32_t property_id,
                           int32_t index);

/**
 * Sets a property from a number. Booleans take 0 and 1.
 *
 * @param server      The handle.
 * @param property_id TFTPSERVER_PROPERTY_...
 * @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
 * @param value       The number.
 * @return As `tftpserver_set`.
 *
 * Threads: any.
 */
TFTPSERVER_API
int32_t tftpserver_set_int(tftpserver *server,
                           int32_t property_id,
                           int32_t index,
                           int64_t value);

/**
 * Reads a property as bytes: ConnFileData as it is, any other as its text.
 *
 * @param server      The handle.
 * @param property_id TFTPSERVER_PROPERTY_...
 * @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
 * @param length      Out: how many bytes; untouched where the call fails. NULL if it is not wanted: a NUL that does
 *                    not count always follows the bytes.
 * @return The bytes, not NULL even for none; NULL where the call fails: 901 not a handle; 902 unknown or reserved
 *         property; 903 no such connection; 908 internal error.
 *
 * Memory: the library's; valid until this thread's next call with this handle. Threads: any.
 */
TFTPSERVER_API
const void *tftpserver_get_bytes(tftpserver *server,
                                 int32_t property_id,
                                 int32_t index,
                                 size_t *length);

/**
 * Sets a property from bytes: ConnFileData as they are, any other as UTF-8 text.
 *
 * @param server      The handle.
 * @param property_id TFTPSERVER_PROPERTY_...
 * @param index       For the Conn properties, a connection id or a position below ConnCount; otherwise ignored.
 * @param data        The bytes, copied. NULL is allowed with length 0.
 * @param length      How many.
 * @return As `tftpserver_set`.
 *
 * Threads: any.
 */
TFTPSERVER_API
int32_t tftpserver_set_bytes(tftpserver *server,
                             int32_t property_id,
                             int32_t index,
                             const void *data,
                             size_t length);

/**
 * Sets a setting ("NAME=VALUE") or reads it ("NAME"). Names match without regard to case.
 *
 * @param server               The handle.
 * @param configuration_string UTF-8 text.
 * @return The value where it was read, "" where it was set; NULL where the call fails: 901 not a handle; 904
 *         read-only; 905 invalid value, NULL, or not UTF-8; 906 unknown setting; 909 not available here; 106, 107,
 *         112, 113, 117 not while listening; 434 a code page that is not available; 908 internal error. Where it
 *         fails, the old value stays.
 *
 * Memory: the library's; valid until this thread's next call with this handle. Threads: any.
 */
TFTPSERVER_API
const char *tftpserver_do_config(tftpserver *server,
                                 const char *configuration_string);

/**
 * Delivers the events that wait, by calling the registered callbacks one after the other on this thread.
 *
 * If none waits, it waits up to SelectWaitMillis (default 20, 0: not at all) for the first. Events that come while
 * it delivers are left to the next call. A call from a second thread waits until the first has returned.
 *
 * @param server The handle.
 * @return 0, whether or not an event was delivered; 901 not a handle; 907 called from inside a callback; 908
 *         internal error.
 *
 * Threads: any; callbacks run on the one that calls.
 */
TFTPSERVER_API
int32_t tftpserver_do_doevents(tftpserver *server);

/**
 * Starts to listen on LocalHost and LocalPort, and on every address of ListenOn. While listening already, it does nothing and succeeds.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 905 LocalDir is no directory any more; 909 SourceMacAddress is set and IPv6 is listened
 *         on; 10013 not allowed (ports below 1024 need a privilege on most systems); 10047 LocalHost is an address of
 *         the family that UseIPv6 excludes; 10048 the port is in use; 10049 LocalHost is not an address of this machine;
 *         11001 LocalHost is not found; 11004 it has no address of the family that UseIPv6 asks for; for ListenOn 10048
 *         and 10049; for ListenDescriptors 10009 no descriptor, 10038 no socket, 10022 not UDP, not bound, or connected,
 *         10048 named twice; another TCP/IP error; 908 internal error. Where it fails, it listens nowhere, and the
 *         text names the address.
 *
 * Threads: any.
 */
TFTPSERVER_API
int32_t tftpserver_do_startlistening(tftpserver *server);

/**
 * Stops to listen: new requests are not answered any more, and the port is free when it returns (with SinglePort when
 * the last transfer has ended). Transfers in progress go on to their end.
 *
 * @param server The handle.
 * @return 0, also where it did not listen; 901 not a handle; 908 internal error.
 *
 * Threads: any.
 */
TFTPSERVER_API
int32_t tftpserver_do_stoplistening(tftpserver *server);

/**
 * Stops to listen and ends every transfer: the clients get an ERROR, Disconnected fires with 10053.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Threads: any.
 */
TFTPSERVER_API int32_t tftpserver_do_shutdown(tftpserver *server);

/**
 * Ends one transfer: its client gets an ERROR, Disconnected fires with 10053.
 *
 * @param server The handle.
 * @param index  A connection id, or a position below ConnCount.
 * @return 0; 901 not a handle; 903 no such connection; 908 internal error.
 *
 * Threads: any.
 */
TFTPSERVER_API int32_t tftpserver_do_disconnect(tftpserver *server, int32_t index);

/**
 * Shutdown, and then every property and setting has its default again. Callbacks stay registered, the event
 * descriptor stays the same, and events that wait are still delivered.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Threads: any.
 */
TFTPSERVER_API int32_t tftpserver_do_reset(tftpserver *server);

/**
 * Makes a waiting DoEvents return, and one that delivers return after its present callback. If none runs, the next
 * returns at once. No event is lost by it: what was not delivered waits for the next DoEvents.
 *
 * @param server The handle.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Threads: any. Not for signal handlers: set a flag there.
 */
TFTPSERVER_API
int32_t tftpserver_do_interrupt(tftpserver *server);

/**
 * A descriptor that is readable while an event waits: for poll, epoll, kqueue, asyncio, libuv, GLib.
 *
 * When it is readable, call `tftpserver_do_doevents`. Do nothing else with it: not read, not write, not close.
 *
 * @param server The handle.
 * @return The descriptor, the same at every call, closed by `tftpserver_close`; -1 where the call fails: 901 not a
 *         handle; 909 not available on this platform, which is Windows, where `tftpserver_get_event_handle` serves;
 *         10024 too many open files; 908 internal error.
 *
 * Threads: any.
 */
TFTPSERVER_API
int tftpserver_get_event_fd(tftpserver *server);

/**
 * The text that belongs to an error number, without the particulars that `tftpserver_get_last_error` adds.
 *
 * @param code TFTPSERVER_ERROR_..., or 0.
 * @return UTF-8 text: "OK" for 0, "Unknown error." for what is no error number. Never NULL.
 *
 * Memory: static. Threads: any.
 */
TFTPSERVER_API const char *tftpserver_strerror(int32_t code);

/**
 * The version of the library that runs; the header's own is TFTPSERVER_VERSION_STRING.
 *
 * @return Text such as "0.1.0". Never NULL.
 *
 * Memory: static. Threads: any.
 */
TFTPSERVER_API const char *tftpserver_version(void);

/**
 * Answers a request for which ConnectionRequest's callback set `accept` to TFTPSERVER_ACCEPT_LATER.
 *
 * Until then the connection waits, and no other does: its record stays in the Conn arrays, ConnFileData and
 * ConnLocalFile may be set, the client's repetitions bring no second request. What follows, Connected first, is delivered
 * by DoEvents. An answer that comes before the callback has returned counts as well, and before what the callback says.
 * A request that is not answered ends after Timeout, counted from its last repetition: Connected tells 301, as it tells why
 * where the connection ended otherwise meanwhile. With Timeout 0 it waits without end.
 *
 * @param server The handle.
 * @param index  A connection id, or a position below ConnCount.
 * @param accept TFTPSERVER_ACCEPT_YES or TFTPSERVER_ACCEPT_NO.
 * @return 0; 901 not a handle; 903 no such connection, or not any more; 130 it was answered before, or was not put off;
 *         905 neither of the two; 908 internal error.
 *
 * Threads: any, from inside a callback too.
 */
TFTPSERVER_API
int32_t tftpserver_do_accept(tftpserver *server,
                             int32_t index,
                             int32_t accept);

/**
 * Closes the server without waiting for a callback: what `tftpserver_close` does, for where that is refused or would
 * wait for ever.
 *
 * The server stops listening and ends every transfer before this returns. If a DoEvents of this handle runs, on whichever
 * thread, it returns after its present callback and frees the server then; otherwise the server is freed at once.
 *
 * Use it inside a callback, and in a runtime that runs callbacks on another thread than the one that called DoEvents:
 * there a close inside the callback would wait for the callback, and the callback for it.
 *
 * @param server The handle. It is invalid afterwards, on every thread: any use of it, closing included, gives 901.
 * @return 0; 901 not a handle; 908 internal error.
 *
 * Memory: every pointer that was returned for this handle ends here. A callback's `context` must live until a DoEvents
 * that runs at this moment has returned. Threads: any, from inside a callback too, of this handle or another.
 */
TFTPSERVER_API
int32_t tftpserver_release(tftpserver *server);

/**
 * Holds a transfer back while the program takes the data of its Transfer events elsewhere: on another thread, in a task of
 * an event loop.
 *
 * From the call with `hold` 1 until the call with `hold` 0, what Transfer delivers does not count as taken. When 256 kB
 * are delivered and not taken, the client of an upload is not acknowledged any further and a download is not fed any
 * further. The last block of an upload is acknowledged when everything has been taken. A program whose storage fails
 * meanwhile calls `tftpserver_do_disconnect`: the client then gets an ERROR instead of that acknowledgement. The hold
 * ends with the connection.
 *
 * @param server The handle.
 * @param index  A connection id, or a position below ConnCount.
 * @param hold   1: what is delivered from now on is not taken. 0: everything that was delivered is taken.
 * @return 0, also where nothing changes; 901 not a handle; 903 no such connection, or not any more; 905 neither 0
 *         nor 1; 908 internal error.
 *
 * Threads: any, from inside a callback too.
 */
TFTPSERVER_API
int32_t tftpserver_do_hold(tftpserver *server,
                           int32_t index,
                           int32_t hold);

/**
 * Supplies the next bytes of a download whose ConnDataSize was set: what its DataWanted events asked for, in order, in one
 * piece or many, inside the callback, later, or from another thread.
 *
 * The source ends with ConnDataSize bytes, or with `is_last`. `is_last` before ConnDataSize bytes have come ends the
 * download: the client gets ERROR 0, Disconnected says 129. A download for which nothing comes ends after Timeout with 301.
 *
 * @param server  The handle.
 * @param index   A connection id, or a position below ConnCount. Of downloads that share a source (ConnDataKey) any one
 *                does, also one that has ended, as long as another runs; the one that the event named is certain.
 * @param data    The bytes, copied. NULL is allowed with length 0.
 * @param length  How many.
 * @param is_last Not 0: nothing follows.
 * @return 0; 901 not a handle; 903 no such connection; 905 more than was asked for, or past ConnDataSize: nothing was
 *         taken; 130 the program is not its source, or it is over; 908 internal error.
 *
 * Threads: any, from inside a callback too; one at a time for each download.
 */
TFTPSERVER_API
int32_t tftpserver_do_supply(tftpserver *server,
                             int32_t index,
                             const void *data,
                             size_t length,
                             int32_t is_last);

/**
 * Ends a transfer of any kind with an error code and a text of your own, at any time from its ConnectionRequest on.
 *
 * The client gets an ERROR with both. Disconnected, or Connected where that has not fired yet, says 10053 and the text.
 * Other downloads with the same ConnDataKey go on.
 *
 * @param server    The handle.
 * @param index     A connection id, or a position below ConnCount.
 * @param tftp_code The code of the ERROR, 0 to 8; 0 where no other fits, 1 for a file that is not there.
 * @param message   UTF-8 text, of which the client gets 256 bytes at most; NULL: "Aborted".
 * @return 0; 901 not a handle; 903 no such connection; 905 a code outside 0 to 8, or text that is not UTF-8; 908 internal
 *         error.
 *
 * Threads: any, from inside a callback too.
 */
TFTPSERVER_API
int32_t tftpserver_do_abort(tftpserver *server,
                            int32_t index,
                            int32_t tftp_code,
                            const char *message);

/**
 * A Windows HANDLE that is signalled while an event waits: for WaitForMultipleObjects, MsgWaitForMultipleObjects,
 * RegisterWaitForSingleObject.
 *
 * When it is signalled, call `tftpserver_do_doevents`. It is a manual-reset event: it stays signalled until no event
 * waits, and the library alone sets and resets it. Do nothing else with it: not set, not reset, not close.
 *
 * @param server The handle.
 * @return The HANDLE, the same at every call, closed by `tftpserver_close`; NULL where the call fails: 901 not a
 *         handle; 909 not available on this platform, which is every one but Windows, where `tftpserver_get_event_fd`
 *         serves; 10024 too many open files; 908 internal error.
 *
 * Threads: any.
 */
TFTPSERVER_API
void *tftpserver_get_event_handle(tftpserver *server);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TFTPSERVER_H */
