<?php

declare(strict_types=1);

namespace TftpServer;

/** The transfer mode of RFC 1350. */
enum TransferMode: string
{
    /** The bytes are sent unchanged. */
    case Octet = '0';

    /** The file is text, sent with network line ends. */
    case Netascii = '1';
}
