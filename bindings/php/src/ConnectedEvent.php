<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A connection was accepted (status 0), or refused. An accepted connection waits until the handler
 * has returned. Choose its source or destination here.
 */
final class ConnectedEvent extends Event
{
    /** The same number as an enum; null for 0, and for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(
        /** The connection's id. */
        public readonly int $connectionId,
        /**
         * 0, or an error number, such as 10013 (refused by ConnectionRequest) or 10068 (too many
         * connections).
         */
        public readonly int $statusCode,
        /** "OK", or the error text. */
        public readonly string $description,
    ) {
        $this->error = ErrorCode::tryFrom($statusCode);
    }
}
