//! `tests/fuzz/bodies/negotiation.rs`
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tftpserver_fuzz::bodies::negotiation::run(input));
