<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\ConnectedEvent;
use TftpServer\ConnectionRequestEvent;
use TftpServer\DisconnectedEvent;
use TftpServer\Server;
use TftpServer\TftpServerException;
use TftpServer\TransferEvent;

/** Misuse throws an exception with a number and a message, and never crashes the interpreter. */
final class MisuseTest extends TestCase
{
    /**
     * A program whose ConnectionRequest handler does something; it serves $argv's directory and
     * prints what comes.
     */
    private function handling(string $body, string $after = ''): Process
    {
        $this->file('served/file', 1000);

        return $this->php('
            $server = new TftpServer\Server(' . var_export("{$this->directory}/served", true) . ', 0, "127.0.0.1");
            $server->startListening();
            $server->onConnectionRequest(function (TftpServer\ConnectionRequestEvent $e, TftpServer\Server $server) {' . $body . '});
            $server->onDisconnected(function () use (&$over) { $over = true; });
            echo "port ", $server->getLocalPort(), "\n";
            while (!isset($over)) {
                $server->doEvents();
            }
            ' . $after);
    }

    /** Asks it for a file, and returns how it ended. */
    private function ask(Process $program): int
    {
        $port = (int) $program->waitFor('/^port (\d+)$/m')[1];
        $client = $this->curl($port, 'file', '--max-time', '3', '-o', '/dev/null');
        $status = $program->wait();
        $client->wait();

        return $status;
    }

    public function testExitInsideAHandlerEndsTheProgramAsExitDoes(): void
    {
        $program = $this->handling('echo "leaving\n"; exit(5);', 'echo "never\n";');
        self::assertSame(5, $this->ask($program), $program->errors());
        self::assertStringEndsWith("leaving\n", $program->output());
        self::assertSame('', $program->errors());
    }

    public function testExitInsideAHandlerStillRunsShutdownFunctionsAndDestructors(): void
    {
        $program = $this->handling('
            register_shutdown_function(function () use ($server) { echo "port is ", $server->getLocalPort() > 0 ? "known" : "gone", "\n"; });
            exit(6);');
        self::assertSame(6, $this->ask($program), $program->errors());
        self::assertStringEndsWith("port is known\n", $program->output());
        self::assertSame('', $program->errors());
    }

    public function testAFatalErrorInsideAHandlerEndsTheProgramAsAnyFatalErrorDoes(): void
    {
        $program = $this->handling('ini_set("memory_limit", "16M"); str_repeat("x", 1 << 30);');
        self::assertSame(255, $this->ask($program));
        self::assertStringContainsString('Allowed memory size', $program->errors());
        self::assertStringNotContainsString('FFI', $program->errors());
    }

    public function testAnUncaughtExceptionOfAHandlerEndsTheProgramWithItsText(): void
    {
        $program = $this->handling('throw new RuntimeException("so it is said");');
        self::assertSame(255, $this->ask($program));
        self::assertStringContainsString('so it is said', $program->errors());
        self::assertStringNotContainsString('FFI', $program->errors());
    }

    public function testAWarningTurnedIntoAnExceptionComesOutOfDoEvents(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        set_error_handler(static fn (int $level, string $text) => throw new \ErrorException($text, 0, $level));
        try {
            $server->onConnected(static fn () => fopen('/nowhere/at/all', 'r'));
            $client = $this->curl($server, 'file');
            $this->expectException(\ErrorException::class);
            $this->finish($server, $client);
        } finally {
            restore_error_handler();
        }
    }

    public function testTheFirstOfSeveralExceptionsComesFirstAndTheOthersLater(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $server->config('LogLevel', 3);
        $server->onLog(static fn ($e) => throw new \LogicException($e->message));
        $client = $this->curl($server, 'file');
        $caught = [];
        $done = static function () use ($client, &$caught): bool {
            return $client->isOver() && count($caught) >= 2;
        };
        Wait::until($done, 'two exceptions', 30, static function () use ($server, &$caught): void {
            try {
                $server->doEvents();
            } catch (\LogicException $e) {
                $caught[] = $e->getMessage();
            }
        });
        self::assertSame($caught, array_unique($caught), 'each message once');
    }

    public function testDoEventsInsideAHandlerIsRefused(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $other = $this->server();
        $codes = [];
        $server->onConnected(static function (ConnectedEvent $e, Server $server) use ($other, &$codes): void {
            foreach ([$server, $other] as $one) {
                try {
                    $one->doEvents();
                } catch (TftpServerException $e) {
                    $codes[] = $e->getCode();
                }
            }
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        self::assertSame([907, 907], $codes);
    }

    public function testAnotherServerMayGoOutOfUseInsideAHandler(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $other = $this->serving();
        $port = $other->getLocalPort();
        $server->onConnected(static function () use (&$other): void {
            $other = null;
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        $again = $this->server();
        $again->setLocalPort($port);
        $again->startListening();
        self::assertTrue($again->isListening());
    }

    public function testAServerMayGoOutOfUseInItsOwnHandler(): void
    {
        $this->file('served/file', 10);
        $program = $this->handling('unset($GLOBALS["server"]);', 'echo "went on\n";');
        self::assertSame(255, $this->ask($program), 'the loop finds no server any more');
        self::assertStringContainsString('doEvents() on null', $program->errors());
    }

    public function testAHandlerMayReplaceItself(): void
    {
        $this->file('served/file', 2000);
        $server = $this->serving();
        $calls = 0;
        $server->onTransfer(static function (TransferEvent $e, Server $server) use (&$calls): void {
            ++$calls;
            $server->onTransfer(null);
            gc_collect_cycles();
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        self::assertSame(1, $calls);
    }

    public function testAbortTellsItsCode(): void
    {
        $this->file('mine', 5000);
        $server = $this->server();
        $server->startListening();
        $server->onTransfer(static fn (TransferEvent $e) => $e->abort(4711));
        $end = null;
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$end): void {
            $end = $e;
        });
        self::assertNotSame(0, $this->finish($server, $this->upload($server, 'mine', 'theirs')));
        $this->deliver($server, static function () use (&$end): bool {
            return $end !== null;
        });
        self::assertSame(10053, $end->statusCode);
        self::assertStringContainsString('4711', $end->description);
    }

    public function testMemoryDoesNotGrowWithServersOrHandlers(): void
    {
        $round = function (): void {
            $server = $this->server();
            for ($i = 0; $i < 20; ++$i) {
                $server->onLog(static fn () => null)->onTransfer(static fn () => null)->onTransfer(null);
            }
            $server->config('SelectWaitMillis', 0);
            $server->doEvents();
        };
        for ($i = 0; $i < 20; ++$i) {
            $round();
        }
        $before = memory_get_usage();
        for ($i = 0; $i < 100; ++$i) {
            $round();
        }
        self::assertLessThan(20_000, memory_get_usage() - $before, 'bytes in 100 servers with 60 registrations each');
    }

    public function testDoEventsInADestructorThatTheCollectorCalls(): void
    {
        $this->file('served/file', 10);
        $program = $this->php('
            final class Cycle
            {
                public ?Cycle $self;
                public function __construct(private TftpServer\Server $server) { $this->self = $this; }
                public function __destruct()
                {
                    while (empty($GLOBALS["over"])) {
                        $this->server->doEvents();
                    }
                    echo "over\n";
                }
            }
            $server = new TftpServer\Server(' . var_export("{$this->directory}/served", true) . ', 0, "127.0.0.1");
            $server->onDisconnected(function () { $GLOBALS["over"] = true; });
            $server->onConnected(function () { throw new LogicException("in between"); });
            $server->startListening();
            echo "port ", $server->getLocalPort(), "\n";
            new Cycle($server);
            try {
                gc_collect_cycles();
            } catch (LogicException $e) {
                echo $e->getMessage(), "\n";
            }
            echo "end\n";');
        self::assertSame(0, $this->ask($program), $program->errors());
        self::assertStringEndsWith("in between\nend\n", $program->output());
    }

    public function testASignalHandlerMayThrow(): void
    {
        if (!extension_loaded('pcntl')) {
            self::markTestSkipped('ext-pcntl is missing');
        }
        $program = $this->php('
            pcntl_async_signals(true);
            pcntl_signal(SIGTERM, fn () => throw new RuntimeException("asked to stop"));
            $server = new TftpServer\Server(localPort: 0, localHost: "127.0.0.1");
            $server->onLog(fn () => null);
            echo "port ", $server->getLocalPort(), "\n";
            for ($times = 0; $times < 2;) {
                try {
                    $server->serve();
                } catch (RuntimeException $e) {
                    echo $e->getMessage(), "\n";
                    ++$times;
                }
            }
            echo "port ", $server->getLocalPort() > 0 ? "known" : "gone", "\n";');
        $program->waitFor('/^port/m');
        $program->signal(15);
        $program->waitFor('/(asked to stop\n)/');
        $program->signal(15);
        self::assertSame(0, $program->wait(), $program->errors());
        self::assertStringEndsWith("asked to stop\nasked to stop\nport known\n", $program->output());
    }

    public function testASignalHandlerMayExit(): void
    {
        if (!extension_loaded('pcntl')) {
            self::markTestSkipped('ext-pcntl is missing');
        }
        $program = $this->php('
            pcntl_async_signals(true);
            pcntl_signal(SIGTERM, fn () => exit(9));
            $server = new TftpServer\Server(localPort: 0, localHost: "127.0.0.1");
            $server->onLog(fn () => null);
            $server->startListening();
            register_shutdown_function(function () use (&$server) {
                $threads = count(scandir("/proc/self/task"));
                register_shutdown_function(function () use (&$server, $threads) {
                    register_shutdown_function(function () use (&$server, $threads) {
                        $server = null;
                        echo count(scandir("/proc/self/task")) < $threads ? "closed" : "left open", "\n";
                    });
                });
            });
            echo "ready\n";
            $server->serve();');
        $program->waitFor('/^ready/m');
        $program->signal(15);
        self::assertSame(9, $program->wait(), $program->errors());
        self::assertStringEndsWith("closed\n", $program->output());
    }

    public function testDoEventsInADestructorAtTheEndOfTheProgram(): void
    {
        $this->file('served/file', 10);
        $program = $this->php('
            final class Last
            {
                public function __construct(private TftpServer\Server $server) {}
                public function __destruct()
                {
                    while (empty($GLOBALS["over"])) {
                        $this->server->doEvents();
                    }
                    echo "over\n";
                }
            }
            $server = new TftpServer\Server(' . var_export("{$this->directory}/served", true) . ', 0, "127.0.0.1");
            $server->onDisconnected(function () { $GLOBALS["over"] = true; });
            $server->startListening();
            $server->doEvents();
            $GLOBALS["last"] = new Last($server);
            echo "port ", $server->getLocalPort(), "\n";');
        self::assertSame(0, $this->ask($program), $program->errors());
        self::assertStringEndsWith("over\n", $program->output());
    }

    public function testAServerInItsOwnHandlerIsCollected(): void
    {
        $this->file('served/file', 50_000_000);
        $server = $this->serving();
        $moved = 0;
        $server->onTransfer(static function (TransferEvent $e) use ($server, &$moved): void {
            $moved = $e->bytesTransferred;
        });
        $client = $this->curl($server, 'file');
        $this->deliver($server, static function () use (&$moved): bool {
            return $moved > 0;
        });
        $gone = \WeakReference::create($server);
        unset($server);
        gc_collect_cycles();
        self::assertNull($gone->get());
        self::assertNotSame(0, $client->wait());
    }

    public function testAForkInsideAHandler(): void
    {
        if (!extension_loaded('pcntl')) {
            self::markTestSkipped('ext-pcntl is missing');
        }
        $program = $this->handling('
            if (pcntl_fork() === 0) {
                exit(3);
            }
            pcntl_wait($status);
            echo "child ", pcntl_wexitstatus($status), "\n";', 'echo "over\n";');
        self::assertSame(0, $this->ask($program), $program->errors());
        self::assertStringEndsWith("child 3\nover\n", $program->output());
        self::assertSame('', $program->errors());
    }

    public function testDoEventsInsideAFiberOfTheProgram(): void
    {
        $bytes = $this->file('served/file', 3000);
        $server = $this->serving();
        $fiber = new \Fiber(function () use ($server): void {
            $this->finish($server, $this->curl($server, 'file'));
        });
        // A handler may suspend the fiber in which the program called DoEvents.
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e): void {
            $e->accept = \Fiber::suspend($e->filename);
        });
        self::assertSame('file', $fiber->start());
        $fiber->resume(true);
        self::assertTrue($fiber->isTerminated());
        self::assertSame($bytes, $this->read('got'));
    }

    public function testTheEventStreamIsReadableWhileAnEventWaits(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $over = false;
        $server->onDisconnected(static function () use (&$over): void {
            $over = true;
        });
        $stream = $server->getEventStream();
        $client = $this->curl($server, 'file');
        $server->config('SelectWaitMillis', 0);
        while (!$over) {
            $read = [$stream];
            $none = [];
            self::assertSame(1, stream_select($read, $none, $none, 25));
            $server->doEvents();
        }
        self::assertSame(0, $client->wait());
        fclose($stream);
        $server->doEvents();
    }

    public function testValuesThatAreOutOfRange(): void
    {
        $server = $this->server();
        $uses = [
            905 => [
                static fn () => $server->setLocalPort(65536),
                static fn () => $server->setLocalPort(PHP_INT_MAX),
                static fn () => $server->setLocalDir("/tmp\0/etc"),
                static fn () => $server->setLocalDir("\xff\xfe"),
                static fn () => $server->setLocalDir('/no/such/directory'),
                static fn () => $server->config("\xff=1"),
            ],
            903 => [
                static fn () => $server->getConnection(-1),
                static fn () => $server->getConnection(0),
                static fn () => $server->getConnection(PHP_INT_MAX),
                static fn () => $server->getConnection((1 << 32) + 1_000_001),
            ],
            906 => [
                static fn () => $server->config('A=B', 1),
            ],
        ];
        foreach ($uses as $code => $group) {
            foreach ($group as $number => $use) {
                try {
                    $use();
                    self::fail("{$code}, {$number}: no exception");
                } catch (TftpServerException $e) {
                    self::assertSame($code, $e->getCode(), "{$code}, {$number}: {$e->getMessage()}");
                    self::assertNotSame('', $e->getMessage());
                }
            }
        }
    }

    public function testAServerIsNotClonedNorSerialized(): void
    {
        $server = $this->server();
        foreach ([static fn () => clone $server, static fn () => serialize($server)] as $use) {
            $refused = null;
            try {
                $use();
            } catch (\Throwable $refused) {
            }
            self::assertNotNull($refused, 'two objects for one server');
        }
        self::assertFalse($server->isListening());
    }
}
