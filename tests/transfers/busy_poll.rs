//! BusyPollMicros: a thread that looks without sleeping hears of everything that wakes one which
//! sleeps.

use std::sync::mpsc;
use std::time::Duration;

use crate::support::class::Class;
use crate::support::{Options, pattern};
use tftpserver::class::property::id::RETRANSMIT_TIMEOUT;

/// Much longer than an order takes on the slowest machine, and much shorter than the retransmit
/// timeout.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn an_order_is_executed_while_polling() {
    let class = Class::new();
    class.config("BusyPollMicros=100000");
    class.config("AdaptiveRetransmit=False");
    class.set(RETRANSMIT_TIMEOUT, "255");
    class.write("file", &pattern(2000));
    class.server.start_listening().unwrap();
    let mut client = class.client();
    client.start(b"\0\x01file\0octet\0");
    assert_eq!(client.receive().unwrap()[..4], [0, 3, 0, 1]);
    // A transfer is running and its client is silent: the thread polls for 100 ms, then sleeps.
    let (done, is_done) = mpsc::channel();
    let server = class.server.clone();
    std::thread::spawn(move || {
        server.stop_listening();
        let _ = done.send(());
    });
    is_done
        .recv_timeout(PATIENCE)
        .expect("StopListening was heard while the thread looked");
}

/// Every block of an upload in lockstep waits for the result of the file thread.
#[test]
fn an_upload_does_not_wait_for_timers() {
    let class = Class::new();
    class.config("BusyPollMicros=1000");
    class.config("AdaptiveRetransmit=False");
    class.set(RETRANSMIT_TIMEOUT, "255");
    class.server.start_listening().unwrap();
    let data = pattern(1_000_000);
    class.client().put("up", &data, Options::new(1400, 4)).unwrap();
    assert!(std::fs::read(class.path().join("up")).unwrap() == data);
}
