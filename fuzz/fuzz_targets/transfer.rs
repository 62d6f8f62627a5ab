//! `tests/fuzz/bodies/transfer.rs`
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tftpserver_fuzz::bodies::transfer::run(input));
