<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The numbers of the events.
 *
 * Made by bin/make-ffi-header.php from tftpserver.h; not to be edited.
 */
final class EventId
{
    /** A connection was accepted (status 0), or refused (error number). */
    public const CONNECTED = 1;

    /** A client requests a transfer: accept or refuse it. */
    public const CONNECTION_REQUEST = 2;

    /** A connection ended. */
    public const DISCONNECTED = 3;

    /** A transfer is complete. */
    public const END_TRANSFER = 4;

    /** A transfer or request failed. */
    public const ERROR = 5;

    /** A log message. */
    public const LOG = 6;

    /** A transfer begins. */
    public const START_TRANSFER = 7;

    /** A block was transferred. */
    public const TRANSFER = 8;

    /** A download that the program supplies needs more data. */
    public const DATA_WANTED = 9;
}
