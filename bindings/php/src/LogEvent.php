<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/** A log message, as far as the setting LogLevel asks for it. The only event that may be dropped when too many wait. */
final class LogEvent extends Event
{
    public function __construct(
        /** The connection, or 0 where none is meant. */
        public readonly int $connectionId,
        /** 1 Info, 2 Verbose, 3 Debug. */
        public readonly int $logLevel,
        /** The message, one line. */
        public readonly string $message,
        /** "Info", "Error", "Verbose", "Debug" or "PITrail". */
        public readonly string $logType,
    ) {
    }
}
