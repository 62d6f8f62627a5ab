//! Every loss, repetition and reordering of short transfers, to a depth: no wrong byte, no
//! deadlock.
//!
//! A state is a machine, a model client and the packets between them. From every state all actions
//! are tried: deliver, drop or double any packet under way, let a moment pass, fire a timer where
//! nothing is under way, repeat the request. States that differ only in absolute time are the same
//! state. After [`DEPTH`] actions the network behaves, and both sides must come to a whole
//! transfer. `TFTP_DEPTH` sets another depth.

mod client;
mod state;

use std::collections::HashSet;

use client::Role;
use state::{Action, State};

/// Actions before the network behaves; a lockstep transfer of three blocks with options takes eight
/// deliveries. `make soak` explores to 14.
const DEPTH: usize = 8;

fn depth() -> usize {
    std::env::var("TFTP_DEPTH")
        .map_or(DEPTH, |depth| depth.parse().expect("TFTP_DEPTH is a number"))
}

/// Explores all states up to the depth, breadth first, and returns how many there are and how many
/// ended whole.
fn explore(role: Role, blocks: u64, window: u16, options: bool) -> (usize, usize) {
    let start = || State::new(role, blocks, window, options);
    let mut seen = HashSet::from([start().fingerprint()]);
    let mut frontier: Vec<Vec<Action>> = vec![Vec::new()];
    let mut whole = 0;
    for _ in 0..depth() {
        let mut next = Vec::new();
        for path in frontier {
            for action in start().replayed(&path).actions() {
                let path: Vec<Action> = path.iter().copied().chain([action]).collect();
                let state = start().replayed(&path);
                if !seen.insert(state.fingerprint()) {
                    continue;
                }
                whole += usize::from(state.finish(&path));
                next.push(path);
            }
        }
        frontier = next;
    }
    (seen.len(), whole)
}

fn explored(role: Role, blocks: u64, window: u16, options: bool) {
    let (states, whole) = explore(role, blocks, window, options);
    println!(
        "{role:?}, {blocks} blocks, window {window}, options {options}: {states} states, {whole} whole"
    );
    assert!(
        states > 20,
        "the exploration found hardly anything: {states} states"
    );
    assert!(
        whole * 2 > states,
        "{whole} of {states} states lead to a whole transfer"
    );
}

macro_rules! explorations {
    ($($name:ident: $role:ident $blocks:literal $window:literal $options:literal,)*) => {
        $(#[test]
        fn $name() {
            explored(Role::$role, $blocks, $window, $options);
        })*
    };
}

explorations! {
    read_of_one_block: Reads 1 1 false,
    read_of_two_blocks: Reads 2 1 false,
    read_of_three_blocks: Reads 3 1 false,
    read_of_one_block_with_options: Reads 1 1 true,
    read_of_two_blocks_with_options: Reads 2 1 true,
    read_of_three_blocks_with_options: Reads 3 1 true,
    read_of_two_blocks_in_a_window: Reads 2 2 true,
    read_of_three_blocks_in_windows: Reads 3 2 true,
    write_of_one_block: Writes 1 1 false,
    write_of_two_blocks: Writes 2 1 false,
    write_of_three_blocks: Writes 3 1 false,
    write_of_one_block_with_options: Writes 1 1 true,
    write_of_two_blocks_with_options: Writes 2 1 true,
    write_of_three_blocks_with_options: Writes 3 1 true,
    write_of_two_blocks_in_a_window: Writes 2 2 true,
    write_of_three_blocks_in_windows: Writes 3 2 true,
}
