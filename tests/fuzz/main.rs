//! The bodies of the fuzz targets on the committed corpus, and then on mutations of it for
//! TFTP_FUZZ_SECONDS (default 3) each: what coverage-guided fuzzing (`scripts/fuzz.sh`) does longer
//! and better. Only if TFTP_FUZZ_SECONDS is set are they other mutations in each run.
//!
//! An input that fails is kept in a file, whose name is printed.
//! `TFTP_FUZZ_INPUT=FILE cargo test --test fuzz TARGET` runs it again; so does TFTP_FUZZ_SEED with
//! the printed seed, which makes the failing input the first one.
#![cfg(unix)]

mod bodies;
mod mutation;
mod runner;

use bodies::{calls, names, negotiation, packets, supply, transfer};
use runner::fuzz;

#[test]
fn packets() {
    fuzz("packets", packets::run);
}

#[test]
fn negotiation() {
    fuzz("negotiation", negotiation::run);
}

#[test]
fn transfer() {
    fuzz("transfer", transfer::run);
}

#[test]
fn names() {
    fuzz("names", names::run);
}

#[test]
fn calls() {
    fuzz("calls", calls::run);
}

#[test]
fn supply() {
    fuzz("supply", supply::run);
}
