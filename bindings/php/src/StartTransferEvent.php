<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A transfer begins. The connection waits until the handler has returned. If no source or
 * destination was found yet, this is the last chance to set one.
 */
final class StartTransferEvent extends Event
{
    public function __construct(
        /** The connection's id. */
        public readonly int $connectionId,
        public readonly Direction $direction,
    ) {
    }
}
