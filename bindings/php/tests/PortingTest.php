<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\Library;

/** The procedural functions and the class IPWorks_TFTPServer. */
final class PortingTest extends TestCase
{
    public static function setUpBeforeClass(): void
    {
        require_once dirname(__DIR__) . '/compat/include/ipworks_tftpserver.php';
        require_once dirname(__DIR__) . '/compat/include/ipworks_const.php';
    }

    /** @return mixed a handle that serves the directory served/ */
    private function listening(): mixed
    {
        $res = ipworks_tftpserver_open();
        self::assertSame(0, ipworks_tftpserver_set($res, 13, '127.0.0.1'));
        self::assertSame(0, ipworks_tftpserver_set($res, 14, 0));
        self::assertSame(0, ipworks_tftpserver_set($res, 12, "{$this->directory}/served"));
        self::assertSame(0, ipworks_tftpserver_do_startlistening($res));

        return $res;
    }

    private function pump(mixed $res, Process $client, callable $done): int
    {
        Wait::until(static fn (): bool => $client->isOver() && $done(), 'the client', 30, static fn () => ipworks_tftpserver_do_doevents($res));

        return $client->wait();
    }

    public function testNothingLoadsThemByItself(): void
    {
        $process = $this->php('
            new TftpServer\Server();
            echo (int) function_exists("ipworks_tftpserver_open"), (int) class_exists("IPWorks_TFTPServer");');
        self::assertSame(0, $process->wait(), $process->errors());
        self::assertSame('00', $process->output());
        $package = json_decode(file_get_contents(dirname(__DIR__) . '/composer.json'), true, 512, JSON_THROW_ON_ERROR);
        self::assertSame(['psr-4' => ['TftpServer\\' => 'src/']], $package['autoload']);
    }

    public function testEveryFunctionAndMethodOfTheSpecification(): void
    {
        foreach (['open' => 0, 'close' => 1, 'register_callback' => 3, 'get_last_error' => 1, 'get_last_error_code' => 1, 'set' => 3, 'get' => 2,
            'do_config' => 2, 'do_doevents' => 1, 'do_startlistening' => 1, 'do_stoplistening' => 1] as $name => $required) {
            self::assertSame($required, (new \ReflectionFunction("ipworks_tftpserver_{$name}"))->getNumberOfRequiredParameters(), $name);
        }
        $methods = [];
        foreach (['ConnCount', 'ConnConnectionId', 'ConnFileData', 'ConnFilename', 'ConnLocalFile', 'ConnRemoteHost', 'ConnRemotePort', 'ConnTransferMode',
            'Listening', 'LocalDir', 'LocalHost', 'LocalPort', 'MaxRetransmits', 'RetransmitTimeout', 'Timeout'] as $property) {
            $indexed = (int) (str_starts_with($property, 'Conn') && $property !== 'ConnCount');
            $methods["get{$property}"] = $indexed;
            if (!$indexed && $property !== 'ConnCount' || in_array($property, ['ConnFileData', 'ConnLocalFile'], true)) {
                $methods["set{$property}"] = $indexed + 1;
            }
        }
        foreach (['Connected', 'ConnectionRequest', 'Disconnected', 'EndTransfer', 'Error', 'Log', 'StartTransfer', 'Transfer'] as $event) {
            $methods["fire{$event}"] = 1;
        }
        $methods += ['doConfig' => 1, 'doEvents' => 0, 'doStartListening' => 0, 'doStopListening' => 0, 'lastError' => 0, 'lastErrorCode' => 0, 'VERSION' => 0, 'getRuntimeLicense' => 0, 'setRuntimeLicense' => 1];
        foreach ($methods as $name => $count) {
            $method = new \ReflectionMethod('IPWorks_TFTPServer', $name);
            self::assertSame([true, $count], [$method->isPublic(), $method->getNumberOfParameters()], $name);
        }
    }

    public function testDefaultsAreOfTheSpecificationsTypes(): void
    {
        $res = ipworks_tftpserver_open('a key');
        $defaults = [1 => 0, 11 => false, 12 => '', 13 => '', 14 => 69, 15 => 3, 16 => 5, 17 => 60];
        foreach ($defaults as $id => $value) {
            self::assertSame($value, ipworks_tftpserver_get($res, $id), (string) $id);
        }
        self::assertSame(Library::version(), ipworks_tftpserver_get($res, 0));
        self::assertSame(0, ipworks_tftpserver_close($res));
    }

    public function testFailuresAreCodesAndTexts(): void
    {
        $res = ipworks_tftpserver_open();
        $calls = [
            902 => [fn () => ipworks_tftpserver_get($res, 3), fn () => ipworks_tftpserver_get($res, 99), fn () => ipworks_tftpserver_set($res, 10, 1),
                fn () => ipworks_tftpserver_get($res, 'LocalPort'), fn () => ipworks_tftpserver_set($res, [], 1), fn () => ipworks_tftpserver_get($res, PHP_INT_MAX)],
            903 => [fn () => ipworks_tftpserver_get($res, 7, 0), fn () => ipworks_tftpserver_get($res, 7, 'x'), fn () => ipworks_tftpserver_set($res, 4, 'x', [])],
            904 => [fn () => ipworks_tftpserver_set($res, 1, 5), fn () => ipworks_tftpserver_do_config($res, 'BuildInfo=x')],
            905 => [fn () => ipworks_tftpserver_set($res, 14, 'x'), fn () => ipworks_tftpserver_set($res, 14, 70000), fn () => ipworks_tftpserver_set($res, 14, []),
                fn () => ipworks_tftpserver_set($res, 12, new \stdClass()), fn () => ipworks_tftpserver_set($res, 12, "a\0b"),
                fn () => ipworks_tftpserver_register_callback($res, 1, 'no such function'), fn () => ipworks_tftpserver_register_callback($res, 10, 'strlen'),
                fn () => ipworks_tftpserver_do_config($res, [])],
            906 => [fn () => ipworks_tftpserver_do_config($res, 'Nothing')],
        ];
        foreach ($calls as $code => $group) {
            foreach ($group as $number => $call) {
                self::assertContains($call(), [$code, null], "{$code}, {$number}");
                self::assertSame($code, ipworks_tftpserver_get_last_error_code($res), "{$code}, {$number}");
                self::assertNotSame('', ipworks_tftpserver_get_last_error($res));
                // And a success puts it back.
                self::assertSame(69, ipworks_tftpserver_get($res, 14));
                self::assertSame([0, ''], [ipworks_tftpserver_get_last_error_code($res), ipworks_tftpserver_get_last_error($res)]);
            }
        }
    }

    /** @dataProvider handlesThatAreNone */
    public function testWhatIsNoHandle(callable $make): void
    {
        $res = $make();
        self::assertSame(901, ipworks_tftpserver_set($res, 14, 0));
        self::assertNull(ipworks_tftpserver_get($res, 14));
        self::assertNull(ipworks_tftpserver_do_config($res, 'LogLevel'));
        foreach (['do_doevents', 'do_startlistening', 'do_stoplistening', 'do_shutdown', 'get_last_error_code', 'close'] as $name) {
            self::assertSame(901, ("ipworks_tftpserver_{$name}")($res), $name);
        }
        self::assertSame(901, ipworks_tftpserver_register_callback($res, 1, 'strlen'));
        self::assertStringContainsString('Not a handle', ipworks_tftpserver_get_last_error($res));
    }

    public static function handlesThatAreNone(): array
    {
        return [
            'null' => [static fn () => null],
            'number' => [static fn () => 5],
            'array' => [static fn () => []],
            'object' => [static fn () => new \stdClass()],
            'closed' => [static function () {
                $res = ipworks_tftpserver_open();
                ipworks_tftpserver_close($res);

                return $res;
            }],
        ];
    }

    public function testParametersHaveTheSpecificationsKeys(): void
    {
        $this->file('served/file', 10);
        $res = $this->listening();
        $seen = [];
        for ($id = 1; $id <= 8; ++$id) {
            ipworks_tftpserver_register_callback($res, $id, static function ($param) use ($id, &$seen) {
                $seen[$id] = $param;
            });
        }
        self::assertSame(0, $this->pump($res, $this->curl(ipworks_tftpserver_get($res, 14), 'file'), static function () use (&$seen): bool {
            return isset($seen[3]);
        }));
        $this->pump($res, $this->curl(ipworks_tftpserver_get($res, 14), 'missing'), static function () use (&$seen): bool {
            return isset($seen[5]);
        });
        $keys = [
            1 => ['connectionid', 'statuscode', 'description'],
            2 => ['remotehost', 'remoteport', 'filename', 'transfermode', 'operation', 'accept'],
            3 => ['connectionid', 'statuscode', 'description'],
            4 => ['connectionid', 'direction'],
            5 => ['errorcode', 'description'],
            6 => ['connectionid', 'loglevel', 'message', 'logtype'],
            7 => ['connectionid', 'direction'],
            8 => ['connectionid', 'direction', 'bytestransferred', 'percentdone', 'text'],
        ];
        foreach ($keys as $id => $names) {
            self::assertSame($names, array_slice(array_keys($seen[$id]), 0, count($names)), (string) $id);
        }
        self::assertSame([true, '0', 1], [$seen[2]['accept'], $seen[2]['transfermode'], $seen[2]['operation']]);
        self::assertSame(127, $seen[5]['errorcode']);
    }

    /** @dataProvider answers */
    public function testHowACallbackAnswers(callable $callback, bool $accepted): void
    {
        $this->file('served/file', 10);
        $res = $this->listening();
        $statuses = [];
        ipworks_tftpserver_register_callback($res, 2, $callback);
        ipworks_tftpserver_register_callback($res, 1, static function ($param) use (&$statuses): void {
            $statuses[] = $param['statuscode'];
        });
        $this->pump($res, $this->curl(ipworks_tftpserver_get($res, 14), 'file'), static function () use (&$statuses): bool {
            return $statuses !== [];
        });
        self::assertSame([$accepted ? 0 : 10013], $statuses);
    }

    public static function answers(): array
    {
        $answer = static fn (mixed $value): callable => static function ($param) use ($value) {
            $param['accept'] = $value;

            return $param;
        };

        return [
            'nothing' => [static function ($param): void {
            }, true],
            'unchanged' => [static fn ($param) => $param, true],
            'no array' => [static fn ($param) => 0, true],
            'an array without it' => [static fn ($param) => [], true],
            'false' => [$answer(false), false],
            'zero' => [$answer(0), false],
            'text' => [$answer('False'), false],
            'true' => [$answer(true), true],
            'changed but not returned' => [static function ($param): void {
                $param['accept'] = false;
            }, true],
            'by reference' => [static function (&$param): void {
                $param['accept'] = false;
            }, false],
        ];
    }

    public function testDataAndFilesFromACallback(): void
    {
        $this->file('outside', 100);
        $bytes = implode('', array_map(chr(...), range(0, 255)));
        $res = $this->listening();
        $ends = 0;
        ipworks_tftpserver_register_callback($res, 1, function ($param) use ($res, $bytes): void {
            $id = $param['connectionid'];
            if (ipworks_tftpserver_get($res, 5, $id) === 'data') {
                self::assertSame(0, ipworks_tftpserver_set($res, 4, $bytes, $id));
                self::assertSame($bytes, ipworks_tftpserver_get($res, 4, 0));
            } else {
                self::assertSame(0, ipworks_tftpserver_set($res, 6, "{$this->directory}/outside", $id));
            }
            self::assertSame((string) $id, ipworks_tftpserver_get($res, 2, 0));
            self::assertIsInt(ipworks_tftpserver_get($res, 8, 0));
        });
        ipworks_tftpserver_register_callback($res, 3, static function () use (&$ends): void {
            ++$ends;
        });
        foreach (['data' => $bytes, 'file' => $this->read('outside')] as $name => $expected) {
            $before = $ends;
            self::assertSame(0, $this->pump($res, $this->curl(ipworks_tftpserver_get($res, 14), $name), static function () use (&$ends, $before): bool {
                return $ends > $before;
            }));
            self::assertSame($expected, $this->read('got'));
        }
        ipworks_tftpserver_close($res);
    }

    public function testWhatACallbackThrowsComesOutOfDoEvents(): void
    {
        $this->file('served/file', 10);
        $res = $this->listening();
        ipworks_tftpserver_register_callback($res, 1, static fn () => throw new \DomainException('thrown'));
        $client = $this->curl(ipworks_tftpserver_get($res, 14), 'file');
        $this->expectExceptionMessage('thrown');
        $this->pump($res, $client, static fn () => false);
    }

    public function testCloseInACallback(): void
    {
        $this->file('served/file', 10);
        $res = $this->listening();
        $client = $this->curl(ipworks_tftpserver_get($res, 14), 'file');
        $code = null;
        ipworks_tftpserver_register_callback($res, 1, static function () use ($res, &$code): void {
            $code = ipworks_tftpserver_close($res);
        });
        Wait::until(static fn (): bool => $client->isOver(), 'the client', 30, static fn () => ipworks_tftpserver_do_doevents($res));
        self::assertSame(0, $code);
        self::assertSame(901, ipworks_tftpserver_do_doevents($res));
    }

    public function testTheClassThrowsNumberAndSentence(): void
    {
        $server = new \IPWorks_TFTPServer();
        foreach ([
            '905' => fn () => $server->setLocalPort('x'),
            '903' => fn () => $server->setConnLocalFile(0, '/x'),
            '906' => fn () => $server->doConfig('Nothing=1'),
        ] as $code => $call) {
            try {
                $call();
                self::fail((string) $code);
            } catch (\Exception $e) {
                self::assertSame(\Exception::class, $e::class);
                self::assertMatchesRegularExpression("/^{$code}: \\S/", $e->getMessage());
                self::assertSame($code, $e->getCode());
                self::assertSame($code, $server->lastErrorCode());
                self::assertStringEndsWith($server->lastError(), $e->getMessage());
            }
        }
        $server->setTimeout(10);
        self::assertSame([10, 0, ''], [$server->getTimeout(), $server->lastErrorCode(), $server->lastError()]);
        self::assertSame(Library::version(), $server->VERSION());
    }

    public function testSettersAndMethodsOfTheClassReturnZero(): void
    {
        $server = new \IPWorks_TFTPServer();
        $returned = [
            $server->setLocalHost('127.0.0.1'), $server->setLocalPort(0), $server->setLocalDir("{$this->directory}/served"),
            $server->setMaxRetransmits(4), $server->setRetransmitTimeout(6), $server->setTimeout(30), $server->setRuntimeLicense('x'),
            $server->doStartListening(), $server->doEvents(), $server->doStopListening(), $server->setListening(true), $server->doShutdown(),
        ];
        self::assertSame(array_fill(0, 12, 0), $returned);
        self::assertSame('', $server->doConfig('SelectWaitMillis=1'));
        self::assertSame(30, ipworks_tftpserver_get($server->handle, 17));
    }

    public function testTheRuntimeLicenseIsKept(): void
    {
        $server = new \IPWorks_TFTPServer();
        self::assertSame('', $server->getRuntimeLicense());
        $server->setRuntimeLicense('31484E42');
        self::assertSame('31484E42', $server->getRuntimeLicense());
        $res = ipworks_tftpserver_open();
        self::assertSame([0, '42'], [ipworks_tftpserver_set($res, 2011, '42'), ipworks_tftpserver_get($res, 2011)]);
    }

    public function testAnIndexOfAPropertyThatHasNone(): void
    {
        $res = ipworks_tftpserver_open();
        // As the synopsis of the specification has it: the index before the value.
        self::assertSame(903, ipworks_tftpserver_set($res, 14, 0, 6971));
        self::assertSame([903, 69], [ipworks_tftpserver_get_last_error_code($res), ipworks_tftpserver_get($res, 14)]);
        self::assertSame(0, ipworks_tftpserver_set($res, 14, 6971, 0));
        self::assertSame(6971, ipworks_tftpserver_get($res, 14));
        foreach ([0, 1, 11, 12, 13, 14, 15, 16, 17, 2011] as $id) {
            self::assertNull(ipworks_tftpserver_get($res, $id, 1));
            self::assertSame(903, ipworks_tftpserver_get_last_error_code($res), (string) $id);
        }
        self::assertNull(ipworks_tftpserver_get($res, 99, 1));
        self::assertSame(902, ipworks_tftpserver_get_last_error_code($res));
    }

    public function testRecordsThatAreGone(): void
    {
        $this->file('served/file', 10);
        $server = new class() extends \IPWorks_TFTPServer {
            public array $ids = [];

            public function fireDisconnected($param)
            {
                $this->ids[] = $param['connectionid'];
            }
        };
        $this->serve($server, "{$this->directory}/served");
        $this->deliverTo($server, $this->curl($server->getLocalPort(), 'file'), static fn (): bool => $server->ids !== []);
        $id = $server->ids[0];
        self::assertSame(['', '', '', '', '', 0, ''], [$server->getConnConnectionId($id), $server->getConnFileData($id), $server->getConnFilename($id),
            $server->getConnLocalFile($id), $server->getConnRemoteHost($id), $server->getConnRemotePort($id), $server->getConnTransferMode($id)]);
        self::assertSame('', $server->getConnFilename(0));
        $this->expectExceptionCode(903);
        $server->setConnLocalFile($id, '/x');
    }

    public function testAnUploadThatNothingStoresIsRefused(): void
    {
        $this->file('mine', 2000);
        $server = new class() extends \IPWorks_TFTPServer {
            public array $ends = [];

            public function fireDisconnected($param)
            {
                $this->ends[] = $param['statuscode'];
            }
        };
        $this->serve($server);
        $client = $this->upload($server->getLocalPort(), 'mine', 'theirs');
        self::assertNotSame(0, $this->deliverTo($server, $client, static fn (): bool => $server->ends !== []));
        self::assertSame([126], $server->ends);
    }

    public function testAnUploadGoesToAHandlerOfTheProgram(): void
    {
        $bytes = $this->file('mine', 2000);
        $server = $this->progress();
        $this->serve($server);
        $client = $this->upload($server->getLocalPort(), 'mine', 'theirs');
        self::assertSame(0, $this->deliverTo($server, $client, static fn (): bool => $server->ends !== []));
        self::assertSame([[0], $bytes], [$server->ends, $server->text]);
    }

    /** @dataProvider directoriesThatAreNone */
    public function testALocalDirThatIsNotValidIsNoSink(string $value): void
    {
        $bytes = $this->file('mine', 2000);
        $value = strtr($value, ['MINE' => "{$this->directory}/mine"]);
        $server = $this->progress();
        try {
            $server->setLocalDir($value);
            self::assertSame('', $value);
        } catch (\Exception $e) {
            self::assertSame(905, $e->getCode());
        }
        $this->serve($server);
        // Uploads and downloads fail, until LocalDir is valid.
        $client = $this->upload($server->getLocalPort(), 'mine', 'theirs');
        self::assertNotSame(0, $this->deliverTo($server, $client, static fn (): bool => count($server->ends) === 1));
        $client = $this->curl($server->getLocalPort(), 'file');
        self::assertNotSame(0, $this->deliverTo($server, $client, static fn (): bool => count($server->ends) === 2));
        self::assertSame([[127, 127], ''], [$server->ends, $server->text]);
        // Where a handler supplies a file, it goes there.
        $server->file = "{$this->directory}/chosen";
        $client = $this->upload($server->getLocalPort(), 'mine', 'theirs');
        self::assertSame(0, $this->deliverTo($server, $client, static fn (): bool => count($server->ends) === 3));
        self::assertSame($bytes, $this->read('chosen'));
        $server->file = '';
        $server->setLocalDir("{$this->directory}/served");
        $client = $this->upload($server->getLocalPort(), 'mine', 'theirs');
        self::assertSame(0, $this->deliverTo($server, $client, static fn (): bool => count($server->ends) === 4));
        self::assertSame([[127, 127, 0, 0], $bytes, $bytes . $bytes], [$server->ends, $this->read('served/theirs'), $server->text]);
    }

    public static function directoriesThatAreNone(): array
    {
        return ['empty' => [''], 'a file' => ['MINE'], 'no path' => ["a\0b"]];
    }

    public function testALocalDirThatIsNotValidIsNoSinkOfTheFunctionsEither(): void
    {
        $this->file('mine', 2000);
        $res = ipworks_tftpserver_open();
        ipworks_tftpserver_set($res, 13, '127.0.0.1');
        ipworks_tftpserver_set($res, 14, 0);
        self::assertSame(905, ipworks_tftpserver_set($res, 12, "{$this->directory}/mine"));
        $ends = $starts = [];
        ipworks_tftpserver_register_callback($res, 8, static fn ($param) => self::fail('the handler watches progress'));
        ipworks_tftpserver_register_callback($res, 7, static function ($param) use (&$starts): void {
            $starts[] = $param['direction'];
        });
        ipworks_tftpserver_register_callback($res, 3, static function ($param) use (&$ends): void {
            $ends[] = $param['statuscode'];
        });
        self::assertSame(0, ipworks_tftpserver_do_startlistening($res));
        $client = $this->upload(ipworks_tftpserver_get($res, 14), 'mine', 'theirs');
        self::assertNotSame(0, $this->pump($res, $client, static function () use (&$ends): bool {
            return $ends !== [];
        }));
        self::assertSame([[127], [0]], [$ends, $starts]);
        // Nothing waits for events any more when all callbacks are gone.
        foreach ([3, 7, 8] as $id) {
            ipworks_tftpserver_register_callback($res, $id, null);
        }
        $this->file('served/file', 10);
        ipworks_tftpserver_set($res, 12, "{$this->directory}/served");
        self::assertSame(0, $this->curl(ipworks_tftpserver_get($res, 14), 'file')->wait());
    }

    public function testALocalDirThatDoesNotExistYet(): void
    {
        $bytes = $this->file('served/file', 10);
        $server = $this->progress();
        $server->setLocalDir("{$this->directory}/served");
        $later = "{$this->directory}/later";
        self::assertSame([0, $later], [$server->setLocalDir($later), $server->getLocalDir()]);
        foreach ([fn () => $this->serve($server), fn () => $server->setListening(true)] as $listen) {
            try {
                $listen();
                self::fail('there is no such directory');
            } catch (\Exception $e) {
                self::assertSame([905, false, $later], [$e->getCode(), $server->getListening(), $server->getLocalDir()]);
            }
        }
        mkdir($later);
        rename("{$this->directory}/served/file", "{$later}/file");
        $this->serve($server);
        self::assertSame(0, $this->deliverTo($server, $this->curl($server->getLocalPort(), 'file'), static fn (): bool => $server->ends !== []));
        self::assertSame([$bytes, realpath($later)], [$this->read('got'), realpath($server->getLocalDir())]);
        // While it listens, LocalDir is looked at when it is set.
        $this->expectExceptionCode(905);
        $server->setLocalDir("{$this->directory}/never");
    }

    public function testTheFilenameIsKnownBesideFileData(): void
    {
        $server = new class() extends \IPWorks_TFTPServer {
            public array $seen = [];

            public array $ends = [];

            public function fireConnected($param)
            {
                $this->setConnFileData($param['connectionid'], 'made up');
                $this->seen = [$this->getConnFilename($param['connectionid']), $this->getConnFileData($param['connectionid'])];
            }

            public function fireDisconnected($param)
            {
                $this->ends[] = $param['statuscode'];
            }
        };
        $this->serve($server);
        self::assertSame(0, $this->deliverTo($server, $this->curl($server->getLocalPort(), 'asked-for'), static fn (): bool => $server->ends !== []));
        self::assertSame(['asked-for', 'made up'], $server->seen);
    }

    public function testWhatNetasciiCounts(): void
    {
        file_put_contents("{$this->directory}/served/file", "one\ntwo\n");
        file_put_contents("{$this->directory}/mine", "three\r\nfour\r\n");
        $server = new class() extends \IPWorks_TFTPServer {
            public array $seen = [];

            public array $ends = [];

            public function fireTransfer($param)
            {
                $this->seen[] = [$param['direction'], $param['bytestransferred'], $param['text']];
            }

            public function fireDisconnected($param)
            {
                $this->ends[] = $param['statuscode'];
            }
        };
        $this->serve($server, "{$this->directory}/served");
        $client = $this->curl($server->getLocalPort(), 'file;mode=netascii', '-o', "{$this->directory}/got");
        self::assertSame(0, $this->deliverTo($server, $client, static fn (): bool => count($server->ends) === 1));
        self::assertSame("one\r\ntwo\r\n", $this->read('got'), 'curl translates nothing');
        $client = $this->upload($server->getLocalPort(), 'mine', 'theirs;mode=netascii');
        self::assertSame(0, $this->deliverTo($server, $client, static fn (): bool => count($server->ends) === 2));
        self::assertSame("three\nfour\n", $this->read('served/theirs'));
        self::assertSame([[1, 10, "one\r\ntwo\r\n"], [0, 11, "three\nfour\n"]], $server->seen);
    }

    public function testAHandlerThatIsAGeneratorIsAnError(): void
    {
        $this->file('served/file', 10);
        $server = new class() extends \IPWorks_TFTPServer {
            public function fireConnectionRequest($param)
            {
                $param['accept'] = false;
                yield $param;
            }
        };
        $this->serve($server, "{$this->directory}/served");
        $client = $this->curl($server->getLocalPort(), 'file', '-o', '/dev/null');
        $thrown = null;
        Wait::until(static fn (): bool => $client->isOver(), 'the client', 30, static function () use ($server, &$thrown): void {
            try {
                $server->doEvents();
            } catch (\TypeError $thrown) {
            }
        });
        self::assertNotSame(0, $client->wait());
        self::assertStringContainsString('generator', (string) $thrown?->getMessage());
    }

    public function testHandlersOfTheClassMaySuspendTheirFiber(): void
    {
        $bytes = $this->file('served/file', 10);
        $server = new class() extends \IPWorks_TFTPServer {
            public function fireConnectionRequest($param)
            {
                $param['accept'] = \Fiber::suspend($param['filename']);

                return $param;
            }
        };
        $this->serve($server, "{$this->directory}/served");
        $clients = [$this->curl($server->getLocalPort(), 'file'), $this->curl($server->getLocalPort(), 'refused', '-o', '/dev/null')];
        $fibers = [];
        Wait::until(static function () use (&$fibers): bool {
            return count($fibers) === 2;
        }, 'both requests', 30, static function () use ($server, &$fibers): void {
            $fiber = new \Fiber($server->doEvents(...));
            if (($name = $fiber->start()) !== null && !$fiber->isTerminated()) {
                $fibers[$name] = $fiber;
            }
        });
        $fibers['refused']->resume(false);
        $fibers['file']->resume(true);
        Wait::until(static fn (): bool => $clients[0]->isOver() && $clients[1]->isOver(), 'the clients', 30, static fn () => $server->doEvents());
        self::assertSame([0, 69, $bytes], [$clients[0]->wait(), $clients[1]->wait(), $this->read('got')]);
    }

    /** A program that watches progress, and may choose the file of uploads. */
    private function progress(): \IPWorks_TFTPServer
    {
        return new class() extends \IPWorks_TFTPServer {
            public array $ends = [];

            public string $text = '';

            public string $file = '';

            public function fireConnected($param)
            {
                if ($this->file !== '') {
                    $this->setConnLocalFile($param['connectionid'], $this->file);
                }
            }

            public function fireTransfer($param)
            {
                $this->text .= $param['text'];
            }

            public function fireDisconnected($param)
            {
                $this->ends[] = $param['statuscode'];
            }
        };
    }

    private function serve(\IPWorks_TFTPServer $server, ?string $directory = null): void
    {
        $server->setLocalHost('127.0.0.1');
        $server->setLocalPort(0);
        if ($directory !== null) {
            $server->setLocalDir($directory);
        }
        $server->doStartListening();
    }

    /** Delivers events until a client has ended and it is done; the client's exit status. */
    private function deliverTo(\IPWorks_TFTPServer $server, Process $client, callable $done): int
    {
        Wait::until(static fn (): bool => $client->isOver() && $done(), 'the client', 30, static fn () => $server->doEvents());

        return $client->wait();
    }

    public function testTheClassGoesOutOfUseAtOnce(): void
    {
        $server = new \IPWorks_TFTPServer();
        $server->setLocalHost('127.0.0.1');
        $server->setLocalPort(0);
        $server->doStartListening();
        $port = $server->getLocalPort();
        unset($server);
        $again = new \IPWorks_TFTPServer();
        $again->setLocalHost('127.0.0.1');
        $again->setLocalPort($port);
        $again->doStartListening();
        self::assertTrue($again->getListening());
        $again->doStopListening();
        self::assertFalse($again->getListening());
    }

    public function testConstants(): void
    {
        self::assertSame([14, 8, 10048, 1, 2], [TFTPSERVER_PROPERTY_LOCAL_PORT, TFTPSERVER_EVENT_TRANSFER, TFTPSERVER_ERROR_ADDRESS_IN_USE,
            TFTPSERVER_DIRECTION_DOWNLOAD, TFTPSERVER_OPERATION_WRITE]);
        $header = file_get_contents(dirname(__DIR__, 3) . '/include/tftpserver.h');
        preg_match_all('/#define (TFTPSERVER_(?:EVENT|PROPERTY|ERROR|DIRECTION|OPERATION)_\w+) (\d+)/', $header, $found, PREG_SET_ORDER);
        self::assertGreaterThan(100, count($found));
        foreach ($found as [, $name, $number]) {
            self::assertSame((int) $number, constant($name), $name);
        }
    }

    public function testLinkedElsewhere(): void
    {
        mkdir("{$this->directory}/program");
        symlink(dirname(__DIR__) . '/compat/include', "{$this->directory}/include");
        file_put_contents("{$this->directory}/program/program.php", "<?php
            require_once('../include/ipworks_tftpserver.php');
            require_once('../include/ipworks_const.php');
            \$server = new IPWorks_TFTPServer();
            echo \$server->getLocalPort();");
        $process = new Process([PHP_BINARY, 'program.php'], '', "{$this->directory}/program");
        self::assertSame(0, $process->wait(), $process->errors());
        self::assertSame('69', $process->output());
        unlink("{$this->directory}/include");
    }
}
