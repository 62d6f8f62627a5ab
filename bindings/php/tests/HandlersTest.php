<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\ConnectedEvent;
use TftpServer\ConnectionInterface;
use TftpServer\ConnectionRequestEvent;
use TftpServer\DisconnectedEvent;
use TftpServer\ErrorCode;
use TftpServer\ErrorEvent;
use TftpServer\LogEvent;
use TftpServer\Operation;
use TftpServer\Server;
use TftpServer\ServerInterface;
use TftpServer\TftpServerException;
use TftpServer\TransferMode;

/** Arguments and results of handlers; loggers; classes that a program's own tests need. */
final class HandlersTest extends TestCase
{
    /** @dataProvider mistakes */
    public function testAMistakeInARequestHandlerRefusesAndIsThrown(callable $handler, string $class, string $says, bool $inFiber): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $statuses = [];
        $server->onConnected(static function (ConnectedEvent $e) use (&$statuses): void {
            $statuses[] = $e->statusCode;
        });
        $server->onConnectionRequest($handler);
        $client = $this->curl($server, 'file', '-o', '/dev/null');
        $thrown = [];
        $done = static function () use ($client, &$statuses): bool {
            return $client->isOver() && $statuses !== [];
        };
        Wait::until($done, 'the client', 30, static function () use ($server, $inFiber, &$thrown): void {
            try {
                $inFiber ? (new \Fiber($server->doEvents(...)))->start() : $server->doEvents();
            } catch (\Error $e) {
                $thrown[] = $e;
            }
        });
        self::assertNotSame(0, $client->wait());
        self::assertCount(1, $thrown);
        self::assertSame($class, $thrown[0]::class);
        self::assertStringContainsString($says, $thrown[0]->getMessage());
        self::assertSame([10053], $statuses);
    }

    public static function mistakes(): iterable
    {
        $generator = static function (): \Generator {
            yield 1;
        };
        $promise = new class() {
            public function then(callable $done): void
            {
            }
        };
        $mistakes = [
            'false' => [static fn () => false, \TypeError::class, 'returning false'],
            'a generator' => [static fn () => $generator(), \TypeError::class, 'generator'],
            'a promise' => [static fn () => $promise, \TypeError::class, 'await'],
            'a property that is not there' => [static function (ConnectionRequestEvent $e): void {
                $e->acept = false;
            }, \Error::class, 'no property $acept'],
            'another that is read' => [static fn (ConnectionRequestEvent $e) => $e->operaton === Operation::Write, \Error::class, 'no property $operaton'],
            'one of the server' => [static function (ConnectionRequestEvent $e, Server $server): void {
                $server->localDir = '/srv';
            }, \Error::class, 'no property $localDir'],
            'one of the connection' => [static function (ConnectionRequestEvent $e, Server $server): void {
                $server->getConnection($e->connectionId)->fileData = 'x';
            }, \Error::class, 'no property $fileData'],
        ];
        foreach ($mistakes as $name => $mistake) {
            yield $name => [...$mistake, false];
            yield "{$name}, in a fiber" => [...$mistake, true];
        }
    }

    public function testFalseBesideAcceptFalseIsNoMistake(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $server->onConnectionRequest(static fn (ConnectionRequestEvent $e) => $e->accept = false);
        self::assertSame(69, $this->finish($server, $this->curl($server, 'file')));
    }

    public function testAGeneratorIsRefusedWhenItIsRegistered(): void
    {
        $server = $this->server();
        foreach (['onTransfer', 'onLog', 'onConnectionRequest'] as $method) {
            try {
                $server->{$method}(static function () {
                    yield;
                });
                self::fail($method);
            } catch (\TypeError $e) {
                self::assertStringContainsString('generator', $e->getMessage());
            }
        }
        $this->expectException(\ValueError::class);
        $server->subscribe(new class() {
            public function onConected(): void
            {
            }
        });
    }

    public function testErrorsAreEnums(): void
    {
        $server = $this->serving();
        $seen = [];
        $server->onError(static function (ErrorEvent $e) use (&$seen): void {
            $seen[] = $e->error;
        });
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$seen): void {
            $seen[] = $e->error;
        });
        $server->onConnected(static function (ConnectedEvent $e) use (&$seen): void {
            $seen[] = $e->error;
        });
        $this->finish($server, $this->curl($server, 'missing'));
        self::assertSame([null, ErrorCode::CannotOpenFile, ErrorCode::CannotOpenFile], $seen);
        try {
            $server->getConnection(0);
            self::fail('there is none');
        } catch (TftpServerException $e) {
            self::assertSame([ErrorCode::IndexOutOfRange, 903], [$e->error, $e->getCode()]);
        }
        self::assertNull((new TftpServerException('x', 5))->error);
    }

    public function testALoggerOfPsr3(): void
    {
        if (!interface_exists(\Psr\Log\LoggerInterface::class)) {
            self::markTestSkipped('php-psr-log is missing');
        }
        $this->file('served/file', 10);
        $server = $this->server("{$this->directory}/served");
        $server->config('LogLevel', 2);
        $logger = new Logger();
        $seen = 0;
        $server->setLogger($logger)->onLog(static function (LogEvent $e) use (&$seen): void {
            ++$seen;
        });
        $server->startListening();
        $this->finish($server, $this->curl($server, 'file'));
        $this->finish($server, $this->curl($server, 'missing'));
        $this->deliver($server, static fn (): bool => isset($logger->records['error']));
        self::assertSame(['debug', 'error', 'info'], $logger->levels());
        self::assertStringContainsString('Listening on 127.0.0.1', $logger->records['info'][0][0]);
        self::assertSame(['connection' => null, 'type' => 'Info', 'level' => 1], $logger->records['info'][0][1]);
        self::assertGreaterThan(1_000_000, $logger->records['error'][0][1]['connection']);
        self::assertContains('PITrail', array_map(static fn (array $record) => $record[1]['type'], $logger->records['debug']));
        self::assertSame($seen, array_sum(array_map(count(...), $logger->records)));
        // Each is taken away by itself.
        $before = $seen;
        $server->onLog(null);
        $logger->records = [];
        $this->finish($server, $this->curl($server, 'file'));
        self::assertSame([$before, true], [$seen, $logger->records !== []]);
        $server->setLogger(null);
        $logger->records = [];
        $this->finish($server, $this->curl($server, 'file'));
        self::assertSame([], $logger->records);
    }

    public function testHandlersCanBeTestedWithoutAServer(): void
    {
        $handler = static function (ConnectionRequestEvent $e, ServerInterface $server): void {
            $e->accept = $e->operation === Operation::Read;
            $server->getConnection($e->connectionId)->setFileData('made up');
        };
        $connection = $this->createMock(ConnectionInterface::class);
        $connection->expects(self::once())->method('setFileData')->with('made up');
        $server = $this->createMock(ServerInterface::class);
        $server->expects(self::once())->method('getConnection')->with(1_000_001)->willReturn($connection);
        $event = new ConnectionRequestEvent('192.0.2.1', 2000, 'file', TransferMode::Octet, Operation::Write, 1_000_001, '');
        $handler($event, $server);
        self::assertFalse($event->accept);
    }

    public function testTheInterfacesHaveEveryMethod(): void
    {
        foreach ([Server::class => ServerInterface::class, \TftpServer\Connection::class => ConnectionInterface::class] as $class => $interface) {
            $methods = array_filter((new \ReflectionClass($class))->getMethods(\ReflectionMethod::IS_PUBLIC), static fn ($one) => !str_starts_with($one->name, '__'));
            $declared = array_map(static fn ($one) => $one->name, (new \ReflectionClass($interface))->getMethods());
            self::assertSame([], array_diff(array_map(static fn ($one) => $one->name, $methods), $declared));
        }
    }
}
