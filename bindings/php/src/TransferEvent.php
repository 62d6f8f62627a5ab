<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/** A block of data was transferred. A slow handler slows only its own connection. */
final class TransferEvent extends Event
{
    public function __construct(
        /** The connection's id. */
        public readonly int $connectionId,
        public readonly Direction $direction,
        /** Bytes transferred so far, including this block. */
        public readonly int $bytesTransferred,
        /** 0 to 100; -1 if the size is unknown. */
        public readonly int $percentDone,
        /** The data of this block; empty for an empty last block. */
        public readonly string $text,
    ) {
    }
}
