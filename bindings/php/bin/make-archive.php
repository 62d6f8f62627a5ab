<?php

declare(strict_types=1);

/*
 * Makes the Composer archive tftpserver-php-VERSION.tar.gz, the same bytes each time:
 *
 *     php bin/make-archive.php DIRECTORY [--library FILE]
 *
 * --library adds a libtftpserver to the package, which loads it before the system's. The archive
 * then works only on that system.
 */

const CARRIED = ['README.md', 'autoload.php', 'preload.php', 'compat', 'examples', 'include', 'src'];

function fail(string $why): never
{
    fwrite(STDERR, "make-archive: {$why}\n");
    exit(1);
}

function run(string ...$command): void
{
    $process = proc_open($command, [STDIN, STDOUT, STDERR], $pipes);
    if ($process === false || proc_close($process) !== 0) {
        fail(implode(' ', $command) . ' failed');
    }
}

/** Copies the files of the package into a directory. */
function layOut(string $package, string $root, string $version, ?string $library): void
{
    mkdir($package, 0755, true);
    run('cp', '-R', ...array_map(static fn (string $name): string => "{$root}/{$name}", CARRIED), ...[$package]);
    foreach (['LICENSE-MIT', 'LICENSE-APACHE'] as $licence) {
        copy(dirname($root, 2) . "/{$licence}", "{$package}/{$licence}") || fail("no {$licence}");
    }
    // The only place of an archive from which Composer reads the version.
    $composer = json_decode(file_get_contents("{$root}/composer.json"), true, 512, JSON_THROW_ON_ERROR);
    unset($composer['require-dev'], $composer['autoload-dev'], $composer['scripts']);
    $composer = ['name' => $composer['name'], 'version' => $version] + $composer;
    file_put_contents("{$package}/composer.json", json_encode($composer, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR) . "\n");
    if ($library !== null) {
        mkdir("{$package}/lib");
        copy($library, "{$package}/lib/libtftpserver.so.0") || fail("cannot read {$library}");
        chmod("{$package}/lib/libtftpserver.so.0", 0755);
    }
}

$library = null;
$arguments = array_slice($argv, 1);
if (($at = array_search('--library', $arguments, true)) !== false) {
    $library = $arguments[$at + 1] ?? fail('--library needs a file');
    array_splice($arguments, $at, 2);
}
$directory = $arguments[0] ?? fail('usage: make-archive.php DIRECTORY [--library FILE]');
$root = dirname(__DIR__);
if (preg_match('/^version = "([\d.]+)"$/m', (string) file_get_contents(dirname($root, 2) . '/Cargo.toml'), $match) !== 1) {
    fail('Cargo.toml names no version');
}
$name = "tftpserver-php-{$match[1]}";
$work = sys_get_temp_dir() . '/' . $name . '-' . bin2hex(random_bytes(6));
layOut("{$work}/{$name}", $root, $match[1], $library);
is_dir($directory) || mkdir($directory, 0755, true);
run('tar', '--create', '--gzip', '--file', "{$directory}/{$name}.tar.gz", '--directory', $work, '--sort=name', '--format=ustar',
    '--mtime=@' . (getenv('SOURCE_DATE_EPOCH') ?: '0'), '--owner=0', '--group=0', '--numeric-owner', '--mode=go=rX,u+rw,a-s', $name);
run('rm', '-r', $work);
echo "{$directory}/{$name}.tar.gz\n";
