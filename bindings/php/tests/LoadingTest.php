<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\Library;

/** Every way to the library, and every way not to get there. */
final class LoadingTest extends TestCase
{
    private const OPEN = '
        try {
            new TftpServer\Server();
            echo "opened";
        } catch (TftpServer\TftpServerException $e) {
            echo $e->getCode(), " ", $e->getMessage();
        }';

    /** The output of a program that only opens a server. */
    private function open(array $options = [], array $environment = []): string
    {
        $process = $this->php(self::OPEN, $options, $environment);
        self::assertSame(0, $process->wait(), $process->errors());
        self::assertSame('', $process->errors());

        return $process->output();
    }

    public function testWhatIsMadeFromTheHeaderIsCurrent(): void
    {
        $process = new Process([PHP_BINARY, dirname(__DIR__) . '/bin/make-ffi-header.php', '--check']);
        self::assertSame(0, $process->wait(), $process->errors());
    }

    public function testTheDefinitionHasNoDirectives(): void
    {
        $text = file_get_contents(dirname(__DIR__) . '/include/tftpserver_ffi.h');
        self::assertDoesNotMatchRegularExpression('/#|__attribute__|extern|\/\*|\/\//', $text);
        // Every function of the header is there.
        preg_match_all('/\b(tftpserver_\w+)\(/', $text, $found);
        $exports = preg_grep('/^tftpserver_/', array_map('trim', file(dirname(__DIR__, 3) . '/c-tests/exports.txt')));
        sort($exports);
        sort($found[1]);
        self::assertSame($exports, $found[1]);
    }

    public function testWithoutAnySetting(): void
    {
        self::assertSame('opened', $this->open());
    }

    public function testTheExtensionIsMissing(): void
    {
        $process = new Process([PHP_BINARY, '-n', '-r', 'echo (int) extension_loaded("ffi");']);
        $process->wait();
        if ($process->output() !== '0') {
            self::markTestSkipped('ext-ffi is built into this PHP');
        }
        self::assertSame('909 The PHP extension ffi is missing: install it, and enable it in php.ini (extension=ffi).', $this->open(['-n']));
    }

    /** @dataProvider off */
    public function testTheExtensionIsSwitchedOff(string $value): void
    {
        self::assertSame('909 The PHP extension ffi is switched off: set ffi.enable=true (or preload) in php.ini.', $this->open(['-d', "ffi.enable={$value}"]));
    }

    public static function off(): array
    {
        return [['false'], ['0'], ['off']];
    }

    public function testTheLibraryIsNotThere(): void
    {
        $says = $this->open([], ['TFTPSERVER_LIBRARY' => '/no/such/libtftpserver.so.0']);
        self::assertStringStartsWith('909 libtftpserver was not found: ', $says);
        self::assertStringContainsString('/no/such/libtftpserver.so.0', $says);
        self::assertStringContainsString('TFTPSERVER_LIBRARY', $says);
    }

    public function testTheNameOfTheLibraryOnEverySystem(): void
    {
        $names = [];
        foreach (['Linux', 'BSD', 'Darwin', 'Windows'] as $family) {
            $names[] = Library::fileName($family);
        }
        self::assertSame(['libtftpserver.so.0', 'libtftpserver.so.0', 'libtftpserver.0.dylib', 'tftpserver.dll'], $names);
    }

    public function testThePathHasSpacesAndOtherLetters(): void
    {
        $library = realpath((string) getenv('TFTPSERVER_LIBRARY'));
        $path = "{$this->directory}/Bibliothèque d'ici.so";
        symlink($library, $path);
        self::assertSame('opened', $this->open([], ['TFTPSERVER_LIBRARY' => $path]));
    }

    public function testTheLibraryIsFoundBySoname(): void
    {
        $library = realpath((string) getenv('TFTPSERVER_LIBRARY'));
        symlink($library, "{$this->directory}/libtftpserver.so.0");
        self::assertSame('opened', $this->open([], ['TFTPSERVER_LIBRARY' => '', 'LD_LIBRARY_PATH' => $this->directory]));
    }

    public function testTheLibraryIsFoundInThePackage(): void
    {
        $copy = "{$this->directory}/package";
        (new Process(['cp', '-r', dirname(__DIR__), $copy]))->wait();
        @mkdir("{$copy}/lib");
        copy((string) getenv('TFTPSERVER_LIBRARY'), "{$copy}/lib/libtftpserver.so.0");
        $process = new Process(
            [PHP_BINARY],
            '<?php require ' . var_export("{$copy}/autoload.php", true) . ';' . self::OPEN . 'echo strstr(file_get_contents("/proc/self/maps"), "package/lib/") ? " here" : " elsewhere";',
            null,
            ['TFTPSERVER_LIBRARY' => ''],
        );
        self::assertSame(0, $process->wait(), $process->errors());
        self::assertSame('opened here', $process->output());
    }

    public function testALibraryThatIsNone(): void
    {
        $other = OldLibrary::build($this->directory, null);
        $says = $this->open([], ['TFTPSERVER_LIBRARY' => $other]);
        self::assertStringStartsWith("909 {$other} is no libtftpserver " . Library::NEEDS . ' or newer: ', $says);
        file_put_contents("{$this->directory}/text.so", 'no library at all');
        self::assertStringStartsWith('909 libtftpserver was not found: ', $this->open([], ['TFTPSERVER_LIBRARY' => "{$this->directory}/text.so"]));
    }

    public function testALibraryThatOnlyClaimsToBeNewEnough(): void
    {
        $other = OldLibrary::build($this->directory, '9.0.0');
        self::assertStringStartsWith("909 {$other} is no libtftpserver ", $this->open([], ['TFTPSERVER_LIBRARY' => $other]));
    }

    /** A web server, where FFI is for preloaded scripts only. */
    private function web(array $options = [], array $environment = []): Process
    {
        file_put_contents("{$this->directory}/index.php", '<?php
            require_once ' . var_export(dirname(__DIR__) . '/autoload.php', true) . ';
            header("Content-Type: text/plain");
            putenv("TFTPSERVER_LIBRARY=" . ($_GET["library"] ?? getenv("TFTPSERVER_LIBRARY")));
            try {
                $server = new TftpServer\Server($_GET["directory"], 0, "127.0.0.1");
                $names = [];
                $server->onConnectionRequest(function ($e) use (&$names) { $names[] = $e->filename; });
                $server->onTransfer(function ($e) use (&$got) { $got = $e->text; });
                $server->startListening();
                $port = $server->getLocalPort();
                $client = proc_open(["curl", "-sS", "-o", "/dev/null", "tftp://127.0.0.1:$port/file"], [], $pipes);
                while ($got === null) {
                    $server->doEvents();
                }
                proc_close($client);
                echo implode($names), " ", $got, " ", (new ReflectionClass($server))->isInternal() ? "" : PHP_SAPI;
            } catch (TftpServer\TftpServerException $e) {
                echo $e->getCode(), " ", $e->getMessage();
            }');
        $port = self::freePort();
        $process = new Process([PHP_BINARY, '-d', 'ffi.enable=preload', '-d', 'opcache.enable=1', '-d', 'opcache.enable_cli=1', ...$options,
            '-S', "127.0.0.1:{$port}", '-t', $this->directory], '', null, $environment);
        Wait::until(static fn (): bool => $process->isOver() || @fsockopen('127.0.0.1', $port) !== false, 'the web server');
        self::assertFalse($process->isOver(), $process->errors());
        $this->port = $port;

        return $process;
    }

    private int $port;

    private static function freePort(): int
    {
        $socket = stream_socket_server('tcp://127.0.0.1:0');

        return (int) substr((string) strrchr(stream_socket_get_name($socket, false), ':'), 1);
    }

    private function page(string $more = ''): string
    {
        return file_get_contents("http://127.0.0.1:{$this->port}/?directory=" . urlencode("{$this->directory}/served") . $more);
    }

    public function testPreloadedInAWebServer(): void
    {
        if (!extension_loaded('Zend OPcache')) {
            self::markTestSkipped('opcache is missing');
        }
        file_put_contents("{$this->directory}/served/file", 'hello');
        $user = posix_getpwuid(posix_geteuid())['name'];
        $web = $this->web(['-d', 'opcache.preload=' . dirname(__DIR__) . '/preload.php', '-d', "opcache.preload_user={$user}"]);
        // Twice: what is preloaded outlives a request.
        self::assertSame('file hello cli-server', $this->page(), $web->errors());
        self::assertSame('file hello cli-server', $this->page(), $web->errors());
        self::assertFalse($web->isOver());
    }

    public function testAScopeThatPhpIniPreloadsInAWebServer(): void
    {
        if (!extension_loaded('Zend OPcache')) {
            self::markTestSkipped('opcache is missing');
        }
        file_put_contents("{$this->directory}/served/file", 'hello');
        symlink(realpath((string) getenv('TFTPSERVER_LIBRARY')), "{$this->directory}/libtftpserver.so.0");
        $package = dirname(__DIR__);
        $user = posix_getpwuid(posix_geteuid())['name'];
        $web = $this->web([
            '-d', "opcache.preload={$package}/preload.php", '-d', "opcache.preload_user={$user}", '-d', "ffi.preload={$package}/include/tftpserver_preload.h",
        ], ['LD_LIBRARY_PATH' => $this->directory]);
        // The request would find no library of its own.
        self::assertSame('file hello cli-server', $this->page('&library=/none'), $web->errors());
    }

    public function testPreloadedAsAScope(): void
    {
        if (!extension_loaded('Zend OPcache')) {
            self::markTestSkipped('opcache is missing');
        }
        // No autoloader, and no way to the library: both were there before the program began.
        $process = $this->preloading('putenv("TFTPSERVER_LIBRARY=/none"); $server = new TftpServer\Server(); $server->onLog(fn () => null); $server->doEvents();
            echo get_class(FFI::scope("TFTPSERVER")), " ", $server->getLocalPort();', (string) getenv('TFTPSERVER_LIBRARY'));
        self::assertSame(0, $process->wait(), $process->errors());
        self::assertSame('FFI 69', $process->output());
    }

    public function testPreloadingAnOldLibraryFailsAtTheStart(): void
    {
        $process = $this->preloading('echo "never";', OldLibrary::build($this->directory, '0.0.9'));
        self::assertNotSame(0, $process->wait());
        self::assertSame('', $process->output());
        self::assertStringContainsString('libtftpserver 0.0.9', $process->errors());
    }

    public function testNotPreloadedInAWebServer(): void
    {
        $web = $this->web();
        self::assertSame('909 PHP allows FFI to preloaded scripts only here (ffi.enable=preload): set opcache.preload='
            . dirname(__DIR__) . '/preload.php in php.ini, or ffi.enable=true.', $this->page());
        self::assertFalse($web->isOver());
    }

    public function testAScopeThatPhpIniPreloads(): void
    {
        $library = realpath((string) getenv('TFTPSERVER_LIBRARY'));
        symlink($library, "{$this->directory}/libtftpserver.so.0");
        $header = dirname(__DIR__) . '/include/tftpserver_preload.h';
        // The scope is what is used: the environment names no library.
        self::assertSame('opened', $this->open(['-d', "ffi.preload={$header}"], ['LD_LIBRARY_PATH' => $this->directory, 'TFTPSERVER_LIBRARY' => '/none']));
    }
}
