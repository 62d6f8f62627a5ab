<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * What every event has. The constructors of events are public for tests of handlers.
 */
abstract class Event
{
    use Strict;

    private int $result = 0;

    /**
     * Ends the connection that the event belongs to as soon as the handler returns: its client gets a TFTP ERROR, and
     * Disconnected fires with 10053 and this code in its description. So a handler that keeps an upload itself says that
     * it could not.
     */
    final public function abort(int $code = 1): void
    {
        if ($code === 0 || abs($code) > 0x7fffffff) {
            throw new \ValueError('The code must be a 32-bit integer other than 0');
        }
        $this->result = $code;
    }

    /** @internal What the library is told: 0 to go on. */
    final public function result(): int
    {
        return $this->result;
    }
}
