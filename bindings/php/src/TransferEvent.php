<?php

declare(strict_types=1);

namespace TftpServer;

/** A block of data was transferred. A slow handler slows this connection and none else. */
final class TransferEvent extends Event
{
    public function __construct(
        public readonly int $connectionId,
        public readonly Direction $direction,
        /** Bytes so far, this block included. */
        public readonly int $bytesTransferred,
        /** 0 to 100; -1 where the size is not known. */
        public readonly int $percentDone,
        /** The block's data: binary, "" for an empty last block. */
        public readonly string $text,
    ) {
    }
}
