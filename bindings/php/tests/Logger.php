<?php

declare(strict_types=1);

namespace TftpServer\Tests;

/** Keeps what it logs, by level. */
final class Logger extends \Psr\Log\AbstractLogger
{
    /** @var array<string, list<array{string, array<string, mixed>}>> */
    public array $records = [];

    public function log($level, $message, array $context = []): void
    {
        $this->records[$level][] = [(string) $message, $context];
    }

    /** @return list<string> */
    public function levels(): array
    {
        $levels = array_keys($this->records);
        sort($levels);

        return $levels;
    }
}
