<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The numbers of the properties.
 *
 * Made by bin/make-ffi-header.php from tftpserver.h; not to be edited.
 */
final class Property
{
    /** Text, read-only: the version of the library. */
    public const VERSION = 0;

    /** Integer, read-only: the number of records in the Conn arrays. */
    public const CONN_COUNT = 1;

    /** Text, read-only, indexed: the connection's id as decimal text. */
    public const CONN_CONNECTION_ID = 2;

    /** Binary, indexed: data that is sent in place of a file; empty: none. */
    public const CONN_FILE_DATA = 4;

    /** Text, read-only, indexed: the file name in the client's request. */
    public const CONN_FILENAME = 5;

    /** Text, indexed: the local file that is read or written; any path. */
    public const CONN_LOCAL_FILE = 6;

    /** Text, read-only, indexed: the client's IP address. */
    public const CONN_REMOTE_HOST = 7;

    /** Integer, read-only, indexed: the client's UDP port. */
    public const CONN_REMOTE_PORT = 8;

    /** Text, read-only, indexed: "0" octet, "1" netascii. */
    public const CONN_TRANSFER_MODE = 9;

    /** Boolean: True while the server listens; setting it starts or stops listening. */
    public const LISTENING = 11;

    /** Text: the directory that is served; "": none. */
    public const LOCAL_DIR = 12;

    /** Text: the local address or host name to listen on; "": every address. */
    public const LOCAL_HOST = 13;

    /** Integer: the UDP port to listen on; 0: the system chooses one. */
    public const LOCAL_PORT = 14;

    /** Integer: how many times a packet is retransmitted before the transfer fails. */
    public const MAX_RETRANSMITS = 15;

    /** Integer, seconds: the longest wait before a packet is retransmitted. */
    public const RETRANSMIT_TIMEOUT = 16;

    /**
     * Integer, seconds: inactivity (with AbsoluteTimeout: duration) after which a transfer fails; 0:
     * no limit.
     */
    public const TIMEOUT = 17;

    /** Integer, read-only, indexed: 1 read (RRQ), 2 write (WRQ): TFTPSERVER_OPERATION_.... */
    public const CONN_OPERATION = 18;

    /**
     * Integer, read-only, indexed: bytes that the client has acknowledged (read) or the server has
     * accepted (write).
     */
    public const CONN_BYTES_TRANSFERRED = 19;

    /** Integer, read-only, indexed: bytes of the whole transfer; -1: unknown. */
    public const CONN_TOTAL_BYTES = 20;

    /** Integer, read-only, indexed: bytes per block; 0 before the negotiation. */
    public const CONN_BLOCK_SIZE = 21;

    /** Integer, read-only, indexed: blocks per window; 0 before the negotiation. */
    public const CONN_WINDOW_SIZE = 22;

    /** Integer, read-only, indexed: packets that were retransmitted. */
    public const CONN_RETRANSMISSIONS = 23;

    /**
     * Integer, milliseconds, read-only, indexed: time since the request, final when the transfer has
     * ended.
     */
    public const CONN_ELAPSED_MILLIS = 24;

    /** Text, indexed: the name to look up in LocalDir in place of the client's; "": the client's. */
    public const CONN_SERVED_NAME = 25;

    /**
     * Integer, bytes, indexed: makes the program the source of this download and gives its length; -1:
     * unknown.
     */
    public const CONN_DATA_SIZE = 26;

    /**
     * Text, indexed: downloads with the same key and ConnDataSize share the supplied data; "": not
     * shared.
     */
    public const CONN_DATA_KEY = 27;

    /** Text: stored and returned for programs written for IPWorks; it has no effect. */
    public const RUNTIME_LICENSE = 2011;
}
