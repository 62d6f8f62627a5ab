<?php

declare(strict_types=1);

/*
 * The procedural functions ipworks_tftpserver_..., for programs written for IPWorks TFTPServer. Opt-in: a program has
 * to load this file, so that it never conflicts with the vendor's own.
 *
 * A function that fails returns an error number, or null if it returns a value otherwise. The error is available from
 * ipworks_tftpserver_get_last_error_code and ipworks_tftpserver_get_last_error. The only exceptions are those of
 * callbacks: ipworks_tftpserver_do_doevents throws them.
 */

use TftpServer\ErrorCode;
use TftpServer\EventId;
use TftpServer\Parameters;
use TftpServer\PortedHandle;
use TftpServer\Property;

if (!class_exists(PortedHandle::class)) {
    require_once dirname(__DIR__) . '/autoload.php';
}

if (function_exists('ipworks_tftpserver_open')) {
    $extension = (new ReflectionFunction('ipworks_tftpserver_open'))->getExtensionName();
    if ($extension !== false) {
        throw new RuntimeException("The functions ipworks_tftpserver_... are those of the extension {$extension} already; leave this file out, or the extension.");
    }

    return;
}

/** Returns a new server. A key is ignored. Throws TftpServer\LibraryException if the library cannot be used. */
function ipworks_tftpserver_open(mixed $key = null): PortedHandle
{
    return new PortedHandle();
}

/** Closes a server; inside a callback, as soon as DoEvents has returned. */
function ipworks_tftpserver_close(mixed $res): int
{
    return $res instanceof PortedHandle ? $res->close() : ErrorCode::NotAHandle->value;
}

/** Registers a callback, which takes an array of the event's parameters and returns it, changed or not, or nothing. */
function ipworks_tftpserver_register_callback(mixed $res, mixed $id, mixed $function): int
{
    if (!$res instanceof PortedHandle) {
        return ErrorCode::NotAHandle->value;
    }
    if (!is_numeric($id) || ($function !== null && !is_callable($function))) {
        return $res->refuse(ErrorCode::InvalidValue->value);
    }

    if ($function === null) {
        return $res->handle((int) $id, null);
    }
    $prepare = (int) $id === EventId::CONNECTION_REQUEST ? Parameters::prepare($function) : null;

    return $res->handle((int) $id, Parameters::handler($function), $prepare);
}

function ipworks_tftpserver_get_last_error(mixed $res): string
{
    return $res instanceof PortedHandle ? $res->lastError() : TftpServer\Failure::code(ErrorCode::NotAHandle->value)->getMessage();
}

function ipworks_tftpserver_get_last_error_code(mixed $res): int
{
    return $res instanceof PortedHandle ? $res->lastErrorCode() : ErrorCode::NotAHandle->value;
}

/** Sets a property; returns 0 or an error number. The value precedes the index, which only Conn properties have. */
function ipworks_tftpserver_set(mixed $res, mixed $id, mixed $value, mixed $index = 0): int
{
    if (!$res instanceof PortedHandle) {
        return ErrorCode::NotAHandle->value;
    }
    if (!is_numeric($id)) {
        return $res->refuse(ErrorCode::UnknownProperty->value);
    }
    if (!is_numeric($index)) {
        return $res->refuse(ErrorCode::IndexOutOfRange->value);
    }
    if ($value instanceof Stringable || $value === null) {
        $value = (string) $value;
    }

    return is_scalar($value) ? $res->set((int) $id, $value, (int) $index) : $res->refuse(ErrorCode::InvalidValue->value);
}

/** Returns a property's value: an integer, a Boolean or a string, by property; null if the call fails. */
function ipworks_tftpserver_get(mixed $res, mixed $id, mixed $index = 0): string|int|bool|null
{
    if (!$res instanceof PortedHandle) {
        return null;
    }
    if (!is_numeric($id) || !is_numeric($index)) {
        $res->refuse(is_numeric($id) ? ErrorCode::IndexOutOfRange->value : ErrorCode::UnknownProperty->value);

        return null;
    }
    $value = $res->get((int) $id, (int) $index);

    return match ($value === null ? null : (int) $id) {
        null => null,
        Property::LISTENING => $value === 'True',
        Property::CONN_COUNT, Property::CONN_REMOTE_PORT, Property::LOCAL_PORT, Property::MAX_RETRANSMITS,
        Property::RETRANSMIT_TIMEOUT, Property::TIMEOUT => (int) $value,
        default => $value,
    };
}

/** "NAME=VALUE" sets a setting and returns "", "NAME" returns its value; null if the call fails. */
function ipworks_tftpserver_do_config(mixed $res, mixed $configurationstring): ?string
{
    if (!$res instanceof PortedHandle) {
        return null;
    }
    if (!is_scalar($configurationstring) && !$configurationstring instanceof Stringable) {
        $res->refuse(ErrorCode::InvalidValue->value);

        return null;
    }

    return $res->config((string) $configurationstring);
}

function ipworks_tftpserver_do_doevents(mixed $res): int
{
    return $res instanceof PortedHandle ? $res->doEvents() : ErrorCode::NotAHandle->value;
}

function ipworks_tftpserver_do_startlistening(mixed $res): int
{
    return $res instanceof PortedHandle ? $res->startListening() : ErrorCode::NotAHandle->value;
}

function ipworks_tftpserver_do_stoplistening(mixed $res): int
{
    return $res instanceof PortedHandle ? $res->call('tftpserver_do_stoplistening') : ErrorCode::NotAHandle->value;
}

/** Stops listening and aborts every transfer. The specification mentions Shutdown in its text, but not in its list. */
function ipworks_tftpserver_do_shutdown(mixed $res): int
{
    return $res instanceof PortedHandle ? $res->call('tftpserver_do_shutdown') : ErrorCode::NotAHandle->value;
}
