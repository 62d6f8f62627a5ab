<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * One record of the Conn arrays. It exists from the ConnectionRequest or Connected handler until
 * the Disconnected handler has returned. Afterwards its methods fail with error 903.
 */
final class Connection implements ConnectionInterface
{
    use Strict;

    /** @internal */
    public function __construct(private readonly Handle $handle, public readonly int $id)
    {
    }

    public function getId(): int
    {
        return $this->id;
    }

    // api: begin properties
    /**
     * Data that is sent in place of a file; empty: none. May be set until the transfer begins,
     * later 130.
     */
    public function getFileData(): string
    {
        return $this->get(Property::CONN_FILE_DATA);
    }

    public function setFileData(string $data): static
    {
        return $this->set(Property::CONN_FILE_DATA, $data);
    }

    /** The file name in the client's request. Untrusted input, not a path on this machine. */
    public function getFilename(): string
    {
        return $this->get(Property::CONN_FILENAME);
    }

    /**
     * The local file that is read or written: any path that the program chooses. May be set until
     * the transfer begins, later 130.
     */
    public function getLocalFile(): string
    {
        return $this->get(Property::CONN_LOCAL_FILE);
    }

    public function setLocalFile(string $path): static
    {
        return $this->set(Property::CONN_LOCAL_FILE, $path);
    }

    /** The client's IP address. */
    public function getRemoteHost(): string
    {
        return $this->get(Property::CONN_REMOTE_HOST);
    }

    /** The client's UDP port. */
    public function getRemotePort(): int
    {
        return (int) $this->get(Property::CONN_REMOTE_PORT);
    }

    public function getTransferMode(): TransferMode
    {
        return TransferMode::from($this->get(Property::CONN_TRANSFER_MODE));
    }

    public function getOperation(): Operation
    {
        return Operation::from((int) $this->get(Property::CONN_OPERATION));
    }

    /**
     * Bytes that the client has acknowledged (read) or the server has accepted (write). Current at
     * every read.
     */
    public function getBytesTransferred(): int
    {
        return (int) $this->get(Property::CONN_BYTES_TRANSFERRED);
    }

    /** Bytes of the whole transfer. null: not known. */
    public function getTotalBytes(): ?int
    {
        $bytes = (int) $this->get(Property::CONN_TOTAL_BYTES);

        return $bytes < 0 ? null : $bytes;
    }

    /** Negotiated bytes per block; 0 before the negotiation. */
    public function getBlockSize(): int
    {
        return (int) $this->get(Property::CONN_BLOCK_SIZE);
    }

    /** Negotiated blocks per window; 0 before the negotiation. */
    public function getWindowSize(): int
    {
        return (int) $this->get(Property::CONN_WINDOW_SIZE);
    }

    /** Packets that the server has retransmitted. */
    public function getRetransmissions(): int
    {
        return (int) $this->get(Property::CONN_RETRANSMISSIONS);
    }

    /** Milliseconds since the request; final when the transfer has ended. */
    public function getElapsedMillis(): int
    {
        return (int) $this->get(Property::CONN_ELAPSED_MILLIS);
    }

    /**
     * The name to look up in LocalDir in place of the client's. May be set until the transfer
     * begins, later 130.
     */
    public function getServedName(): string
    {
        return $this->get(Property::CONN_SERVED_NAME);
    }

    public function setServedName(string $name): static
    {
        return $this->set(Property::CONN_SERVED_NAME, $name);
    }

    /**
     * The length of the data that the program supplies for this download. Setting it makes the
     * program the source. null: not known.
     */
    public function getDataSize(): ?int
    {
        $bytes = (int) $this->get(Property::CONN_DATA_SIZE);

        return $bytes < 0 ? null : $bytes;
    }

    public function setDataSize(?int $length): static
    {
        return $this->set(Property::CONN_DATA_SIZE, (string) ($length ?? -1));
    }

    /**
     * Downloads with the same key and size share the supplied data. May be set until the transfer
     * begins, later 130.
     */
    public function getDataKey(): string
    {
        return $this->get(Property::CONN_DATA_KEY);
    }

    public function setDataKey(string $name): static
    {
        return $this->set(Property::CONN_DATA_KEY, $name);
    }

    // api: end properties

    /**
     * Accepts a deferred request; doEvents() delivers what follows. Fails with error 130 if it was
     * already answered.
     */
    public function accept(): void
    {
        Failure::check($this->handle, $this->handle->accept($this->id, true));
    }

    /** Refuses a deferred request. */
    public function refuse(): void
    {
        Failure::check($this->handle, $this->handle->accept($this->id, false));
    }

    /**
     * Holds the transfer while the program stores the data of its Transfer events, for example in
     * another fiber. Until resume(), at most 256 kB more are delivered and the last block of an
     * upload is not acknowledged. If storing fails, call disconnect() instead of resume(): the
     * client gets an ERROR packet.
     */
    public function hold(): void
    {
        Failure::check($this->handle, $this->handle->hold($this->id, true));
    }

    /** Ends hold(), when all delivered data is stored. */
    public function resume(): void
    {
        Failure::check($this->handle, $this->handle->hold($this->id, false));
    }

    /**
     * Aborts the transfer: its client gets an ERROR packet, and Disconnected fires with error 10053.
     */
    public function disconnect(): void
    {
        Failure::check($this->handle, $this->handle->disconnect($this->id));
    }

    /**
     * Aborts the transfer with an error code (0 to 8) and a text for its client; Disconnected fires
     * with 10053.
     */
    public function abort(int $tftpCode, string $text): void
    {
        Failure::check($this->handle, $this->handle->abort($this->id, $tftpCode, $text));
    }

    /**
     * Supplies the next bytes of a download whose DataSize was set, at most the length of the
     * DataWanted event. Server::feed() does this for a stream or an iterable.
     */
    public function supply(string $bytes, bool $isLast = false): void
    {
        Failure::check($this->handle, $this->handle->supply($this->id, $bytes, $isLast));
    }

    private function get(int $property): string
    {
        return $this->handle->get($property, $this->id) ?? throw Failure::of($this->handle);
    }

    private function set(int $property, string $value): static
    {
        Failure::check($this->handle, $this->handle->set($property, $value, $this->id));

        return $this;
    }
}
