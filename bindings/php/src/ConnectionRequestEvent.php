<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A client requests a transfer. Its connection waits until the handler has returned, or until a
 * deferred answer.
 */
final class ConnectionRequestEvent extends Event
{
    /** Set it to false to refuse. */
    public bool $accept = true;

    private bool $isDeferred = false;

    public function __construct(
        /** The client's IP address. */
        public readonly string $remoteHost,
        /** The client's UDP port. */
        public readonly int $remotePort,
        /** The file name as the client sent it. Untrusted input. */
        public readonly string $filename,
        public readonly TransferMode $transferMode,
        public readonly Operation $operation,
        /** The connection's id. Its record is already in the Conn arrays. */
        public readonly int $connectionId,
        /** The local address that the client sent to; "" if the system does not report it. */
        public readonly string $localHost,
    ) {
    }

    /**
     * Defers the answer to Connection::accept() or refuse() and ignores $accept. Only this client
     * waits.
     */
    public function defer(): void
    {
        $this->isDeferred = true;
    }

    /** @internal The answer for the library. */
    public function answer(): int
    {
        return $this->isDeferred ? 2 : (int) $this->accept;
    }
}
