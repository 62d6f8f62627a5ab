<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A log message of a level that LogLevel enables. The only event that may be dropped if too many
 * are pending.
 */
final class LogEvent extends Event
{
    public function __construct(
        /** The connection's id, or 0 if the event belongs to no connection. */
        public readonly int $connectionId,
        /** 1 Info, 2 Verbose, 3 Debug. */
        public readonly int $logLevel,
        /** The message: one line, in which control characters are escaped. */
        public readonly string $message,
        /** "Info", "Error", "Verbose", "Debug" or "PITrail". */
        public readonly string $logType,
    ) {
    }
}
