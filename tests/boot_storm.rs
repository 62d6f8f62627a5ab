//! Many clients ask for one file at the same time, and for its successor right after.

mod support;

use support::Client;
use tftpserver::server::Server;
use tftpserver::server::property::Value;
use tftpserver::server::property::id::{LOCAL_DIR, LOCAL_HOST, LOCAL_PORT};

const CLIENTS: usize = 48;

/// Requests that arrive together share what is opened for them; a request that is sent after a file was exchanged,
/// grown or removed never gets what was there before.
#[test]
fn what_was_exchanged_before_a_request_is_seen_by_it() {
    let root = tempfile::tempdir().unwrap();
    let server = Server::open();
    let text = |text: &str| Value::Text(text.to_owned());
    server
        .set(LOCAL_DIR, 0, text(root.path().to_str().unwrap()))
        .unwrap();
    server.set(LOCAL_HOST, 0, text("127.0.0.1")).unwrap();
    server.set(LOCAL_PORT, 0, Value::Integer(0)).unwrap();
    server.start_listening().unwrap();
    let at = server.local_addr().unwrap();
    for round in 0..40 {
        let content = format!("state {round}");
        let fresh = root.path().join("fresh");
        std::fs::write(&fresh, &content).unwrap();
        std::fs::rename(&fresh, root.path().join("kernel")).unwrap();
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| Client::new(at)).collect();
        for (index, client) in clients.iter_mut().enumerate() {
            let name: &[u8] = if index % 8 == 7 { b"absent" } else { b"kernel" };
            client.start(&[b"\0\x01", name, b"\0octet\0"].concat());
        }
        for (index, client) in clients.iter_mut().enumerate() {
            let packet = client.receive();
            if index % 8 == 7 {
                assert!(!matches!(&packet, Ok(packet) if packet[1] == 3), "{packet:?}");
            } else {
                assert_eq!(&packet.unwrap()[4..], content.as_bytes());
                client.acknowledge(1);
            }
        }
    }
    server.close();
}
