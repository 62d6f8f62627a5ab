<?php

declare(strict_types=1);

/*
 * The preload script for web servers, where PHP allows FFI only in preloaded scripts
 * (ffi.enable=preload, the default). In php.ini:
 *
 *     opcache.preload=/path/to/vendor/tftpserver/tftpserver/preload.php
 *
 * A program that preloads a file of its own requires this file from there.
 */
require_once __DIR__ . '/autoload.php';

foreach (glob(__DIR__ . '/src/*.php') as $file) {
    class_exists('TftpServer\\' . basename($file, '.php'));
}
TftpServer\Library::preload();
