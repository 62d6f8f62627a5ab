//! The memory of ports that were closed.

use std::collections::HashSet;

use super::sockets::{AUTO, PORTABLE, net, open, peer, receive_at, take};
use crate::datagrams::{Class, Datagrams, PortId};

#[test]
fn closed_ports_are_freed_and_no_old_id_means_a_later_port() {
    for way in [AUTO, PORTABLE] {
        let ((mut net, _), (peer, here)) = (net(way), peer());
        let mut old: HashSet<PortId> = HashSet::new();
        for _ in 0..3 {
            let routes: Vec<_> = (0..60).map(|_| open(&mut net, here)).collect();
            assert!(
                routes.iter().all(|route| old.insert(route.port)),
                "no id comes twice"
            );
            let stays = routes[20];
            // More than are kept idle.
            for route in &routes {
                if route.port != stays.port {
                    net.close(route.port);
                }
            }
            net.shrink();
            // Packets for ports that are gone go nowhere.
            net.control(&routes[59], b"old");
            net.control(&stays, b"answer");
            net.flush();
            let (bytes, from) = receive_at(&peer);
            assert_eq!(bytes, b"answer");
            peer.send_to(b"packet", from).unwrap();
            let expected = (stays.port, here, b"packet".to_vec());
            assert_eq!(take(&mut net, Class::Transfers, 1), [expected]);
            net.close(stays.port);
            net.shrink();
        }
    }
}
