<?php

declare(strict_types=1);

namespace TftpServer;

use FFI\CData;

/**
 * A server for programs written for IPWorks. It differs from the library's server in this:
 *
 * - A LocalDir that does not exist yet is stored, and set when listening starts.
 * - A program that has set LocalDir serves a directory and uses its Transfer handler for progress
 *   only. So while LocalDir is not valid, an upload without a local file fails with error 127,
 *   instead of going to that handler alone.
 * - A property without an index accepts only the index 0.
 *
 * @internal
 */
final class PortedHandle extends Handle
{
    private const WITHOUT_INDEX = [
        Property::VERSION, Property::CONN_COUNT, Property::LISTENING, Property::LOCAL_DIR, Property::LOCAL_HOST,
        Property::LOCAL_PORT, Property::MAX_RETRANSMITS, Property::RETRANSMIT_TIMEOUT, Property::TIMEOUT,
        Property::RUNTIME_LICENSE,
    ];

    /** A path that cannot be opened, because it is below a file. */
    private const NOWHERE = '/dev/null/LocalDir';

    /** True once the program has set LocalDir, to any value. */
    private bool $servesDirectory = false;

    /** A LocalDir that did not exist when it was set. */
    private ?string $expectedDir = null;

    private bool $watchesTransfers = false;

    /** @var null|\Closure(CData): int The program's Connected handler. */
    private ?\Closure $onConnected = null;

    public function get(int $property, int $index = 0): ?string
    {
        if (!$this->fits($property, $index)) {
            return null;
        }

        return $property === Property::LOCAL_DIR && $this->expectedDir !== null ? $this->expectedDir : parent::get($property, $index);
    }

    public function set(int $property, string|int|float|bool $value, int $index = 0): int
    {
        if (!$this->fits($property, $index)) {
            return $this->lastErrorCode();
        }

        return match ($property) {
            Property::LOCAL_DIR => $this->setLocalDir((string) $value),
            Property::LISTENING => $this->setListening($value),
            default => parent::set($property, $value, $index),
        };
    }

    public function startListening(): int
    {
        return $this->lookAtLocalDir() ?: $this->call('tftpserver_do_startlistening');
    }

    public function handle(int $event, ?\Closure $handler, ?\Closure $prepare = null): int
    {
        if ($event === EventId::CONNECTED) {
            $this->onConnected = $handler;

            return $this->watchConnections();
        }
        $code = parent::handle($event, $handler, $prepare);
        if ($event === EventId::TRANSFER && $code === 0) {
            $this->watchesTransfers = $handler !== null;
            $code = $this->watchConnections();
        }

        return $code;
    }

    /** Registers for Connected if the program has a handler for it, or one for Transfer. */
    private function watchConnections(): int
    {
        return parent::handle(EventId::CONNECTED, $this->onConnected !== null || $this->watchesTransfers ? $this->connecting() : null);
    }

    private function fits(int $property, int $index): bool
    {
        $fits = $index === 0 || !in_array($property, self::WITHOUT_INDEX, true);
        if (!$fits) {
            $this->refuse(ErrorCode::IndexOutOfRange->value);
        }

        return $fits;
    }

    private function setLocalDir(string $path): int
    {
        $this->servesDirectory = true;
        $code = parent::set(Property::LOCAL_DIR, $path);
        if ($code === 0) {
            $this->expectedDir = null;
        } elseif (self::mayComeToBe($path) && parent::get(Property::LISTENING) !== 'True') {
            // The former directory must not be served any longer.
            $code = parent::set(Property::LOCAL_DIR, '');
            $this->expectedDir = $path;
        }

        return $code;
    }

    private function setListening(mixed $value): int
    {
        $isOn = in_array(strtolower((string) $value), ['1', 'true', 'yes'], true);

        return ($isOn ? $this->lookAtLocalDir() : 0) ?: parent::set(Property::LISTENING, $value);
    }

    /** Sets a LocalDir that did not exist before. Error 905 if it still does not exist. */
    private function lookAtLocalDir(): int
    {
        $code = $this->expectedDir === null ? 0 : parent::set(Property::LOCAL_DIR, $this->expectedDir);
        if ($code === 0) {
            $this->expectedDir = null;
        }

        return $code;
    }

    private static function mayComeToBe(string $path): bool
    {
        return $path !== '' && !str_contains($path, "\0") && !file_exists($path);
    }

    /**
     * Returns a Connected handler that runs the program's, then fails an upload meant for an
     * invalid LocalDir.
     */
    private function connecting(): \Closure
    {
        $program = $this->onConnected;
        $self = \WeakReference::create($this);

        return static function (CData $event) use ($program, $self): int {
            $answer = $program === null ? 0 : $program($event);
            if ($event->data->connected->status_code === 0) {
                $self->get()?->refuseUnstored($event->data->connected->connection_id);
            }

            return $answer;
        };
    }

    private function refuseUnstored(int $id): void
    {
        if ($this->servesDirectory && $this->watchesTransfers && $this->isOpen()
            && parent::get(Property::LOCAL_DIR) === '' && parent::get(Property::CONN_OPERATION, $id) === (string) Operation::Write->value
            && parent::get(Property::CONN_LOCAL_FILE, $id) === '') {
            parent::set(Property::CONN_LOCAL_FILE, self::NOWHERE, $id);
        }
    }
}
