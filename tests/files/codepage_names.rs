//! The setting CodePage on the wire: names in the client's code page find files whose names are
//! UTF-8 here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::support::{Client, Failed};
use std::sync::Mutex;
use tftp_codepage::{CodePage, page, pages};
use tftpserver::class::Server;
use tftpserver::class::events::id::{CONNECTION_REQUEST, ERROR};
use tftpserver::class::events::{Callback, Event};
use tftpserver::class::property::Value;
use tftpserver::class::property::id::{
    CONN_LOCAL_FILE, CONN_SERVED_NAME, LOCAL_DIR, LOCAL_HOST, LOCAL_PORT,
};

fn listening(root: &std::path::Path) -> Arc<Server> {
    let server = Server::open();
    let text = |text: &str| Value::Text(text.to_owned());
    server.set(LOCAL_DIR, 0, text(root.to_str().unwrap())).unwrap();
    server.set(LOCAL_HOST, 0, text("127.0.0.1")).unwrap();
    server.set(LOCAL_PORT, 0, Value::Integer(0)).unwrap();
    server.start_listening().unwrap();
    server
}

fn read(server: &Server, name: &[u8]) -> Result<Vec<u8>, Failed> {
    ask(server, 1, name)
}

/// Sends a request and returns the content of the first answer.
fn ask(server: &Server, opcode: u8, name: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut client = Client::new(server.local_addr().unwrap());
    client.start(&[&[0, opcode], name, b"\0octet\0"].concat());
    let packet = client.receive()?;
    client.acknowledge(1);
    Ok(packet[4..].to_vec())
}

#[test]
fn a_name_in_the_clients_code_page_finds_its_file() {
    let root = tempfile::tempdir().unwrap();
    for name in ["Grüße €.cfg", "表示.txt", "A"] {
        std::fs::write(root.path().join(name), name).unwrap();
    }
    let server = listening(root.path());
    for (page, wire, name) in [
        ("65001", "Grüße €.cfg".as_bytes(), "Grüße €.cfg"),
        ("1252", &b"Gr\xFC\xDFe \x80.cfg"[..], "Grüße €.cfg"),
        ("858", &b"Gr\x81\xE1e \xD5.cfg"[..], "Grüße €.cfg"),
        // The second byte of 表 is the ASCII backslash, here a byte of a character and no separator.
        ("932", &b"\x95\x5C\x8E\xA6.txt"[..], "表示.txt"),
        ("37", &b"\xC1"[..], "A"),
    ] {
        server.config(&format!("CodePage={page}")).unwrap();
        assert_eq!(
            read(&server, wire),
            Ok(name.as_bytes().to_vec()),
            "code page {page}"
        );
    }
    server.close();
}

#[test]
fn a_name_that_does_not_convert_is_434_here_and_an_error_there() {
    let root = tempfile::tempdir().unwrap();
    let server = listening(root.path());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let callback: Arc<dyn Callback> = Arc::new(move |event: &mut Event<'_>| {
        if let Event::Error { error_code, .. } = event {
            told.lock().unwrap().push(*error_code);
        }
        0
    });
    server.register(ERROR, Some(callback)).unwrap();
    for (page, wire) in [("65000", &b"+!"[..]), ("50220", b"\x1B$BI"), ("7", b"\\q")] {
        server.config(&format!("CodePage={page}")).unwrap();
        let answer = read(&server, wire);
        assert_eq!(
            answer,
            Err(Failed::Error(0, "File name not understood".into())),
            "code page {page}"
        );
    }
    for _ in 0..200 {
        server.do_events().unwrap();
        if seen.lock().unwrap().len() == 3 {
            break;
        }
    }
    assert_eq!(*seen.lock().unwrap(), [434; 3]);
    server.close();
}

/// A name of exactly the bytes that a client sends is found in every way: as a file, a symbolic
/// link, through ConnServedName or ConnLocalFile. Programs see each invalid byte as a character of
/// its own.
#[cfg(target_os = "linux")]
#[test]
fn a_name_with_bytes_of_no_code_page_finds_its_file() {
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    let raw = |name: &[u8]| root.path().join(std::ffi::OsStr::from_bytes(name));
    std::fs::write(root.path().join("boot.efi"), "by link").unwrap();
    std::os::unix::fs::symlink("boot.efi", raw(b"boot.efi\xFF")).unwrap();
    std::fs::create_dir(raw(b"dir\x80")).unwrap();
    std::fs::write(raw(b"dir\x80/caf\xE9"), "by name").unwrap();
    // The character that stands for a byte is another name than the byte itself.
    std::fs::write(raw("private\u{EFFF}".as_bytes()), "itself").unwrap();
    let server = listening(root.path());
    assert_eq!(read(&server, b"boot.efi\xFF"), Ok(b"by link".to_vec()));
    assert_eq!(read(&server, b"/dir\x80/caf\xE9"), Ok(b"by name".to_vec()));
    assert_eq!(read(&server, b"dir\x80\\caf\xE9"), Ok(b"by name".to_vec()));
    assert_eq!(
        read(&server, "private\u{EFFF}".as_bytes()),
        Ok(b"itself".to_vec())
    );
    assert!(matches!(read(&server, b"private\xFF"), Err(Failed::Error(1, _))));
    assert!(matches!(
        read(&server, b"\xFF/../../secret"),
        Err(Failed::Error(1 | 2, _))
    ));

    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, path) = (Arc::clone(&seen), root.path().to_str().unwrap().to_owned());
    let answering = Arc::clone(&server);
    let callback: Arc<dyn Callback> = Arc::new(move |event: &mut Event<'_>| {
        if let Event::ConnectionRequest {
            connection_id,
            filename,
            ..
        } = event
        {
            told.lock().unwrap().push((*filename).to_owned());
            let (property, value) = match *filename {
                "by\u{EF80}path" => (CONN_LOCAL_FILE, format!("{path}/dir\u{EF80}/caf\u{EFE9}")),
                _ => (CONN_SERVED_NAME, "boot.efi\u{EFFF}".to_owned()),
            };
            answering
                .set(property, *connection_id, Value::Text(value))
                .unwrap();
        }
        0
    });
    server.register(CONNECTION_REQUEST, Some(callback)).unwrap();
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                server.do_events().unwrap();
            }
        });
        assert_eq!(read(&server, b"by\x80path"), Ok(b"by name".to_vec()));
        assert_eq!(read(&server, b"anything\xFE"), Ok(b"by link".to_vec()));
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(*seen.lock().unwrap(), ["by\u{EF80}path", "anything\u{EFFE}"]);
    server.close();
}

/// The name of an upload may have such bytes too, in any code page; valid parts of it are still
/// converted.
#[cfg(target_os = "linux")]
#[test]
fn an_upload_has_exactly_the_name_that_was_sent() {
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    let server = listening(root.path());
    server.config("CodePage=1253").unwrap();
    let mut client = Client::new(server.local_addr().unwrap());
    client.start(b"\0\x02\xE1\xFF\0octet\0");
    assert_eq!(client.receive().unwrap()[..4], *b"\0\x04\0\0");
    client.send(b"\0\x03\0\x01whole");
    assert_eq!(client.receive().unwrap()[..4], *b"\0\x04\0\x01");
    let name = ["\u{3B1}".as_bytes(), b"\xFF"].concat();
    let stored = std::fs::read(root.path().join(std::ffi::OsStr::from_bytes(&name)));
    assert_eq!(stored.unwrap(), b"whole");
    server.close();
}

/// Dots and separators, at which a name is split, and characters that some system might take for
/// them: full width, leaders, mathematical slashes, currency signs in the backslash's place.
const DOTS: [char; 1] = ['.'];
const SEPARATORS: [char; 2] = ['/', '\\'];
const LIKE_DOTS: [char; 3] = ['．', '․', '‥'];
const LIKE_SEPARATORS: [char; 8] = ['／', '＼', '⁄', '∕', '⧸', '⧵', '¥', '₩'];

/// Shift sequences of pages, before and after bytes that have another meaning between them.
#[rustfmt::skip]
const SHIFTS: [(&[u8], &[u8]); 9] = [
    (b"\x1B$B", b"\x1B(B"), (b"\x1B$@", b"\x1B(J"), (b"\x1B(J", b"\x1B(B"), (b"\x1B(I", b"\x1B(B"),
    (b"\x1B$A", b"\x1B(B"), (b"\x1B$)C\x0E", b"\x0F"), (b"\x1B$)A\x0E", b"\x0F"), (b"\x0E", b"\x0F"), (b"~{", b"~}"),
];

type Spellings = BTreeMap<char, BTreeSet<Vec<u8>>>;

/// Returns every way in which a page can write each of these characters: one byte, two, some after
/// shifts, escapes.
fn spellings(opened: &CodePage) -> Spellings {
    let known = [&DOTS[..], &SEPARATORS, &LIKE_DOTS, &LIKE_SEPARATORS].concat();
    let mut found = Spellings::new();
    let mut look = |wire: Vec<u8>| {
        if let Some(text) = opened.decode(&wire)
            && let [only] = text.chars().collect::<Vec<_>>()[..]
            && known.contains(&only)
        {
            found.entry(only).or_default().insert(wire);
        }
    };
    let is_single_byte = page(opened.id()).unwrap().is_single_byte();
    for first in 1..=255 {
        look(vec![first]);
        (1..=255)
            .filter(|_| !is_single_byte)
            .for_each(|second| look(vec![first, second]));
    }
    for (before, after) in SHIFTS.into_iter().filter(|_| opened.id() > 50_000) {
        (1..=255).for_each(|byte| look([before, &[byte], after].concat()));
        // The rows of the double-byte sets that have punctuation.
        for first in [0x21, 0x22, 0x23, 0x41, 0x42, 0x43, 0x44] {
            (0x21..=0xFE).for_each(|second| look([before, &[first, second], after].concat()));
        }
    }
    for &character in &known {
        let unit = character as u32;
        let base64 = ["+AC4-", "+AC8-", "+AFw-", "+/w4-", "+/w8-", "+/zw-"].map(String::from);
        let escapes = [format!("\\{unit:03o}"), format!("\\u{unit:04x}")];
        base64
            .into_iter()
            .chain(escapes)
            .for_each(|text| look(text.into_bytes()));
        look(opened.encode(&character.to_string()).unwrap_or_default());
    }
    found
}

/// Returns names that lead out of the directory once they are decoded, then names that only look
/// so.
fn names_that_lead_out(found: &Spellings, a: &[u8], b: &[u8]) -> [Vec<Vec<u8>>; 2] {
    let all = |characters: &[char]| -> Vec<Vec<u8>> {
        let sets = characters.iter().filter_map(|character| found.get(character));
        sets.flatten().cloned().collect()
    };
    let name = |dot: &Vec<u8>, separator: &Vec<u8>| {
        let up = [&dot[..], dot].concat();
        let twice = [a, separator, &up, separator, &up, separator, b].concat();
        [[&up[..], separator, b].concat(), twice]
    };
    let (dots, separators) = (all(&DOTS), all(&SEPARATORS));
    let each = |dot| separators.iter().flat_map(move |separator| name(dot, separator));
    let real = dots.iter().flat_map(each).collect();
    let like_dots = [all(&LIKE_DOTS), dots.clone()].concat();
    let like_separators = [all(&LIKE_SEPARATORS), separators.clone()].concat();
    // Every one at least once.
    let pairs = (0..like_dots.len().max(like_separators.len())).map(|at| {
        (
            &like_dots[at % like_dots.len()],
            &like_separators[at % like_separators.len()],
        )
    });
    [
        real,
        pairs.flat_map(|(dot, separator)| name(dot, separator)).collect(),
    ]
}

/// Dots and separators are recognised after decoding, whatever their bytes in the page, and
/// characters that only look similar stay part of a name. Each page has a server of its own; four
/// threads share the pages.
#[test]
fn no_code_page_hides_a_way_out() {
    let pages: Vec<_> = pages().filter_map(|page| CodePage::new(page.id).ok()).collect();
    // The test of the whole list reports the pages missing here.
    assert!(pages.len() >= 97, "{} pages", pages.len());
    let names: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = pages
            .chunks(pages.len().div_ceil(4))
            .map(|part| scope.spawn(|| part.iter().map(leads_nowhere).sum::<usize>()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert!(names > 10 * pages.len(), "{names} names");
    println!(
        "figure: {names} names in {} code pages, none led out",
        pages.len()
    );
}

/// Checks the names of this page and returns how many of them were refused.
fn leads_nowhere(page: &CodePage) -> usize {
    let base = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(base.path().join("inside/A")).unwrap();
    for (path, text) in [("inside/A/B", "inside"), ("B", "outside"), ("AB", "outside")] {
        std::fs::write(base.path().join(path), text).unwrap();
    }
    let server = listening(&base.path().join("inside"));
    server.config(&format!("CodePage={}", page.id())).unwrap();
    let found = spellings(page);
    let [a, b] = ["A", "B"].map(|letter| page.encode(letter).unwrap());
    // A zero byte ends the name before it is decoded, and some shifts are invalid at their place in
    // the name.
    let is_name = |wire: &Vec<u8>| !wire.contains(&0) && page.decode(wire).is_some();
    for separator in SEPARATORS
        .iter()
        .filter_map(|separator| found.get(separator))
        .flatten()
    {
        let inside = [&a[..], separator, &b].concat();
        if is_name(&inside) {
            assert_eq!(
                read(&server, &inside),
                Ok(b"inside".to_vec()),
                "{}: {inside:x?}",
                page.id()
            );
        }
    }
    let [real, like] = names_that_lead_out(&found, &a, &b);
    let (real, like) = (
        real.iter().filter(|name| is_name(name)),
        like.iter().filter(|name| is_name(name)),
    );
    let asked = real
        .flat_map(|name| [(name, 1), (name, 2)])
        .chain(like.map(|name| (name, 1)));
    let refused = asked.map(|(name, opcode)| {
        let answer = ask(&server, opcode, name);
        assert!(
            matches!(answer, Err(Failed::Error(1 | 2, _))),
            "{}: {name:x?}, {opcode}: {answer:?}",
            page.id()
        );
    });
    let refused = refused.count();
    server.close();
    assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 3);
    assert_eq!(std::fs::read(base.path().join("B")).unwrap(), b"outside");
    refused
}
