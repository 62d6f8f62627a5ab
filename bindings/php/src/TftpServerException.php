<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * A call that failed: getCode() is the error's number, $error the same as an enum, and getMessage() its sentence.
 */
class TftpServerException extends \RuntimeException
{
    /** Null for a number that ErrorCode does not have. */
    public readonly ?ErrorCode $error;

    public function __construct(string $message = '', int $code = 0, ?\Throwable $previous = null)
    {
        parent::__construct($message, $code, $previous);
        $this->error = ErrorCode::tryFrom($code);
    }
}
