<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The sources of downloads that Server::feed() was given. One pass reads a source from its
 * beginning to its end. Downloads with the same key and size share their passes; a pass is
 * identified by the number of bytes requested from it.
 *
 * @internal
 */
final class Sources
{
    /** The events that a server with sources listens to. */
    public const EVENTS = [EventId::CONNECTED, EventId::DISCONNECTED, EventId::DATA_WANTED];

    /** Bytes per read, at most. */
    private const PIECE = 65536;

    /** @var array<int, SourceGroup> The groups, by connection. */
    private array $groups = [];

    /** @var array<int, mixed> Content that was not opened yet, or its opener, by connection. */
    private array $contents = [];

    /** @var array<string, \WeakReference<SourceGroup>> */
    private array $shared = [];

    /** The generators that were read. */
    private \WeakMap $begun;

    public function __construct()
    {
        $this->begun = new \WeakMap();
    }

    /** @param resource|iterable<string>|callable(): (resource|iterable<string>) $content */
    public function add(int $connection, mixed $content, int $size, string $key): void
    {
        $name = "{$size} {$key}";
        $group = $key === '' ? null : ($this->shared[$name] ?? null)?->get();
        $group ??= new SourceGroup($size);
        if ($key !== '') {
            $this->shared[$name] = \WeakReference::create($group);
        }
        $this->groups[$connection] = $group;
        $this->contents[$connection] = $content;
    }

    public function serves(int $connection): bool
    {
        return isset($this->groups[$connection]);
    }

    /** Supplies the requested bytes of a download. */
    public function supply(Handle $handle, DataWantedEvent $wanted): void
    {
        $group = $this->groups[$wanted->connectionId];
        if (isset($group->aborted[$wanted->connectionId])) {
            return; // requested before the abort
        }
        $pass = null;
        try {
            $pass = $this->find($group, $wanted);
            for ($left = $wanted->length; $left > 0; $left -= strlen($bytes)) {
                $bytes = $pass->read(min($left, self::PIECE));
                $code = $handle->supply($wanted->connectionId, $bytes, $bytes === '');
                if ($code === ErrorCode::InvalidValue->value) {
                    throw new \LogicException('More than DataWanted requested: the program has supplied data, too');
                }
                if ($code !== 0 || $bytes === '') {
                    $group->drop($pass); // the download has ended

                    return;
                }
            }
            if ($pass->asked === $group->size) {
                $group->drop($pass);
            }
        } catch (\Throwable $e) {
            $this->fail($handle, $wanted->connectionId, $group, $pass);

            throw $e;
        }
    }

    /** Forgets an ended connection. Passes that no download reads any more are closed. */
    public function forget(Handle $handle, int $connection): void
    {
        $group = $this->groups[$connection] ?? null;
        unset($this->groups[$connection], $this->contents[$connection]);
        if ($group === null) {
            return;
        }
        unset($group->aborted[$connection]);
        foreach ($group->passes as $pass) {
            // An empty piece is accepted as long as the pass is read.
            if (($this->groups[$pass->reader] ?? null) !== $group && $handle->supply($pass->reader, '', false) !== 0) {
                $group->drop($pass);
            }
        }
        unset($group, $pass);
        $this->shared = array_filter($this->shared, static fn (\WeakReference $known): bool => $known->get() !== null);
    }

    private function find(SourceGroup $group, DataWantedEvent $wanted): SourcePass
    {
        $connection = $wanted->connectionId;
        if ($wanted->offset !== 0) {
            $isMember = fn (SourcePass $pass): bool => ($this->groups[$pass->reader] ?? null) === $group;
            $found = $group->at($wanted->offset, $connection, $isMember)
                ?? throw new \LogicException('The source cannot be read from its middle');
        } else {
            $found = $this->open($connection);
            $group->passes[] = $found;
            ++$group->opened;
        }
        $found->asked = $wanted->offset + $wanted->length;
        $found->reader = $connection;

        return $found;
    }

    private function open(int $connection): SourcePass
    {
        $content = $this->contents[$connection];
        $isOpener = is_callable($content) && !is_iterable($content);
        $this->contents[$connection] = $isOpener ? $content : null;
        $content = $isOpener ? $content() : $content;
        if ($content === null || ($content instanceof \Iterator && isset($this->begun[$content]))) {
            throw new \LogicException('The source was read already; a function that opens it could be called again');
        }
        if ($content instanceof \Iterator) {
            $this->begun[$content] = true;
        }

        return new SourcePass($content);
    }

    /**
     * Aborts the downloads whose source has failed; null: it could not be opened. Others of its key
     * go on.
     */
    private function fail(Handle $handle, int $connection, SourceGroup $group, ?SourcePass $pass): void
    {
        if ($pass !== null) {
            $group->drop($pass);
        }
        $isForAll = $group->opened <= ($pass === null ? 0 : 1) || ($pass !== null && $group->size < 0);
        foreach ($isForAll ? $this->sharing($group) : [$connection] as $one) {
            $group->aborted[$one] = true;
            $handle->abort($one, 0, 'The source of the file failed');
        }
        if (!$isForAll && $pass !== null) {
            // The others that read this pass: before its size, so error 129. If it could not be
            // opened, the library requests the same of another connection, which may have a source
            // of its own.
            $handle->supply($connection, '', true);
        }
    }

    /** @return list<int> */
    private function sharing(SourceGroup $group): array
    {
        return array_keys(array_filter($this->groups, static fn (SourceGroup $other): bool => $other === $group));
    }
}
