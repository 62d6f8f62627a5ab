/*
 * libtftpserver: a TFTP server inside your program.
 *
 * It serves a directory, or whatever your callbacks supply, to any TFTP client (RFC 1350, with the options of RFC
 * 2347, 2348, 2349 and 7440). Names and numbers are those that programs written for IPWorks TFTPServer know.
 *
 * QUICK START
 *
@QUICK_START@
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
@PROPERTIES@
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
@SETTINGS@
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
