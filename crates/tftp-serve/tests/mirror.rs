//! The examples with a backend: the mirror of an HTTP server, and the object store.

mod support;

#[path = "../examples/mirror.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod mirror;

#[path = "../examples/object_store.rs"]
#[allow(dead_code, reason = "its main is not called")]
mod object_store;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use support::{Client, Failed, Gate, Options, get, pattern, refused};
use tftp_serve::Server;

/// An HTTP server whose files can change, and which can be stopped.
struct Origin {
    address: SocketAddr,
    state: Arc<Mutex<Files>>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Files {
    /// The files by name: ETag, contents, and the announced length.
    files: HashMap<String, (String, Vec<u8>, usize)>,
    /// Responses by method and name, which come before those of `files`.
    responses: HashMap<(&'static str, &'static str), Vec<u8>>,
    /// The names of the files that were requested with GET.
    gets: Vec<String>,
    /// Bodies are sent once it is open.
    gate: Gate,
    is_dead: bool,
}

impl Origin {
    fn start() -> Origin {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::<Mutex<Files>>::default());
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.lock().unwrap().is_dead {
                    return;
                }
                let (stream, shared) = (stream.unwrap(), Arc::clone(&shared));
                // A client that disconnects is not a fault of this server.
                thread::spawn(move || drop(answer(stream, &shared)));
            }
        });
        Origin {
            address,
            state,
            thread: Some(thread),
        }
    }

    fn put(&self, name: &str, etag: &str, bytes: Vec<u8>, length: usize) {
        let mut state = self.state.lock().unwrap();
        state
            .files
            .insert(name.to_owned(), (etag.to_owned(), bytes, length));
    }

    fn gets(&self) -> usize {
        self.state.lock().unwrap().gets.len()
    }

    fn gate(&self) -> Gate {
        self.state.lock().unwrap().gate.clone()
    }

    fn die(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.state.lock().unwrap().is_dead = true;
            // The thread checks `is_dead` when a connection arrives.
            drop(TcpStream::connect(self.address));
            thread.join().unwrap();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.die();
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<Files>) -> std::io::Result<()> {
    let (mut known, mut lines) = (String::new(), BufReader::new(stream.try_clone()?).lines());
    let first = lines.next().unwrap()?;
    for line in lines {
        match line?.split_once(": ") {
            Some(("If-None-Match", etag)) => known = etag.to_owned(),
            Some(_) => {}
            None => break,
        }
    }
    let (method, rest) = first.split_once(" /").unwrap();
    let name = rest.split(' ').next().unwrap();
    let (file, gate) = {
        let mut state = state.lock().unwrap();
        let mut responses = state.responses.iter();
        let response = responses.find(|((its, of), _)| *its == method && *of == name);
        if let Some((_, response)) = response {
            return stream.write_all(response);
        }
        if method == "GET" {
            state.gets.push(name.to_owned());
        }
        (state.files.get(name).cloned(), state.gate.clone())
    };
    match file {
        None => write!(stream, "HTTP/1.0 404 Not Found\r\n\r\n"),
        Some((etag, ..)) if etag == known => write!(stream, "HTTP/1.0 304 Not Modified\r\n\r\n"),
        Some((etag, bytes, length)) => {
            write!(
                stream,
                "HTTP/1.0 200 OK\r\nContent-Length: {length}\r\nETag: {etag}\r\n\r\n"
            )?;
            if method == "GET" {
                gate.pass();
                stream.write_all(&bytes)?;
            }
            Ok(())
        }
    }
}

/// Lets clients request a name at the same time; the origin sends nothing before all of them are
/// served.
fn together(
    server: &Server,
    origin: &Origin,
    name: &'static str,
    count: usize,
) -> Vec<Result<Vec<u8>, Failed>> {
    let address = server.local_addr();
    let fetch = move || {
        let mut client = Client::new(address);
        client.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
        client.get(name, Options::new(1_428, 8))
    };
    let clients: Vec<_> = (0..count).map(|_| thread::spawn(fetch)).collect();
    let are_all_served = || {
        let served = server
            .connections()
            .into_iter()
            .filter(|connection| connection.block_size() != 0);
        served.count() == count
    };
    while !are_all_served() {
        thread::yield_now();
    }
    origin.gate().open();
    clients.into_iter().map(|client| client.join().unwrap()).collect()
}

#[test]
fn a_mirror_fetches_once_keeps_checks_and_outlives_its_origin() {
    let (mut origin, cache) = (Origin::start(), tempfile::tempdir().unwrap());
    let (first, second) = (pattern(400_000), pattern(300_000));
    origin.put("boot.img", "\"1\"", first.clone(), first.len());
    let server = mirror::serve(origin.address.to_string(), cache.path().join("files"), 0).unwrap();
    for got in together(&server, &origin, "boot.img", 5) {
        assert_eq!(got, Ok(first.clone()));
    }
    assert_eq!(origin.gets(), 1);
    assert_eq!(get(&server, "boot.img"), Ok(first.clone()));
    assert_eq!(origin.gets(), 1, "it is unchanged, and served from the cache");
    origin.put("boot.img", "\"2\"", second.clone(), second.len());
    assert_eq!(get(&server, "boot.img"), Ok(second.clone()));
    assert_eq!(origin.gets(), 2);
    let not_found = || Err(refused(1, "File not found"));
    for name in ["none", "../boot.img", ".etag", "boot.img/"] {
        assert_eq!(get(&server, name), not_found(), "{name}");
    }
    origin.die();
    assert_eq!(get(&server, "boot.img"), Ok(second));
    assert_eq!(get(&server, "none"), not_found());
}

#[test]
fn a_mirror_keeps_nothing_of_a_file_that_breaks_off() {
    let (origin, cache) = (Origin::start(), tempfile::tempdir().unwrap());
    origin.put("short.img", "\"1\"", pattern(50_000), 60_000);
    origin.gate().open();
    let server = mirror::serve(origin.address.to_string(), cache.path().to_owned(), 0).unwrap();
    assert!(matches!(get(&server, "short.img"), Err(Failed::Error(0, _))));
    assert!(server.wait_idle(Some(support::PATIENCE)));
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    origin.put("short.img", "\"1\"", pattern(60_000), 60_000);
    assert_eq!(get(&server, "short.img"), Ok(pattern(60_000)));
}

/// The origin answers HEAD with a file, and GET with something else; or breaks off in a header.
#[test]
fn a_mirror_passes_on_and_keeps_no_other_file_than_the_requested_version() {
    let (origin, cache) = (Origin::start(), tempfile::tempdir().unwrap());
    origin.put("boot.img", "\"1\"", pattern(60_000), 60_000);
    origin.gate().open();
    let server = mirror::serve(origin.address.to_string(), cache.path().to_owned(), 0).unwrap();
    let respond = |method, header: &str, length| {
        let response = [header.as_bytes(), &pattern(length)].concat();
        let mut state = origin.state.lock().unwrap();
        state.responses.insert((method, "boot.img"), response);
    };
    let fails = |why: &str| {
        assert!(get(&server, "boot.img").is_err(), "{why}");
        assert!(server.wait_idle(Some(support::PATIENCE)));
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0, "{why}");
    };
    let length = "Content-Length: 60000";
    let known = format!("HTTP/1.0 200 OK\r\n{length}\r\nETag: \"1\"\r\n");
    for (header, why) in [
        (
            format!("HTTP/1.0 200 OK\r\n{length}\r\nETag: \"2\"\r\n\r\n"),
            "another version",
        ),
        (
            format!("HTTP/1.0 500 Oh\r\n{length}\r\nETag: \"1\"\r\n\r\n"),
            "an error",
        ),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 90000\r\nETag: \"1\"\r\n\r\n".into(),
            "longer",
        ),
        (format!("{known}Transfer-Encoding: chunked\r\n\r\n"), "chunks"),
    ] {
        respond("GET", &header, 90_000);
        fails(why);
    }
    respond("HEAD", "HTTP/1.0 200 OK\r\nContent-Le", 0);
    respond("GET", "HTTP/1.0 200 OK\r\nContent-Le", 0);
    fails("a header that breaks off");
    origin.state.lock().unwrap().responses.clear();
    assert_eq!(get(&server, "boot.img"), Ok(pattern(60_000)));
    for status in [304, 416, 500] {
        respond("HEAD", &format!("HTTP/1.0 {status} No\r\n\r\n"), 0);
        assert_eq!(get(&server, "boot.img"), Ok(pattern(60_000)), "from the cache");
    }
}

#[test]
fn a_mirror_without_room_in_its_cache_passes_files_on() {
    let (origin, place) = (Origin::start(), tempfile::tempdir().unwrap());
    let cache = place.path().join("files");
    origin.put("boot.img", "\"1\"", pattern(60_000), 60_000);
    origin.gate().open();
    let server = mirror::serve(origin.address.to_string(), cache.clone(), 0).unwrap();
    std::fs::remove_dir(cache).unwrap();
    assert_eq!(get(&server, "boot.img"), Ok(pattern(60_000)));
    assert_eq!(get(&server, "boot.img"), Ok(pattern(60_000)));
    assert_eq!(origin.gets(), 2);
}

#[test]
fn an_object_store_is_read_by_ranges() {
    let store = tempfile::tempdir().unwrap();
    for (name, length) in [("empty", 0), ("small", 512), ("image.gz", 700_000)] {
        std::fs::write(store.path().join(name), pattern(length)).unwrap();
    }
    std::fs::write(store.path().join(".hidden"), "secret").unwrap();
    std::fs::create_dir(store.path().join("directory")).unwrap();
    let server = object_store::serve(store.path().to_owned(), 0).unwrap();
    let address = server.local_addr();
    let fetch = |name: &'static str| {
        thread::spawn(move || {
            let mut client = Client::new(address);
            client.socket.set_read_timeout(Some(support::PATIENCE)).unwrap();
            client.get(name, Options::new(1_428, 8))
        })
    };
    let clients: Vec<_> = (0..5).map(|_| fetch("image.gz")).collect();
    assert_eq!(fetch("small").join().unwrap(), Ok(pattern(512)));
    assert_eq!(fetch("empty").join().unwrap(), Ok(Vec::new()));
    for client in clients {
        assert_eq!(client.join().unwrap(), Ok(pattern(700_000)));
    }
    for name in ["none", ".hidden", "../small", "a/b", "directory"] {
        assert_eq!(get(&server, name), Err(refused(1, "File not found")), "{name}");
    }
}
