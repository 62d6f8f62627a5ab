<?php

declare(strict_types=1);

/*
 * Writes include/tftpserver_ffi.h and include/tftpserver_preload.h from the C header, in the little
 * C that PHP's FFI understands: no directives, no attributes, no extern "C", no comments; and the
 * classes of numbers in src/.
 *
 *     php bin/make-ffi-header.php            writes them
 *     php bin/make-ffi-header.php --check    fails if one does not match the C header
 */

/** Returns the declarations of a C header, with every struct and function, in their order. */
function declarations(string $header): string
{
    $text = preg_replace(['~/\*.*?\*/~s', '~//[^\n]*~'], '', $header);
    $text = preg_replace('~^[ \t]*#(?:[^\n]*\\\\\n)*[^\n]*$~m', '', $text);
    // Removes the parts between #ifdef __cplusplus and #endif.
    $text = preg_replace(['~extern\s+"C"\s*\{~', '~^\}\s*$~m'], '', $text);
    $text = preg_replace('~\bTFTPSERVER_API\b\s*~', '', $text);
    $text = preg_replace('~[ \t]+$~m', '', $text);
    $text = preg_replace('~\n{2,}~', "\n", $text);

    return ltrim($text);
}

/**
 * Returns the numbers that a C header defines, as lists of [comment, name, number], in three
 * groups.
 */
function numbers(string $header): array
{
    $define = '~/\*\*\n((?: \*[^\n]*\n)+?) \*/\n#define TFTPSERVER_(EVENT|PROPERTY|ERROR)_(\w+) (\d+)~';
    preg_match_all($define, $header, $found, PREG_SET_ORDER);
    $groups = ['EVENT' => [], 'PROPERTY' => [], 'ERROR' => []];
    foreach ($found as [, $comment, $group, $name, $number]) {
        $groups[$group][] = [trim(preg_replace('~^ \*[ ]?~m', '', $comment)), $name, $number];
    }

    return $groups === array_filter($groups) ? $groups : throw new RuntimeException('the header defines no numbers');
}

/** Returns a comment of a member, on one line if it has only one. */
function comment(string $text): string
{
    return str_contains($text, "\n")
        ? preg_replace('~[ ]+$~m', '', "    /**\n     * " . str_replace("\n", "\n     * ", $text) . "\n     */\n")
        : "    /** {$text} */\n";
}

/**
 * Returns the PHP source of a class of constants or of an enum, where NOT_A_HANDLE is the case
 * NotAHandle.
 */
function source(string $kind, string $name, string $says, array $numbers): string
{
    $members = array_map(static fn (array $one): string => comment($one[0]) . ($kind === 'enum'
        ? '    case ' . str_replace('_', '', ucwords(strtolower($one[1]), '_')) . " = {$one[2]};\n"
        : "    public const {$one[1]} = {$one[2]};\n"), $numbers);

    return "<?php\n\ndeclare(strict_types=1);\n\nnamespace TftpServer;\n\n"
        . "/**\n * {$says}\n *\n * Made by bin/make-ffi-header.php from tftpserver.h; not to be edited.\n */\n"
        . ($kind === 'enum' ? "enum {$name}: int" : "final class {$name}") . "\n{\n" . implode("\n", $members) . "}\n";
}

/** Returns the contents of every file that this program makes, by path. */
function files(string $root, string $header): array
{
    $declarations = declarations($header);
    $note = "/* Made by bin/make-ffi-header.php from tftpserver.h; not to be edited. */\n";
    // FFI recognizes these two lines only at the very beginning of a file.
    $scope = "#define FFI_SCOPE \"TFTPSERVER\"\n#define FFI_LIB \"libtftpserver.so.0\"\n";
    $groups = numbers($header);

    return [
        "{$root}/include/tftpserver_ffi.h" => $declarations,
        "{$root}/include/tftpserver_preload.h" => $scope . $note . $declarations,
        "{$root}/src/EventId.php" => source('class', 'EventId', 'The numbers of the events.', $groups['EVENT']),
        "{$root}/src/Property.php" => source('class', 'Property', 'The numbers of the properties.', $groups['PROPERTY']),
        "{$root}/src/ErrorCode.php" => source('enum', 'ErrorCode', 'The numbers of the errors.', $groups['ERROR']),
    ];
}

$root = dirname(__DIR__);
$source = dirname($root, 2) . '/include/tftpserver.h';
$header = file_get_contents($source);
if ($header === false) {
    fwrite(STDERR, "cannot read {$source}\n");
    exit(2);
}
$stale = 0;
foreach (files($root, $header) as $path => $text) {
    if (is_file($path) && file_get_contents($path) === $text) {
        continue;
    }
    if (in_array('--check', $argv, true)) {
        fwrite(STDERR, "{$path} is not what tftpserver.h says; run php bin/make-ffi-header.php\n");
        $stale = 1;
    } else {
        file_put_contents($path, $text);
        echo "wrote {$path}\n";
    }
}
exit($stale);
