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
    /** The bytes requested so far, from the beginning. */
    public int $asked = 0;

    /** @var null|resource */
    private $stream;

    /** @var null|\Iterator<string> */
    private ?\Iterator $pieces = null;

    private string $left = '';

    public function __construct(mixed $content)
    {
        if (is_resource($content)) {
            stream_set_blocking($content, true);
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
            $headers = preg_grep('/^content-(length|encoding):/i', array_filter($about['wrapper_data'], 'is_string'));
            $isPlain = preg_grep('/^content-encoding:/i', $headers) === [];
            $length = $headers === [] ? '' : trim(substr((string) strrchr(end($headers), ':'), 1));

            return $isPlain && ctype_digit($length) ? (int) $length : -1;
        }
        $there = fstat($content);

        return is_array($there) && ($there['mode'] & 0170000) === 0100000 ? $there['size'] - ftell($content) : -1;
    }

    /** Returns up to this many bytes; "" at the end. */
    public function read(int $most): string
    {
        if ($this->stream !== null) {
            $bytes = feof($this->stream) ? '' : fread($this->stream, $most);

            return $bytes === false ? throw new \RuntimeException('The stream cannot be read') : $bytes;
        }
        while ($this->left === '' && $this->pieces->valid()) {
            $piece = $this->pieces->current();
            $this->pieces->next();
            $this->left = is_string($piece) ? $piece : throw new \TypeError('A source yields strings, not ' . get_debug_type($piece));
        }
        $bytes = substr($this->left, 0, $most);
        $this->left = substr($this->left, $most);

        return $bytes;
    }
}
