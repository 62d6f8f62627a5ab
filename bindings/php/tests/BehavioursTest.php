<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\ConnectedEvent;
use TftpServer\ConnectionRequestEvent;
use TftpServer\Direction;
use TftpServer\DisconnectedEvent;
use TftpServer\ErrorEvent;
use TftpServer\Event;
use TftpServer\Library;
use TftpServer\LibraryException;
use TftpServer\Operation;
use TftpServer\Server;
use TftpServer\TftpServerException;
use TftpServer\TransferEvent;
use TftpServer\TransferMode;

/** bindings/behaviours.json: what every language must show. */
final class BehavioursTest extends TestCase
{
    public function testEveryBehaviourHasItsTest(): void
    {
        $table = json_decode(file_get_contents(dirname(__DIR__, 2) . '/behaviours.json'), true, 512, JSON_THROW_ON_ERROR);
        $names = array_column($table['behaviours'], 'name');
        $tests = preg_grep('/^test_/', get_class_methods($this));
        sort($names);
        sort($tests);
        self::assertSame($names, array_map(static fn (string $test): string => substr($test, 5), $tests));
    }

    public function test_download_from_local_dir(): void
    {
        $bytes = $this->file('served/file', 1_000_000);
        $server = $this->serving();
        self::assertSame(0, $this->curl($server, 'file')->wait());
        self::assertSame($bytes, $this->read('got'));
    }

    public function test_upload_to_local_dir(): void
    {
        $bytes = $this->file('mine', 1_000_000);
        $server = $this->serving();
        self::assertSame(0, $this->upload($server, 'mine', 'theirs')->wait());
        self::assertSame($bytes, $this->read('served/theirs'));
    }

    public function test_download_with_a_window(): void
    {
        self::needs('atftp');
        $bytes = $this->file('served/file', 3_000_000);
        $server = $this->serving();
        $blocks = 0;
        $server->onTransfer(static function (TransferEvent $e) use (&$blocks): void {
            ++$blocks;
        });
        $client = new Process(['atftp', '--option', 'blksize 1428', '--option', 'windowsize 16', '--get', '--remote-file', 'file',
            '--local-file', "{$this->directory}/got", '127.0.0.1', (string) $server->getLocalPort()]);
        self::assertSame(0, $this->finish($server, $client), $client->errors());
        self::assertSame($bytes, $this->read('got'));
        self::assertSame(intdiv(3_000_000, 1428) + 1, $blocks);
    }

    public function test_missing_file(): void
    {
        $server = $this->serving();
        $errors = $ends = [];
        $server->onError(static function (ErrorEvent $e) use (&$errors): void {
            $errors[] = $e->errorCode;
        });
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$ends): void {
            $ends[] = $e->statusCode;
        });
        $client = $this->curl($server, 'missing');
        self::assertSame(68, $this->finish($server, $client), 'curl says 68 for ERROR 1');
        $this->deliver($server, static fn (): bool => $ends !== []);
        self::assertSame([[127], [127]], [$errors, $ends]);
    }

    public function test_refuse_a_request(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $statuses = $ends = [];
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e): void {
            $e->accept = false;
        });
        $server->onConnected(static function (ConnectedEvent $e) use (&$statuses): void {
            $statuses[] = $e->statusCode;
        });
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$ends): void {
            $ends[] = $e->statusCode;
        });
        $client = $this->curl($server, 'file');
        self::assertSame(69, $this->finish($server, $client), 'curl says 69 for ERROR 2');
        // A second one, whole, proves that nothing of the first comes late.
        $server->onConnectionRequest(null);
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        $this->deliver($server, static fn (): bool => $ends !== []);
        self::assertSame([[10013, 0], [0]], [$statuses, $ends]);
    }

    public function test_data_from_the_application(): void
    {
        $bytes = implode('', array_map(chr(...), range(0, 255))) . random_bytes(5000) . "\0";
        $server = $this->serving();
        $kept = null;
        $server->onConnected(static function (ConnectedEvent $e, Server $server) use ($bytes, &$kept): void {
            $server->getConnection($e->connectionId)->setFileData($bytes);
            $kept = $server->getConnection($e->connectionId)->getFileData();
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'anything')));
        self::assertSame($bytes, $this->read('got'));
        self::assertSame($bytes, $kept);
    }

    public function test_file_chosen_by_the_application(): void
    {
        $bytes = $this->file('outside', 70_000);
        $server = $this->serving();
        $path = "{$this->directory}/outside";
        $server->onConnected(static function (ConnectedEvent $e, Server $server) use ($path): void {
            $server->getConnection($e->connectionId)->setLocalFile($path);
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'anything')));
        self::assertSame($bytes, $this->read('got'));
    }

    public function test_name_chosen_by_the_application(): void
    {
        $bytes = $this->file('served/chosen', 70_000);
        $server = $this->serving();
        $name = 'chosen';
        $server->onConnected(static function (ConnectedEvent $e, Server $server) use (&$name): void {
            $server->getConnection($e->connectionId)->setServedName($name);
            self::assertSame($name, $server->getConnection($e->connectionId)->getServedName());
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'anything')));
        self::assertSame($bytes, $this->read('got'));
        $name = '../outside';
        self::assertSame(69, $this->finish($server, $this->curl($server, 'anything')));
    }

    public function test_upload_through_transfer_alone(): void
    {
        $bytes = $this->file('mine', 300_000);
        $server = $this->server();
        $server->startListening();
        $got = '';
        $server->onTransfer(static function (TransferEvent $e) use (&$got): void {
            $got .= $e->text;
        });
        self::assertSame(0, $this->finish($server, $this->upload($server, 'mine', 'theirs')));
        self::assertSame($bytes, $got);
        self::assertSame(['.', '..'], scandir("{$this->directory}/served"));
    }

    public function test_nobody_answers(): void
    {
        $server = $this->server();
        $server->startListening();
        self::assertSame(68, $this->curl($server, 'file')->wait(), 'curl says 68 for ERROR 1');
    }

    public function test_order_of_events(): void
    {
        $this->file('served/file', 2000);
        $server = $this->serving();
        $events = $statuses = [];
        $note = static function (Event $e) use (&$events, &$statuses): void {
            $name = substr((string) strrchr($e::class, '\\'), 1, -5);
            if (end($events) !== $name) {
                $events[] = $name;
            }
            if (isset($e->statusCode)) {
                $statuses[] = [$e->statusCode, $e->description];
            }
        };
        $server->onConnectionRequest($note)->onConnected($note)->onStartTransfer($note);
        $server->onTransfer($note)->onEndTransfer($note)->onDisconnected($note);
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        $this->deliver($server, static fn (): bool => end($events) === 'Disconnected');
        self::assertSame(['ConnectionRequest', 'Connected', 'StartTransfer', 'Transfer', 'EndTransfer', 'Disconnected'], $events);
        self::assertSame([[0, 'OK'], [0, 'OK']], $statuses);
    }

    public function test_fields_of_events(): void
    {
        $this->file('served/file', 2000);
        $server = $this->serving();
        $request = $last = null;
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e) use (&$request): void {
            $request = $e;
        });
        $server->onTransfer(static function (TransferEvent $e) use (&$last): void {
            $last = $e;
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file', '--local-port', '20000-40000', '-o', '/dev/null')));
        self::assertSame(['127.0.0.1', 'file', '127.0.0.1'], [$request->remoteHost, $request->filename, $request->localHost]);
        self::assertTrue($request->remotePort >= 20000 && $request->remotePort <= 40000, (string) $request->remotePort);
        self::assertSame([TransferMode::Octet, '0'], [$request->transferMode, $request->transferMode->value]);
        self::assertSame([Operation::Read, 1], [$request->operation, $request->operation->value]);
        self::assertSame([2000, 100, Direction::Download, 1], [$last->bytesTransferred, $last->percentDone, $last->direction, $last->direction->value]);
        self::assertSame($request->connectionId, $last->connectionId);
    }

    public function test_conn_arrays(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $seen = [];
        $server->onConnected(static function (ConnectedEvent $e, Server $server) use (&$seen): void {
            $seen['count'] = $server->getConnCount();
            foreach ([0, $e->connectionId] as $index) {
                $one = $server->getConnection($index);
                $seen[] = [$one->id === $e->connectionId, $one->getFilename(), $one->getRemoteHost(), $one->getTransferMode()];
            }
            $seen['list'] = array_map(static fn ($one) => $one->id === $e->connectionId, $server->getConnections());
        });
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        $one = [true, 'file', '127.0.0.1', TransferMode::Octet];
        self::assertSame(['count' => 1, 0 => $one, 1 => $one, 'list' => [true]], $seen);
        self::assertSame(0, $server->getConnCount());
        self::assertSame([], $server->getConnections());
        $this->expectExceptionCode(903);
        $server->getConnection(0);
    }

    public function test_answer_given_later(): void
    {
        $fast = $this->file('served/fast', 10);
        $server = $this->serving();
        $asked = null;
        $connected = [];
        $server->onConnectionRequest(static function (ConnectionRequestEvent $e, Server $server) use (&$asked): void {
            if ($e->filename === 'slow') {
                $asked = $server->getConnection($e->connectionId);
                $e->defer();
            }
        });
        $server->onConnected(static function (ConnectedEvent $e) use (&$connected): void {
            $connected[] = $e->connectionId;
        });
        $slow = $this->curl($server, 'slow', '-o', "{$this->directory}/late");
        $this->deliver($server, static function () use (&$asked): bool {
            return $asked !== null;
        });
        $quick = $this->curl($server, 'fast');
        $this->deliver($server, static fn (): bool => $quick->isOver() && $server->getConnCount() === 1);
        self::assertSame([0, $fast], [$quick->wait(), $this->read('got')]);
        self::assertFalse($slow->isOver());
        self::assertNotContains($asked->id, $connected);
        $asked->setFileData('at last')->accept();
        try {
            $asked->refuse();
            self::fail('it was answered before');
        } catch (TftpServerException $e) {
            self::assertSame(130, $e->getCode());
        }
        self::assertSame(0, $this->finish($server, $slow));
        self::assertSame('at last', $this->read('late'));
        self::assertContains($asked->id, $connected);
        $this->expectExceptionCode(903);
        $asked->accept();
    }

    public function test_figures_of_a_transfer(): void
    {
        $this->file('served/file', 1000000);
        $server = $this->serving();
        $seen = [];
        $look = static function (ConnectionRequestEvent|DisconnectedEvent $e, Server $server) use (&$seen): void {
            $one = $server->getConnection($e->connectionId);
            $seen[] = [$one->getOperation(), $one->getBytesTransferred(), $one->getTotalBytes(), $one->getBlockSize(), $one->getWindowSize()];
            self::assertTrue($one->getRetransmissions() >= 0 && $one->getElapsedMillis() >= 0);
        };
        $server->onConnectionRequest($look)->onDisconnected($look);
        self::assertSame(0, $this->finish($server, $this->curl($server, 'file')));
        self::assertSame([[Operation::Read, 0, null, 0, 0], [Operation::Read, 1000000, 1000000, 512, 1]], $seen);
    }

    public function test_several_addresses(): void
    {
        $bytes = $this->file('served/file', 10);
        $server = $this->server($this->directory . '/served');
        $server->config('ListenOn', '127.0.0.1:0');
        $server->startListening();
        $addresses = explode(' ', $server->config('ListenAddresses'));
        self::assertCount(2, $addresses);
        foreach ($addresses as $address) {
            $client = $this->curl((int) substr(strrchr($address, ':'), 1), 'file');
            self::assertSame([0, $bytes], [$this->finish($server, $client), $this->read('got')]);
        }
    }

    public function test_exception_in_a_handler(): void
    {
        // Far more than a server sends before anybody has taken its Transfer events.
        $this->file('served/file', 30_000_000);
        $this->file('served/other', 1000);
        $server = $this->serving();
        $thrown = new \DomainException('what the handler says');
        $ends = [];
        $server->onTransfer(static fn () => throw $thrown);
        $server->onDisconnected(static function (DisconnectedEvent $e) use (&$ends): void {
            $ends[] = $e->statusCode;
        });
        $client = $this->curl($server, 'file');
        $caught = null;
        try {
            $this->finish($server, $client);
        } catch (\DomainException $caught) {
        }
        self::assertSame($thrown, $caught);
        $server->onTransfer(null);
        self::assertNotSame(0, $this->finish($server, $client));
        $this->deliver($server, static fn (): bool => $ends !== []);
        self::assertSame([10053], $ends);
        self::assertSame(0, $this->finish($server, $this->curl($server, 'other')));
    }

    public function test_error_number_and_text(): void
    {
        $first = $this->serving();
        $second = $this->server();
        $second->setLocalPort($first->getLocalPort());
        try {
            $second->startListening();
            self::fail('two servers on one port');
        } catch (TftpServerException $e) {
            self::assertSame(10048, $e->getCode());
            self::assertStringContainsString('Address already in use', $e->getMessage());
        }
        try {
            $first->setLocalPort(6969);
            self::fail('the port changed while listening');
        } catch (TftpServerException $e) {
            self::assertSame(106, $e->getCode());
            self::assertStringContainsString('You cannot change the LocalPort', $e->getMessage());
        }
    }

    public function test_config(): void
    {
        $server = $this->server();
        self::assertSame('', $server->config('MaxBlockSize', 1428));
        self::assertSame('1428', $server->config('maxblocksize'));
        self::assertSame('', $server->config('MAXBLOCKSIZE=1024'));
        self::assertSame('1024', $server->config('MaxBlockSize'));
        $server->config('readonly', true);
        self::assertSame('True', $server->config('ReadOnly'));
        foreach (['NoSuchSetting' => 906, 'NoSuchSetting=1' => 906, 'MaxBlockSize=7' => 905, 'MaxBlockSize=x' => 905, "MaxBlockSize=9\0" => 905] as $text => $code) {
            try {
                $server->config($text);
                self::fail($text);
            } catch (TftpServerException $e) {
                self::assertSame($code, $e->getCode(), $text);
                self::assertNotSame('', $e->getMessage());
            }
        }
        self::assertSame('1024', $server->config('MaxBlockSize'));
    }

    public function test_stop_listening(): void
    {
        $this->file('served/file', 10);
        $server = $this->serving();
        $port = $server->getLocalPort();
        $server->stopListening();
        self::assertFalse($server->isListening());
        // Without an answer the client gives up by itself.
        self::assertContains($this->curl($port, 'file', '--max-time', '2', '-o', '/dev/null')->wait(), [7, 28, 56, 71]);
        $server->setLocalPort($port);
        $server->startListening();
        self::assertSame(0, $this->curl($port, 'file')->wait());
    }

    public function test_close_inside_a_handler(): void
    {
        $this->file('served/file', 30_000_000);
        $server = $this->serving();
        $inside = null;
        $server->onTransfer(static function (TransferEvent $e, Server $server) use (&$inside): void {
            $server->close();
            $inside = $e->connectionId;
        });
        $client = $this->curl($server, 'file');
        try {
            $this->deliver($server, static fn (): bool => false);
        } catch (TftpServerException $e) {
            self::assertSame(901, $e->getCode());
        }
        self::assertSame(1_000_001, $inside);
        self::assertNotSame(0, $client->wait());
    }

    public function test_use_after_close(): void
    {
        $server = $this->serving();
        $server->close();
        $server->close();
        $uses = [
            static fn () => $server->getLocalDir(),
            static fn () => $server->setLocalPort(0),
            static fn () => $server->startListening(),
            static fn () => $server->doEvents(),
            static fn () => $server->onLog(static fn () => null),
            static fn () => $server->config('LogLevel'),
            static fn () => $server->getConnection(0),
            static fn () => $server->getEventStream(),
            static fn () => $server->interrupt(),
        ];
        foreach ($uses as $use) {
            try {
                $use();
                self::fail('a closed server did something');
            } catch (TftpServerException $e) {
                self::assertSame(901, $e->getCode());
                self::assertNotSame('', $e->getMessage());
            }
        }
    }

    public function test_interrupt(): void
    {
        $this->file('served/file', 3000);
        $server = $this->serving();
        $server->config('SelectWaitMillis', 60000);
        // Before: the next DoEvents does not wait.
        $server->interrupt();
        $begin = microtime(true);
        $server->doEvents();
        self::assertLessThan(30, microtime(true) - $begin);
        // Inside a handler: DoEvents returns after it, and what was not delivered waits.
        $calls = 0;
        $server->onTransfer(static function (TransferEvent $e, Server $server) use (&$calls): void {
            ++$calls;
            $server->interrupt();
        });
        $client = $this->curl($server, 'file');
        for ($before = 0; $calls < 6; $before = $calls) {
            $server->doEvents();
            self::assertLessThanOrEqual($before + 1, $calls);
        }
        self::assertSame(0, $client->wait());
        self::assertSame(6, $calls);
    }

    public function test_several_servers(): void
    {
        mkdir("{$this->directory}/other");
        $one = $this->file('served/file', 400_000);
        $two = $this->file('other/file', 500_000);
        $first = $this->serving();
        $second = $this->server("{$this->directory}/other");
        $second->startListening();
        $counts = [0, 0];
        $first->onTransfer(static function (TransferEvent $e) use (&$counts): void {
            $counts[0] = $e->bytesTransferred;
        });
        $second->onTransfer(static function (TransferEvent $e) use (&$counts): void {
            $counts[1] = $e->bytesTransferred;
        });
        $clients = [
            $this->curl($first, 'file', '-o', "{$this->directory}/one"),
            $this->curl($second, 'file', '-o', "{$this->directory}/two"),
        ];
        $done = static function () use ($clients, &$counts): bool {
            return $clients[0]->isOver() && $clients[1]->isOver() && $counts === [400_000, 500_000];
        };
        Wait::until($done, 'both servers to serve', 30, static function () use ($first, $second): void {
            $first->doEvents();
            $second->doEvents();
        });
        self::assertSame([$one, $two], [$this->read('one'), $this->read('two')]);
    }

    public function test_collected_during_a_transfer(): void
    {
        $this->file('served/file', 50_000_000);
        $threads = static fn (): int => count(scandir('/proc/self/task')) - 2;
        $before = $threads();
        $server = $this->serving();
        $moved = 0;
        $server->onTransfer(static function (TransferEvent $e) use (&$moved): void {
            $moved = $e->bytesTransferred;
        });
        $port = $server->getLocalPort();
        $client = $this->curl($server, 'file');
        $this->deliver($server, static function () use (&$moved): bool {
            return $moved > 0;
        });
        $gone = \WeakReference::create($server);
        unset($server);
        self::assertNull($gone->get());
        self::assertNotSame(0, $client->wait());
        self::assertSame($before, $threads());
        $again = $this->server("{$this->directory}/served");
        $again->setLocalPort($port);
        $again->startListening();
        self::assertTrue($again->isListening());
    }

    public function test_fork_after_open(): void
    {
        if (!extension_loaded('pcntl')) {
            self::markTestSkipped('ext-pcntl is missing');
        }
        $bytes = $this->file('served/file', 1_000_000);
        $process = $this->php('
            $server = new TftpServer\Server(' . var_export("{$this->directory}/served", true) . ', 0, "127.0.0.1");
            $server->onTransfer(fn () => null);
            $server->startListening();
            echo "port ", $server->getLocalPort(), "\n";
            $child = pcntl_fork();
            if ($child === 0) {
                foreach ([fn () => $server->getLocalPort(), fn () => $server->doEvents(), fn () => $server->startListening()] as $use) {
                    try { $use(); exit(1); } catch (TftpServer\TftpServerException $e) { if ($e->getCode() !== 901 || $e->getMessage() === "") { exit(2); } }
                }
                $own = new TftpServer\Server(localPort: 0, localHost: "127.0.0.1");
                $own->startListening();
                $own->doEvents();
                $server->close();
                exit(7);
            }
            pcntl_waitpid($child, $status);
            echo "child ", pcntl_wexitstatus($status), "\n";
            $server->onDisconnected(function () use (&$over) { $over = true; });
            while (!isset($over)) {
                $server->doEvents();
            }
            echo "done\n";');
        $port = (int) $process->waitFor('/^port (\d+)$/m')[1];
        $process->waitFor('/^child 7$/m');
        $client = $this->curl($port, 'file');
        self::assertSame(0, $client->wait());
        self::assertSame($bytes, $this->read('got'));
        self::assertSame(0, $process->wait(), $process->errors());
        self::assertStringEndsWith("done\n", $process->output());
    }

    public function test_version_is_checked(): void
    {
        self::assertMatchesRegularExpression('/^\d+\.\d+\.\d+/', Library::version());
        self::assertTrue(version_compare(Library::version(), Library::NEEDS, '>='));
        $old = OldLibrary::build($this->directory, '0.0.9');
        $process = $this->php('
            try {
                new TftpServer\Server();
            } catch (TftpServer\LibraryException $e) {
                echo $e->getCode(), " ", $e->getMessage();
            }', [], ['TFTPSERVER_LIBRARY' => $old]);
        self::assertSame(0, $process->wait(), $process->errors());
        self::assertSame(sprintf('909 libtftpserver 0.0.9 (%s) is older than %s, which this package needs.', $old, Library::NEEDS), $process->output());
        self::assertTrue(is_subclass_of(LibraryException::class, TftpServerException::class));
    }
}
