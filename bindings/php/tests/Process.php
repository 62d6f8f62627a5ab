<?php

declare(strict_types=1);

namespace TftpServer\Tests;

/** A program that runs beside the test; killed when it goes out of use. */
final class Process
{
    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes;

    private ?int $status = null;

    /** @var array<int, string> What it wrote, by descriptor. */
    private array $written = [1 => '', 2 => ''];

    /** @param list<string> $command */
    public function __construct(private readonly array $command, string $input = '', ?string $directory = null, array $environment = [])
    {
        $pipes = [];
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes, $directory, $environment + getenv());
        if ($process === false) {
            throw new \RuntimeException("cannot run {$command[0]}");
        }
        $this->process = $process;
        fwrite($pipes[0], $input);
        fclose($pipes[0]);
        unset($pipes[0]);
        $this->pipes = $pipes;
        array_map(static fn ($pipe) => stream_set_blocking($pipe, false), $pipes);
    }

    public function __destruct()
    {
        if (!$this->isOver()) {
            proc_terminate($this->process, 9);
        }
        array_map(fclose(...), $this->pipes);
        proc_close($this->process);
    }

    public function isOver(): bool
    {
        foreach ($this->pipes as $number => $pipe) {
            $this->written[$number] .= stream_get_contents($pipe);
        }
        if ($this->status === null) {
            $status = proc_get_status($this->process);
            if ($status['running']) {
                return false;
            }
            $this->status = $status['signaled'] ? 128 + $status['termsig'] : $status['exitcode'];
            foreach ($this->pipes as $number => $pipe) {
                $this->written[$number] .= stream_get_contents($pipe);
            }
        }

        return true;
    }

    /** Waits for its end; its exit status, 128 and more for a signal. */
    public function wait(float $seconds = 30): int
    {
        Wait::until(fn (): bool => $this->isOver(), implode(' ', $this->command) . ' to end', $seconds);

        return $this->status;
    }

    /** Waits for text on its output. */
    public function waitFor(string $pattern, float $seconds = 30): array
    {
        Wait::until(function () use ($pattern): bool {
            return $this->isOver() || preg_match($pattern, $this->written[1]) === 1;
        }, $pattern, $seconds);
        if (preg_match($pattern, $this->written[1], $match) !== 1) {
            throw new \RuntimeException("ended without {$pattern}: " . $this->output() . $this->errors());
        }

        return $match;
    }

    public function signal(int $number): void
    {
        proc_terminate($this->process, $number);
    }

    public function output(): string
    {
        $this->isOver();

        return $this->written[1];
    }

    public function errors(): string
    {
        $this->isOver();

        return $this->written[2];
    }
}
