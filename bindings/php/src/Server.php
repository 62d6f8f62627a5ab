<?php

declare(strict_types=1);

namespace TftpServer;

use FFI\CData;
use Psr\Log\LoggerInterface;

/**
 * A TFTP server.
 *
 * Transfers run on threads of the library as soon as startListening() has returned. Handlers run
 * only inside doEvents() (or serve(), which calls it), one at a time. A handler gets its event and
 * this server. An exception in a handler aborts its connection, and doEvents() throws it. A handler
 * returns nothing. A generator, or false or a promise from onConnectionRequest, is a TypeError that
 * doEvents() throws.
 *
 * If doEvents() is called in a fiber, as event loops based on fibers do, a handler may suspend that
 * fiber. Its connection waits until the handler has returned. Several ConnectionRequest handlers
 * may be suspended at once. While any other handler is suspended, doEvents() of every server
 * delivers nothing.
 *
 * A connection does not wait for an event without a handler. For a handler of ConnectionRequest,
 * Connected or StartTransfer it waits until that has returned; other connections continue.
 *
 * Every method throws a TftpServerException on failure: getCode() is the error number, getMessage()
 * the text.
 */
final class Server implements ServerInterface
{
    use Strict;

    private ?Sources $sources = null;

    /** @var list<int> Events that have a handler. */
    private array $registered = [];

    private readonly Handle $handle;

    private ?LoggerInterface $logger = null;

    /** @var null|callable(LogEvent, Server): mixed */
    private $logHandler;

    /**
     * @param null|string $localDir  the directory to serve; must exist
     * @param null|int    $localPort the port to listen on, 69 by default; 0: the system chooses
     * @param null|string $localHost the address or name to listen on; every address by default
     *
     * @throws LibraryException if the library cannot be used
     */
    public function __construct(?string $localDir = null, ?int $localPort = null, ?string $localHost = null)
    {
        $this->handle = new Handle();
        if ($localDir !== null) {
            $this->setLocalDir($localDir);
        }
        if ($localPort !== null) {
            $this->setLocalPort($localPort);
        }
        if ($localHost !== null) {
            $this->setLocalHost($localHost);
        }
    }

    // Events: each method registers a handler in place of the former one, or removes it (null).

    // api: begin handlers
    /** @param null|callable(ConnectedEvent, Server): mixed $handler */
    public function onConnected(?callable $handler): static
    {
        return $this->on(EventId::CONNECTED, $handler);
    }

    /** @param null|callable(ConnectionRequestEvent, Server): mixed $handler */
    public function onConnectionRequest(?callable $handler): static
    {
        return $this->on(EventId::CONNECTION_REQUEST, $handler);
    }

    /** @param null|callable(DisconnectedEvent, Server): mixed $handler */
    public function onDisconnected(?callable $handler): static
    {
        return $this->on(EventId::DISCONNECTED, $handler);
    }

    /** @param null|callable(EndTransferEvent, Server): mixed $handler */
    public function onEndTransfer(?callable $handler): static
    {
        return $this->on(EventId::END_TRANSFER, $handler);
    }

    /** @param null|callable(ErrorEvent, Server): mixed $handler */
    public function onError(?callable $handler): static
    {
        return $this->on(EventId::ERROR, $handler);
    }

    /** @param null|callable(LogEvent, Server): mixed $handler */
    public function onLog(?callable $handler): static
    {
        $this->logHandler = $handler;

        return $this->listenToLog();
    }

    /** @param null|callable(StartTransferEvent, Server): mixed $handler */
    public function onStartTransfer(?callable $handler): static
    {
        return $this->on(EventId::START_TRANSFER, $handler);
    }

    /** @param null|callable(TransferEvent, Server): mixed $handler */
    public function onTransfer(?callable $handler): static
    {
        return $this->on(EventId::TRANSFER, $handler);
    }

    /** @param null|callable(DataWantedEvent, Server): mixed $handler */
    public function onDataWanted(?callable $handler): static
    {
        return $this->on(EventId::DATA_WANTED, $handler);
    }

    // api: end handlers
    /**
     * Passes Log events to a PSR-3 logger, besides the handler of onLog(); null: stops that.
     * LogType "Error" has the level error, "Info" info, the others debug. The setting LogLevel
     * selects the events. The context has the keys "connection" (an id or null), "type" (LogType)
     * and "level" (LogLevel).
     */
    public function setLogger(?LoggerInterface $logger): static
    {
        $this->logger = $logger;

        return $this->listenToLog();
    }

    /**
     * Serves a download from a stream, or from a generator or another iterable of strings, which is
     * read piece by piece during the transfer. Call it in a handler of ConnectionRequest, Connected
     * or StartTransfer, or while the answer is deferred.
     *
     * The default of $size is the stream's size, if that is known (a file, Content-Length).
     * Downloads with the same $key and size share one pass over the source. If $source is a
     * function, it is called again for a download that starts much later. An exception of a source
     * aborts its downloads with an ERROR packet, and doEvents() throws it.
     *
     * @param resource|iterable<string>|callable(): (resource|iterable<string>) $source
     *
     * @throws TftpServerException error 130: the transfer has begun, or is an upload
     */
    public function feed(int $connectionId, mixed $source, ?int $size = null, string $key = ''): void
    {
        if (!is_resource($source) && !is_iterable($source) && !is_callable($source)) {
            throw new \TypeError('A source is a stream, an iterable of strings, or a function that returns one, not '
                . get_debug_type($source));
        }
        $size ??= SourcePass::size($source);
        $connection = new Connection($this->handle, $connectionId);
        $connection->setDataKey($key)->setDataSize($size);
        $isFirst = $this->sources === null;
        $this->sources ??= new Sources();
        foreach ($isFirst ? array_diff(Sources::EVENTS, $this->registered) : [] as $event) {
            $this->on($event, null);
        }
        $this->sources->add($connectionId, $source, $size, $key);
    }

    /**
     * Registers every public method of an object that has the name of an event method: onConnected,
     * onTransfer, ...
     *
     * @throws \ValueError if the object has no such method
     */
    public function subscribe(object $subscriber): static
    {
        // api: begin events
        $events = [
            'Connected',
            'ConnectionRequest',
            'Disconnected',
            'EndTransfer',
            'Error',
            'Log',
            'StartTransfer',
            'Transfer',
            'DataWanted',
        ];
        // api: end events
        $found = array_filter($events, static fn (string $event): bool => is_callable([$subscriber, "on{$event}"]));
        if ($found === []) {
            throw new \ValueError($subscriber::class . ' has no method for an event, as onConnected');
        }
        foreach ($found as $event) {
            $this->{"on{$event}"}([$subscriber, "on{$event}"]);
        }

        return $this;
    }

    // api: begin server properties
    /** The number of records in the Conn arrays. It changes only inside DoEvents. */
    public function getConnCount(): int
    {
        return (int) $this->get(Property::CONN_COUNT);
    }

    /** True while the server listens. */
    public function isListening(): bool
    {
        return $this->get(Property::LISTENING) === 'True';
    }

    /** The directory that is served; it must exist. "": none, handlers supply everything. */
    public function getLocalDir(): string
    {
        return $this->get(Property::LOCAL_DIR);
    }

    public function setLocalDir(string $path): static
    {
        return $this->set(Property::LOCAL_DIR, $path);
    }

    /**
     * The address or host name to listen on; "": every address. While listening, the bound address.
     */
    public function getLocalHost(): string
    {
        return $this->get(Property::LOCAL_HOST);
    }

    public function setLocalHost(string $host): static
    {
        return $this->set(Property::LOCAL_HOST, $host);
    }

    /**
     * The UDP port to listen on (69); 0: the system chooses one. While listening, the bound port.
     */
    public function getLocalPort(): int
    {
        return (int) $this->get(Property::LOCAL_PORT);
    }

    public function setLocalPort(int $port): static
    {
        return $this->set(Property::LOCAL_PORT, $port);
    }

    /** How many times a packet is retransmitted before the transfer fails (3). */
    public function getMaxRetransmits(): int
    {
        return (int) $this->get(Property::MAX_RETRANSMITS);
    }

    public function setMaxRetransmits(int $times): static
    {
        return $this->set(Property::MAX_RETRANSMITS, $times);
    }

    /** Seconds until a packet is retransmitted, at most (5). */
    public function getRetransmitTimeout(): int
    {
        return (int) $this->get(Property::RETRANSMIT_TIMEOUT);
    }

    public function setRetransmitTimeout(int $seconds): static
    {
        return $this->set(Property::RETRANSMIT_TIMEOUT, $seconds);
    }

    /** Seconds without progress after which a transfer fails (60); 0: no limit. */
    public function getTimeout(): int
    {
        return (int) $this->get(Property::TIMEOUT);
    }

    public function setTimeout(int $seconds): static
    {
        return $this->set(Property::TIMEOUT, $seconds);
    }

    // api: end server properties
    /**
     * Returns a connection by its id (as in events) or by its position from 0 to getConnCount() - 1.
     */
    public function getConnection(int $index): Connection
    {
        return new Connection($this->handle, (int) $this->get(Property::CONN_CONNECTION_ID, $index));
    }

    /** @return list<Connection> */
    public function getConnections(): array
    {
        $count = $this->getConnCount();

        return array_map($this->getConnection(...), $count === 0 ? [] : range(0, $count - 1));
    }

    /**
     * Returns a setting, or sets it if a value is given (and returns ""). Names are
     * case-insensitive; the manual lists them.
     */
    public function config(string $name, string|int|bool|null $value = null): string
    {
        if ($value !== null) {
            if (str_contains($name, '=')) {
                throw Failure::code(ErrorCode::UnknownSetting->value);
            }
            $name .= '=' . (is_bool($value) ? ($value ? 'True' : 'False') : $value);
        }

        return $this->handle->config($name) ?? throw Failure::of($this->handle);
    }

    /** Starts to listen on LocalHost and LocalPort. */
    public function startListening(): void
    {
        $this->call('tftpserver_do_startlistening');
    }

    /** Stops listening and frees the port. Running transfers continue to their end. */
    public function stopListening(): void
    {
        $this->call('tftpserver_do_stoplistening');
    }

    /** Stops listening and aborts every transfer: Disconnected fires with error 10053. */
    public function shutdown(): void
    {
        $this->call('tftpserver_do_shutdown');
    }

    /**
     * Shuts the server down and resets every property and setting to its default. Handlers stay
     * registered.
     */
    public function reset(): void
    {
        $this->call('tftpserver_do_reset');
    }

    /**
     * Makes a running doEvents() return after its current handler, or else the next call at once.
     * No event is lost.
     */
    public function interrupt(): void
    {
        $this->call('tftpserver_do_interrupt');
    }

    /**
     * Delivers the waiting events. If there is none, it waits up to SelectWaitMillis milliseconds
     * (20) for the first.
     *
     * @throws \Throwable an exception of a handler
     */
    public function doEvents(): void
    {
        Failure::check($this->handle, $this->handle->doEvents());
    }

    /**
     * Listens, and delivers events until a handler stops the server (stopListening, shutdown,
     * close) or throws.
     *
     * @throws \Throwable an exception of a handler
     */
    public function serve(): void
    {
        $this->startListening();
        while ($this->handle->isOpen() && $this->isListening()) {
            $this->doEvents();
        }
    }

    /**
     * Returns a stream that is readable while an event waits, for stream_select and event loops.
     * Call doEvents() then; do not read the stream. It has a descriptor of its own and may be
     * closed at any time.
     *
     * @return resource
     */
    public function getEventStream()
    {
        return $this->handle->eventStream() ?? throw Failure::of($this->handle);
    }

    /**
     * Stops listening, aborts every transfer and frees the server; inside a handler, as soon as
     * doEvents() has returned. All other methods fail with error 901 afterwards. A server that is
     * no longer referenced closes itself.
     */
    public function close(): void
    {
        $this->handle->close();
    }

    private function __clone()
    {
    }

    private function listenToLog(): static
    {
        [$logger, $handler] = [$this->logger, $this->logHandler];
        if ($logger === null) {
            return $this->on(EventId::LOG, $handler);
        }
        if ($handler !== null) {
            Returned::refuseGenerator($handler(...));
        }

        return $this->on(EventId::LOG, static function (LogEvent $e, ?Server $server) use ($logger, $handler): mixed {
            LogBridge::write($logger, $e);

            return $handler === null ? null : $handler($e, $server);
        });
    }

    private function on(int $event, ?callable $handler): static
    {
        $this->registered = array_diff($this->registered, [$event]);
        if ($handler === null && $this->sources !== null && in_array($event, Sources::EVENTS, true)) {
            $handler = static fn () => null;
        }
        if ($handler === null) {
            Failure::check($this->handle, $this->handle->handle($event, null));

            return $this;
        }
        $this->registered[] = $event;
        $handler = $handler(...);
        Returned::refuseGenerator($handler);
        // Not $this: its handlers would refer to the server, and only the garbage collector could
        // free it.
        $server = \WeakReference::create($this);
        $closure = static function (CData $event) use ($handler, $server): int {
            $made = EventFactory::make($event);
            $sources = $server->get()?->sources;
            if ($sources !== null && $made instanceof DataWantedEvent && $sources->serves($made->connectionId)) {
                $sources->supply($server->get()->handle, $made);

                return 0;
            }
            $isOver = $made instanceof DisconnectedEvent || ($made instanceof ConnectedEvent && $made->statusCode !== 0);
            if ($sources !== null && $isOver) {
                $sources->forget($server->get()->handle, $made->connectionId);
            }
            $returned = $handler($made, $server->get());
            if ($returned !== null) {
                Returned::check($returned, $made);
            }

            return EventFactory::answer($event, $made);
        };
        $prepare = $event === EventId::CONNECTION_REQUEST ? self::prepare($handler, $server) : null;
        Failure::check($this->handle, $this->handle->handle($event, $closure, $prepare));

        return $this;
    }

    /** @return \Closure(CData): (\Closure(): int) as Handle::handle() takes it */
    private static function prepare(\Closure $handler, \WeakReference $server): \Closure
    {
        return static function (CData $event) use ($handler, $server): \Closure {
            $made = EventFactory::make($event);

            return static function () use ($made, $handler, $server): int {
                Returned::check($handler($made, $server->get()), $made);

                return $made->result() !== 0 ? -1 : $made->answer();
            };
        };
    }

    private function get(int $property, int $index = 0): string
    {
        return $this->handle->get($property, $index) ?? throw Failure::of($this->handle);
    }

    private function set(int $property, string|int $value): static
    {
        Failure::check($this->handle, $this->handle->set($property, $value));

        return $this;
    }

    private function call(string $function): void
    {
        Failure::check($this->handle, $this->handle->call($function));
    }
}
