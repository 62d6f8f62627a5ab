<?php

declare(strict_types=1);

namespace TftpServer;

/** The direction of a transfer. */
enum Direction: int
{
    /** The client sends the file. */
    case Upload = 0;

    /** The server sends the file. */
    case Download = 1;
}
