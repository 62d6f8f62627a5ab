<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A download that the program supplies needs `length` more bytes from `offset` on. Supply them in
 * the handler, later, or from another thread.
 */
final class DataWantedEvent extends Event
{
    public function __construct(
        /** The connection's id, or the id of one of those that share the source (ConnDataKey). */
        public readonly int $connectionId,
        /**
         * The position in the source of the first requested byte. Earlier bytes were requested
         * before.
         */
        public readonly int $offset,
        /** The largest number of bytes to supply now. */
        public readonly int $length,
    ) {
    }
}
