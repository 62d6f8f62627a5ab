//! `tests/fuzz/bodies/supply.rs`
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tftpserver_fuzz::bodies::supply::run(input));
