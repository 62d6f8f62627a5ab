<?php

declare(strict_types=1);

namespace TftpServer;

use FFI;
use FFI\CData;

/**
 * Runs DoEvents for every server of the process, one call at a time: the library allows no nested
 * calls on a thread.
 *
 * An exception, exit() or a fatal error that leaves an FFI callback would end the interpreter in
 * the middle of the library. Therefore DoEvents runs in a fiber of its own, the pump. Its callback
 * only suspends the pump. The handler runs outside, in the caller's fiber, and its answer resumes
 * the pump. The whole process has one callback, because PHP frees callbacks only at the end of the
 * request.
 *
 * A handler may suspend the caller's fiber, as every await of an event loop does. The pump then
 * stays inside its callback, and other calls of DoEvents deliver nothing until the handler has
 * returned. ConnectionRequest handlers do not block others like that: Handle runs them when
 * DoEvents has returned. If a fiber is destroyed instead of resumed, its callback has no answer,
 * and the connection is aborted.
 *
 * @internal
 */
final class Pump
{
    /**
     * The longest wait in milliseconds of a DoEvents that delivers nothing: the program must resume
     * the handler.
     */
    private const WAIT_MILLIS = 20;

    private static ?\Fiber $fiber = null;
    private static ?CData $callback = null;

    /** The server whose DoEvents runs. */
    private static ?Handle $running = null;

    /** The library's handle of that server, which its Handle drops on close. */
    private static ?CData $raw = null;

    /**
     * The fiber that called DoEvents; null: the main program. Weak, because the program may drop
     * it.
     */
    private static ?\WeakReference $caller = null;

    /** True while the library waits for the result of a callback. */
    private static bool $isInCallback = false;

    /** True if the fiber whose handler had to answer was destroyed. */
    private static bool $isAbandoned = false;

    /** @var list<CData> Servers to close when the running DoEvents has returned. */
    private static array $doomed = [];

    /**
     * @var array<int, array{resource, string}> Event streams that were emptied meanwhile, and their contents.
     */
    private static array $quieted = [];

    /** @var array<int, CData> Every open server, because a fatal error runs no destructors. */
    private static array $open = [];

    /** Returns a new server of the library; null if memory is exhausted. */
    public static function open(Handle $handle): ?CData
    {
        $ffi = Library::ffi();
        $raw = $ffi->tftpserver_open();
        if ($raw !== null) {
            if (self::$callback === null) {
                self::makeCallback($ffi);
            }
            self::$open[spl_object_id($handle)] = $raw;
        }

        return $raw;
    }

    /**
     * Closes a server. While a DoEvents runs, it aborts the transfers and closes the server
     * afterwards.
     */
    public static function close(Handle $handle, CData $raw): int
    {
        unset(self::$open[spl_object_id($handle)]);
        if (self::$isAbandoned) {
            self::finish();
        }
        if (self::$running === null) {
            return Library::ffi()->tftpserver_close($raw);
        }
        self::$doomed[] = $raw;
        Library::ffi()->tftpserver_do_shutdown($raw);
        if (self::$running === $handle) {
            Library::ffi()->tftpserver_do_interrupt($raw);
        }

        return 0;
    }

    /** Returns the callback to register for every event. */
    public static function callback(): CData
    {
        return self::$callback[0];
    }

    /**
     * Runs one DoEvents and returns its result. While a handler is suspended in another fiber, it
     * delivers nothing, waits as if there were no events, and returns 0.
     */
    public static function run(Handle $handle, CData $raw): int
    {
        if (self::$isAbandoned) {
            self::finish();
        }
        if (self::$running !== null) {
            if (self::$caller?->get() === \Fiber::getCurrent()) {
                return Library::ffi()->tftpserver_do_doevents($raw);
            }
            self::quiet($handle);
            usleep(1000 * min(self::WAIT_MILLIS, (int) $handle->config('SelectWaitMillis')));

            return 0;
        }
        [self::$running, self::$raw, self::$caller] = [$handle, $raw, self::here()];
        try {
            return self::drive($handle, $raw);
        } finally {
            if (self::$isInCallback) {
                self::$isAbandoned = true;
                self::finish();
            } else {
                self::settle();
            }
        }
    }

    /**
     * Returns the current fiber; null: the main program. The fiber's own stack must not keep a
     * reference to it.
     */
    private static function here(): ?\WeakReference
    {
        $fiber = \Fiber::getCurrent();

        return $fiber === null ? null : \WeakReference::create($fiber);
    }

    private static function drive(Handle $handle, CData $raw): int
    {
        try {
            $said = self::start($raw);
        } catch (\FiberError) {
            // PHP cannot switch fibers in destructors that its garbage collector calls.
            return Library::ffi()->tftpserver_do_doevents($raw);
        }
        while ($said instanceof CData) {
            $said = self::$fiber->resume($handle->deliver($said));
        }

        return $said;
    }

    /** Resumes the pump. Returns the next event, or the result of DoEvents. */
    private static function start(CData $raw): CData|int
    {
        // It has ended if a signal handler threw while the library waited.
        if (self::$fiber === null || self::$fiber->isTerminated()) {
            $fiber = new \Fiber(static function (CData $raw): void {
                for (;;) {
                    $raw = \Fiber::suspend(Library::ffi()->tftpserver_do_doevents($raw));
                }
            });
            self::$fiber = $fiber;

            return $fiber->start($raw);
        }

        return self::$fiber->resume($raw);
    }

    /**
     * Answers a callback whose handler will not return: aborts its connection and makes DoEvents
     * return.
     */
    private static function finish(): void
    {
        try {
            Library::ffi()->tftpserver_do_interrupt(self::$raw);
            // The further callbacks of the same event have no handler.
            for ($answer = 1; self::$isInCallback && self::$fiber?->isSuspended(); $answer = 0) {
                self::$fiber->resume($answer);
            }
        } catch (\FiberError) {
            // Inside the garbage collector: left to the next DoEvents or close().
            return;
        }
        self::$isInCallback = false;
        self::settle();
    }

    private static function settle(): void
    {
        self::$running = self::$raw = self::$caller = null;
        self::$isAbandoned = false;
        foreach (self::$quieted as [$stream, $signal]) {
            fwrite($stream, $signal);
        }
        self::$quieted = [];
        while (self::$doomed !== []) {
            Library::ffi()->tftpserver_close(array_pop(self::$doomed));
        }
    }

    /**
     * Empties a server's event stream, so that the loop does not spin. settle() makes it readable
     * again.
     */
    private static function quiet(Handle $handle): void
    {
        $stream = $handle->signal();
        $signal = $stream === null ? false : fread($stream, 8);
        if (is_string($signal) && $signal !== '') {
            self::$quieted[] = [$stream, $signal];
        }
    }

    private static function makeCallback(FFI $ffi): void
    {
        self::$callback = $ffi->new('tftpserver_callback[1]');
        self::$callback[0] = static function (?CData $server, CData $event): int {
            try {
                if (\Fiber::getCurrent() === self::$fiber && self::$fiber !== null) {
                    self::$isInCallback = true;
                    $answer = \Fiber::suspend($event);
                    self::$isInCallback = false;

                    return $answer;
                }

                return self::$running?->deliver($event) ?? 0;
            } catch (\Throwable $e) {
                self::$isInCallback = false;
                self::$running?->throwLater($e);

                return 1;
            }
        };
        register_shutdown_function(static function (): void {
            // Registered again at the end of the list, to run after the program's shutdown
            // functions.
            register_shutdown_function(static fn () => self::shutDown());
        });
    }

    /**
     * Ends a DoEvents whose handler called exit() or died, and closes the servers that have no
     * destructor call.
     */
    private static function shutDown(): void
    {
        if (self::$running !== null) {
            self::finish();
        }
        $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
        if (((error_get_last()['type'] ?? 0) & $fatal) !== 0) {
            foreach (self::$open as $raw) {
                Library::ffi()->tftpserver_close($raw);
            }
            self::$open = [];
        }
    }
}
