<?php

/*
 * The numbers of tftpserver.h, for programs written for IPWorks TFTPServer with the line
 * require_once('../include/ipworks_const.php'). They are defined as TFTPSERVER_EVENT_..., TFTPSERVER_PROPERTY_... and
 * TFTPSERVER_ERROR_....
 */

if (!class_exists(TftpServer\Property::class)) {
    require_once dirname(__DIR__, 2) . '/autoload.php';
}

(static function (): void {
    $groups = [
        'EVENT' => TftpServer\EventId::class,
        'PROPERTY' => TftpServer\Property::class,
    ];
    foreach ($groups as $group => $class) {
        foreach ((new ReflectionClass($class))->getConstants() as $name => $number) {
            if (!defined("TFTPSERVER_{$group}_{$name}")) {
                define("TFTPSERVER_{$group}_{$name}", $number);
            }
        }
    }
    $enums = ['ERROR' => TftpServer\ErrorCode::class, 'DIRECTION' => TftpServer\Direction::class, 'OPERATION' => TftpServer\Operation::class];
    foreach ($enums as $group => $enum) {
        foreach ($enum::cases() as $case) {
            $words = preg_replace('/(?<!^)(?=[A-Z])/', '_', $case->name);
            if (!defined($name = "TFTPSERVER_{$group}_" . strtoupper($words))) {
                define($name, $case->value);
            }
        }
    }
})();
