//! The TFTP protocol as state machines without input or output.
//!
//! No socket, no file, no clock, no thread, no randomness: the caller passes packets and the time
//! in, and polls for what to send. The same calls give the same answers, so every behaviour can be
//! tested in virtual time.
//!
//! * [`wire`]: datagrams to packets and back; parsing is total.
//! * [`negotiate`]: the parameters of a transfer, from the options of its request and the server's
//!   limits.
//! * [`ReadTransfer`], [`WriteTransfer`]: one download, one upload. A few hundred bytes each;
//!   nothing is allocated for a packet.
//! * [`netascii`]: the text mode's translation, as streams. The machines do not use it: their
//!   stream is the one on the wire.
//! * [`client`]: the other end, a get or a put, on the same two machines.
//!
//! Not handled here: demultiplexing by client (RFC 1350 section 4), ERROR 5 for unknown TIDs,
//! files, and limits on the number of transfers. They are the caller's.
//!
//! # How to drive a transfer
//!
//! **Every call that takes `now` may change everything that is polled: after each of them drain
//! `poll_transmit`, then look at the rest, before the next one; `now` never goes back.**
//!
//! 1. Create the machine when its request arrives. A download with an OACK sends it first and wants
//!    nothing before its ACK 0; one without wants its first block. An upload sends its OACK or ACK 0.
//! 2. Drain `poll_transmit(now)` until `None`. [`Transmit::Data`] names blocks: the caller holds
//!    the bytes.
//! 3. A download: while `wants()` is `Some(upto)`, get the stream's bytes up to there and `supply`
//!    them, at once or when the disk has answered; go to 2. Bytes below `acked_bytes()` can be let
//!    go. An upload: store what `handle_packet` returned. Behind? `hold(now, true)`; caught up:
//!    `hold(now, false)`; go to 2. `is_complete()`: make the file last, then `commit` (or `fail`);
//!    go to 2.
//! 4. `outcome()`: report it when it first is `Some`. `is_over()`: drop the machine. An upload that
//!    is complete dallies in between (RFC 1350 section 6); a new request from the same address and
//!    port ends that.
//! 5. Wait for whatever is first:
//!    a packet from this client's address and port (`handle_packet`), its very request again
//!    (`handle_repeat`), ICMP port unreachable (`handle_unreachable`), the time `poll_timeout()`
//!    (`handle_timeout`), an answer of the disk (3), the caller's decision to end it (`fail`), a newer transfer of
//!    the same client (`supersede`). Go to 2.
//!
//! Read all packets that have arrived before calling `handle_timeout`: after a pause of the
//! process, a packet that waits in the socket counts before the deadline that has passed meanwhile.
//!
//! # Forged packets and the end of a transfer
//!
//! An ERROR and an ICMP error carry no proof that the client sent or caused them. Before the client
//! has acknowledged anything they end the transfer at once. Afterwards the transfer is *in doubt*
//! ([`ReadTransfer::is_in_doubt`]) for two round trips, 50 ms at least: nothing is sent again, and
//! a valid ACK or DATA ends the doubt. Without one an ERROR is believed; a refused packet goes once
//! more, and if that is refused too and nothing valid follows, the client is gone
//! ([`Outcome::Unreachable`]). Where the owner has the next packet to send, the client has nothing
//! to answer: its moment begins with that packet, or lasts one second.
//!
//! # Bounds on what is sent
//!
//! A *wait* is one run of the retransmission timer; between two blocks of progress there are at
//! most `max_retransmits` of them, and those that the back-off needs to reach `retransmit_timeout`.
//!
//! * Before anything is acknowledged ([`ReadTransfer::is_half_open`], the address may be forged):
//!   one packet of at most 516 bytes, because a larger block or a window needs an OACK first, and
//!   an OACK has at most
//!   91. It goes again three times at most, for waits and for repetitions of the request together,
//!   no sooner than 20 ms, 0.5 s and 2 s after its last copy. The transfer ends 30 s after its
//!   first packet at the latest, whatever was negotiated, and without an ERROR unless the caller
//!   ends it. (An upload is half-open until a DATA of its first window is here.)
//! * After that a packet of the client brings at most one window (and one block by itself), of an
//!   upload one ACK. Without progress ACKs restart a window three times at most before the next
//!   wait has passed, and not twice in a millisecond; a lockstep block goes again for one repeated
//!   ACK, after 20 ms. A wait brings one window, and the last block of it once more before.
//! * An ERROR is never answered, and nothing follows the last ACK of a download or an ERROR of the
//!   server.
//! * A machine has at most 288 bytes and no queue: what it has to send are one window, one block by
//!   itself or one control packet. Only the text of a client's ERROR is kept besides, at most 256
//!   bytes of it.
//! * Without progress it ends after `inactivity`, after `absolute` in any case, and after the waits
//!   whatever the client repeats: an ACK that restarts a window puts a wait off, so there it may
//!   take four times as long. While the machine waits for its caller (the store of a download, a
//!   hold, the commit) only the two limits count, and at the commit none.
//!
//! `tests/simulated` holds each transfer of its virtual network to this.
//!
//! ```
//! use std::time::Duration;
//! use tftp_proto::{Instant, Limits, Outcome, Packet, ReadTransfer, Rollover, Timing, Transmit};
//! use tftp_proto::{negotiate, wire};
//!
//! let datagram = b"\0\x01boot.cfg\0octet\0blksize\01024\0";
//! let Ok(Packet::Request(request)) = wire::parse(datagram) else { panic!() };
//! let limits = Limits {
//!     max_blksize: 65464,
//!     max_windowsize: 64,
//!     max_large_window: negotiate::LARGE_WINDOW,
//!     rollover: Rollover::Zero,
//! };
//! let timing = Timing {
//!     retransmit_timeout: Duration::from_secs(5),
//!     max_retransmits: 3,
//!     adaptive: true,
//!     inactivity: Some(Duration::from_secs(60)),
//!     absolute: None,
//! };
//! let now = Instant::from_micros(0);
//! let negotiated = negotiate::read(&request.requested, &limits, Some(1500));
//! let mut download = ReadTransfer::new(now, &negotiated, &timing);
//! assert!(matches!(download.poll_transmit(now), Some(Transmit::Oack(_))));
//!
//! let now = Instant::from_micros(1000);
//! download.handle_packet(now, &wire::parse(&wire::ack(0)).unwrap());
//! assert_eq!(download.wants(), Some(1024));
//! download.supply(now, 1500, true);
//! assert_eq!(download.poll_transmit(now), Some(Transmit::Data { first: 1, count: 1 }));
//! assert_eq!(download.poll_transmit(now), None);
//!
//! for block in 1..=2 {
//!     let now = Instant::from_micros(1000 + 1000 * u64::from(block));
//!     download.handle_packet(now, &Packet::Ack { block });
//!     while download.poll_transmit(now).is_some() {}
//! }
//! assert_eq!(download.outcome(), Some(&Outcome::Complete));
//! assert!(download.is_over());
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod block;
pub mod client;
mod doubt;
pub mod negotiate;
pub mod netascii;
mod numbers;
mod options;
mod peer;
mod read;
pub mod retry;
mod time;
mod transfer;
pub mod wire;
mod write;

pub use negotiate::{Limits, NegotiatedOptions, Oack, Rollover};
pub use read::ReadTransfer;
pub use retry::Timing;
pub use time::Instant;
pub use transfer::{Outcome, Transmit};
pub use wire::{ErrorCode, Malformed, Mode, Operation, Packet, Request, RequestedOptions};
pub use write::WriteTransfer;
