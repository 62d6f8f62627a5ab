//! The options, on the command line and in the configuration alike: one definition, so that neither
//! lacks one.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Deserializer};

use crate::bounds;
use crate::listen::Listen;
use crate::networks::{Network, Networks};

/// Every option but `--config`. In the configuration an option has its long name.
#[derive(Clone, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Options {
    /// The directory to serve [default: the current one]
    pub dir: Option<PathBuf>,

    /// Listen here; may be given several times [default: port 69 on every address, or 6969 if 69 is
    /// not permitted]
    #[arg(short, long, value_name = "ADDR:PORT", help_heading = "Network")]
    #[serde(deserialize_with = "one_or_many")]
    pub listen: Vec<Listen>,

    /// Answer only clients in this network, as in 192.0.2.0/24; may be given several times
    #[arg(long, value_name = "NETWORK", value_delimiter = ',', help_heading = "Network")]
    #[serde(deserialize_with = "one_or_many")]
    pub allow: Vec<Network>,

    /// Do not answer clients in this network; of --allow and --deny, the smallest network with the
    /// client decides
    #[arg(long, value_name = "NETWORK", value_delimiter = ',', help_heading = "Network")]
    #[serde(deserialize_with = "one_or_many")]
    pub deny: Vec<Network>,

    /// Send and receive only through this interface or VRF, as in eth1
    #[arg(long, value_name = "NAME", help_heading = "Network")]
    pub interface: Option<String>,

    /// Ignore this option in requests, as in tsize; may be given several times
    #[arg(long, value_name = "OPTION", value_delimiter = ',', help_heading = "Network")]
    #[serde(deserialize_with = "one_or_many")]
    pub refuse: Vec<String>,

    /// Answer from the listening port instead of a new one: for firewalls, NAT and containers
    #[arg(long, help_heading = "Network")]
    pub single_port: bool,

    /// Answer from these ports, as in 40000-40100 [default: the system chooses]
    #[arg(long, value_name = "FIRST-LAST", help_heading = "Network")]
    pub transfer_ports: Option<String>,

    #[arg(long, value_name = "BYTES", help = bounds::MAX_BLKSIZE, help_heading = "Network")]
    pub max_blksize: Option<u32>,

    #[arg(long, value_name = "BLOCKS", help = bounds::MAX_WINDOWSIZE, help_heading = "Network")]
    pub max_windowsize: Option<u32>,

    #[arg(long, value_name = "N", help = bounds::MAX_CONNECTIONS, help_heading = "Network")]
    pub max_connections: Option<u32>,

    #[arg(long, value_name = "N", help = bounds::MAX_CONNECTIONS_PER_HOST, help_heading = "Network")]
    pub max_connections_per_host: Option<u32>,

    #[arg(long, value_name = "SECONDS", help = bounds::TIMEOUT, help_heading = "Network")]
    pub timeout: Option<u32>,

    #[arg(long, value_name = "N", help = bounds::RETRIES, help_heading = "Network")]
    pub retries: Option<u32>,

    #[arg(long, value_name = "N", help = bounds::THREADS, help_heading = "Network")]
    pub threads: Option<u32>,

    /// Refuse uploads, whatever the other options are; without --create they are refused anyway
    #[arg(short, long, help_heading = "What is served")]
    pub read_only: bool,

    /// Let clients upload new files, and replace files that this user may write
    #[arg(short, long, help_heading = "What is served")]
    pub create: bool,

    /// Refuse uploads to files that exist
    #[arg(long, help_heading = "What is served")]
    pub no_overwrite: bool,

    /// Follow no symbolic links, not even those that stay inside DIR
    #[arg(long, help_heading = "What is served")]
    pub no_symlinks: bool,

    /// Acknowledge an upload only when it is on the disk, so that it survives a power failure
    #[arg(long, help_heading = "What is served")]
    pub sync: bool,

    /// Mode bits that new files do not get, as in 027 [default: the umask at the start]
    #[arg(long, value_name = "MODE", help_heading = "What is served")]
    pub umask: Option<Umask>,

    /// Rewrite requested names by the rules in this file, as in.tftpd's --map-file
    #[arg(short, long, value_name = "RULES", help_heading = "What is served")]
    pub map: Option<PathBuf>,

    /// Serve each client from the directory in DIR that is named like its address, if there is one,
    /// as dnsmasq's tftp-unique-root
    #[arg(
        long,
        value_enum,
        value_name = "ip|mac",
        hide_possible_values = true,
        help_heading = "What is served"
    )]
    pub per_client: Option<PerClient>,

    /// Become this user once the ports are open, as in tftp or tftp:tftp [default for root: nobody]
    #[arg(short, long, value_name = "USER[:GROUP]", help_heading = "Running")]
    pub user: Option<String>,

    /// Seconds that transfers may take to finish after SIGTERM, before they are cut off [default:
    /// 8]
    #[arg(long, value_name = "SECONDS", help_heading = "Running")]
    pub grace: Option<u32>,

    /// Serve HTTP at this address: metrics for Prometheus at /metrics, and a page with the
    /// transfers
    #[arg(long, value_name = "ADDR:PORT", value_parser = http_address, help_heading = "Running")]
    pub metrics: Option<SocketAddr>,

    /// Accept this host name in HTTP requests, besides addresses and the machine's own name; may be
    /// given several times
    #[arg(long, value_name = "NAME", help_heading = "Running")]
    #[serde(deserialize_with = "one_or_many")]
    pub metrics_name: Vec<String>,

    /// Print one JSON object for each transfer
    #[arg(long, help_heading = "Running")]
    pub json: bool,

    /// Print lines instead of the live view, on a terminal too
    #[arg(long, help_heading = "Running")]
    pub plain: bool,

    /// Print nothing on standard output
    #[arg(short, long, help_heading = "Running")]
    pub quiet: bool,

    /// Log more on standard error: -v start, reload and transfers; -vv also requests, options and
    /// ERRORs; -vvv every packet
    #[arg(short, long, action = clap::ArgAction::Count, help_heading = "Running")]
    pub verbose: u8,

    /// Format of the log [default: text]
    #[arg(
        long,
        value_enum,
        value_name = "text|json",
        hide_possible_values = true,
        help_heading = "Running"
    )]
    pub log_format: Option<LogFormat>,
}

fn http_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "an address and a port are expected, as in 127.0.0.1:9269 or [::]:9269")
}

/// Bits that new files may not have, in octal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Umask(pub u32);

impl FromStr for Umask {
    type Err = String;

    fn from_str(text: &str) -> Result<Umask, String> {
        match u32::from_str_radix(text, 8) {
            Ok(bits) if bits <= 0o777 => Ok(Umask(bits)),
            _ => Err(format!("{text:?}: three octal digits are expected, as in 027")),
        }
    }
}

impl TryFrom<String> for Umask {
    type Error = String;

    fn try_from(text: String) -> Result<Umask, String> {
        text.parse()
    }
}

/// The address that a client's own directory is named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PerClient {
    /// Its IP address, as in 192.0.2.7
    Ip,
    /// Its Ethernet address, as in 02-00-00-00-00-01, from the kernel's ARP table
    Mac,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One object a line
    Json,
}

impl Options {
    /// Returns the networks of --allow and --deny.
    pub fn networks(&self) -> Networks {
        Networks {
            allow: self.allow.clone(),
            deny: self.deny.clone(),
        }
    }

    /// Returns the seconds that transfers may take to finish. docker kills after ten.
    pub fn grace(&self) -> u32 {
        self.grace.unwrap_or(8)
    }

    /// Merges the two: these options, and those of `file` where these have no value.
    pub fn over(self, file: Options) -> Options {
        Options {
            dir: self.dir.or(file.dir),
            listen: or(self.listen, file.listen),
            allow: or(self.allow, file.allow),
            deny: or(self.deny, file.deny),
            interface: self.interface.or(file.interface),
            refuse: or(self.refuse, file.refuse),
            single_port: self.single_port || file.single_port,
            transfer_ports: self.transfer_ports.or(file.transfer_ports),
            max_blksize: self.max_blksize.or(file.max_blksize),
            max_windowsize: self.max_windowsize.or(file.max_windowsize),
            max_connections: self.max_connections.or(file.max_connections),
            max_connections_per_host: self
                .max_connections_per_host
                .or(file.max_connections_per_host),
            timeout: self.timeout.or(file.timeout),
            retries: self.retries.or(file.retries),
            threads: self.threads.or(file.threads),
            read_only: self.read_only || file.read_only,
            create: self.create || file.create,
            no_overwrite: self.no_overwrite || file.no_overwrite,
            no_symlinks: self.no_symlinks || file.no_symlinks,
            sync: self.sync || file.sync,
            umask: self.umask.or(file.umask),
            map: self.map.or(file.map),
            per_client: self.per_client.or(file.per_client),
            user: self.user.or(file.user),
            grace: self.grace.or(file.grace),
            metrics: self.metrics.or(file.metrics),
            metrics_name: or(self.metrics_name, file.metrics_name),
            json: self.json || file.json,
            plain: self.plain || file.plain,
            quiet: self.quiet || file.quiet,
            verbose: self.verbose.max(file.verbose),
            log_format: self.log_format.or(file.log_format),
        }
    }
}

/// The first list, unless it is empty.
fn or<T>(first: Vec<T>, second: Vec<T>) -> Vec<T> {
    match first.is_empty() {
        true => second,
        false => first,
    }
}

/// `listen = "…"` or `listen = ["…", "…"]`.
fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        One(String),
        Many(Vec<String>),
    }
    let given = match Given::deserialize(deserializer)? {
        Given::One(text) => vec![text],
        Given::Many(texts) => texts,
    };
    let parsed: Result<_, _> = given.iter().map(|text| text.parse()).collect();
    parsed.map_err(serde::de::Error::custom)
}
