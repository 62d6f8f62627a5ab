<?php

declare(strict_types=1);

namespace TftpServer;

/** How the bytes of a file travel. */
enum TransferMode: string
{
    /** As they are. */
    case Octet = '0';

    /** As text, with the line ends of the network. */
    case Netascii = '1';
}
