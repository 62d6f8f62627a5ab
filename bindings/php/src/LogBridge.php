<?php

declare(strict_types=1);

namespace TftpServer;

use Psr\Log\LoggerInterface;

/**
 * Passes Log events to a PSR-3 logger.
 *
 * @internal
 */
final class LogBridge
{
    /** The PSR-3 level of each LogType; others have "debug". */
    private const LEVELS = ['Error' => 'error', 'Info' => 'info'];

    public static function write(LoggerInterface $logger, LogEvent $e): void
    {
        $logger->log(self::LEVELS[$e->logType] ?? 'debug', $e->message, [
            'connection' => $e->connectionId === 0 ? null : $e->connectionId,
            'type' => $e->logType,
            'level' => $e->logLevel,
        ]);
    }
}
