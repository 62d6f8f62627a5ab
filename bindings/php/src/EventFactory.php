<?php

declare(strict_types=1);

namespace TftpServer;

use FFI;
use FFI\CData;

/**
 * Copies events of the library, whose memory is valid only while their callback runs.
 *
 * @internal
 */
final class EventFactory
{
    public static function make(CData $event): Event
    {
        $data = $event->data;

        return match ($event->id) {
            // api: begin match
            EventId::CONNECTED => self::connected($data->connected),
            EventId::CONNECTION_REQUEST => self::connectionRequest($data->connection_request),
            EventId::DISCONNECTED => self::disconnected($data->disconnected),
            EventId::END_TRANSFER => self::endTransfer($data->end_transfer),
            EventId::ERROR => self::error($data->error),
            EventId::LOG => self::log($data->log),
            EventId::START_TRANSFER => self::startTransfer($data->start_transfer),
            EventId::TRANSFER => self::transfer($data->transfer),
            EventId::DATA_WANTED => self::dataWanted($data->data_wanted),
            // api: end match
        };
    }

    /** Copies the handler's answer into the library's event. */
    public static function answer(CData $event, Event $made): int
    {
        if ($made instanceof ConnectionRequestEvent) {
            $event->data->connection_request->accept = $made->answer();
        }

        return $made->result();
    }

    // api: begin makers
    private static function connected(CData $e): ConnectedEvent
    {
        return new ConnectedEvent($e->connection_id, $e->status_code, $e->description);
    }

    private static function connectionRequest(CData $e): ConnectionRequestEvent
    {
        return new ConnectionRequestEvent(
            $e->remote_host,
            $e->remote_port,
            $e->filename,
            TransferMode::from($e->transfer_mode),
            Operation::from($e->operation),
            $e->connection_id,
            $e->local_host,
        );
    }

    private static function disconnected(CData $e): DisconnectedEvent
    {
        return new DisconnectedEvent($e->connection_id, $e->status_code, $e->description);
    }

    private static function endTransfer(CData $e): EndTransferEvent
    {
        return new EndTransferEvent($e->connection_id, Direction::from($e->direction));
    }

    private static function error(CData $e): ErrorEvent
    {
        return new ErrorEvent($e->error_code, $e->description, $e->connection_id);
    }

    private static function log(CData $e): LogEvent
    {
        return new LogEvent($e->connection_id, $e->log_level, $e->message, $e->log_type);
    }

    private static function startTransfer(CData $e): StartTransferEvent
    {
        return new StartTransferEvent($e->connection_id, Direction::from($e->direction));
    }

    private static function transfer(CData $e): TransferEvent
    {
        return new TransferEvent(
            $e->connection_id,
            Direction::from($e->direction),
            $e->bytes_transferred,
            $e->percent_done,
            FFI::string($e->text, $e->text_length),
        );
    }

    private static function dataWanted(CData $e): DataWantedEvent
    {
        return new DataWantedEvent($e->connection_id, $e->offset, $e->length);
    }
    // api: end makers
}
