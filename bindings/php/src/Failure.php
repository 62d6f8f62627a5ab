<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * Codes to exceptions.
 *
 * @internal
 */
final class Failure
{
    public static function check(Handle $handle, int $code): void
    {
        if ($code !== 0) {
            throw self::of($handle);
        }
    }

    /** The exception that the last call with this handle ended in. */
    public static function of(Handle $handle): TftpServerException
    {
        return new TftpServerException($handle->lastError(), $handle->lastErrorCode());
    }

    /** The exception of a number alone. */
    public static function code(int $code): TftpServerException
    {
        return new TftpServerException(Library::ffi()->tftpserver_strerror($code), $code);
    }
}
