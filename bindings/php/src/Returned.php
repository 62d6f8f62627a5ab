<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * Rejects values that a handler returns by mistake: they would be ignored, and a request would be
 * accepted.
 *
 * @internal
 */
final class Returned
{
    /** Methods that mark an object as a promise or future: React and Guzzle, Amp 3, Amp 2. */
    private const PROMISES = ['then', 'await', 'onResolve'];

    /** @throws \TypeError if a handler is a generator function */
    public static function refuseGenerator(\Closure $handler): void
    {
        if ((new \ReflectionFunction($handler))->isGenerator()) {
            throw new \TypeError('A handler must not be a generator (yield): its body would not run');
        }
    }

    /** @throws \TypeError if a value shows such a mistake */
    public static function check(mixed $value, ?Event $event = null): void
    {
        if ($value instanceof \Generator) {
            throw new \TypeError('A handler must not return a generator: its body has not run');
        }
        if (!$event instanceof ConnectionRequestEvent) {
            return;
        }
        if ($value === false && $event->accept) {
            throw new \TypeError('onConnectionRequest refuses by $event->accept = false, not by returning false');
        }
        foreach (is_object($value) ? self::PROMISES : [] as $method) {
            if (method_exists($value, $method)) {
                throw new \TypeError('onConnectionRequest returned a ' . $value::class . ', which it must await instead, or $event->defer()');
            }
        }
    }
}
