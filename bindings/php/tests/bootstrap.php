<?php

declare(strict_types=1);

require dirname(__DIR__) . '/autoload.php';

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'TftpServer\\Tests\\')) {
        require __DIR__ . '/' . substr($class, strlen('TftpServer\\Tests\\')) . '.php';
    }
});

fwrite(STDERR, 'libtftpserver ' . TftpServer\Library::version() . ', PHP ' . PHP_VERSION . "\n");
