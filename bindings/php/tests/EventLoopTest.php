<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use Revolt\EventLoop;
use TftpServer\ConnectedEvent;
use TftpServer\ConnectionRequestEvent;
use TftpServer\Direction;
use TftpServer\DisconnectedEvent;
use TftpServer\Event;
use TftpServer\Server;
use TftpServer\TftpServerException;
use TftpServer\TransferEvent;

/**
 * Handlers that suspend their fiber, in the loop of revolt/event-loop; and the loop of Amp 2,
 * without fibers.
 *
 * The environment variable REVOLT_AUTOLOAD names the autoloader of the real revolt/event-loop,
 * where it is installed.
 */
final class EventLoopTest extends TestCase
{
    private ?Process $client = null;

    public static function setUpBeforeClass(): void
    {
        self::loadRevolt();
    }

    public static function loadRevolt(): void
    {
        $real = getenv('REVOLT_AUTOLOAD');
        if (is_string($real) && $real !== '') {
            require_once $real;
        } elseif (!class_exists(EventLoop::class)) {
            require_once __DIR__ . '/RevoltStandIn.php';
        }
    }

    /** Runs the loop, with doEvents() in a callback of it, until it is done. */
    private function loop(Server $server, callable $done): void
    {
        $server->config('SelectWaitMillis', 0);
        $events = EventLoop::onReadable($server->getEventStream(), static function () use ($server): void {
            $server->doEvents();
        });
        $end = microtime(true) + 60;
        $check = EventLoop::repeat(0.002, static function (string $check) use ($done, $end, $events): void {
            if ($done() || microtime(true) > $end) {
                EventLoop::cancel($check);
                EventLoop::cancel($events);
            }
        });
        EventLoop::run();
        self::assertTrue($done(), 'what the test waits for');
    }

    public function testRequestsThatAwaitAreAnsweredLaterAndSideBySide(): void
    {
        $bytes = $this->file('served/file', 2000);
        $server = $this->serving();
        $waiting = [];
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e) use (&$waiting): void {
            $suspension = EventLoop::getSuspension();
            $waiting[] = $suspension;
            // No request is answered before all have come.
            if (count($waiting) === 4) {
                EventLoop::delay(0.01, static function () use (&$waiting): void {
                    array_map(static fn ($one) => $one->resume(), $waiting);
                });
            }
            $suspension->suspend();
            $e->accept = $e->filename === 'file';
        });
        $connected = [];
        $server->onConnected(static function (ConnectedEvent $e) use (&$connected): void {
            $connected[] = $e->statusCode;
        });
        $clients = [];
        foreach (['file', 'file', 'file', 'refused'] as $number => $name) {
            $clients[] = $this->curl($server, $name, '-o', "{$this->directory}/got{$number}");
        }
        $this->loop($server, static fn (): bool => array_filter($clients, static fn ($one) => !$one->isOver()) === [] && $server->getConnCount() === 0);
        self::assertSame([0, 0, 0, 69], array_map(static fn ($one) => $one->wait(), $clients));
        self::assertSame([$bytes, $bytes, $bytes], [$this->read('got0'), $this->read('got1'), $this->read('got2')]);
        sort($connected);
        self::assertSame([0, 0, 0, 10013], $connected);
    }

    /** @dataProvider events */
    public function testAnyOtherHandlerMayAwait(string $event, string $name): void
    {
        $bytes = $this->file('served/file', 700);
        $server = $this->serving();
        $calls = $begun = $ended = 0;
        $server->{"on{$event}"}(static function (Event $e) use (&$begun, &$ended): void {
            ++$begun;
            $suspension = EventLoop::getSuspension();
            EventLoop::delay(0.005, static fn () => $suspension->resume());
            $suspension->suspend();
            ++$ended;
        });
        $clients = [];
        for ($number = 0; $number < 3; ++$number) {
            $clients[] = $this->curl($server, $name, '-o', "{$this->directory}/got{$number}");
        }
        $this->loop($server, static function () use ($clients, $server, &$begun, &$ended): bool {
            return array_filter($clients, static fn ($one) => !$one->isOver()) === [] && $server->getConnCount() === 0 && $begun === $ended;
        });
        $status = $name === 'file' ? 0 : 68;
        self::assertSame([$status, $status, $status], array_map(static fn ($one) => $one->wait(), $clients));
        self::assertGreaterThanOrEqual(3, $begun);
        if ($status === 0) {
            self::assertSame([$bytes, $bytes, $bytes], [$this->read('got0'), $this->read('got1'), $this->read('got2')]);
        }
    }

    public static function events(): array
    {
        return [['Connected', 'file'], ['StartTransfer', 'file'], ['Transfer', 'file'], ['EndTransfer', 'file'], ['Disconnected', 'file'], ['Log', 'file'], ['Error', 'missing']];
    }

    public function testAnUploadIsNotAcknowledgedBeforeTheHandlerThatAwaitsHasReturned(): void
    {
        $bytes = $this->file('mine', 3000);
        $server = $this->server();
        $server->startListening();
        $stored = '';
        $ends = [];
        $server->onTransfer(static function (TransferEvent $e) use (&$stored): void {
            $suspension = EventLoop::getSuspension();
            EventLoop::delay(0.01, static fn () => $suspension->resume());
            $suspension->suspend();
            $stored .= $e->text;
        });
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$ends): void {
            $ends[] = $e->statusCode;
        });
        $client = $this->upload($server, 'mine', 'theirs');
        $this->loop($server, static function () use ($client, &$ends, &$stored, $bytes): bool {
            self::assertTrue(!$client->isOver() || $stored === $bytes, 'all is stored when the client is done');

            return $client->isOver() && $ends !== [];
        });
        self::assertSame([0, [0]], [$client->wait(), $ends]);
    }

    /** @dataProvider endings */
    public function testAnUploadThatIsHeldIsNotAcknowledgedBeforeItIsStored(string $ending, bool $succeeds): void
    {
        $bytes = $this->file('mine', 3000);
        $server = $this->server();
        $server->startListening();
        $queue = [];
        $connection = null;
        $ends = [];
        $server->onTransfer(static function (TransferEvent $e, Server $server) use (&$queue, &$connection): void {
            $queue[] = $e->text;
            $connection ??= $server->getConnection($e->connectionId);
            $connection->hold();
        });
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$ends): void {
            $ends[] = $e->statusCode;
        });
        $client = $this->upload($server, 'mine', 'theirs');
        $this->deliver($server, static function () use (&$queue, $bytes): bool {
            return implode($queue) === $bytes;
        });
        // It would end at once otherwise.
        for ($begin = microtime(true); microtime(true) < $begin + 0.2;) {
            $server->doEvents();
            self::assertFalse($client->isOver());
        }
        $connection->{$ending}();
        self::assertSame($succeeds, $this->finish($server, $client) === 0);
        $this->deliver($server, static function () use (&$ends): bool {
            return $ends !== [];
        });
        self::assertSame([$succeeds ? 0 : 10053], $ends);
        $this->expectExceptionCode(903);
        $connection->hold();
    }

    public static function endings(): array
    {
        return [['resume', true], ['disconnect', false]];
    }

    public function testAnExceptionAfterAnAwaitEndsTheConnectionAndComesOutOfDoEvents(): void
    {
        $bytes = $this->file('served/file', 10);
        $server = $this->serving();
        $fiber = $this->suspended($server, 'ConnectionRequest', static fn () => throw new \DomainException('too late'));
        try {
            $fiber->resume();
            self::fail('it threw');
        } catch (\DomainException $e) {
            self::assertSame('too late', $e->getMessage());
        }
        $server->onConnectionRequest(null);
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        self::assertSame($bytes, $this->read('got'));
    }

    /** @dataProvider suspending */
    public function testAFiberThatIsDroppedEndsItsConnectionAndNoOther(string $event, bool $byCollector): void
    {
        $bytes = $this->file('served/file', 10);
        $server = $this->serving();
        $fiber = $this->suspended($server, $event);
        if ($byCollector) {
            $cycle = new \stdClass();
            [$cycle->itself, $cycle->fiber] = [$cycle, $fiber];
            unset($cycle);
        }
        $gone = \WeakReference::create($fiber);
        unset($fiber);
        if ($byCollector) {
            gc_collect_cycles();
        }
        self::assertNull($gone->get(), 'nothing else holds the fiber');
        $server->{"on{$event}"}(null);
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        self::assertSame($bytes, $this->read('got'));
        $this->deliver($server, static fn (): bool => $server->getConnCount() === 0);
    }

    public static function suspending(): array
    {
        return [['ConnectionRequest', false], ['ConnectionRequest', true], ['Connected', false], ['Connected', true], ['Transfer', false], ['Transfer', true]];
    }

    public function testAnUploadWhoseHandlerNeverReturnsIsNotAcknowledged(): void
    {
        $this->file('mine', 700);
        $server = $this->server();
        $server->startListening();
        $server->onTransfer(static function (TransferEvent $e): void {
            if ($e->bytesTransferred === 700) {
                \Fiber::suspend();
            }
        });
        $ends = [];
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$ends): void {
            $ends[] = $e->statusCode;
        });
        $client = $this->upload($server, 'mine', 'theirs');
        Wait::until(static function () use (&$ends): bool {
            return $ends !== [];
        }, 'the end of the upload', 30, static function () use ($server): void {
            // Dropped at once where it is suspended.
            (new \Fiber($server->doEvents(...)))->start();
        });
        self::assertSame([10053], $ends);
        self::assertNotSame(0, $client->wait());
    }

    /** Returns a fiber that called doEvents(), and that the handler of an event has suspended. */
    private function suspended(Server $server, string $event, ?callable $then = null): \Fiber
    {
        if (!is_file("{$this->directory}/served/file")) {
            $this->file('served/file', 10);
        }
        $server->{"on{$event}"}(static function () use ($then): void {
            \Fiber::suspend();
            $then === null || $then();
        });
        $this->client = $this->curl($server, 'file', '--max-time', '20', '-o', "{$this->directory}/got");
        $end = microtime(true) + 30;
        do {
            $fiber = new \Fiber(static fn () => $server->doEvents());
            $fiber->start();
        } while ($fiber->isTerminated() && microtime(true) < $end);
        self::assertTrue($fiber->isSuspended());

        return $fiber;
    }

    public function testTheEventStreamIsNotReadableWhileEventsWaitForAHandler(): void
    {
        $bytes = $this->file('served/file', 10);
        $server = $this->serving();
        $server->config('SelectWaitMillis', 0);
        $stream = $server->getEventStream();
        $isReadable = static function (int $seconds) use ($stream): bool {
            [$read, $none] = [[$stream], null];

            return stream_select($read, $none, $none, $seconds) === 1;
        };
        for ($round = 0; $round < 3; ++$round) {
            $fiber = $this->suspended($server, 'Connected');
            $second = $this->curl($server, 'file', '-o', "{$this->directory}/second");
            self::assertTrue($isReadable(30), 'the second request has come');
            $server->doEvents();
            self::assertFalse($isReadable(0), 'a loop must not spin');
            self::assertSame(1, $server->getConnCount(), 'it waits');
            $server->onConnected(null);
            $fiber->resume();
            self::assertTrue($fiber->isTerminated());
            self::assertTrue($isReadable(30), 'and is not forgotten');
            self::assertSame([0, 0], [$this->finish($server, $second), $this->finish($server, $this->client)]);
            self::assertSame([$bytes, $bytes], [$this->read('second'), $this->read('got')]);
            // Delivers the remaining events until none waits and no connection is left.
            $this->deliver($server, static fn (): bool => !$isReadable(0) && $server->getConnCount() === 0);
        }
    }

    public function testALoopWithoutTheStreamDoesNotSpinEither(): void
    {
        $server = $this->serving();
        $fiber = $this->suspended($server, 'Connected');
        // At most 20 ms, regardless of SelectWaitMillis: only this program can resume the handler.
        foreach ([20, 60_000] as $millis) {
            $server->config('SelectWaitMillis', $millis);
            $begin = microtime(true);
            for ($calls = 0; $calls < 5; ++$calls) {
                $server->doEvents();
            }
            self::assertGreaterThan(0.09, microtime(true) - $begin);
            self::assertLessThan(50, microtime(true) - $begin);
        }
        $server->config('SelectWaitMillis', 20);
        $fiber->resume();
        self::assertSame(0, $this->finish($server, $this->client));
    }

    public function testAnotherServerWaitsToo(): void
    {
        $one = $this->serving();
        $other = $this->serving();
        $fiber = $this->suspended($one, 'Connected');
        $other->doEvents();
        $ends = 0;
        $other->onDisconnected(static function () use (&$ends): void {
            ++$ends;
        });
        $client = $this->curl($other, 'file', '-o', "{$this->directory}/second");
        // Its transfers run, its events wait.
        self::assertSame(0, $client->wait());
        $other->doEvents();
        self::assertSame(0, $ends);
        $fiber->resume();
        $this->deliver($other, static function () use (&$ends): bool {
            return $ends === 1;
        });
    }

    public function testDoEventsInsideAHandlerInAFiberIsRefused(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $codes = [];
        $server->onConnected(static function (ConnectedEvent $e, Server $server) use (&$codes): void {
            try {
                $server->doEvents();
            } catch (TftpServerException $e) {
                $codes[] = $e->getCode();
            }
        });
        $client = $this->curl($server, 'file');
        (new \Fiber(fn () => $this->finish($server, $client)))->start();
        self::assertSame([907], $codes);
    }

    public function testCloseWhileAHandlerAwaits(): void
    {
        $server = $this->serving();
        $port = $server->getLocalPort();
        $fiber = $this->suspended($server, 'Connected');
        $server->close();
        self::assertNotSame(0, $this->client->wait(), 'its transfer ends at once');
        $again = $this->server();
        $again->setLocalPort($port);
        $again->startListening();
        self::assertTrue($again->isListening(), 'and so is the port free');
        $fiber->resume();
        self::assertTrue($fiber->isTerminated());
        $this->file('served/file', 10);
        $again->setLocalDir("{$this->directory}/served");
        $again->onDisconnected(static fn () => null);
        self::assertSame(0, $this->finish($again, $this->curl($again, 'file')));
    }

    public function testAProgramMayEndWhileAHandlerAwaits(): void
    {
        $this->file('served/file', 10);
        $program = $this->php('
            $server = new TftpServer\Server(' . var_export("{$this->directory}/served", true) . ', 0, "127.0.0.1");
            $server->onConnected(function () { echo "waits\n"; Fiber::suspend(); echo "never\n"; });
            $server->startListening();
            echo "port ", $server->getLocalPort(), "\n";
            do {
                $fiber = new Fiber(fn () => $server->doEvents());
                $fiber->start();
            } while ($fiber->isTerminated());
            echo "end\n";');
        $port = (int) $program->waitFor('/^port (\d+)$/m')[1];
        $client = $this->curl($port, 'file', '--max-time', '20', '-o', '/dev/null');
        self::assertSame(0, $program->wait(), $program->errors());
        self::assertStringEndsWith("waits\nend\n", $program->output());
        self::assertSame('', $program->errors());
        self::assertNotSame(0, $client->wait());
    }

    public function testInTheLoopOfAmp2(): void
    {
        $amp = '/usr/share/php/Amp';
        if (!is_file("{$amp}/Loop.php")) {
            self::markTestSkipped('php-amphp-amp is missing');
        }
        $bytes = $this->file('served/file', 2000);
        // Debian's autoloader of it starts a driver before its functions are there.
        $program = $this->php('
            spl_autoload_register(fn ($class) => is_file($file = "/usr/share/php/" . strtr($class, "\\\\", "/") . ".php") ? require $file : null);
            require_once "' . $amp . '/functions.php";
            require_once "' . $amp . '/Internal/functions.php";
            use Amp\Loop;
            $server = new TftpServer\Server(' . var_export("{$this->directory}/served", true) . ', 0, "127.0.0.1");
            $server->config("SelectWaitMillis", 0);
            $server->onConnectionRequest(function ($e, $server) {
                $e->defer();
                Loop::delay(20, fn () => $server->getConnection($e->connectionId)->accept());
            });
            $server->onDisconnected(function ($e) use (&$ends) { if (++$ends === 2) { Loop::stop(); } });
            $server->startListening();
            echo "port ", $server->getLocalPort(), "\n";
            Loop::run(fn () => Loop::onReadable($server->getEventStream(), fn () => $server->doEvents()));
            echo "stopped\n";');
        $port = (int) $program->waitFor('/^port (\d+)$/m')[1];
        $clients = [$this->curl($port, 'file'), $this->curl($port, 'file', '-o', "{$this->directory}/second")];
        self::assertSame(0, $program->wait(), $program->errors());
        self::assertSame([0, 0], [$clients[0]->wait(), $clients[1]->wait()]);
        self::assertSame([$bytes, $bytes], [$this->read('got'), $this->read('second')]);
        self::assertSame('', $program->errors());
    }
}
