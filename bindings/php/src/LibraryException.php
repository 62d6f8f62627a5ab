<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The library cannot be used: ext-ffi is missing or disabled, or libtftpserver was not found or is
 * too old.
 */
final class LibraryException extends TftpServerException
{
    public function __construct(string $message, ?\Throwable $previous = null)
    {
        parent::__construct($message, ErrorCode::NotAvailable->value, $previous);
    }
}
