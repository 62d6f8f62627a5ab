<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * A failed call: getCode() is the error number, $error the same as an enum, and getMessage() the
 * text.
 */
class TftpServerException extends \RuntimeException
{
    /** The error number as an enum; null for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(string $message = '', int $code = 0, ?\Throwable $previous = null)
    {
        parent::__construct($message, $code, $previous);
        $this->error = ErrorCode::tryFrom($code);
    }
}
