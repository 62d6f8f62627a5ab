<?php

declare(strict_types=1);

namespace TftpServer\Tests;

use TftpServer\Server;

abstract class TestCase extends \PHPUnit\Framework\TestCase
{
    /** A directory of this test's own. */
    protected string $directory;

    protected function setUp(): void
    {
        $this->directory = sys_get_temp_dir() . '/tftpserver-php-' . bin2hex(random_bytes(6));
        mkdir($this->directory . '/served', 0700, true);
    }

    protected function tearDown(): void
    {
        $files = new \RecursiveIteratorIterator(
            new \RecursiveDirectoryIterator($this->directory, \FilesystemIterator::SKIP_DOTS),
            \RecursiveIteratorIterator::CHILD_FIRST,
        );
        foreach ($files as $file) {
            $file->isDir() && !$file->isLink() ? rmdir($file->getPathname()) : unlink($file->getPathname());
        }
        rmdir($this->directory);
    }

    /** A server on a port of its own; it serves nothing yet. */
    protected function server(?string $localDir = null): Server
    {
        return new Server($localDir, 0, '127.0.0.1');
    }

    /** One that serves the directory served/. */
    protected function serving(): Server
    {
        $server = $this->server($this->directory . '/served');
        $server->startListening();

        return $server;
    }

    /** Writes a file of random bytes below the test's directory and returns them. */
    protected function file(string $name, int $length): string
    {
        $bytes = $length === 0 ? '' : random_bytes($length);
        file_put_contents("{$this->directory}/{$name}", $bytes);

        return $bytes;
    }

    protected function read(string $name): string
    {
        return file_get_contents("{$this->directory}/{$name}");
    }

    /** Skips the test if a client is missing, unless all clients are required. */
    protected static function needs(string $program): void
    {
        if (getenv('TFTP_CLIENTS_REQUIRED') === false && (new Process(['sh', '-c', "command -v {$program}"]))->wait() !== 0) {
            self::markTestSkipped("{$program} is missing");
        }
    }

    protected function curl(Server|int $to, string $name, string ...$more): Process
    {
        self::needs('curl');
        $port = $to instanceof Server ? $to->getLocalPort() : $to;
        $got = "{$this->directory}/got";

        return new Process(['curl', '-sS', '--max-time', '25', ...($more ?: ['-o', $got]), "tftp://127.0.0.1:{$port}/{$name}"]);
    }

    protected function upload(Server|int $to, string $file, string $name): Process
    {
        return $this->curl($to, $name, '-T', "{$this->directory}/{$file}");
    }

    /** Delivers events until it is done. */
    protected function deliver(Server $server, callable $done, string $what = 'what the test waits for'): void
    {
        Wait::until($done, $what, 30, static fn () => $server->doEvents());
    }

    /** Delivers events until a client has ended, and then those that are left; its exit status. */
    protected function finish(Server $server, Process $client): int
    {
        $this->deliver($server, static fn (): bool => $client->isOver() && $server->getConnCount() === 0, 'the client');
        // Delivers the last events.
        $server->doEvents();

        return $client->wait();
    }

    /** @param list<string> $options for the interpreter */
    protected function php(string $program, array $options = [], array $environment = []): Process
    {
        $program = '<?php require ' . var_export(dirname(__DIR__) . '/autoload.php', true) . ";\n" . $program;

        return new Process([PHP_BINARY, '-d', 'display_errors=stderr', '-d', 'log_errors=0', ...$options], $program, null, $environment);
    }

    /**
     * Runs a program whose interpreter preloads the package, as an unprivileged user: PHP loads no
     * scope for root.
     */
    protected function preloading(string $program, string $library): Process
    {
        chmod($this->directory, 0755);
        $package = "{$this->directory}/package";
        (new Process(['sh', '-c', 'cp -r "$0" "$2" && cp "$1" "$2/library.so" && chmod -R a+rX "$2"', dirname(__DIR__), $library, $package]))->wait();
        $command = [PHP_BINARY, '-d', 'display_errors=stderr', '-d', 'opcache.enable_cli=1', '-d', "opcache.preload={$package}/preload.php"];
        if (posix_geteuid() === 0) {
            $command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...$command];
        }

        return new Process($command, '<?php ' . $program, '/', ['TFTPSERVER_LIBRARY' => "{$package}/library.so"]);
    }
}
