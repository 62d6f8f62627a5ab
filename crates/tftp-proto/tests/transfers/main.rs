//! One transfer, packet by packet: what the RFCs say, and what is made of silence, loss, strangers
//! and nonsense.

mod client;
mod dally;
mod doubt;
mod drive;
mod half_open;
mod loss;
mod malformed;
mod netascii;
mod options;
mod rfc1350;
mod rollover;
mod supply;
mod window;
