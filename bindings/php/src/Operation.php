<?php

declare(strict_types=1);

namespace TftpServer;

/** The operation that a client requests. */
enum Operation: int
{
    /** To read a file (RRQ). */
    case Read = 1;

    /** To write a file (WRQ). */
    case Write = 2;
}
