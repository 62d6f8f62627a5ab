<?php

declare(strict_types=1);

/*
 * For web servers, where PHP allows FFI to preloaded scripts only (ffi.enable=preload, the default). In php.ini:
 *
 *     opcache.preload=/path/to/vendor/tftpserver/tftpserver/preload.php
 *
 * A program that preloads its own file requires this one there.
 */
require_once __DIR__ . '/autoload.php';

foreach (glob(__DIR__ . '/src/*.php') as $file) {
    class_exists('TftpServer\\' . basename($file, '.php'));
}
TftpServer\Library::preload();
