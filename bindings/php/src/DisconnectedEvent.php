<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/** A connection ended. Fires exactly once for each Connected with status 0. */
final class DisconnectedEvent extends Event
{
    /** The same number as an enum; null for 0, and for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(
        /**
         * The connection's id. Its record is removed from the Conn arrays when the handler has
         * returned.
         */
        public readonly int $connectionId,
        /** 0 if the transfer is complete, otherwise the error number. */
        public readonly int $statusCode,
        /** "OK", or the error text. */
        public readonly string $description,
    ) {
        $this->error = ErrorCode::tryFrom($statusCode);
    }
}
