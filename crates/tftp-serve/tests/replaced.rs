//! Few files, many clients, several I/O threads: a file that is replaced while it is read arrives
//! whole, in one of its versions, and nothing else is left in the directory.
//!
//! The seed is printed; `TFTP_SEED=<seed>` makes the same requests again. Their order in time
//! differs from run to run.

mod support;

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use support::{Failed, Left, PATIENCE, local, options, patient, random};
use tftp_sim::Rng;

const NAMES: [&str; 3] = ["one", "two", "three"];
const CLIENTS: u64 = 16;
const REQUESTS: u64 = 100;

/// Returns the content of a version. It begins with the version's number, eight bytes, of which
/// [`is_whole`] makes the rest again.
fn version(number: u64) -> Vec<u8> {
    let mut random = Rng(number);
    let length = 12_000 + random.below(50_000) as usize;
    let mut bytes = number.to_be_bytes().to_vec();
    while bytes.len() < length {
        bytes.extend(random.next().to_be_bytes());
    }
    bytes
}

fn is_whole(bytes: &[u8]) -> bool {
    let number = bytes.first_chunk().map(|number| u64::from_be_bytes(*number));
    number.is_some_and(|number| bytes == version(number))
}

/// Makes requests until it has made all of them; returns how many succeeded.
fn client(address: SocketAddr, number: u64, mut random: Rng) -> u64 {
    let (mut complete, mut left) = (0, Left::default());
    for turn in 0..REQUESTS {
        let name = random.pick(&NAMES);
        let options = options(&mut random);
        let mut client = patient(address);
        let is_upload = random.below(2) == 0;
        if random.below(6) == 0 {
            left.begin(client, name, is_upload, random.below(20) as u16);
            continue;
        }
        let done = match is_upload {
            true => client.put(name, &version(number << 32 | turn), options),
            false => client
                .get(name, options)
                .map(|bytes| assert!(is_whole(&bytes), "{name}: {} bytes", bytes.len())),
        };
        match done {
            Ok(()) => complete += 1,
            Err(Failed::Error(1, _)) if !is_upload => {}
            Err(other) => panic!("{name}, upload {is_upload}: {other:?}"),
        }
    }
    complete
}

#[test]
fn files_that_are_replaced_while_they_are_read_arrive_whole() {
    let random = random();
    let directory = tempfile::tempdir().unwrap();
    let server = local()
        .io_threads(4)
        .root(directory.path())
        .read_only(false)
        .overwrite(true)
        // Clients that leave without a word are given up soon.
        .retransmit_timeout(Duration::from_secs(1))
        .max_retransmits(10)
        .start()
        .unwrap();
    let address = server.local_addr();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let random = random.part(number);
            thread::spawn(move || client(address, number, random))
        })
        .collect();
    let complete: u64 = clients.into_iter().map(|client| client.join().unwrap()).sum();
    assert!(complete > CLIENTS * REQUESTS / 2, "{complete}");
    assert!(server.wait_idle(Some(PATIENCE)), "{:?}", server.connections());
    server.close();
    let mut left: Vec<_> = directory
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["one", "three", "two"]);
    for name in left {
        assert!(
            is_whole(&std::fs::read(directory.path().join(&name)).unwrap()),
            "{name}"
        );
    }
}
