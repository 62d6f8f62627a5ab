<?php

declare(strict_types=1);

namespace TftpServer;

/** Which way a file goes. */
enum Direction: int
{
    /** The client sends. */
    case Upload = 0;

    /** The server sends. */
    case Download = 1;
}
