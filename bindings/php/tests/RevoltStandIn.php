<?php

declare(strict_types=1);

/*
 * The part of revolt/event-loop that the tests and README.md use, for machines where Composer cannot fetch it: callbacks
 * run in fibers, and a suspension belongs to the fiber that it was made in. Loaded only where the real one is not there:
 * see EventLoopTest.
 */

namespace Revolt {
    final class EventLoop
    {
        /**
         * @var array<string, array{string, mixed, \Closure}> Callbacks by id: their kind, its stream or time, the closure.
         */
        private static array $callbacks = [];

        /** @var list<\Closure> */
        private static array $queue = [];

        private static int $made = 0;

        public static function onReadable($stream, \Closure $closure): string
        {
            return self::add('readable', $stream, $closure);
        }

        public static function delay(float $seconds, \Closure $closure): string
        {
            return self::add('delay', [microtime(true) + $seconds, null], $closure);
        }

        public static function repeat(float $seconds, \Closure $closure): string
        {
            return self::add('repeat', [microtime(true) + $seconds, $seconds], $closure);
        }

        public static function cancel(string $id): void
        {
            unset(self::$callbacks[$id]);
        }

        public static function getSuspension(): EventLoop\Suspension
        {
            return new EventLoop\Suspension(\Fiber::getCurrent() ?? throw new \LogicException('only inside callbacks'));
        }

        public static function queue(\Closure $closure): void
        {
            self::$queue[] = $closure;
        }

        public static function run(): void
        {
            while (self::$queue !== [] || self::$callbacks !== []) {
                foreach (self::due() as $id => [, , $closure]) {
                    if (isset(self::$callbacks[$id])) {
                        if (self::$callbacks[$id][0] === 'delay') {
                            self::cancel($id);
                        }
                        (new \Fiber($closure))->start((string) $id);
                    }
                }
                for ($queue = self::$queue, self::$queue = []; $queue !== [];) {
                    (array_shift($queue))();
                }
            }
        }

        private static function add(string $kind, mixed $of, \Closure $closure): string
        {
            $id = 'c' . ++self::$made;
            self::$callbacks[$id] = [$kind, $of, $closure];

            return $id;
        }

        private static function due(): array
        {
            $readable = array_map(static fn (array $one) => $one[1], array_filter(self::$callbacks, static fn (array $one): bool => $one[0] === 'readable'));
            $none = null;
            if ($readable === []) {
                usleep(1000);
            } elseif (stream_select($readable, $none, $none, 0, self::$queue === [] ? 1000 : 0) === 0) {
                $readable = [];
            }
            $due = array_intersect_key(self::$callbacks, $readable);
            foreach (self::$callbacks as $id => [$kind, $of, $closure]) {
                if ($kind !== 'readable' && $of[0] <= microtime(true)) {
                    $due[$id] = self::$callbacks[$id];
                    self::$callbacks[$id][1][0] = microtime(true) + ($of[1] ?? 0);
                }
            }

            return $due;
        }
    }
}

namespace Revolt\EventLoop {
    final class Suspension
    {
        public function __construct(private readonly \Fiber $fiber)
        {
        }

        public function suspend(): mixed
        {
            return \Fiber::suspend();
        }

        public function resume(mixed $value = null): void
        {
            \Revolt\EventLoop::queue(fn () => $this->fiber->resume($value));
        }
    }
}
