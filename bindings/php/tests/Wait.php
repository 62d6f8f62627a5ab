<?php

declare(strict_types=1);

namespace TftpServer\Tests;

/** Waiting for what a test waits for, never for a time. */
final class Wait
{
    /** @param callable(): bool $done */
    public static function until(callable $done, string $what, float $seconds = 30, ?callable $meanwhile = null): void
    {
        $end = microtime(true) + $seconds;
        while (!$done()) {
            if (microtime(true) > $end) {
                throw new \RuntimeException("waited {$seconds} s in vain for {$what}");
            }
            $meanwhile === null ? usleep(2000) : $meanwhile();
        }
    }
}
