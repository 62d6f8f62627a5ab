//! The rules of `--map` have the semantics of in.tftpd: both read the same map, and serve the same
//! file or refuse.

use std::net::SocketAddr;

use crate::support::other::Other;
use crate::support::*;

/// A map, the name that a client requests, and the file that it gets; `None` if it is refused.
const TABLE: &[(&str, &str, Option<&str>)] = &[
    // Examples from packages, and from manuals of boot servers.
    (
        "rg \\\\ /\nr ^[^/] /\\0\na \\.pvt$",
        "boot\\x64\\bcd",
        Some("/boot/x64/bcd"),
    ),
    ("rg \\\\ /\nr ^[^/] /\\0\na \\.pvt$", "keys\\a.pvt", None),
    ("ri ^/?tftpboot/ /", "TFTPBOOT/a", Some("/a")),
    (
        "re ^(/p/t/) /p/t/\\2\nre ^/p/t/ /p/t/\nre ^([^/]) /p/t/\\1",
        "/p/t/a",
        Some("/p/t/a"),
    ),
    (
        "re ^(/p/t/) /p/t/\\2\nre ^/p/t/ /p/t/\nre ^([^/]) /p/t/\\1",
        "a",
        Some("/p/t/a"),
    ),
    ("r ^(.*)$ \\L\\1", "BOOT/WGL4.TTF", Some("boot/wgl4.ttf")),
    ("r ([a-z]+)$ \\U\\1\\E.img", "d/kernel", Some("d/KERNEL.img")),
    (
        "re ^([^/]+)/([0-9A-F-]{17})$ \\2/\\L\\1",
        "X/01-02-03-0A-0B-0C",
        Some("01-02-03-0A-0B-0C/x"),
    ),
    // The client.
    ("r ^c$ \\i.cfg", "c", Some("127.0.0.1.cfg")),
    ("r ^c$ \\x", "c", Some("7F000001")),
    ("r ^c$ \\L\\x", "c", Some("7f000001")),
    ("a4 .", "f", None),
    ("a6 .", "f", Some("f")),
    ("aG .", "f", None),
    ("aP .", "f", Some("f")),
    // The order of rules.
    ("r o 0", "foo", Some("f0o")),
    ("rg o 0", "foo", Some("f00")),
    ("r a b\nr b c", "a", Some("c")),
    ("re a b\nr b c", "a", Some("b")),
    ("r x x\nr b c\nrs a b", "a", Some("c")),
    ("~e ^x\nr a b", "xa", Some("xb")),
    ("~e ^x\nr a b", "a", Some("a")),
    ("~a ^x", "xa", Some("xa")),
    ("~a ^x", "a", None),
    // Lines and comments.
    ("  r\ta\t\tb   # c", "a", Some("b")),
    ("# c\n\nr a b\r\nr c d\r\n", "c", Some("d")),
    ("r a\\#b c", "a#b", Some("c")),
    ("r a\\ b c", "a b", Some("c")),
    ("r x a\\ b\\#\\\\c", "x", Some("a b#\\c")),
    ("r x", "axb", Some("ab")),
    ("r a \\q\\-", "a", Some("q-")),
    // Regular expressions.
    ("r (a)(b) [\\2\\1\\0]", "xaby", Some("x[baab]y")),
    ("r (a)(x)? <\\1\\2>", "a", Some("<a>")),
    ("r (a|b)* <\\1>", "abz", Some("<b>z")),
    ("r (a|ab)(c|bcd) [\\1][\\2]", "abcd", Some("[a][bcd]")),
    ("r ^ p-", "x", Some("p-x")),
    ("r $ .img", "x", Some("x.img")),
    ("r (^|/)a X", "b/a", Some("bX")),
    ("r ^a|b$ X", "cb", Some("cX")),
    ("r a+? X", "aab", Some("Xb")),
    ("r x*? y", "xx", Some("y")),
    ("r a?? X", "aab", Some("Xab")),
    ("r a** X", "aab", Some("Xb")),
    ("r a{2} X", "aaa", Some("Xa")),
    ("r a{1,} X", "aaab", Some("Xb")),
    ("r a{,2} X", "aaa", Some("Xa")),
    ("r a\\{2\\} X", "a{2}", Some("X")),
    ("r a} X", "a}", Some("X")),
    ("r a] X", "a]", Some("X")),
    ("r \\(a\\) X", "(a)", Some("X")),
    ("r a\\+b X", "a+b", Some("X")),
    ("r \\. _", "a.b", Some("a_b")),
    ("r a$b X", "a$b", Some("a$b")),
    ("r \\d X", "1d", Some("1X")),
    ("r \\n X", "n", Some("X")),
    ("r \\w+ X", "ab/c", Some("X/c")),
    ("r \\W X", "a/b", Some("aXb")),
    ("r \\bb X", "a/b", Some("a/X")),
    ("r \\Bb X", "ab", Some("aX")),
    ("r a\\> X", "a/b", Some("X/b")),
    ("r \\`a X", "aa", Some("Xa")),
    ("r a\\' X", "aa", Some("aX")),
    ("r [a\\]b] X", "\\b]", Some("X")),
    ("r []-a] X", "_", Some("X")),
    ("r [--/] X", "a.", Some("aX")),
    ("r [\\w] X", "aw", Some("aX")),
    ("r [[:alpha:][:digit:]]+ X", "a1_", Some("X_")),
    ("ri [[:upper:]]+ X", "aBc", Some("X")),
    ("r [[.a.]-[.c.]] X", "b", Some("X")),
    ("r [[=a=]] X", "a", Some("X")),
    ("r a&&b X", "a&&b", Some("X")),
    ("r [a&&b] X", "&", Some("X")),
];

/// Returns the content that a client gets; `None` for an ERROR.
fn fetched(server: SocketAddr, name: &str) -> Option<String> {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = [b"\0\x01", name.as_bytes(), b"\0octet\0"].concat();
    socket.send_to(&request, server).unwrap();
    let mut buffer = [0; 600];
    let (length, from) = socket.recv_from(&mut buffer).unwrap();
    if buffer[1] == 3 {
        socket.send_to(&[0, 4, 0, 1], from).unwrap();
    }
    (buffer[1] == 3).then(|| String::from_utf8(buffer[4..length].to_vec()).unwrap())
}

#[test]
fn in_tftpd_reads_maps_as_we_do() {
    let maps = directory(&[]);
    for (number, (map, name, wanted)) in TABLE.iter().enumerate() {
        let rules = file(&maps, &number.to_string(), map);
        let options = ["--user", "root", "--map-file", text(&rules)];
        let Some(other) = Other::in_tftpd(&options) else {
            return;
        };
        // Each file holds its name. The requested name exists too, unless the request is to be
        // refused because it does not.
        for path in [Some(name), wanted.as_ref()].into_iter().flatten() {
            let path = path.trim_start_matches('/');
            std::fs::create_dir_all(other.path(path).parent().unwrap()).unwrap();
            other.add(path, path.as_bytes());
        }
        let wanted = wanted.map(|wanted| wanted.trim_start_matches('/').to_owned());
        let served = Served::new(other.root.path(), &["--map", text(&rules)]);
        let theirs = fetched(([127, 0, 0, 1], other.port).into(), name);
        let ours = fetched(served.address(), name);
        assert_eq!(
            (&theirs, &ours),
            (&wanted, &wanted),
            "{map:?} {name:?}: theirs, ours"
        );
    }
}
