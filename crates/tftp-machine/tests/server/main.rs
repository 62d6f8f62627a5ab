//! Tests of the server machine: each rule by itself, packet by packet, without input or output.

mod admission;
mod decisions;
mod doubts;
mod downloads;
mod drive;
mod figures;
mod limits;
mod memory;
mod ports;
mod requests;
mod single_port;
mod stop;
mod uploads;
