<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * The downloads that share a source, by their passes over it.
 *
 * @internal
 */
final class SourceGroup
{
    /** @var list<SourcePass> */
    public array $passes = [];

    /** The number of passes so far. */
    public int $opened = 0;

    /** @var array<int, true> Connections whose downloads were aborted, as keys. */
    public array $aborted = [];

    public function __construct(public readonly int $size)
    {
    }

    /**
     * Removes a pass that has ended, or whose position is not known any more. PHP closes its stream
     * or generator.
     */
    public function drop(SourcePass $pass): void
    {
        $this->passes = array_values(array_filter($this->passes, static fn (SourcePass $one): bool => $one !== $pass));
    }

    /**
     * Returns the pass that continues at an offset. Of several, the one that a connection has read:
     * the library names the same connection for a pass as long as that reads it.
     *
     * @param callable(SourcePass): bool $isRead whether the connection that read a pass before runs
     */
    public function at(int $offset, int $connection, callable $isRead): ?SourcePass
    {
        $there = array_filter($this->passes, static fn (SourcePass $pass): bool => $pass->asked === $offset);
        $rank = static fn (SourcePass $pass): array => [$pass->reader !== $connection, $isRead($pass)];
        usort($there, static fn (SourcePass $one, SourcePass $other): int => $rank($one) <=> $rank($other));

        return $there[0] ?? null;
    }
}
