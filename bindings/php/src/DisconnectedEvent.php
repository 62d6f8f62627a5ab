<?php

declare(strict_types=1);

namespace TftpServer;

/** A connection ended; fires once for each ConnectedEvent with status 0. */
final class DisconnectedEvent extends Event
{
    /** The same number as an enum; null for 0, and for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(
        /** Its record leaves the Conn arrays when the handler has returned. */
        public readonly int $connectionId,
        /** 0, or the error's number. */
        public readonly int $statusCode,
        /** "OK", or what went wrong. */
        public readonly string $description,
    ) {
        $this->error = ErrorCode::tryFrom($statusCode);
    }
}
