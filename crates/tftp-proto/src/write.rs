//! skeleton
#![allow(missing_docs, unused_variables, clippy::todo)]
use crate::negotiate::Agreed;
use crate::retry::Timing;
use crate::time::Instant;
use crate::transfer::{Outcome, Transmit};
use crate::wire::{ErrorCode, Packet};
#[derive(Debug)]
pub struct WriteTransfer;
impl WriteTransfer {
    pub fn new(now: Instant, agreed: &Agreed, timing: &Timing) -> Self {
        todo!()
    }
    pub fn handle_packet<'a>(&mut self, now: Instant, packet: &Packet<'a>) -> Option<&'a [u8]> {
        todo!()
    }
    pub fn hold(&mut self, now: Instant, held: bool) {
        todo!()
    }
    pub fn received_bytes(&self) -> u64 {
        todo!()
    }
    pub fn is_complete(&self) -> bool {
        todo!()
    }
    pub fn commit(&mut self, now: Instant) {
        todo!()
    }

    pub fn handle_repeat(&mut self, now: Instant) {
        todo!()
    }
    pub fn handle_timeout(&mut self, now: Instant) {
        todo!()
    }
    pub fn fail(&mut self, now: Instant, code: ErrorCode, message: &'static str) {
        todo!()
    }
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Transmit> {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }
    pub fn outcome(&self) -> Option<&Outcome> {
        todo!()
    }
    pub fn is_over(&self) -> bool {
        todo!()
    }
    pub fn is_half_open(&self) -> bool {
        todo!()
    }
    pub fn agreed(&self) -> &Agreed {
        todo!()
    }
    pub fn wire_block(&self, block: u64) -> u16 {
        todo!()
    }
    pub fn retransmissions(&self) -> u64 {
        todo!()
    }
}
