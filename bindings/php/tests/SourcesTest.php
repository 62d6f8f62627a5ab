<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\ConnectionRequestEvent;
use TftpServer\DataWantedEvent;
use TftpServer\DisconnectedEvent;
use TftpServer\Server;
use TftpServer\TftpServerException;
use TftpServer\TransferEvent;

/** Downloads from streams and generators, and uploads whose program is slow. */
final class SourcesTest extends TestCase
{
    private const SIZE = 600_000;

    /**
     * @return array{Server, \ArrayObject<int, int>} a server that feeds every request, and the codes of the ends
     */
    private function feeding(callable $source, mixed ...$more): array
    {
        $server = $this->server();
        $server->startListening();
        $ends = new \ArrayObject();
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e, Server $server) use ($source, $more): void {
            $server->feed($e->connectionId, $source(), ...$more);
        });
        $server->onDisconnected(static fn (DisconnectedEvent $e) => $ends[] = $e->statusCode);

        return [$server, $ends];
    }

    public function testStreamsAndGeneratorsArriveWhole(): void
    {
        $bytes = $this->file('source', self::SIZE);
        $generated = static function () use ($bytes): \Generator {
            foreach (str_split($bytes, 9999) as $piece) {
                yield $piece;
            }
        };
        $sources = [
            'a file' => [fn () => fopen("{$this->directory}/source", 'rb')],
            'a pipe' => [fn () => popen('cat ' . escapeshellarg("{$this->directory}/source"), 'r')],
            'a generator' => [$generated],
            'one of known size' => [$generated, self::SIZE],
            'an opener' => [fn () => fn () => fopen("{$this->directory}/source", 'rb'), self::SIZE],
            'an array' => [static fn () => str_split($bytes, 1000)],
        ];
        foreach ($sources as $what => $source) {
            [$server, $ends] = $this->feeding(...$source);
            self::assertSame(0, $this->finish($server, $this->curl($server, 'any')), $what);
            self::assertTrue($this->read('got') === $bytes, $what);
            self::assertSame([0], $ends->getArrayCopy());
        }
    }

    public function testManyWithOneKeyCauseOnePass(): void
    {
        $bytes = $this->file('source', self::SIZE);
        $opened = 0;
        $open = function () use (&$opened) {
            ++$opened;

            return fopen("{$this->directory}/source", 'rb');
        };
        [$server] = $this->feeding(static fn () => $open, self::SIZE, 'image');
        $clients = array_map(fn (int $n) => $this->curl($server, 'any', '-o', "{$this->directory}/got{$n}"), range(1, 5));
        $this->deliver($server, static function () use ($clients): bool {
            return array_filter($clients, static fn (Process $client) => !$client->isOver()) === [];
        });
        foreach (range(1, 5) as $n) {
            self::assertTrue($this->read("got{$n}") === $bytes);
        }
        self::assertSame(1, $opened);
    }

    public function testASourceThatThrowsEndsItsDownloadAndItComesOut(): void
    {
        [$server, $ends] = $this->feeding(static function (): \Generator {
            yield str_repeat('x', 100_000);

            throw new \DomainException('the origin is gone');
        });
        $client = $this->curl($server, 'any');
        $thrown = [];
        Wait::until(static fn () => $client->isOver() && count($ends) > 0, 'the client', 30, static function () use ($server, &$thrown): void {
            try {
                $server->doEvents();
            } catch (\DomainException $e) {
                $thrown[] = $e->getMessage();
            }
        });
        self::assertNotSame(0, $client->wait());
        self::assertSame(['the origin is gone'], $thrown);
        self::assertSame([10053], $ends->getArrayCopy());
    }

    public function testOneThatEndsBeforeItsSizeFails(): void
    {
        [$server, $ends] = $this->feeding(static fn () => ['short'], 6);
        self::assertNotSame(0, $this->finish($server, $this->curl($server, 'any')));
        self::assertSame([129], $ends->getArrayCopy());
    }

    public function testWhatIsNoSourceIsRefused(): void
    {
        $this->expectException(\TypeError::class);
        $this->server()->feed(1_000_001, 'text');
    }

    public function testTheEventAndTheMethodsBeneath(): void
    {
        $bytes = random_bytes(100_000);
        $server = $this->server();
        $server->startListening();
        $asked = 0;
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e, Server $server): void {
            $connection = $server->getConnection($e->connectionId);
            if ($e->filename === 'no') {
                $connection->abort(2, 'not for you');
            } else {
                self::assertSame(100_000, $connection->setDataSize(100_000)->getDataSize());
            }
        });
        $server->onDataWanted(static function (DataWantedEvent $e, Server $server) use ($bytes, &$asked): void {
            $asked += $e->length;
            $server->getConnection($e->connectionId)->supply(substr($bytes, $e->offset, $e->length));
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'any')));
        self::assertTrue($this->read('got') === $bytes);
        self::assertSame(100_000, $asked);
        self::assertSame(69, $this->finish($server, $this->curl($server, 'no')));
        $this->expectException(TftpServerException::class);
        $server->getConnection(0);
    }

    public function testTheClientOfASlowProgramWaitsAndMemoryIsBounded(): void
    {
        $bytes = $this->file('source', self::SIZE);
        $server = $this->server();
        $server->startListening();
        $taken = '';
        $server->onTransfer(static function (TransferEvent $e) use (&$taken): void {
            $taken .= $e->text;
        });
        $server->onConnected(static fn () => null);
        $client = $this->upload($server, 'source', 'up');
        $this->deliver($server, static fn () => $server->getConnCount() === 1);
        // Nothing is taken while nothing is delivered.
        $connection = $server->getConnection(0);
        do {
            $before = $connection->getBytesTransferred();
            usleep(300_000);
        } while ($connection->getBytesTransferred() !== $before);
        self::assertLessThan(400_000, $before);
        self::assertFalse($client->isOver());
        self::assertSame(0, $this->finish($server, $client));
        self::assertTrue($taken === $bytes);
    }
}
