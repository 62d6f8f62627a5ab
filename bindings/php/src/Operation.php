<?php

declare(strict_types=1);

namespace TftpServer;

/** What a client asks for. */
enum Operation: int
{
    /** To read a file (RRQ). */
    case Read = 1;

    /** To write a file (WRQ). */
    case Write = 2;
}
