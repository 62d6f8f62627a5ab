<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/** Something failed. */
final class ErrorEvent extends Event
{
    /** The same number as an enum; null for 0, and for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(
        /** The error number. */
        public readonly int $errorCode,
        /** What went wrong. */
        public readonly string $description,
        /** The connection, or 0 where none is meant. */
        public readonly int $connectionId,
    ) {
        $this->error = ErrorCode::tryFrom($errorCode);
    }
}
