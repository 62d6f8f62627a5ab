//! The memory of transfers that have ended.

use std::collections::HashSet;

use crate::drive::*;
use tftp_machine::*;
use tftp_proto::wire;

const CLIENTS: u16 = 600;

/// Begins a download of two blocks for each client. Returns the ids and ports.
fn burst(rig: &mut Rig) -> Vec<(TransferId, PortId)> {
    let mut begin = |number| {
        let Handled::Requested(id) = rig.ask(client(number), &rrq("small", &[])) else {
            panic!("a transfer begins")
        };
        (id, rig.take_sent()[0].port)
    };
    (0..CLIENTS).map(&mut begin).collect()
}

fn finish(rig: &mut Rig, number: u16, port: PortId) {
    rig.arrive(port, client(number), &wire::ack(1));
    assert_eq!(rig.take_sent()[0].bytes, data(2, &[5; 188]));
    rig.arrive(port, client(number), &wire::ack(2));
    assert_eq!(rig.endings(), [Ending::Complete]);
    rig.take_events();
}

#[test]
fn after_a_burst_memory_is_freed_and_no_old_id_means_a_later_transfer() {
    let mut rig = Rig::new(Mode::Own);
    let mut old = HashSet::new();
    for _ in 0..3 {
        let begun = burst(&mut rig);
        assert!(!rig.server.is_sparse(), "all transfers are needed");
        assert!(begun.iter().all(|(id, _)| old.insert(*id)), "no id comes twice");
        let stays = CLIENTS / 2;
        for (number, &(_, port)) in (0..).zip(&begun) {
            if number != stays {
                finish(&mut rig, number, port);
            }
        }
        assert!(rig.server.is_sparse());
        assert!(rig.server.shrink() > 0, "those behind the last one are freed");
        let (id, port) = begun[usize::from(stays)];
        assert!(rig.server.transfer(id).is_some());
        assert!(rig.server.poll_timeout().is_some(), "its deadline stays");
        finish(&mut rig, stays, port);
        rig.server.shrink();
        assert!(!rig.server.is_sparse());
        assert_eq!((rig.server.transfers(), rig.server.poll_timeout()), (0, None));
        assert_eq!(rig.server.shrink(), 0, "nothing is left");
        assert!(old.iter().all(|id| rig.server.transfer(*id).is_none()));
    }
}
