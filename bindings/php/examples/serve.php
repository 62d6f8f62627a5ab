<?php

declare(strict_types=1);

/*
 * Serves a directory and prints the events, until Ctrl-C:
 *
 *     php serve.php [DIRECTORY [PORT [HOST]]]
 */

use TftpServer\ConnectionRequestEvent;
use TftpServer\DisconnectedEvent;
use TftpServer\ErrorEvent;
use TftpServer\Operation;
use TftpServer\Server;
use TftpServer\TftpServerException;
use TftpServer\TransferEvent;

foreach ([__DIR__ . '/../../../autoload.php', __DIR__ . '/../autoload.php'] as $autoload) {
    if (is_file($autoload)) {
        require $autoload;

        break;
    }
}

final class Reporter
{
    /** @var array<int, array{string, int}> The description of each connection, and the bytes it has transferred. */
    private array $transfers = [];

    public function onConnectionRequest(ConnectionRequestEvent $e): void
    {
        $verb = $e->operation === Operation::Read ? 'reads' : 'writes';
        $this->transfers[$e->connectionId] = ["{$e->remoteHost}:{$e->remotePort} {$verb} {$e->filename}", 0];
        $this->say($e->connectionId, 'begins');
    }

    public function onTransfer(TransferEvent $e): void
    {
        $this->transfers[$e->connectionId][1] = $e->bytesTransferred;
    }

    public function onError(ErrorEvent $e): void
    {
        $this->say($e->connectionId, "error {$e->errorCode}: {$e->description}");
    }

    public function onDisconnected(DisconnectedEvent $e): void
    {
        $this->say($e->connectionId, "{$this->transfers[$e->connectionId][1]} bytes, {$e->description}");
        unset($this->transfers[$e->connectionId]);
    }

    private function say(int $connection, string $what): void
    {
        // A client's text may contain anything, including a terminal's control codes.
        $line = ($this->transfers[$connection][0] ?? 'server') . ": {$what}";
        echo date('H:i:s '), preg_replace('/[^\x20-\x7e]/', '?', $line), "\n";
    }
}

try {
    $server = new Server($argv[1] ?? '.', (int) ($argv[2] ?? 6969), $argv[3] ?? '127.0.0.1');
    $server->subscribe(new Reporter());
    if (function_exists('pcntl_async_signals')) {
        pcntl_async_signals(true);
        pcntl_signal(SIGINT, static fn () => $server->shutdown());
        pcntl_signal(SIGTERM, static fn () => $server->shutdown());
    }
    $server->startListening();
    echo "serving {$server->getLocalDir()} on {$server->getLocalHost()}:{$server->getLocalPort()}\n";
    $server->serve();
    echo "stopped\n";
} catch (TftpServerException $e) {
    fwrite(STDERR, "error {$e->getCode()}: {$e->getMessage()}\n");
    exit(1);
}
