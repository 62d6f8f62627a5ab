//! `tests/fuzz/bodies/packets.rs`
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tftpserver_fuzz::bodies::packets::run(input));
