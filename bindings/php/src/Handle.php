<?php

declare(strict_types=1);

namespace TftpServer;

use FFI;
use FFI\CData;

/**
 * A server of the library, with codes instead of exceptions: what Server and the procedural functions stand on.
 *
 * An exception, exit() or a fatal error that leaves an FFI callback would end the interpreter in the middle of the
 * library. So DoEvents runs in a fiber of its own: its callback does nothing but suspend that fiber, the handler runs
 * out here, and its answer resumes the fiber. There is one such callback for the whole process, because PHP frees none
 * before the end of the request.
 *
 * @internal
 */
final class Handle
{
    private static ?\Fiber $pump = null;
    private static ?CData $callback = null;

    /** Whose DoEvents runs: there is never more than one, the library refuses a second with 907. */
    private static ?self $running = null;

    /** @var list<CData> What is to be closed when that DoEvents has returned. */
    private static array $doomed = [];

    /** @var array<int, CData> Every server that is open, for an end by a fatal error, which runs no destructors. */
    private static array $open = [];

    private ?CData $raw;

    /** @var array<int, \Closure(CData): int> */
    private array $handlers = [];

    private ?\Throwable $thrown = null;

    /** The number of an error that was found before the library was asked; 0: the library knows. */
    private int $refused = 0;

    /**
     * @throws LibraryException
     * @throws TftpServerException
     */
    public function __construct()
    {
        $ffi = Library::ffi();
        $this->raw = $ffi->tftpserver_open();
        if ($this->raw === null) {
            throw new TftpServerException($ffi->tftpserver_strerror(ErrorCode::INTERNAL), ErrorCode::INTERNAL);
        }
        if (self::$callback === null) {
            self::makeCallback($ffi);
        }
        self::$open[spl_object_id($this)] = $this->raw;
    }

    public function __destruct()
    {
        $this->close();
    }

    private function __clone()
    {
    }

    /** Closes it; inside a handler, as soon as the DoEvents that runs has returned. */
    public function close(): int
    {
        if ($this->raw === null) {
            return ErrorCode::NOT_A_HANDLE;
        }
        $raw = $this->raw;
        $this->raw = null;
        $this->handlers = [];
        unset(self::$open[spl_object_id($this)]);
        if (self::$running !== null) {
            self::$doomed[] = $raw;
            if (self::$running === $this) {
                Library::ffi()->tftpserver_do_interrupt($raw);
            }

            return 0;
        }

        return Library::ffi()->tftpserver_close($raw);
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

    /** A property's bytes; null where the call fails. */
    public function get(int $property, int $index = 0): ?string
    {
        if (!self::isInt32($property) || !self::isInt32($index)) {
            $this->refused = self::isInt32($property) ? ErrorCode::INDEX_OUT_OF_RANGE : ErrorCode::UNKNOWN_PROPERTY;

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
            return $this->refused = self::isInt32($property) ? ErrorCode::INDEX_OUT_OF_RANGE : ErrorCode::UNKNOWN_PROPERTY;
        }
        $this->refused = 0;
        if (is_bool($value)) {
            $value = $value ? 'True' : 'False';
        }
        $value = (string) $value;

        // With a length, so that no NUL shortens it unseen.
        return Library::ffi()->tftpserver_set_bytes($this->raw, $property, $index, $value, strlen($value));
    }

    /** Remembers an error that needs no question to the library. */
    public function refuse(int $code): int
    {
        return $this->refused = $code;
    }

    /** The value where it was read, "" where it was set, null where the call fails. */
    public function config(string $configurationString): ?string
    {
        if (str_contains($configurationString, "\0")) {
            $this->refused = ErrorCode::INVALID_VALUE;

            return null;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_config($this->raw, $configurationString);
    }

    /** Calls a function of the library that takes the handle alone. */
    public function call(string $function): int
    {
        $this->refused = 0;

        return Library::ffi()->{$function}($this->raw);
    }

    public function disconnect(int $index): int
    {
        if (!self::isInt32($index)) {
            return $this->refused = ErrorCode::INDEX_OUT_OF_RANGE;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_disconnect($this->raw, $index);
    }

    public function accept(int $index, bool $accept): int
    {
        if (!self::isInt32($index)) {
            return $this->refused = ErrorCode::INDEX_OUT_OF_RANGE;
        }
        $this->refused = 0;

        return Library::ffi()->tftpserver_do_accept($this->raw, $index, (int) $accept);
    }

    /** @param null|\Closure(CData): int $handler */
    public function handle(int $event, ?\Closure $handler): int
    {
        if (!self::isInt32($event)) {
            return $this->refused = ErrorCode::INVALID_VALUE;
        }
        $this->refused = 0;
        $callback = $handler === null ? null : self::$callback[0];
        $code = Library::ffi()->tftpserver_register_callback($this->raw, $event, $callback, null);
        if ($code === 0) {
            unset($this->handlers[$event]);
            if ($handler !== null) {
                $this->handlers[$event] = $handler;
            }
        }

        return $code;
    }

    /**
     * @throws \Throwable What a handler threw
     */
    public function doEvents(): int
    {
        if (self::$running !== null || $this->raw === null) {
            return $this->call('tftpserver_do_doevents');
        }
        $this->refused = 0;
        self::$running = $this;
        try {
            $code = $this->drive($this->raw);
        } finally {
            self::$running = null;
            self::closeDoomed();
        }
        if ($this->thrown !== null) {
            [$thrown, $this->thrown] = [$this->thrown, null];

            throw $thrown;
        }

        return $code;
    }

    /** One DoEvents: what the pump says is an event, or at the end the code. */
    private function drive(CData $raw): int
    {
        try {
            $said = self::startPump($raw);
        } catch (\FiberError) {
            // PHP switches no fibers in destructors that its garbage collector calls.
            return Library::ffi()->tftpserver_do_doevents($raw);
        }
        while ($said instanceof CData) {
            $said = self::$pump->resume($this->deliver($said));
        }

        return $said;
    }

    private static function startPump(CData $raw): CData|int
    {
        // A signal handler that threw while the library waited has ended it.
        if (self::$pump === null || self::$pump->isTerminated()) {
            $pump = new \Fiber(static function (CData $raw): void {
                for (;;) {
                    $raw = \Fiber::suspend(Library::ffi()->tftpserver_do_doevents($raw));
                }
            });
            self::$pump = $pump;

            return $pump->start($raw);
        }

        return self::$pump->resume($raw);
    }

    private function deliver(CData $event): int
    {
        $handler = $this->handlers[$event->id] ?? null;
        if ($handler === null) {
            return 0;
        }
        try {
            return $handler($event);
        } catch (\Throwable $e) {
            $this->thrown ??= $e;
            // So that DoEvents returns now; what was not delivered waits for the next one.
            Library::ffi()->tftpserver_do_interrupt($this->raw);

            return 1;
        }
    }

    private static function makeCallback(FFI $ffi): void
    {
        self::$callback = $ffi->new('tftpserver_callback[1]');
        self::$callback[0] = static function (?CData $server, CData $event): int {
            try {
                if (\Fiber::getCurrent() === self::$pump && self::$pump !== null) {
                    return \Fiber::suspend($event);
                }

                return self::$running?->deliver($event) ?? 0;
            } catch (\Throwable $e) {
                if (self::$running !== null) {
                    self::$running->thrown ??= $e;
                }

                return 1;
            }
        };
        register_shutdown_function(static function (): void {
            // Once more at the end of the list: after the shutdown functions of the program.
            register_shutdown_function(static fn () => self::shutDown());
        });
    }

    private static function closeDoomed(): void
    {
        while (self::$doomed !== []) {
            Library::ffi()->tftpserver_close(array_pop(self::$doomed));
        }
    }

    /** Leaves a DoEvents whose handler has called exit() or died, and closes what no destructor will. */
    private static function shutDown(): void
    {
        $ffi = Library::ffi();
        if (self::$running !== null) {
            $ffi->tftpserver_do_interrupt(self::$running->raw);
            // Terminated where a signal handler called exit() while the library waited.
            for ($said = null; self::$pump?->isSuspended() && !is_int($said);) {
                $said = self::$pump->resume(1);
            }
            self::$running = null;
            self::closeDoomed();
        }
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
        if (((error_get_last()['type'] ?? 0) & $fatal) !== 0) {
            foreach (self::$open as $raw) {
                $ffi->tftpserver_close($raw);
            }
            self::$open = [];
        }
    }

    private static function isInt32(int $number): bool
    {
        return $number >= -0x80000000 && $number <= 0x7fffffff;
    }
}
