<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A transfer begins. The connection waits until the handler has returned; where nothing supplies a file yet, this is
 * the last moment to name one.
 */
final class StartTransferEvent extends Event
{
    public function __construct(
        /** The connection. */
        public readonly int $connectionId,
        public readonly Direction $direction,
    ) {
    }
}
