<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/** A file was transferred whole: an upload is in its place under its final name. */
final class EndTransferEvent extends Event
{
    public function __construct(
        /** The connection. */
        public readonly int $connectionId,
        public readonly Direction $direction,
    ) {
    }
}
