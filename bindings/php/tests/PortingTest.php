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
        $methods += ['doConfig' => 1, 'doEvents' => 0, 'doStartListening' => 0, 'doStopListening' => 0, 'lastError' => 0, 'lastErrorCode' => 0, 'VERSION' => 0];
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
                fn () => ipworks_tftpserver_register_callback($res, 1, 'no such function'), fn () => ipworks_tftpserver_register_callback($res, 9, 'strlen'),
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
            '903' => fn () => $server->getConnRemoteHost(0),
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
