<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A connection was accepted (status 0), or failed. It waits until the handler has returned: the moment to say where
 * its bytes come from.
 */
final class ConnectedEvent extends Event
{
    /** The same number as an enum; null for 0, and for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(
        /** The connection. */
        public readonly int $connectionId,
        /** 0, or the error number: 10013 refused by ConnectionRequest, 10068 too many connections. */
        public readonly int $statusCode,
        /** "OK", or what went wrong. */
        public readonly string $description,
    ) {
        $this->error = ErrorCode::tryFrom($statusCode);
    }
}
