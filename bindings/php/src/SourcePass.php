<?php

declare(strict_types=1);

namespace TftpServer;

/**
 * One pass over the source of a download.
 *
 * @internal
 */
final class SourcePass
{
    /** Reads of a stream that give nothing in a row, at most. */
    private const EMPTY_READS = 1000;

    /** The bytes requested so far, from the beginning. */
    public int $asked = 0;

    /** @var null|resource */
    private $stream;

    /** @var null|\Iterator<string> */
    private ?\Iterator $pieces = null;

    /** The current piece, and how much of it was read. */
    private string $piece = '';
    private int $at = 0;
    private bool $hasBegun = false;

    /** The connection of the latest request. */
    public int $reader = 0;

    public function __construct(mixed $content)
    {
        if (is_resource($content)) {
            // A stream of PHP code may not implement it.
            @stream_set_blocking($content, true);
            $this->stream = $content;
        } elseif (is_iterable($content)) {
            $this->pieces = (static fn () => yield from $content)();
        } else {
            throw new \TypeError('A source is a stream, an iterable of strings, or a function that returns one, not '
                . get_debug_type($content));
        }
    }

    /** Returns the remaining length of a stream; -1 if it is not known. */
    public static function size(mixed $content): int
    {
        if (!is_resource($content)) {
            return -1;
        }
        $about = stream_get_meta_data($content);
        if (is_array($about['wrapper_data'] ?? null)) {
            $length = self::contentLength(array_filter($about['wrapper_data'], 'is_string'));

            return $length < 0 ? -1 : max(0, $length - (int) ftell($content));
        }
        // A filter may change the number of bytes.
        $there = str_starts_with($about['uri'] ?? '', 'php://filter') ? false : @fstat($content);

        return is_array($there) && ($there['mode'] & 0170000) === 0100000 ? max(0, $there['size'] - (int) ftell($content)) : -1;
    }

    /** Returns up to this many bytes; "" at the end. */
    public function read(int $most): string
    {
        if ($this->stream !== null) {
            return $this->readStream($most);
        }
        while ($this->at === strlen($this->piece)) {
            // Not earlier: the source of the next piece may have to wait.
            if ($this->hasBegun) {
                $this->pieces->next();
            }
            $this->hasBegun = true;
            if (!$this->pieces->valid()) {
                return '';
            }
            $piece = $this->pieces->current();
            $this->piece = is_string($piece) ? $piece : throw new \TypeError('A source yields strings, not ' . get_debug_type($piece));
            $this->at = 0;
        }
        $bytes = substr($this->piece, $this->at, $most);
        $this->at += strlen($bytes);

        return $bytes;
    }

    /** @param array<string> $headers of all responses, those of redirections first */
    private static function contentLength(array $headers): int
    {
        $length = -1;
        $isPlain = true;
        foreach ($headers as $header) {
            if (preg_match('/^HTTP\/\S+ /i', $header) === 1) {
                $length = -1;
                $isPlain = true;
            } elseif (preg_match('/^content-length:\s*(\d+)\s*$/i', $header, $found) === 1) {
                $length = (int) $found[1];
            } elseif (preg_match('/^(content|transfer)-encoding:/i', $header) === 1) {
                $isPlain = false;
            }
        }

        return $isPlain ? $length : -1;
    }

    private function readStream(int $most): string
    {
        for ($turn = 0; $turn < self::EMPTY_READS; ++$turn) {
            if (feof($this->stream)) {
                return '';
            }
            $bytes = fread($this->stream, $most);
            if ($bytes === false) {
                throw new \RuntimeException('The stream cannot be read');
            }
            if ($bytes !== '') {
                return $bytes;
            }
            if (stream_get_meta_data($this->stream)['timed_out']) {
                throw new \RuntimeException('The stream has timed out');
            }
        }
        // A filter may need several reads for its first byte; a stream that neither ends nor gives
        // a byte has failed.
        throw new \RuntimeException('The stream gives no data');
    }
}
