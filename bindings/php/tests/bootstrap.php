<?php

declare(strict_types=1);

require dirname(__DIR__) . '/autoload.php';

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'TftpServer\\Tests\\')) {
        require __DIR__ . '/' . substr($class, strlen('TftpServer\\Tests\\')) . '.php';
    }
});

// Debian's package of psr/log, where Composer has not brought one.
if (!interface_exists(Psr\Log\LoggerInterface::class) && is_file($psr = '/usr/share/php/Psr/Log/autoload.php')) {
    require $psr;
}

fwrite(STDERR, 'libtftpserver ' . TftpServer\Library::version() . ', PHP ' . PHP_VERSION . "\n");
