//! Many clients ask for one file at the same time, and for its successor right after.

use crate::support::class::Class;

const CLIENTS: usize = 48;

/// Requests that arrive together share one open file. A request sent after the file was exchanged,
/// grown or removed never gets the old content.
#[test]
fn a_file_replaced_before_a_request_is_seen_by_it() {
    let class = Class::new();
    class.server.start_listening().unwrap();
    for round in 0..40 {
        let content = format!("state {round}");
        class.write("fresh", content.as_bytes());
        std::fs::rename(class.path().join("fresh"), class.path().join("kernel")).unwrap();
        let mut clients: Vec<_> = (0..CLIENTS).map(|_| class.client()).collect();
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
}
