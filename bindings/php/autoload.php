<?php

declare(strict_types=1);

/*
 * The autoloader for programs without Composer: loads the classes of the TftpServer namespace from
 * src/.
 */
spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'TftpServer\\')) {
        $file = __DIR__ . '/src/' . strtr(substr($class, strlen('TftpServer\\')), '\\', '/') . '.php';
        if (is_file($file)) {
            require $file;
        }
    }
});
