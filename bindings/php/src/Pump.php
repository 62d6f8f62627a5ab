<?php

declare(strict_types=1);

namespace TftpServer;

use FFI;
use FFI\CData;

/**
 * Runs DoEvents, for every server of the process: the library allows one at a time on a thread.
 *
 * An exception, exit() or a fatal error that leaves an FFI callback would end the interpreter in the middle of the
 * library. Therefore DoEvents runs in a fiber of its own, the pump. Its callback only suspends the pump; the handler
 * runs outside, in the caller's fiber, and its answer resumes the pump. There is one callback for the whole process,
 * because PHP frees none before the end of the request.
 *
 * A handler may suspend the caller's fiber, as every await of an event loop does. The pump then stays inside its
 * callback, and other calls of DoEvents deliver nothing until the handler has returned. ConnectionRequest handlers
 * don't make others wait like that: Handle runs them when DoEvents has returned. A fiber that is destroyed instead of
 * resumed leaves its callback unanswered; the connection then ends.
 *
 * @internal
 */
final class Pump
{
    /** Milliseconds that a DoEvents waits at most where it delivers nothing: the program must get to resume the handler. */
    private const WAIT_MILLIS = 20;

    private static ?\Fiber $fiber = null;
    private static ?CData $callback = null;

    /** Whose DoEvents runs. */
    private static ?Handle $running = null;

    /** The same server, which its Handle gives away when it is closed. */
    private static ?CData $raw = null;

    /** The fiber that called DoEvents; null: the main program. Weak, because the program may drop it. */
    private static ?\WeakReference $caller = null;

    /** The library waits for the answer of a callback. */
    private static bool $isInCallback = false;

    /** The fiber whose handler had to answer is gone. */
    private static bool $isAbandoned = false;

    /** @var list<CData> Servers to close when the DoEvents that runs has returned. */
    private static array $doomed = [];

    /** @var array<int, array{resource, string}> Event streams that were emptied meanwhile, and what was in them. */
    private static array $quieted = [];

    /** @var array<int, CData> Every open server, for an end by a fatal error, which runs no destructors. */
    private static array $open = [];

    /** Returns a new server of the library; null where it has no memory. */
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

    /** Closes a server; while a DoEvents runs, ends its transfers and closes it when that has returned. */
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

    /** The callback to register for every event. */
    public static function callback(): CData
    {
        return self::$callback[0];
    }

    /**
     * Runs one DoEvents. Returns its code. While a handler in another fiber has not returned yet, it delivers nothing,
     * waits as if there were no events, and returns 0.
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

    /** The present fiber; null: the main program. On the fiber's own stack nothing must keep it alive. */
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
            // PHP switches no fibers in destructors that its garbage collector calls.
            return Library::ffi()->tftpserver_do_doevents($raw);
        }
        while ($said instanceof CData) {
            $said = self::$fiber->resume($handle->deliver($said));
        }

        return $said;
    }

    /** Resumes the pump. Returns an event, or at the end the code. */
    private static function start(CData $raw): CData|int
    {
        // A signal handler that threw while the library waited has ended it.
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

    /** Answers the callback whose handler will not return: its connection ends, and DoEvents returns. */
    private static function finish(): void
    {
        try {
            Library::ffi()->tftpserver_do_interrupt(self::$raw);
            // The rest of the same notice has no handler any more.
            for ($answer = 1; self::$isInCallback && self::$fiber?->isSuspended(); $answer = 0) {
                self::$fiber->resume($answer);
            }
        } catch (\FiberError) {
            // Inside the garbage collector: the next DoEvents or close() does it.
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

    /** Empties a server's event stream, so that its loop does not spin until settle() makes it readable again. */
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
            // Once more at the end of the list: after the shutdown functions of the program.
            register_shutdown_function(static fn () => self::shutDown());
        });
    }

    /** Leaves a DoEvents whose handler has called exit() or died, and closes what no destructor will. */
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
