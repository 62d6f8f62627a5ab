/*
 * libtftpserver: a TFTP server inside your program.
 *
 * It serves a directory, or data that your callbacks supply, to any TFTP client (RFC 1350, with the
 * options of RFC 2347, 2348, 2349 and 7440). Names and numbers are those of the IPWorks TFTPServer
 * class.
 *
 * QUICK START
 *
@QUICK_START@
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
@PROPERTIES@
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
@SETTINGS@
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
