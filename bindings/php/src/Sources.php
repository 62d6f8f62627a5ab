<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The sources of downloads that Server::feed() was given. One pass reads a source from its beginning to its end.
 * Downloads with the same key and size share their passes; a pass is identified by the number of bytes requested from
 * it.
 *
 * @internal
 */
final class Sources
{
    /** The events that a server with sources listens to. */
    public const EVENTS = [EventId::CONNECTED, EventId::DISCONNECTED, EventId::DATA_WANTED];

    /** Bytes per read, at most. */
    private const PIECE = 65536;

    /** @var array<int, array{\ArrayObject<int, SourcePass>, mixed}> Passes and own content, by connection. */
    private array $entries = [];

    /** @var array<string, \WeakReference<\ArrayObject<int, SourcePass>>> */
    private array $shared = [];

    /** @param resource|iterable<string>|callable(): (resource|iterable<string>) $content */
    public function add(int $connection, mixed $content, int $size, string $key): void
    {
        $name = "{$size} {$key}";
        $passes = $key === '' ? null : ($this->shared[$name] ?? null)?->get();
        $passes ??= new \ArrayObject();
        if ($key !== '') {
            $this->shared[$name] = \WeakReference::create($passes);
        }
        $this->entries[$connection] = [$passes, $content];
    }

    public function serves(int $connection): bool
    {
        return isset($this->entries[$connection]);
    }

    /** Supplies the requested bytes of a download. */
    public function supply(Handle $handle, DataWantedEvent $wanted): void
    {
        try {
            $pass = $this->find($wanted);
            for ($left = $wanted->length; $left > 0; $left -= strlen($bytes)) {
                $bytes = $pass->read(min($left, self::PIECE));
                $code = $handle->supply($wanted->connectionId, $bytes, $bytes === '');
                if ($code !== 0 || $bytes === '') {
                    return; // the download has ended
                }
            }
        } catch (\Throwable $e) {
            foreach ($this->sharing($wanted->connectionId) as $connection) {
                $handle->abort($connection, 0, 'The source of the file failed');
            }

            throw $e;
        }
    }

    /** Forgets an ended connection. */
    public function forget(int $connection): void
    {
        unset($this->entries[$connection]);
        $this->shared = array_filter($this->shared, static fn (\WeakReference $known): bool => $known->get() !== null);
    }

    private function find(DataWantedEvent $wanted): SourcePass
    {
        [$passes, $content] = $this->entries[$wanted->connectionId];
        $found = null;
        foreach ($passes as $pass) {
            $found = $wanted->offset !== 0 && $pass->asked === $wanted->offset ? $pass : $found;
        }
        if ($found === null) {
            if ($wanted->offset !== 0 || $content === null) {
                throw new \LogicException('The source was read already; a function that opens it could be called again');
            }
            $isOpener = is_callable($content) && !is_iterable($content);
            $found = new SourcePass($isOpener ? $content() : $content);
            $passes[] = $found;
            $this->entries[$wanted->connectionId][1] = $isOpener ? $content : null;
        }
        $found->asked = $wanted->offset + $wanted->length;

        return $found;
    }

    /** @return list<int> */
    private function sharing(int $connection): array
    {
        $passes = $this->entries[$connection][0];

        return array_keys(array_filter($this->entries, static fn (array $entry): bool => $entry[0] === $passes));
    }
}
