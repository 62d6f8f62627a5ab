"""Names that lead out of LocalDir, or look as though they did, as clients may spell them."""

# `{}` is a name that exists outside, then one that does not; `{base}` the path of the directory
# above LocalDir.
SPELLINGS = [
    # up and out
    "../{}", "/../{}", "//../{}", "./../{}", ".//..//{}", "../{}/", "../{}/.", "../{}/..", "../{}/../{}",
    "../outside/{}",
    "dir/../../{}", "dir/sub/../../../{}", "dir/./.././../{}", "file/../../{}", "missing/../../{}", "../root/../{}",
    "../rooted/{}", "../root/../rooted/{}", "dir/../" * 50 + "../{}", "../" * 500 + "{base}/{}", "/" * 300 + "../{}",
    # the other separator
    "..\\{}", "\\..\\{}", "..\\/{}", "../\\{}", "..\\outside\\{}", "dir\\..\\..\\{}", "dir\\../..\\{}", "dir/..\\../{}",
    "\\\\?\\..\\{}", "\\\\.\\..\\{}", ".\\..\\{}",
    # absolute paths, in several spellings
    "{base}/{}", "/{base}/{}", "\\{base}\\{}", "file://{base}/{}", "C:{base}/{}", "C:\\..\\{}", "C:../{}", "~/../{}",
    "~root{base}/{}", "$HOME/../{}", "/proc/self/root{base}/{}", "/proc/self/cwd/../{}",
    # sequences that other software might read as a separator or a dot
    "%2e%2e/{}", "..%00/{}", "....//{}", "..../{}", ".../{}", "..;/{}", ".. /{}", " ../{}", "..\t/{}", "..\n/{}",
    ".\x7f./{}", "../{}::$DATA", "../{}.", "../{} ", "\uff0e\uff0e/{}", "\u2025/{}", "\u2024\u2024/{}", ".\u200b./{}",
    "\ufeff../{}", "..\u0338/{}",
    b"\xc0\xae\xc0\xae/{}", b"\xe0\x80\xae\xe0\x80\xae/{}", b"..\x2f\x80{}", b"..\x2f\x80\x2f..\x2f{}",
    # other cases of names that are there
    "../OUTSIDE/{}", "../Outside/{}", "DIR/../../{}", "OUT-DIR/{}",
    # links that lead out
    "out-dir/{}", "abs-dir/{}", "far-dir/{}", "out-dir\\{}", "out-dir/sub/{}", "abs-dir/sub/{}", "dir/../out-dir/{}",
    "out-dir/./{}", "out-dir/../{}", "out-dir/../outside/{}", "out-dir/sub/../{}", "out-dir/../root/../outside/{}",
    "dir/up/{}", "dir/up/outside/{}", "dir/up/outside/sub/{}", "out-{}", "abs-{}", "far-{}", "out-{}/", "out-{}/below",
    "out-dir/back/../{}", "out-dir/{}/below",
    # links of the kernel's own
    "cwd/{}", "cwd/sub/{}", "root{base}/outside/{}", "task/root{base}/outside/{}", "fd/{}", "cwd-{}", "self/cwd/{}",
]

# Names without a separator, whatever they look like: of files that could be inside.
PLAIN = ["..%2f{}", "%2e%2e%2f{}", "%252e%252e%252f{}", "..%5c{}", "..%c0%af{}", "..:{}", "..\uff0f{}",
         "\uff0e\uff0e\uff0f{}", "..\uff3c{}", "..\u2215{}", "..\u2044{}", "..\u29f8{}",
         # overlong separators, which are bytes and nothing else
         b"..\xc0\xaf{}", b"..\xe0\x80\xaf{}", b"..\xf0\x80\x80\xaf{}", b"..\xc1\x9c{}"]


def spell(spelling, ground, name):
    if isinstance(spelling, bytes):
        return spelling.replace(b"{}", name.encode())
    return spelling.replace("{base}", ground.base).replace("{}", name).encode()
