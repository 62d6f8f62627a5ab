<?php

declare(strict_types=1);

namespace TftpServer;

use FFI;

/**
 * Finds and loads libtftpserver through FFI, and checks its version.
 *
 * The search order: the path in the environment variable TFTPSERVER_LIBRARY; lib/ in this package;
 * the system's libraries, by SONAME.
 */
final class Library
{
    /** The oldest version of the library that this package works with. */
    public const NEEDS = '0.1.0';

    private const SCOPE = 'TFTPSERVER';

    private static ?FFI $ffi = null;

    /**
     * Returns the version of the loaded library.
     *
     * @throws LibraryException
     */
    public static function version(): string
    {
        return self::ffi()->tftpserver_version();
    }

    /**
     * Returns the library's functions.
     *
     * @internal
     *
     * @throws LibraryException
     */
    public static function ffi(): FFI
    {
        return self::$ffi ??= self::preloaded() ?? self::load();
    }

    /**
     * Loads the library for all later requests. Only for opcache.preload, see preload.php.
     *
     * If opcache.preload_user is set, PHP does not load a scope here. Each request then parses the
     * definition again, which preloaded classes are allowed to do; ffi.preload with
     * include/tftpserver_preload.h avoids that.
     *
     * @throws LibraryException
     */
    public static function preload(): void
    {
        self::requireFfi();
        [$path] = self::find();
        if ((string) ini_get('opcache.preload_user') !== '') {
            return;
        }
        $header = tempnam(sys_get_temp_dir(), 'tftpserver');
        if ($header === false) {
            throw new LibraryException('FFI needs a file to preload from, and none can be made in ' . sys_get_temp_dir() . '.');
        }
        try {
            // Only the header of a scope can name its library.
            $names = sprintf("#define FFI_SCOPE \"%s\"\n#define FFI_LIB \"%s\"\n", self::SCOPE, $path);
            file_put_contents($header, $names . self::definition());
            FFI::load($header);
        } catch (FFI\Exception $e) {
            throw self::unusable($path, $e);
        } finally {
            unlink($header);
        }
    }

    private static function preloaded(): ?FFI
    {
        self::requireFfi();
        try {
            $ffi = FFI::scope(self::SCOPE);
        } catch (FFI\Exception) {
            return null;
        }
        self::requireVersion($ffi->tftpserver_version(), 'the preloaded library');

        return $ffi;
    }

    private static function load(): FFI
    {
        [$path] = self::find();
        try {
            return FFI::cdef(self::definition(), $path);
        } catch (FFI\Exception $e) {
            throw self::unusable($path, $e);
        }
    }

    /** Returns the first library that loads and is new enough, as [path, version]. */
    private static function find(): array
    {
        $failures = [];
        foreach (self::candidates() as $path) {
            try {
                // The only function that every version has. The others are declared once the
                // version is known.
                $probe = FFI::cdef('const char *tftpserver_version(void);', $path);
            } catch (FFI\Exception $e) {
                if (str_contains($e->getMessage(), 'restricted')) {
                    throw new LibraryException('PHP allows FFI to preloaded scripts only here (ffi.enable=preload): set opcache.preload='
                        . dirname(__DIR__) . '/preload.php in php.ini, or ffi.enable=true.', $e);
                }
                if (str_contains($e->getMessage(), 'Failed resolving')) {
                    throw self::unusable($path, $e);
                }
                $failures[] = $e;

                continue;
            }
            $version = $probe->tftpserver_version();
            self::requireVersion($version, $path);

            return [$path, $version];
        }
        $reasons = array_map(static fn (FFI\Exception $e): string => $e->getMessage(), $failures);

        throw new LibraryException('libtftpserver was not found: ' . implode('; ', $reasons)
            . '. Install it, or name the file in the environment variable TFTPSERVER_LIBRARY.', $failures[0] ?? null);
    }

    private static function candidates(): array
    {
        $named = getenv('TFTPSERVER_LIBRARY');
        if (is_string($named) && $named !== '') {
            return [$named];
        }
        $soname = self::fileName(PHP_OS_FAMILY);
        $carried = dirname(__DIR__) . '/lib/' . $soname;

        return is_file($carried) ? [$carried, $soname] : [$soname];
    }

    /**
     * Returns the name of the library on a system, which is named as PHP_OS_FAMILY names it.
     *
     * @internal
     */
    public static function fileName(string $family): string
    {
        return match ($family) {
            'Windows' => 'tftpserver.dll',
            'Darwin' => 'libtftpserver.0.dylib',
            default => 'libtftpserver.so.0',
        };
    }

    private static function definition(): string
    {
        return file_get_contents(dirname(__DIR__) . '/include/tftpserver_ffi.h');
    }

    private static function requireFfi(): void
    {
        if (!extension_loaded('ffi')) {
            throw new LibraryException('The PHP extension ffi is missing: install it, and enable it in php.ini (extension=ffi).');
        }
        $enable = strtolower(trim((string) ini_get('ffi.enable')));
        if (in_array($enable, ['', '0', 'off', 'no', 'false', 'none'], true)) {
            throw new LibraryException('The PHP extension ffi is switched off: set ffi.enable=true (or preload) in php.ini.');
        }
    }

    private static function requireVersion(string $version, string $where): void
    {
        if (version_compare($version, self::NEEDS, '<')) {
            $sentence = 'libtftpserver %s (%s) is older than %s, which this package needs.';

            throw new LibraryException(sprintf($sentence, $version, $where, self::NEEDS));
        }
    }

    private static function unusable(string $path, FFI\Exception $e): LibraryException
    {
        return new LibraryException(sprintf('%s is no libtftpserver %s or newer: %s.', $path, self::NEEDS, $e->getMessage()), $e);
    }
}
