<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\Server;

/** A client that reads as far as a test wants, while the test delivers the server's events. */
final class SlowReader
{
    private const BLOCK = 8192;

    /** @var resource */
    private $socket;
    private string $got = '';
    private int $block = 0;
    private string $peer;

    /** @param \Closure(Server): void $pump delivers events */
    public function __construct(private readonly Server $server, private readonly \Closure $pump)
    {
        $this->socket = stream_socket_server('udp://127.0.0.1:0', $code, $text, STREAM_SERVER_BIND);
        stream_set_blocking($this->socket, false);
        $this->peer = '127.0.0.1:' . $server->getLocalPort();
        $this->send("\0\1any\0octet\0blksize\0" . self::BLOCK . "\0");
        $this->receive("\0\6");
    }

    /** Reads at least so many bytes, or to the end of the file. */
    public function read(int $end): string
    {
        while (strlen($this->got) < $end) {
            $this->send("\0\4" . pack('n', $this->block));
            $data = substr($this->receive("\0\3" . pack('n', ++$this->block)), 4);
            $this->got .= $data;
            if (strlen($data) < self::BLOCK) {
                $this->send("\0\4" . pack('n', $this->block));

                break;
            }
        }

        return $this->got;
    }

    public function leave(): void
    {
        $this->send("\0\5\0\0enough\0");
    }

    private function send(string $packet): void
    {
        stream_socket_sendto($this->socket, $packet, 0, $this->peer);
    }

    private function receive(string $begin): string
    {
        $packet = '';
        Wait::until(function () use (&$packet, $begin): bool {
            $packet = (string) stream_socket_recvfrom($this->socket, 65536, 0, $peer);
            $this->peer = $packet === '' ? $this->peer : $peer;
            if (str_starts_with($packet, "\0\5")) {
                throw new \RuntimeException('ERROR: ' . substr($packet, 4));
            }

            return str_starts_with($packet, $begin);
        }, 'a packet', 30, fn () => ($this->pump)($this->server));

        return $packet;
    }
}
