<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The base of all events. The events' constructors are public, so that tests of handlers can make
 * events.
 */
abstract class Event
{
    use Strict;

    private int $result = 0;

    /**
     * Aborts the event's connection when the handler returns: its client gets an ERROR packet, and
     * Disconnected fires with error 10053 and this code in its description. A handler that stores
     * an upload itself calls it on a failure.
     */
    final public function abort(int $code = 1): void
    {
        if ($code === 0 || abs($code) > 0x7fffffff) {
            throw new \ValueError('The code must be a 32-bit integer other than 0');
        }
        $this->result = $code;
    }

    /** @internal The value that the callback returns; 0 continues the transfer. */
    final public function result(): int
    {
        return $this->result;
    }
}
