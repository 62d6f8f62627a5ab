<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/** A transfer is complete. An uploaded file has its final name by then. */
final class EndTransferEvent extends Event
{
    public function __construct(
        /** The connection's id. */
        public readonly int $connectionId,
        public readonly Direction $direction,
    ) {
    }
}
