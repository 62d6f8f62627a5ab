//! `tests/fuzz/bodies/calls.rs`
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tftpserver_fuzz::bodies::calls::run(input));
