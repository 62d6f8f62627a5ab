//! The model server's loop.

use tftp_machine::{Datagram, NetFailure};
use tftp_proto::Instant;
use tftp_proto::wire::{self, Packet};
use tftp_udp::datagrams::{Class, Datagrams};

use super::super::ground::{Ground, Node};
use super::Model;
use super::transfer::Transfer;

impl Model {
    fn take(&mut self, class: Class, batches: usize, ground: &mut Ground) {
        for _ in 0..batches {
            let received = self.net.receive(class, 64);
            for index in 0..received.count {
                let datagram = self.net.arrival(index);
                if datagram.broadcast {
                    continue;
                }
                let (port, peer, bytes) = (datagram.port, datagram.peer, datagram.bytes.to_vec());
                let datagram = Datagram {
                    port,
                    peer,
                    local: None,
                    broadcast: false,
                    bytes: &bytes,
                };
                match wire::parse(&bytes) {
                    Ok(Packet::Request(request))
                        if port == self.net.listening() && self.is_listening =>
                    {
                        self.request(&datagram, &request, ground);
                    }
                    Ok(Packet::Request(_)) | Err(_) => {}
                    Ok(packet) => self.packet(&datagram, &packet, ground),
                }
            }
            if !received.more {
                break;
            }
        }
    }

    fn take_failures(&mut self, ground: &mut Ground) {
        let mut failures = std::mem::take(&mut self.failures);
        self.net.failures(&mut failures);
        for failure in failures.drain(..) {
            let place = failure.peer.and_then(|peer| self.place(failure.port, peer));
            if let (Some(place), NetFailure::Gone) = (place, failure.what) {
                self.transfers[place].machine.handle_unreachable(self.now);
                self.drain(place, ground);
            }
        }
        self.failures = failures;
    }

    fn expire(&mut self, ground: &mut Ground) {
        let now = self.now;
        let due = |transfer: &Transfer| transfer.deadline().is_some_and(|at| at <= now);
        while let Some(place) = self.transfers.iter().position(due) {
            let transfer = &mut self.transfers[place];
            if transfer.disk_at.is_some_and(|at| at <= now) {
                self.disk(place, ground);
                continue;
            }
            transfer.machine.handle_timeout(now);
            self.drain(place, ground);
        }
    }
}

impl Node for Model {
    fn turn(&mut self, ground: &mut Ground) {
        ground.waker.take();
        self.now = self.net.now();
        self.take(Class::Transfers, 4, ground);
        self.take_failures(ground);
        self.take(Class::Requests, 1, ground);
        self.expire(ground);
        self.net.flush();
        self.wait();
    }

    fn deadline(&self) -> Option<u64> {
        let deadlines = self.transfers.iter().filter_map(Transfer::deadline);
        deadlines.min().map(Instant::as_micros)
    }

    fn stop(&mut self, _: &mut Ground) {
        self.is_listening = false;
    }

    fn resume(&mut self, _: &mut Ground) {
        self.is_listening = true;
    }

    fn shutdown(&mut self, ground: &mut Ground) {
        self.is_listening = false;
        self.end_all(|_| true, ground);
        self.net.flush();
    }

    fn abandon(&mut self, ground: &mut Ground) {
        let first = self.transfers.first().map(|transfer| transfer.id);
        self.end_all(|transfer| Some(transfer.id) == first, ground);
        self.net.flush();
    }

    fn left(&self) -> usize {
        self.transfers.len()
    }
}
