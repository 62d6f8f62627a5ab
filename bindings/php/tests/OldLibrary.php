<?php

declare(strict_types=1);

namespace TftpServer\Tests;

/** Libraries that a new binding may meet. */
final class OldLibrary
{
    /**
     * One that answers with a version and can do nothing else; null: one without even that. Its
     * path.
     */
    public static function build(string $directory, ?string $version): string
    {
        $source = "{$directory}/old.c";
        $library = "{$directory}/libold.so";
        file_put_contents($source, $version === null
            ? 'int tftpserver_nothing(void) { return 0; }'
            : "const char *tftpserver_version(void) { return \"{$version}\"; }");
        $cc = new Process(['cc', '-shared', '-fPIC', '-o', $library, $source]);
        if ($cc->wait() !== 0) {
            throw new \RuntimeException($cc->errors());
        }

        return $library;
    }
}
