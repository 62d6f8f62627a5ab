<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A download that the program feeds has room for `length` more bytes from `offset` on. Supply them in the handler,
 * later, or from another thread.
 */
final class DataWantedEvent extends Event
{
    public function __construct(
        /** The connection, or one of those that share the source (ConnDataKey). */
        public readonly int $connectionId,
        /** Bytes of the source before what is wanted: everything up to here was asked for already. */
        public readonly int $offset,
        /** How many bytes may be supplied. */
        public readonly int $length,
    ) {
    }
}
