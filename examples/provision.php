<?php

declare(strict_types=1);

/*
 * Boots the machines of a lab, and keeps their configuration. docs/tutorial.md explains it step by step.
 *
 *     php provision.php ROOT BACKUPS [NAME=VALUE]...
 */

require 'vendor/autoload.php';

use TftpServer\{ConnectedEvent, ConnectionRequestEvent, DisconnectedEvent, Operation, Server, TftpServerException};

final class Provision
{
    public bool $stop = false;

    public function __construct(private readonly string $backups)
    {
    }

    /** Prints client, file and result. The name comes from the client: do not trust it. */
    private function tell(Server $server, int $connection, string $what): void
    {
        $one = $server->getConnection($connection);
        $name = preg_replace('/[\x00-\x1f\x7f]/', '?', $one->getFilename());
        echo "{$one->getRemoteHost()} {$name}: {$what}\n";
    }

    public function onDisconnected(DisconnectedEvent $e, Server $server): void
    {
        $this->tell($server, $e->connectionId, $e->description);
    }

    public function onConnected(ConnectedEvent $e, Server $server): void
    {
        if ($e->statusCode !== 0) { // it never began, so it has no Disconnected
            $this->tell($server, $e->connectionId, $e->description);
        }
    }

    public function onConnectionRequest(ConnectionRequestEvent $e, Server $server): void
    {
        if ($e->operation === Operation::Write) {
            $this->keep($e, $server);
        } elseif (preg_match('~^/*pxelinux\.cfg/01-((?:[0-9a-f]{2}-){5}[0-9a-f]{2})$~Di', $e->filename, $machine)) {
            $this->configure($e, $server, strtolower($machine[1]));
        }
    }

    /** A real lab would look the machine up in its inventory here. */
    private function configure(ConnectionRequestEvent $e, Server $server, string $mac): void
    {
        $server->getConnection($e->connectionId)->setFileData(
            "DEFAULT install\n" .
            "LABEL install\n" .
            "  KERNEL vmlinuz\n" .
            "  INITRD initrd.img\n" .
            "  APPEND ip=dhcp hostname=node-{$mac} lab.address={$e->remoteHost}\n"
        );
    }

    /** Stores uploads in BACKUPS/address/name, and nowhere else. */
    private function keep(ConnectionRequestEvent $e, Server $server): void
    {
        $directory = "{$this->backups}/{$e->remoteHost}";
        if (!preg_match('/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/D', $e->filename)
            || (!is_dir($directory) && !mkdir($directory, 0750))) {
            $e->accept = false; // the client gets an ERROR, Connected the number 10013

            return;
        }
        $server->getConnection($e->connectionId)->setLocalFile("{$directory}/{$e->filename}");
    }
}

if ($argc < 3) {
    fwrite(STDERR, "usage: php provision.php ROOT BACKUPS [NAME=VALUE]...\n");
    exit(2);
}
try {
    $lab = new Provision($argv[2]);
    pcntl_async_signals(true);
    pcntl_signal(SIGINT, fn () => $lab->stop = true);
    pcntl_signal(SIGTERM, fn () => $lab->stop = true);
    $server = new Server($argv[1]);
    $server->subscribe($lab);
    $server->config('SelectWaitMillis', 500);
    foreach (array_slice($argv, 3) as $setting) {
        $server->config(...explode('=', $setting, 2));
    }
    $server->startListening();
    echo "serving {$argv[1]} on port {$server->getLocalPort()}\n";
    while (!$lab->stop) {
        $server->doEvents();
    }
    // Accepts no new clients; running transfers may finish within ten seconds.
    $server->stopListening();
    for ($end = time() + 10; $server->getConnCount() > 0 && time() < $end;) {
        $server->doEvents();
    }
    echo $server->config('Statistics'), "\n";
    $server->close();
} catch (TftpServerException $e) {
    fwrite(STDERR, "provision: {$e->getMessage()}\n");
    exit(1);
}
