<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/** A block of data was transferred. A slow handler slows this connection and none else. */
final class TransferEvent extends Event
{
    public function __construct(
        /** The connection. */
        public readonly int $connectionId,
        public readonly Direction $direction,
        /** Bytes transferred so far, this block included. */
        public readonly int $bytesTransferred,
        /** 0 to 100; -1 where the size is not known. */
        public readonly int $percentDone,
        /** This block's data; empty for an empty last block. */
        public readonly string $text,
    ) {
    }
}
