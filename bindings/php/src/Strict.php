<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * Makes access to an undefined property an error; PHP would create it or return null.
 *
 * @internal
 */
trait Strict
{
    public function __get(string $name): never
    {
        throw new \Error(sprintf('%s has no property $%s', static::class, $name));
    }

    public function __set(string $name, mixed $value): never
    {
        throw new \Error(sprintf('%s has no property $%s', static::class, $name));
    }
}
