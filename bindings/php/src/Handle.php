<?php

declare(strict_types=1);

namespace TftpServer;

use FFI;
use FFI\CData;

/**
 * A server of the library, with error numbers instead of exceptions. Server and the procedural
 * functions use it.
 *
 * If the caller of DoEvents is a fiber, a ConnectionRequest handler runs after DoEvents has
 * returned, and its answer is passed to the library then. So the handler may suspend the fiber, as
 * every await of an event loop does, without blocking other calls of DoEvents.
 *
 * @internal
 */
class Handle
{
    /**
     * The most ConnectionRequest handlers in one call of doEvents(), so that a flood does not block
     * an event loop.
     */
    private const REQUESTS_AT_ONCE = 256;

    private ?CData $raw;

    /** @var array<int, \Closure(CData): int> */
    private array $handlers = [];

    /**
     * @var null|\Closure(CData): (\Closure(): int) Copies a request and returns the function that
     * runs its handler.
     */
    private ?\Closure $prepare = null;

    /**
     * @var null|array{int, \Closure(): int} A connection id, and the function that runs the handler of its request.
     */
    private ?array $request = null;

    /** @var null|resource */
    private $signal;

    private ?\Throwable $thrown = null;

    /**
     * The number of an error that was found without calling the library; 0: the library has the
     * last error.
     */
    private int $refused = 0;

    /**
     * @throws LibraryException
     * @throws TftpServerException
     */
    public function __construct()
    {
        $this->raw = Pump::open($this);
        if ($this->raw === null) {
            throw Failure::code(ErrorCode::Internal->value);
        }
    }

    public function __destruct()
    {
        $this->close();
    }

    private function __clone()
    {
    }

    /** Closes the server; inside a handler, as soon as DoEvents has returned. */
    public function close(): int
    {
        if ($this->raw === null) {
            return ErrorCode::NotAHandle->value;
        }
        [$raw, $this->raw, $this->handlers, $this->prepare, $this->signal] = [$this->raw, null, [], null, null];

        return Pump::close($this, $raw);
    }

    public function isOpen(): bool
    {
        return $this->raw !== null;
    }

    public function lastErrorCode(): int
    {
        return $this->refused !== 0 ? $this->refused : Library::ffi()->tftpserver_get_last_error_code($this->raw);
    }

    public function lastError(): string
    {
        $ffi = Library::ffi();

        return $this->refused !== 0 ? $ffi->tftpserver_strerror($this->refused) : $ffi->tftpserver_get_last_error($this->raw);
    }

    /** Returns a property's bytes; null if the call fails. */
    public function get(int $property, int $index = 0): ?string
    {
        if (!self::isInt32($property) || !self::isInt32($index)) {
            $this->refused = self::isInt32($property) ? ErrorCode::IndexOutOfRange->value : ErrorCode::UnknownProperty->value;

            return null;
        }
        $this->refused = 0;
        $ffi = Library::ffi();
        $length = $ffi->new('size_t');
        $bytes = $ffi->tftpserver_get_bytes($this->raw, $property, $index, FFI::addr($length));

        return $bytes === null ? null : FFI::string($bytes, $length->cdata);
    }

    public function set(int $property, string|int|float|bool $value, int $index = 0): int
    {
        if (!self::isInt32($property) || !self::isInt32($index)) {
            return $this->refused = self::isInt32($property) ? ErrorCode::IndexOutOfRange->value : ErrorCode::UnknownProperty->value;
        }
        $this->refused = 0;
        if (is_bool($value)) {
            $value = $value ? 'True' : 'False';
        }
        $value = (string) $value;

        // With its length, so that a NUL does not truncate it.
        return Library::ffi()->tftpserver_set_bytes($this->raw, $property, $index, $value, strlen($value));
    }

    /** Records an error that was found without calling the library. */
    public function refuse(int $code): int
    {
        return $this->refused = $code;
    }

    /** Returns the value of a setting, "" after setting one, and null if the call fails. */
    public function config(string $configurationString): ?string
    {
        if (str_contains($configurationString, "\0")) {
            $this->refused = ErrorCode::InvalidValue->value;

            return null;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_config($this->raw, $configurationString);
    }

    /** Calls a function of the library whose only argument is the handle. */
    public function call(string $function): int
    {
        $this->refused = 0;

        return Library::ffi()->{$function}($this->raw);
    }

    public function disconnect(int $index): int
    {
        if (!self::isInt32($index)) {
            return $this->refused = ErrorCode::IndexOutOfRange->value;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_disconnect($this->raw, $index);
    }

    public function hold(int $index, bool $hold): int
    {
        if (!self::isInt32($index)) {
            return $this->refused = ErrorCode::IndexOutOfRange->value;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_hold($this->raw, $index, (int) $hold);
    }

    public function supply(int $index, string $bytes, bool $isLast): int
    {
        if (!self::isInt32($index)) {
            return $this->refused = ErrorCode::IndexOutOfRange->value;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_supply($this->raw, $index, $bytes, strlen($bytes), (int) $isLast);
    }

    public function abort(int $index, int $tftpCode, string $text): int
    {
        if (!self::isInt32($index) || !self::isInt32($tftpCode)) {
            return $this->refused = self::isInt32($index) ? ErrorCode::InvalidValue->value : ErrorCode::IndexOutOfRange->value;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_abort($this->raw, $index, $tftpCode, $text);
    }

    public function accept(int $index, bool $accept): int
    {
        if (!self::isInt32($index)) {
            return $this->refused = ErrorCode::IndexOutOfRange->value;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_accept($this->raw, $index, (int) $accept);
    }

    /**
     * Registers a handler, or removes it (null).
     *
     * @param null|\Closure(CData): int               $handler runs inside the callback
     * @param null|\Closure(CData): (\Closure(): int) $prepare for ConnectionRequest: copies the event and returns the
     *                                                         function that runs the handler, which returns its answer:
     *                                                         0 no, 1 yes, 2 later, -1 abort the connection
     */
    public function handle(int $event, ?\Closure $handler, ?\Closure $prepare = null): int
    {
        if (!self::isInt32($event)) {
            return $this->refused = ErrorCode::InvalidValue->value;
        }
        $this->refused = 0;
        $callback = $handler === null ? null : Pump::callback();
        $code = Library::ffi()->tftpserver_register_callback($this->raw, $event, $callback, null);
        if ($code === 0) {
            unset($this->handlers[$event]);
            if ($handler !== null) {
                $this->handlers[$event] = $handler;
            }
            if ($event === EventId::CONNECTION_REQUEST) {
                $this->prepare = $prepare;
            }
        }

        return $code;
    }

    /**
     * Delivers the waiting events. While a handler has suspended another fiber it delivers none.
     *
     * @throws \Throwable an exception of a handler
     */
    public function doEvents(): int
    {
        if ($this->raw === null) {
            return $this->call('tftpserver_do_doevents');
        }
        $this->refused = 0;
        for ($left = self::REQUESTS_AT_ONCE; ; --$left) {
            $code = Pump::run($this, $this->raw);
            if ($this->thrown !== null) {
                [$thrown, $this->thrown] = [$this->thrown, null];

                throw $thrown;
            }
            [$request, $this->request] = [$this->request, null];
            if ($request === null || !$this->answer(...$request) || $left === 0) {
                return $code;
            }
            // The answer made a Connected event, so the next DoEvents returns without waiting.
        }
    }

    /**
     * Runs the handler of one event. Returns the callback's result.
     */
    public function deliver(CData $event): int
    {
        $id = $event->id;
        $handler = $this->handlers[$id] ?? null;
        if ($handler === null) {
            return 0;
        }
        try {
            if ($id !== EventId::CONNECTION_REQUEST || $this->prepare === null || \Fiber::getCurrent() === null) {
                return $handler($event);
            }
            $request = $event->data->connection_request;
            $this->request = [$request->connection_id, ($this->prepare)($event)];
            $request->accept = 2;
            // Makes DoEvents return; the remaining events wait, and the event stream stays
            // readable.
            Library::ffi()->tftpserver_do_interrupt($this->raw);

            return 0;
        } catch (\Throwable $e) {
            $this->throwLater($e);

            return 1;
        }
    }

    /** Makes doEvents() return and throw the exception. */
    public function throwLater(\Throwable $e): void
    {
        $this->thrown ??= $e;
        Library::ffi()->tftpserver_do_interrupt($this->raw);
    }

    /**
     * Returns a new stream that is readable while an event waits; null on failure, with the error
     * recorded.
     *
     * @return null|resource
     */
    public function eventStream()
    {
        $descriptor = $this->call('tftpserver_get_event_fd');
        if ($descriptor < 0) {
            return null;
        }
        if ($this->signal === null && PHP_OS_FAMILY === 'Linux') {
            $signal = @fopen('php://fd/' . $descriptor, 'r+');
            if ($signal !== false) {
                stream_set_read_buffer($signal, 0);
                stream_set_blocking($signal, false);
                $this->signal = $signal;
            }
        }
        $stream = @fopen('php://fd/' . $descriptor, 'r');
        if ($stream === false) {
            $this->refused = ErrorCode::NotAvailable->value;

            return null;
        }

        return $stream;
    }

    /**
     * Returns the event stream that Pump reads and writes; null before the first call of
     * eventStream().
     *
     * @return null|resource
     */
    public function signal()
    {
        return $this->signal;
    }

    /**
     * Runs a ConnectionRequest handler and passes its answer on. Returns true if the next DoEvents
     * has an event.
     */
    private function answer(int $id, \Closure $handler): bool
    {
        $accept = -1;
        $code = null;
        try {
            $accept = $handler();
        } finally {
            // Also if the handler threw or the program has dropped its fiber.
            if ($this->raw !== null && $accept !== 2) {
                $code = $accept < 0 ? Library::ffi()->tftpserver_do_disconnect($this->raw, $id)
                    : Library::ffi()->tftpserver_do_accept($this->raw, $id, $accept);
            }
        }

        return $code === 0 && $accept >= 0;
    }

    private static function isInt32(int $number): bool
    {
        return $number >= -0x80000000 && $number <= 0x7fffffff;
    }
}
