//! `tftpserver`: serves a directory by TFTP, and shows what happens; `get` and `put` are a client.
//!
//! It is built on the Rust library (`tftp_serve`) and on nothing below it; `client` is built on the
//! protocol crate. From the outside in: `cli` and `config` (options and configuration), `serve`
//! (the server's life), `rules` (rewrites requested names), `watch` (the state of every transfer),
//! `view` and `web` (show it), `output` (the threads that write it), `system` (the differences
//! between systems), `exit` (every exit code).
#![forbid(unsafe_code)]

#[rustfmt::skip] // Made by a program.
mod bounds;
mod cli;
mod client;
mod clock;
mod config;
mod exit;
mod listen;
mod logging;
mod manual;
mod networks;
mod options;
mod output;
mod rules;
mod serve;
mod system;
mod text;
mod view;
mod watch;
mod web;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let ended = match cli.command {
        Some(Command::Get(ref get)) => client::get(get),
        Some(Command::Put(ref put)) => client::put(put),
        #[cfg(windows)]
        Some(Command::Service(ref service)) => system::service::run(service),
        Some(Command::Completions { shell }) => manual::completions(shell),
        Some(Command::Manual) => manual::page(),
        None => serve::run(&cli.serve),
    };
    match ended {
        Ok(code) => code.into(),
        Err(failure) => failure.report(),
    }
}
