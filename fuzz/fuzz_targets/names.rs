//! `tests/fuzz/bodies/names.rs`
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tftpserver_fuzz::bodies::names::run(input));
