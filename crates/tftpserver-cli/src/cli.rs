//! The command line.
//!
//! `tftpserver DIR` serves; a first word that is a subcommand's name is that subcommand. A
//! directory of such a name is served as `./get`, after an option, or after `--`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::client::{Get, Put};
use crate::options::Options;

/// Serves a directory by TFTP, and shows what happens.
#[derive(Debug, Parser)]
#[command(name = "tftpserver", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(
    after_help = "Uploads are refused unless --create is given. With --config, SIGHUP reloads the configuration and the \
    rules. SIGTERM and Ctrl-C let transfers finish; a second one cuts them off. The manual: man 1 tftpserver"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: Serve,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fetch a file from a TFTP server
    Get(Get),
    /// Send a file to a TFTP server
    Put(Put),
    /// Install or remove the Windows service
    #[cfg(windows)]
    #[command(subcommand)]
    Service(crate::system::service::Service),
    /// Write a completion script for a shell to standard output
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Write the manual page to standard output
    #[command(hide = true)]
    Manual,
}

/// How to serve.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// Read options from this TOML file; options on the command line override it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Check options, configuration and rules, and exit without serving
    #[arg(long)]
    pub check_config: bool,

    /// Print which file the client of --client would get for this name, and by which rules, and
    /// exit
    #[arg(
        long,
        value_name = "NAME",
        requires = "client",
        conflicts_with = "check_config"
    )]
    pub explain: Option<String>,

    /// The client of --explain
    #[arg(long, value_name = "ADDR", value_parser = client_address, requires = "explain")]
    pub client: Option<IpAddr>,

    /// With --explain: an upload instead of a download
    #[arg(long, requires = "explain")]
    pub upload: bool,

    #[command(flatten)]
    pub options: Options,
}

fn client_address(text: &str) -> Result<IpAddr, &'static str> {
    text.parse()
        .map_err(|_| "an address is expected, as in 192.0.2.7 or 2001:db8::7")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(words: &[&str]) -> Cli {
        let words = std::iter::once("tftpserver").chain(words.iter().copied());
        Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_address_that_is_none_is_answered_with_an_example() {
        for (words, example) in [
            (["--metrics", ":9269"].as_slice(), "127.0.0.1:9269"),
            (["--metrics", "127.0.0.1"].as_slice(), "127.0.0.1:9269"),
            (
                ["--explain", "f", "--client", "192.0.2.7:69"].as_slice(),
                "192.0.2.7 or",
            ),
        ] {
            let words = std::iter::once("tftpserver").chain(words.iter().copied());
            let told = Cli::try_parse_from(words).unwrap_err().to_string();
            assert!(
                told.contains("is expected") || told.contains("are expected"),
                "{told}"
            );
            assert!(told.contains(example), "{told}");
        }
    }

    #[test]
    fn a_directory_may_have_any_name() {
        let served = |words: &[&str]| {
            parse(words)
                .serve
                .options
                .dir
                .map(|dir| dir.display().to_string())
        };
        assert_eq!(served(&[]), None);
        assert_eq!(served(&["boot"]).as_deref(), Some("boot"));
        assert_eq!(served(&["./completions"]).as_deref(), Some("./completions"));
        assert_eq!(served(&["--", "completions"]).as_deref(), Some("completions"));
        assert_eq!(served(&["--", "-odd"]).as_deref(), Some("-odd"));
        assert_eq!(served(&["--json", "completions"]).as_deref(), Some("completions"));
        assert!(parse(&["completions", "bash"]).command.is_some());
    }
}
