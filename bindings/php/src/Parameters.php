<?php

declare(strict_types=1);

namespace TftpServer;

use FFI;
use FFI\CData;

/**
 * Passes events as arrays with lower-case keys to callbacks written for IPWorks.
 *
 * @internal
 */
final class Parameters
{
    /** The member of the library's event data for each event. */
    private const MEMBERS = [
        // api: begin members
        EventId::CONNECTED => 'connected',
        EventId::CONNECTION_REQUEST => 'connection_request',
        EventId::DISCONNECTED => 'disconnected',
        EventId::END_TRANSFER => 'end_transfer',
        EventId::ERROR => 'error',
        EventId::LOG => 'log',
        EventId::START_TRANSFER => 'start_transfer',
        EventId::TRANSFER => 'transfer',
        EventId::DATA_WANTED => 'data_wanted',
        // api: end members
    ];

    /**
     * Each event's parameters: the specification's, in its order, then this library's additions.
     */
    private const FIELDS = [
        // api: begin fields
        EventId::CONNECTED => ['connection_id', 'status_code', 'description'],
        EventId::CONNECTION_REQUEST => [
            'remote_host',
            'remote_port',
            'filename',
            'transfer_mode',
            'operation',
            'accept',
            'connection_id',
            'local_host',
        ],
        EventId::DISCONNECTED => ['connection_id', 'status_code', 'description'],
        EventId::END_TRANSFER => ['connection_id', 'direction'],
        EventId::ERROR => ['error_code', 'description', 'connection_id'],
        EventId::LOG => ['connection_id', 'log_level', 'message', 'log_type'],
        EventId::START_TRANSFER => ['connection_id', 'direction'],
        EventId::TRANSFER => [
            'connection_id',
            'direction',
            'bytes_transferred',
            'percent_done',
            'text',
        ],
        EventId::DATA_WANTED => ['connection_id', 'offset', 'length'],
        // api: end fields
    ];

    /** @return \Closure(CData): int */
    public static function handler(callable $function): \Closure
    {
        $function = $function(...);

        return static function (CData $event) use ($function): int {
            $data = $event->data->{self::MEMBERS[$event->id]};
            $param = self::call($function, self::read($event->id, $data));
            if ($event->id === EventId::CONNECTION_REQUEST) {
                $data->accept = self::accepts($param, $data->accept !== 0);
            }

            return 0;
        };
    }

    /** @return \Closure(CData): (\Closure(): int) for Handle::handle() */
    public static function prepare(callable $function): \Closure
    {
        $function = $function(...);

        return static function (CData $event) use ($function): \Closure {
            $param = self::read($event->id, $event->data->connection_request);

            return static fn (): int => self::accepts(self::call($function, $param), true);
        };
    }

    /**
     * Returns the parameters after the call: the array that the callback returned, or its argument
     * as changed.
     */
    private static function call(\Closure $function, array $param): mixed
    {
        // $param is a variable, so a callback that takes it by reference changes it in place.
        $returned = $function($param);
        Returned::check($returned);

        return is_array($returned) ? $returned : $param;
    }

    private static function accepts(mixed $param, bool $default): int
    {
        return (int) (is_array($param) && array_key_exists('accept', $param) ? self::isTrue($param['accept']) : $default);
    }

    private static function read(int $event, CData $data): array
    {
        $param = [];
        foreach (self::FIELDS[$event] as $field) {
            $param[str_replace('_', '', $field)] = match ($field) {
                'accept' => $data->accept !== 0,
                'text' => FFI::string($data->text, $data->text_length),
                default => $data->{$field},
            };
        }

        return $param;
    }

    /**
     * Converts to a Boolean; the texts "False" and "No" are false, because programs keep Booleans
     * as text.
     */
    private static function isTrue(mixed $value): bool
    {
        return is_string($value) ? !in_array(strtolower(trim($value)), ['', '0', 'false', 'no'], true) : (bool) $value;
    }
}
