<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A transfer or a request failed. Fires before the Connected or Disconnected with the same number.
 */
final class ErrorEvent extends Event
{
    /** The same number as an enum; null for 0, and for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(
        /** The error number. */
        public readonly int $errorCode,
        /** The error text. */
        public readonly string $description,
        /** The connection's id, or 0 if the event belongs to no connection. */
        public readonly int $connectionId,
    ) {
        $this->error = ErrorCode::tryFrom($errorCode);
    }
}
