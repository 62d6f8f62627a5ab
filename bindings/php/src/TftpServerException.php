<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * A call that failed: getCode() is the error's number, one of ErrorCode, and getMessage() its sentence.
 */
class TftpServerException extends \RuntimeException
{
}
