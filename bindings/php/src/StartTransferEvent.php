<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * A transfer begins. The connection waits until the handler has returned; where nothing supplies a file yet, this is the
 * last moment for Connection::setFileData or Connection::setLocalFile.
 */
final class StartTransferEvent extends Event
{
    public function __construct(
        public readonly int $connectionId,
        public readonly Direction $direction,
    ) {
    }
}
