<?php

declare(strict_types=1);

namespace TftpServer;

use Psr\Log\LoggerInterface;

/**
 * The interface of Server, for type declarations and test doubles. Server documents the methods.
 */
interface ServerInterface
{
    // api: begin handlers
    /** @param null|callable(ConnectedEvent, Server): mixed $handler */
    public function onConnected(?callable $handler): static;

    /** @param null|callable(ConnectionRequestEvent, Server): mixed $handler */
    public function onConnectionRequest(?callable $handler): static;

    /** @param null|callable(DisconnectedEvent, Server): mixed $handler */
    public function onDisconnected(?callable $handler): static;

    /** @param null|callable(EndTransferEvent, Server): mixed $handler */
    public function onEndTransfer(?callable $handler): static;

    /** @param null|callable(ErrorEvent, Server): mixed $handler */
    public function onError(?callable $handler): static;

    /** @param null|callable(LogEvent, Server): mixed $handler */
    public function onLog(?callable $handler): static;

    /** @param null|callable(StartTransferEvent, Server): mixed $handler */
    public function onStartTransfer(?callable $handler): static;

    /** @param null|callable(TransferEvent, Server): mixed $handler */
    public function onTransfer(?callable $handler): static;

    /** @param null|callable(DataWantedEvent, Server): mixed $handler */
    public function onDataWanted(?callable $handler): static;

    // api: end handlers
    public function setLogger(?LoggerInterface $logger): static;

    /** @param resource|iterable<string>|callable(): (resource|iterable<string>) $source */
    public function feed(int $connectionId, mixed $source, ?int $size = null, string $key = ''): void;

    public function subscribe(object $subscriber): static;

    // api: begin server properties
    public function getConnCount(): int;

    public function isListening(): bool;

    public function getLocalDir(): string;

    public function setLocalDir(string $path): static;

    public function getLocalHost(): string;

    public function setLocalHost(string $host): static;

    public function getLocalPort(): int;

    public function setLocalPort(int $port): static;

    public function getMaxRetransmits(): int;

    public function setMaxRetransmits(int $times): static;

    public function getRetransmitTimeout(): int;

    public function setRetransmitTimeout(int $seconds): static;

    public function getTimeout(): int;

    public function setTimeout(int $seconds): static;

    // api: end server properties
    public function getConnection(int $index): ConnectionInterface;

    /** @return list<ConnectionInterface> */
    public function getConnections(): array;

    public function config(string $name, string|int|bool|null $value = null): string;

    public function startListening(): void;

    public function stopListening(): void;

    public function shutdown(): void;

    public function reset(): void;

    public function interrupt(): void;

    public function doEvents(): void;

    public function serve(): void;

    /** @return resource */
    public function getEventStream();

    public function close(): void;
}
