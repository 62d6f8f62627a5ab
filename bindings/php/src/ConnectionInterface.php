<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The interface of Connection, for type declarations and test doubles. Connection documents the
 * methods.
 */
interface ConnectionInterface
{
    public function getId(): int;

    // api: begin properties
    public function getFileData(): string;

    public function setFileData(string $data): static;

    public function getFilename(): string;

    public function getLocalFile(): string;

    public function setLocalFile(string $path): static;

    public function getRemoteHost(): string;

    public function getRemotePort(): int;

    public function getTransferMode(): TransferMode;

    public function getOperation(): Operation;

    public function getBytesTransferred(): int;

    public function getTotalBytes(): ?int;

    public function getBlockSize(): int;

    public function getWindowSize(): int;

    public function getRetransmissions(): int;

    public function getElapsedMillis(): int;

    public function getServedName(): string;

    public function setServedName(string $name): static;

    public function getDataSize(): ?int;

    public function setDataSize(?int $length): static;

    public function getDataKey(): string;

    public function setDataKey(string $name): static;

    // api: end properties

    public function abort(int $tftpCode, string $text): void;

    public function supply(string $bytes, bool $isLast = false): void;

    public function accept(): void;

    public function refuse(): void;

    public function hold(): void;

    public function resume(): void;

    public function disconnect(): void;
}
