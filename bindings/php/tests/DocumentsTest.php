<?php

declare(strict_types=1);

namespace TftpServer\Tests;

/**
 * Runs README.md, block by block; the archive; the example. A block that no test runs is a failure.
 */
final class DocumentsTest extends TestCase
{
    /** The method that runs each kind of block, by words that only that kind has. */
    private const BLOCKS = [
        'composer require' => 'composer',
        "'/srv/tftp', localPort: 6969);\n\$server->onDisconnected" => 'minimal',
        'setFileData' => 'decide',
        'hash(' => 'uploads',
        'ErrorCode::' => 'errors',
        'stream_select' => 'eventLoop',
        'Revolt' => 'revolt',
        'setLogger' => 'logger',
        'opcache.preload=' => 'preload',
        'ln -s' => 'linkedInclude',
        'make-archive.php' => 'working',
    ];

    private int $port = 0;

    private ?Process $program = null;

    protected function tearDown(): void
    {
        $this->program = null;
        parent::tearDown();
    }

    /** @dataProvider blocks */
    public function testBlockOfTheReadme(string $kind, string $text): void
    {
        foreach (self::BLOCKS as $words => $method) {
            if (str_contains($text, $words)) {
                $this->{$method}($text, $kind);

                return;
            }
        }
        self::fail("nobody knows how to try this block:\n{$text}");
    }

    public static function blocks(): array
    {
        preg_match_all('/^```(\w*)\n(.*?)^```$/ms', file_get_contents(dirname(__DIR__) . '/README.md'), $found, PREG_SET_ORDER);

        return array_map(static fn (array $block): array => [$block[1], $block[2]], $found);
    }

    public function testNoKindOfBlockIsLeftOver(): void
    {
        self::assertCount(count(self::BLOCKS), self::blocks());
    }

    private function composer(string $text): void
    {
        $this->install($text);
        $this->file('served/file', 10);
        // With Composer's autoloader, and the library that the archive carries.
        $program = new Process([PHP_BINARY], '<?php require "vendor/autoload.php"; echo TftpServer\Library::version(), (new TftpServer\Server())->getLocalPort();'
            . 'echo strstr(file_get_contents("/proc/self/maps"), "tftpserver-php/lib/libtftpserver.so.0") ? " carried" : "";', "{$this->directory}/project", ['TFTPSERVER_LIBRARY' => '']);
        self::assertSame(0, $program->wait(), $program->errors());
        self::assertStringEndsWith('69 carried', $program->output());
        // Files of compat/ find Composer's package, too.
        $program = new Process([PHP_BINARY], '<?php require "vendor/autoload.php"; require "vendor/tftpserver/tftpserver/compat/include/ipworks_tftpserver.php";'
            . 'echo (new IPWorks_TFTPServer())->getTimeout();', "{$this->directory}/project", ['TFTPSERVER_LIBRARY' => '']);
        self::assertSame(0, $program->wait(), $program->errors());
        self::assertSame('60', $program->output());
    }

    /** A project with the package installed by the commands of README.md. */
    private function install(string $commands): void
    {
        if ((new Process(['sh', '-c', 'command -v composer']))->wait() !== 0) {
            self::markTestSkipped('composer is missing');
        }
        mkdir("{$this->directory}/project");
        $archive = new Process([PHP_BINARY, dirname(__DIR__) . '/bin/make-archive.php', "{$this->directory}/project", '--library', getenv('TFTPSERVER_LIBRARY')]);
        self::assertSame(0, $archive->wait(), $archive->errors());
        // A new project has no composer.json. Composer reads this one for every project.
        mkdir("{$this->directory}/home");
        file_put_contents("{$this->directory}/home/config.json", '{"repositories": {"packagist.org": false}}');
        $shell = new Process(['sh', '-euc', $commands], '', "{$this->directory}/project", [
            'COMPOSER_HOME' => "{$this->directory}/home", 'COMPOSER_ALLOW_SUPERUSER' => '1', 'COMPOSER_NO_INTERACTION' => '1', 'COMPOSER_DISABLE_NETWORK' => '1',
        ]);
        self::assertSame(0, $shell->wait(120), $shell->output() . $shell->errors());
        self::assertFileExists("{$this->directory}/project/vendor/tftpserver/tftpserver/composer.json");
    }

    /** Runs a block with a port and a directory of its own. */
    private function start(string $text, string $more = ''): void
    {
        self::assertStringStartsWith("<?php\n", $text);
        $this->port = self::freePort();
        file_put_contents("{$this->directory}/served/hello.txt", "hello\n");
        mkdir("{$this->directory}/vendor");
        $required = array_map(static fn (string $file): string => 'require ' . var_export($file, true) . ';', array_filter([dirname(__DIR__) . '/autoload.php', $more]));
        file_put_contents("{$this->directory}/vendor/autoload.php", '<?php ' . implode($required));
        $text = strtr($text, ['/srv/tftp' => "{$this->directory}/served", '6969' => (string) $this->port]);
        $this->program = new Process([PHP_BINARY, '-d', 'display_errors=stderr', '-d', 'error_reporting=-1', '-d', 'log_errors=0'], $text, $this->directory);
    }

    /**
     * A port that is free, below those that the system gives away: none of these is taken before
     * the program listens.
     */
    private static function freePort(): int
    {
        do {
            $port = random_int(10_000, 19_999);
            $socket = @stream_socket_server("udp://0.0.0.0:{$port}", $code, $error, STREAM_SERVER_BIND);
        } while ($socket === false);

        return $port;
    }

    /**
     * Sends a request when the program listens: an earlier curl would wait for seconds before it
     * retransmits.
     */
    private function fetch(string $name): int
    {
        Wait::until(function (): bool {
            self::assertFalse($this->program->isOver(), $this->program->errors());

            return $this->isBound($this->port);
        }, 'the program to listen');

        return $this->curl($this->port, $name)->wait();
    }

    /** Whether any program holds the port; trying to bind it would keep the program from it. */
    private function isBound(int $port): bool
    {
        $sockets = file_get_contents('/proc/net/udp') . file_get_contents('/proc/net/udp6');

        return preg_match(sprintf('/^ *\d+: [0-9A-F]+:%04X /m', $port), $sockets) === 1;
    }

    private function minimal(string $text): void
    {
        $this->start($text);
        self::assertSame(0, $this->fetch('hello.txt'));
        self::assertSame("hello\n", $this->read('got'));
        $this->program->waitFor('/^connection \d+: OK$/m');
    }

    private function decide(string $text): void
    {
        $this->start($text);
        self::assertSame(0, $this->fetch('phone-1'));
        self::assertSame("server = 192.0.2.1\nasked by 127.0.0.1\n", $this->read('got'));
        self::assertSame(69, $this->fetch('other'));
        self::assertSame('', $this->program->errors());
    }

    private function uploads(string $text): void
    {
        $this->start($text);
        self::assertSame(68, $this->fetch('nothing'));
        $bytes = $this->file('mine', 100_000);
        self::assertSame(0, $this->upload($this->port, 'mine', 'theirs')->wait());
        self::assertSame(hash('sha256', $bytes), $this->program->waitFor('/^sha256 (\w+)$/m')[1]);
        $this->file('large', 1_100_000);
        self::assertNotSame(0, $this->upload($this->port, 'large', 'theirs')->wait());
        self::assertSame('', $this->program->errors());
    }

    private function errors(string $text): void
    {
        $this->start($text);
        self::assertSame(0, $this->program->wait(), $this->program->errors());
        self::assertStringStartsWith('in use: ', $this->program->output());
    }

    private function eventLoop(string $text): void
    {
        $this->start($text);
        self::assertSame(0, $this->fetch('hello.txt'));
        $this->program->waitFor('/^hello\.txt done$/m');
        self::assertSame('', $this->program->errors());
    }

    private function revolt(string $text): void
    {
        $this->start($text, getenv('REVOLT_AUTOLOAD') ?: __DIR__ . '/RevoltStandIn.php');
        self::assertSame([0, 69], [$this->fetch('hello.txt'), $this->fetch('other')]);
        self::assertSame("hello\n", $this->read('got'));
        self::assertSame('', $this->program->errors());
    }

    private function logger(string $text): void
    {
        if (!interface_exists(\Psr\Log\LoggerInterface::class)) {
            self::markTestSkipped('php-psr-log is missing');
        }
        $text = preg_replace('/setLogger\((.*)\);/', 'setLogger(new class() extends Psr\Log\AbstractLogger {
            public function log($level, $message, array $context = []): void { echo "{$level}: {$message}\n"; }
        });', $text);
        $this->start($text, '/usr/share/php/Psr/Log/autoload.php');
        self::assertSame(0, $this->fetch('hello.txt'));
        $this->program->waitFor('/^info: Listening on /m');
        $this->program->waitFor('/^debug: .*hello\.txt/m');
    }

    private function preload(string $text): void
    {
        self::assertSame(['opcache.preload' => '/path/to/vendor/tftpserver/tftpserver/preload.php'], parse_ini_string($text));
        $program = $this->preloading('echo (int) class_exists("TftpServer\Server", false), (new TftpServer\Server())->getLocalPort();', (string) getenv('TFTPSERVER_LIBRARY'));
        self::assertSame(0, $program->wait(), $program->errors());
        self::assertSame('169', $program->output());
    }

    private function linkedInclude(string $text): void
    {
        $this->install(self::blocks()[0][1]);
        mkdir("{$this->directory}/project/programs");
        copy(dirname(__DIR__) . '/compat/samples/serve_directory.php', "{$this->directory}/project/programs/serve_directory.php");
        $shell = new Process(['sh', '-euc', $text], '', "{$this->directory}/project");
        self::assertSame(0, $shell->wait(), $shell->errors());
        $this->file('served/file', 10);
        $program = new Process([PHP_BINARY, 'serve_directory.php', "{$this->directory}/served", '0'], '', "{$this->directory}/project/programs", ['TFTPSERVER_LIBRARY' => '']);
        $port = (int) $program->waitFor('/^Listening on port (\d+)$/m')[1];
        self::assertSame(0, $this->curl($port, 'file')->wait());
    }

    private function working(string $text): void
    {
        // In a copy: these commands write.
        $root = "{$this->directory}/root";
        mkdir("{$root}/bindings", 0755, true);
        $source = dirname(__DIR__, 3);
        $text = strtr($text, ['phpunit --filter LoadingTest' => 'phpunit --filter testWithoutAnySetting']);
        $shell = new Process(['sh', '-euc', 'cp -R "$1/include" "$1/Cargo.toml" "$1"/LICENSE-* "$2" && mkdir "$2/c-tests" && cp "$1/c-tests/exports.txt" "$2/c-tests"
            cp -R "$1/bindings/php" "$2/bindings" && cd "$2/bindings/php"
            ' . $text, 'sh', $source, $root], '', null, ['LIBRARY' => getenv('TFTPSERVER_LIBRARY')]);
        self::assertSame(0, $shell->wait(), $shell->output() . $shell->errors());
        self::assertCount(1, glob("{$root}/bindings/php/dist/tftpserver-php-*.tar.gz"));
    }

    public function testTheArchiveIsTheSameEachTime(): void
    {
        foreach (['one', 'two'] as $name) {
            $make = new Process([PHP_BINARY, dirname(__DIR__) . '/bin/make-archive.php', "{$this->directory}/{$name}"]);
            self::assertSame(0, $make->wait(), $make->errors());
        }
        [$one, $two] = [glob("{$this->directory}/one/*"), glob("{$this->directory}/two/*")];
        self::assertSame(hash_file('sha256', $one[0]), hash_file('sha256', $two[0]));
        $list = new Process(['tar', 'tzf', $one[0]]);
        $list->wait();
        self::assertStringNotContainsString('/tests/', $list->output());
        self::assertStringContainsString('/compat/samples/', $list->output());
        self::assertStringContainsString('/LICENSE-MIT', $list->output());
    }

    public function testComposerFindsThePackageValid(): void
    {
        $composer = new Process(['composer', 'validate', '--strict', '--no-check-publish', '--no-check-lock', dirname(__DIR__) . '/composer.json'], '', null,
            ['COMPOSER_ALLOW_SUPERUSER' => '1', 'COMPOSER_HOME' => $this->directory, 'COMPOSER_DISABLE_NETWORK' => '1']);
        if ($composer->wait() === 127) {
            self::markTestSkipped('composer is missing');
        }
        self::assertSame(0, $composer->wait(), $composer->output() . $composer->errors());
    }

    public function testTheExample(): void
    {
        $this->file('served/file', 2000);
        $program = new Process([PHP_BINARY, dirname(__DIR__) . '/examples/serve.php', "{$this->directory}/served", '0']);
        $port = (int) $program->waitFor('/^serving .*:(\d+)$/m')[1];
        self::assertSame(0, $this->curl($port, 'file')->wait());
        $program->waitFor('/reads file: begins$/m');
        $program->waitFor('/reads file: 2000 bytes, OK$/m');
        self::assertSame(68, $this->curl($port, 'missing')->wait());
        $program->waitFor('/reads missing: error 127: /m');
        if (extension_loaded('pcntl')) {
            $program->signal(15);
            self::assertSame(0, $program->wait(), $program->errors());
            self::assertStringEndsWith("stopped\n", $program->output());
        }
    }

    public function testEveryFileCompiles(): void
    {
        $files = new \RegexIterator(new \RecursiveIteratorIterator(new \RecursiveDirectoryIterator(dirname(__DIR__), \FilesystemIterator::SKIP_DOTS)), '/\.php$/');
        $names = array_map(strval(...), iterator_to_array($files, false));
        self::assertNotEmpty($names);
        $lint = new Process(['sh', '-c', 'for file; do "$0" -d error_reporting=-1 -d display_errors=1 -l "$file" || exit 1; done', PHP_BINARY, ...$names]);
        self::assertSame(0, $lint->wait(120), $lint->output());
        self::assertDoesNotMatchRegularExpression('/Deprecated|Warning|Notice/', $lint->output());
    }
}
