<?php

// Made from api/events.toml by `make bless`; not to be edited.

declare(strict_types=1);

namespace TftpServer;

/**
 * A client asks for a file. Its connection waits until the handler has returned, or longer where the answer comes
 * later.
 */
final class ConnectionRequestEvent extends Event
{
    /** Set it to false to refuse. */
    public bool $accept = true;

    private bool $isDeferred = false;

    public function __construct(
        /** The client's IP address. */
        public readonly string $remoteHost,
        /** The client's port. */
        public readonly int $remotePort,
        /** The file name as the client sent it. Trust it with nothing. */
        public readonly string $filename,
        public readonly TransferMode $transferMode,
        public readonly Operation $operation,
        /** The connection's id; its record in the Conn arrays is there already. */
        public readonly int $connectionId,
        /** The server's address that was asked; "" where the system does not tell. */
        public readonly string $localHost,
    ) {
    }

    /** Answers later, by Connection::accept() or refuse(), whatever $accept says. Only this client waits, up to Timeout. */
    public function defer(): void
    {
        $this->isDeferred = true;
    }

    /** @internal What the library is told. */
    public function answer(): int
    {
        return $this->isDeferred ? 2 : (int) $this->accept;
    }
}
