<?php

declare(strict_types=1);

namespace TftpServer\Tests;

/** Programs written for IPWorks TFTPServer run as they are, in their own directory. */
final class SamplesTest extends TestCase
{
    private int $port;

    private function sample(string ...$command): Process
    {
        return $this->sampleThatReads('', ...$command);
    }

    private function sampleThatReads(string $input, string ...$command): Process
    {
        $process = new Process(
            [PHP_BINARY, '-d', 'error_reporting=-1', '-d', 'display_errors=stderr', '-d', 'log_errors=0', ...$command],
            $input,
            dirname(__DIR__) . '/compat/samples',
        );
        $this->port = (int) $process->waitFor('/^Listening on port (\d+)$/m')[1];

        return $process;
    }

    public function testNoSampleIsLeftOut(): void
    {
        $tried = preg_grep('/^test_/', get_class_methods($this));
        $there = array_map(static fn (string $file): string => 'test_' . basename($file, '.php'), glob(dirname(__DIR__) . '/compat/samples/*.php'));
        sort($tried);
        self::assertSame($there, array_values($tried));
    }

    public function test_serve_directory(): void
    {
        $bytes = $this->file('served/file', 1000);
        $this->file('mine', 100);
        $sample = $this->sample('serve_directory.php', "{$this->directory}/served", '0');
        self::assertSame(0, $this->curl($this->port, 'file')->wait());
        self::assertSame($bytes, $this->read('got'));
        $sample->waitFor('/^Disconnected: 1000001 0 OK$/m');
        self::assertSame(0, $this->upload($this->port, 'mine', 'theirs')->wait());
        $sample->waitFor('/^Disconnected: 1000002 0 OK$/m');
        self::assertSame(68, $this->curl($this->port, 'missing')->wait());
        $sample->waitFor('/^Disconnected: 1000003 127 .*$/m');
        foreach ([
            '/^127\.0\.0\.1:\d+ reads file$/m', '/^Connected: 1000001 0 OK$/m', '/^StartTransfer: 1000001 Download$/m',
            '/^Transfer: 1000001 512 51% 512$/m', '/^Transfer: 1000001 1000 100% 488$/m', '/^EndTransfer: 1000001$/m',
            '/^127\.0\.0\.1:\d+ writes theirs$/m', '/^StartTransfer: 1000002 Upload$/m', '/^Error: 127 /m',
        ] as $line) {
            self::assertMatchesRegularExpression($line, $sample->output());
        }
        // A second one on the same port ends as its author meant it to.
        $second = new Process([PHP_BINARY, 'serve_directory.php', $this->directory, (string) $this->port], '', dirname(__DIR__) . '/compat/samples');
        self::assertSame(0, $second->wait());
        self::assertStringStartsWith('Error: 10048: ', $second->output());
        self::assertStringContainsString('Address already in use', $second->output());
        self::assertSame('', $sample->errors());
    }

    public function test_answer_from_memory(): void
    {
        $sample = $this->sample('answer_from_memory.php');
        self::assertStringStartsWith("Library known, block size 65464\n", $sample->output());
        self::assertSame(0, $this->curl($this->port, 'phone.cfg')->wait());
        self::assertSame("host=127.0.0.1\nfile=phone.cfg\nbytes=\0\1\xff\n", $this->read('got'));
        $sample->waitFor('/^answered 1$/m');
        self::assertSame(69, $this->curl($this->port, 'secret.cfg')->wait());
        $sample->waitFor('/^refused: 10013$/m');
        self::assertStringContainsString("connection 0 is 1000001, mode 0, port known\n", $sample->output());
        self::assertSame('', $sample->errors());
    }

    public function test_tftp_server(): void
    {
        $mine = $this->file('mine', 600);
        $sample = $this->sampleThatReads("{$this->directory}/made\n", 'tftp_server.php', '0');
        self::assertStringStartsWith('Local directory: ', $sample->output());
        self::assertSame(0, $this->upload($this->port, 'mine', 'theirs')->wait());
        self::assertSame($mine, $this->read('made/theirs'));
        self::assertSame(0, $this->curl($this->port, 'theirs')->wait());
        self::assertSame($mine, $this->read('got'));
        self::assertSame(68, $this->curl($this->port, 'missing')->wait());
        $sample->waitFor('/^1000003: disconnected, Can\'t open local file/m');
        foreach (['127.0.0.1: wants to write theirs.', '127.0.0.1: connected, OK', '1000001: 512 bytes.', '1000001: 88 bytes.', '1000001: transferred.', '1000002: disconnected, OK'] as $line) {
            self::assertStringContainsString("{$line}\n", $sample->output());
        }
        self::assertSame('', $sample->errors());
    }

    public function test_procedural(): void
    {
        $bytes = $this->file('served/file', 1000);
        $sample = $this->sample('procedural.php', "{$this->directory}/served");
        self::assertSame(0, $this->curl($this->port, 'file')->wait());
        self::assertSame($bytes, $this->read('got'));
        $sample->waitFor('/^end: 0 OK$/m');
        self::assertStringContainsString("request for file in mode 0\n", $sample->output());
        self::assertSame(69, $this->curl($this->port, 'no')->wait());
        self::assertSame('', $sample->errors());
    }
}
