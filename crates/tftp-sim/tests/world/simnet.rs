//! The simulated network in the form that a server's loop uses.

use std::cell::RefCell;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use tftp_machine::{Datagram, OpenPlan, PortId, Route};
use tftp_proto::Instant;
use tftp_udp::Bytes;
use tftp_udp::datagrams::{Class, Datagrams, Failure, Features, Received, Unopened, Until, Wake};

use super::net::Flight;
use super::wire::Wire;

/// One server's sockets. `wait` only records its arguments: the world decides when the next turn
/// begins.
pub struct SimNet {
    wire: Rc<RefCell<Wire>>,
    address: IpAddr,
    batch: Vec<(PortId, Flight)>,
    /// The destination of the DATA packets that are being assembled, and in `packet` the current
    /// one.
    data: Option<(PortId, SocketAddr)>,
    packet: Vec<u8>,
    waker: SimWaker,
    moments: Moments,
}

/// Moments in the middle of a turn at which another thread may run.
#[derive(Clone, Default)]
pub struct Moments(Rc<RefCell<Option<Run>>>);

type Run = Box<dyn FnMut()>;

impl Moments {
    /// Sets the function that the other thread runs then.
    pub fn set(&self, run: impl FnMut() + 'static) {
        *self.0.borrow_mut() = Some(Box::new(run));
    }

    fn pass(&self) {
        if let Some(run) = self.0.borrow_mut().as_mut() {
            run();
        }
    }
}

/// Ends a wait.
#[derive(Clone, Debug, Default)]
pub struct SimWaker(Arc<AtomicBool>);

impl SimWaker {
    /// Returns true if it was called, and the call was not handled yet.
    pub fn is_called(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub fn take(&self) {
        self.0.store(false, Relaxed);
    }
}

impl Wake for SimWaker {
    fn wake(&self) {
        self.0.store(true, Relaxed);
    }
}

impl SimNet {
    pub fn new(wire: Rc<RefCell<Wire>>, waker: SimWaker, moments: Moments) -> SimNet {
        let address = wire.borrow().address;
        SimNet {
            wire,
            address,
            batch: Vec::new(),
            data: None,
            packet: Vec::new(),
            waker,
            moments,
        }
    }

    fn end_packet(&mut self) {
        if let Some((port, peer)) = self.data
            && !self.packet.is_empty()
        {
            let packet = std::mem::take(&mut self.packet);
            self.wire.borrow_mut().hand_over(port, peer, packet);
        }
    }
}

fn error(text: &'static str) -> io::Error {
    io::Error::other(text)
}

impl Datagrams for SimNet {
    type Waker = SimWaker;

    fn now(&self) -> Instant {
        self.moments.pass();
        Instant::from_micros(self.wire.borrow().now)
    }

    fn waker(&self) -> SimWaker {
        self.waker.clone()
    }

    fn features(&self) -> Features {
        Features {
            source_address: true,
            errors_by_peer: true,
            hides_probes: true,
            port_range: true,
        }
    }

    fn listening(&self) -> PortId {
        self.wire.borrow().listening()
    }

    fn wait(&mut self, until: Until) {
        self.wire.borrow_mut().until = Until {
            spin: Duration::ZERO,
            ..until
        };
    }

    fn receive(&mut self, class: Class, most: usize) -> Received {
        self.moments.pass();
        self.batch.clear();
        let more = self.wire.borrow_mut().take(class, most, &mut self.batch);
        Received {
            count: self.batch.len(),
            more,
        }
    }

    fn arrival(&self, index: usize) -> Datagram<'_> {
        let (port, flight) = &self.batch[index];
        Datagram {
            port: *port,
            peer: flight.from,
            local: None,
            broadcast: flight.to.ip() != self.address,
            bytes: &flight.bytes,
        }
    }

    fn failures(&mut self, each: &mut Vec<Failure>) {
        self.moments.pass();
        self.wire.borrow_mut().failures(|port, peer, what| {
            each.push(Failure {
                port,
                peer: Some(peer),
                what,
                error: error("as the world has it"),
            });
        });
    }

    fn open(&mut self, plan: &OpenPlan) -> Result<PortId, Unopened> {
        self.moments.pass();
        let opened = self.wire.borrow_mut().open(plan);
        opened.map_err(|why| Unopened {
            why,
            error: error("no port"),
        })
    }

    fn settle(&mut self, port: PortId) {
        self.moments.pass();
        self.wire.borrow_mut().settle(port);
    }

    fn close(&mut self, port: PortId) {
        self.moments.pass();
        self.wire.borrow_mut().close(port);
    }

    fn control(&mut self, to: &Route, bytes: &[u8]) {
        self.moments.pass();
        self.wire.borrow_mut().hand_over(to.port, to.peer, bytes.to_vec());
    }

    fn begin(&mut self, to: &Route, _segment: usize) {
        self.moments.pass();
        self.data = Some((to.port, to.peer));
    }

    fn block(&mut self, header: [u8; 4]) {
        self.end_packet();
        self.packet.extend_from_slice(&header);
    }

    fn slice(&mut self, bytes: &Bytes, range: Range<usize>) {
        self.packet.extend_from_slice(&bytes[range]);
    }

    fn end(&mut self) {
        self.moments.pass();
        self.end_packet();
        self.data = None;
    }

    fn flush(&mut self) {
        self.moments.pass();
        self.wire.borrow_mut().flush();
    }
}
