//! Plans that once failed, each with what it showed: as a failing test prints them, so that they stay what
//! they were when the way in which seeds choose plans changes.

use super::net::Path;
use super::plan::{Habit::Malicious, Owner, Plan, Settings};

pub const FOUND: &[(&str, Plan)] = &[(
    "an ACK 0 without an OACK brought a download's first block once more",
    Plan {
        seed: 227,
        upload: false,
        size: 1537,
        blksize: 0,
        blksize2: 0,
        windowsize: 0,
        timeout: 0,
        utimeout: 0,
        ask_tsize: false,
        ask_rollover: None,
        client_rolls_to_one: true,
        habit: Malicious,
        client_timeout: 250000,
        client_tries: 400,
        client_linger: 0,
        abort_after: None,
        dies_after: None,
        settings: Settings {
            max_blksize: 1468,
            max_windowsize: 64,
            rollover_to_one: true,
            adaptive: false,
            retransmit_timeout: 2000000,
            max_retransmits: 3,
            inactivity: Some(60000000),
            absolute: None,
        },
        owner: Owner {
            disk: 1,
            pieces: true,
            holds: true,
            fails_at: None,
            dies_at: None,
            restarts: false,
        },
        path: Path {
            loss: 10,
            duplicate: 0,
            reorder: 16,
            damage: 0,
            strays: 0,
            delay: 300000,
        },
    },
)];
