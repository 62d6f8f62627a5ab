//! Plans that once failed, each with what it showed: as a failing test prints them, so that they stay what they were when
//! the way in which seeds choose plans changes.

use super::plan::{Application, Crowd, Disk, Link, Mode, Operator, Plan, Settings};

pub const FOUND: &[(&str, Plan)] = &[(
    "a forged ERROR ended a download whose window the disk brought in pieces: its client had nothing to answer yet",
    Plan {
        seed: 21,
        ipv6: true,
        settings: Settings {
            mode: Mode::Private,
            descriptors: 4096,
            max_connections: 0,
            max_per_host: 0,
            max_blksize: 65464,
            max_windowsize: 16,
            retransmit_timeout: 5000000,
            max_retransmits: 5,
            adaptive: true,
            inactivity: 60000000,
            read_only: false,
        },
        link: Link {
            loss: 0,
            duplicate: 0,
            reorder: 0,
            damage: 0,
            refusals: 50,
            delay: 5000,
            forged: 50,
            mtu: 0,
        },
        disk: Disk {
            delay: 100000,
            missing: 0,
            fails: 0,
            hangs: 0,
            unknown_length: 0,
            changes: 0,
            pieces: 30,
            holds: 0,
        },
        application: Application {
            later: 0,
            never: 0,
            refuses: 0,
        },
        operator: Operator {
            stop_at: None,
            resume_after: None,
            shutdown_at: None,
            crash_at: None,
            restart_after: 0,
            pause_at: None,
            pause_for: 0,
            abandon_at: None,
        },
        crowd: Crowd {
            honest: 8,
            behind_one: 0,
            reset: 0,
            fixed_port: 0,
            forgets: 0,
            probers: 0,
            malicious: 0,
            silent: 0,
            silent_requests: 0,
            blind: 0,
            neighbours: 0,
            strangers: 0,
        },
    },
)];
