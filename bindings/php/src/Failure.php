<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * Makes exceptions from error numbers.
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

    /** Returns the exception for the last failed call with this handle. */
    public static function of(Handle $handle): TftpServerException
    {
        return new TftpServerException($handle->lastError(), $handle->lastErrorCode());
    }

    /** Returns the exception for an error number. */
    public static function code(int $code): TftpServerException
    {
        return new TftpServerException(Library::ffi()->tftpserver_strerror($code), $code);
    }
}
