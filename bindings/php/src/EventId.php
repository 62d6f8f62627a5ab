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
    /** A connection was accepted (status 0), or failed (its error number). */
    public const CONNECTED = 1;

    /** A client asks for a file: accept or refuse. */
    public const CONNECTION_REQUEST = 2;

    /** A connection ended. */
    public const DISCONNECTED = 3;

    /** A file was transferred whole. */
    public const END_TRANSFER = 4;

    /** Something failed. */
    public const ERROR = 5;

    /** A log message. */
    public const LOG = 6;

    /** A transfer begins. */
    public const START_TRANSFER = 7;

    /** A block was transferred. */
    public const TRANSFER = 8;

    /** A download that the program feeds has room for more data. */
    public const DATA_WANTED = 9;
}
