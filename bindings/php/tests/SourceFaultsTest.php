<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\ConnectionRequestEvent;
use TftpServer\DisconnectedEvent;
use TftpServer\Server;
use TftpServer\SourcePass;

/** Sources that fail, lie or are left: each ends only its own downloads, and is closed. */
final class SourceFaultsTest extends TestCase
{
    /** A shared pass keeps its first megabyte for downloads that come late. */
    private const SIZE = 2_000_000;
    private const BEYOND = 1_200_000;

    /** @var list<int> */
    private array $ends = [];

    /** @var list<class-string> */
    private array $thrown = [];

    public function testAPieceIsHandedOnBeforeTheNextOneIsMade(): void
    {
        $pass = new SourcePass((static function (): \Generator {
            yield 'first';

            throw new \DomainException('the second');
        })());
        self::assertSame('first', $pass->read(100));
        $this->expectException(\DomainException::class);
        $pass->read(100);
    }

    /** Takes minutes if each read copies the rest of the piece. */
    public function testAPieceOfAnySizeIsReadInParts(): void
    {
        $piece = str_repeat('0123456789abcdef', 4 << 20);
        $pass = new SourcePass(['', $piece, '', 'end']);
        $length = 0;
        while (($read = $pass->read(1024)) !== '') {
            $length += strlen($read);
        }
        self::assertSame(strlen($piece) + 3, $length);
        self::assertSame('', $pass->read(1024));
    }

    public function testTheSizeOfAStreamIsThatOfItsContent(): void
    {
        $this->file('plain', 1000);
        $plain = "{$this->directory}/plain";
        $open = static fn (string $name) => fopen($name, 'rb');
        self::assertSame(1000, SourcePass::size($open($plain)));
        self::assertSame(-1, SourcePass::size($open("php://filter/read=convert.base64-encode/resource={$plain}")));
        file_put_contents("{$plain}.gz", gzencode(str_repeat('x', 5000)));
        self::assertSame(-1, SourcePass::size($open("compress.zlib://{$plain}.gz")));
        $moved = "HTTP/1.1 302 Found\r\nContent-Length: 5\r\nLocation: /there\r\n\r\nmoved";
        $chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        $packed = "HTTP/1.1 302 Found\r\nContent-Encoding: gzip\r\nLocation: /there\r\n\r\n";
        $known = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabcdefg";
        $address = $this->http($moved, $chunked, $packed, $known, $known);
        self::assertSame(-1, SourcePass::size($open($address)));
        self::assertSame(7, SourcePass::size($open($address)));
        $begun = $open($address);
        fread($begun, 3);
        self::assertSame(4, SourcePass::size($begun));
    }

    public function testAStreamThatTimesOutHasFailed(): void
    {
        [$one, $other] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
        fwrite($other, 'begun');
        $pass = new SourcePass($one);
        stream_set_timeout($one, 0, 1000);
        self::assertSame('begun', $pass->read(100));
        $this->expectException(\RuntimeException::class);
        $pass->read(100);
    }

    public function testWhatIsNoStringEndsTheDownload(): void
    {
        foreach ([null, 7, ['x'], new \stdClass()] as $wrong) {
            $server = $this->feeding(static fn () => [str_repeat('x', 20_000), $wrong]);
            self::assertNotSame(0, $this->fetch($server));
            self::assertSame([[\TypeError::class], [10053]], [$this->thrown, $this->ends]);
        }
        foreach ([false, null, 'text'] as $wrong) {
            $server = $this->feeding(static fn () => static fn () => $wrong);
            self::assertNotSame(0, $this->fetch($server));
            self::assertContains($this->thrown, [[\TypeError::class], [\LogicException::class]]);
        }
    }

    public function testABodyThatIsCutIsNoWholeFile(): void
    {
        $address = $this->http("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" . str_repeat('x', 50_000));
        $server = $this->feeding(static fn () => fopen($address, 'rb'));
        self::assertNotSame(0, $this->fetch($server));
        self::assertSame([129], $this->ends);
    }

    public function testASourceLongerThanItsSizeIsCutThere(): void
    {
        $server = $this->feeding(static fn () => ['0123456789', 'more'], 12);
        self::assertSame(0, $this->fetch($server));
        self::assertSame('0123456789mo', $this->read('got'));
    }

    public function testOneThatComesTooLateFailsAlone(): void
    {
        $bytes = random_bytes(self::SIZE);
        $content = self::pieces($bytes);
        $server = $this->feeding(static fn () => $content, self::SIZE, 'k');
        $first = new SlowReader($server, $this->pump(...));
        $first->read(self::BEYOND);
        self::assertNotSame(0, $this->fetch($server));
        self::assertTrue($first->read(self::SIZE) === $bytes);
        self::assertSame([\LogicException::class], $this->thrown);
    }

    public function testAPassThatFailsEndsNoOther(): void
    {
        $bytes = random_bytes(self::SIZE);
        $openers = [static fn () => self::pieces($bytes), static function () use ($bytes): \Generator {
            yield substr($bytes, 0, 100_000);

            throw new \DomainException('the origin is gone');
        }];
        $opener = static function () use (&$openers) {
            return array_shift($openers)();
        };
        $server = $this->feeding(static fn () => $opener, self::SIZE, 'k');
        $first = new SlowReader($server, $this->pump(...));
        $first->read(self::BEYOND);
        self::assertNotSame(0, $this->fetch($server));
        self::assertTrue($first->read(self::SIZE) === $bytes);
        self::assertSame([\DomainException::class], $this->thrown);
    }

    public function testEachPassIsClosedAtItsEndAlthoughOthersOfItsKeyRun(): void
    {
        $bytes = random_bytes(self::SIZE);
        [$opened, $closed] = [0, 0];
        $opener = static function () use ($bytes, &$opened, &$closed): \Generator {
            ++$opened;

            try {
                yield from self::pieces($bytes);
            } finally {
                ++$closed;
            }
        };
        $server = $this->feeding(static fn () => $opener, self::SIZE, 'k');
        $first = new SlowReader($server, $this->pump(...));
        $first->read(self::BEYOND);
        for ($turn = 1; $turn < 4; ++$turn) {
            self::assertSame(0, $this->fetch($server));
            self::assertTrue($this->read('got') === $bytes);
            $leaving = new SlowReader($server, $this->pump(...));
            $leaving->read(100_000);
            $leaving->leave();
            $this->deliver($server, fn (): bool => count($this->ends) === 2 * $turn);
            self::assertLessThanOrEqual(1, $opened - $closed); // that of the first one
        }
        self::assertTrue($first->read(self::SIZE) === $bytes);
    }

    public function testNothingIsLeftOfAbortedDownloads(): void
    {
        $this->file('source', 100_000);
        $made = new \WeakMap();
        $server = $this->feeding(function () use ($made) {
            $file = fopen("{$this->directory}/source", 'rb');
            $generator = (static function () use ($file): \Generator {
                while (!feof($file)) {
                    yield fread($file, 1000);
                }
            })();
            $made[$generator] = true;

            return $generator;
        });
        $open = static fn (): int => is_dir('/proc/self/fd') ? count(scandir('/proc/self/fd')) : 0;
        $before = 0;
        for ($turn = 1; $turn <= 1000; ++$turn) {
            (new SlowReader($server, $this->pump(...)))->leave();
            if ($turn === 20 || $turn % 50 === 0) {
                $this->deliver($server, fn (): bool => count($this->ends) === $turn);
                $before = $before ?: $open();
            }
        }
        self::assertCount(0, $made);
        self::assertLessThan($before + 20, $open());
    }

    /** A server that feeds every request. */
    private function feeding(callable $source, mixed ...$more): Server
    {
        $server = $this->server();
        $server->startListening();
        [$this->ends, $this->thrown] = [[], []];
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e, Server $server) use ($source, $more): void {
            $server->feed($e->connectionId, $source(), ...$more);
        });
        $server->onDisconnected(function (DisconnectedEvent $e): void {
            $this->ends[] = $e->statusCode;
        });

        return $server;
    }

    private function pump(Server $server): void
    {
        try {
            $server->doEvents();
        } catch (\Throwable $e) {
            $this->thrown[] = $e::class;
        }
    }

    /** Returns curl's exit status. */
    private function fetch(Server $server): int
    {
        $ends = count($this->ends);
        $client = $this->curl($server, 'any');
        Wait::until(fn (): bool => $client->isOver() && count($this->ends) > $ends, 'the client', 30, fn () => $this->pump($server));

        return $client->wait();
    }

    private static function pieces(string $bytes): \Generator
    {
        for ($at = 0; $at < strlen($bytes); $at += 65536) {
            yield substr($bytes, $at, 65536);
        }
    }

    /** Starts a server that sends one response for each connection; its address. */
    private function http(string ...$responses): string
    {
        $program = '$listener = stream_socket_server("tcp://127.0.0.1:0"); echo stream_socket_get_name($listener, false), "\n";'
            . 'foreach (' . var_export($responses, true) . ' as $response) { $to = stream_socket_accept($listener, 30);'
            . 'fread($to, 65536); fwrite($to, $response); fclose($to); }';
        $this->http[] = $process = $this->php($program);

        return 'http://' . $process->waitFor('/(.+)\n/')[1] . '/';
    }

    /** @var list<Process> */
    private array $http = [];
}
