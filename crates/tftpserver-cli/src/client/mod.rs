//! `tftpserver get` and `tftpserver put`: a client for scripts, and for trying a server. It stands
//! on the protocol crate alone.
//!
//! `url` (the server and the name), `local` (the file at this end), `link` (the socket and the
//! machine), `progress` and `report` (the output).

mod link;
mod local;
mod progress;
mod report;
mod url;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;
use tftp_proto::client::{ClientRequest, Ended};
use tftp_proto::{Mode, Operation, RequestedOptions, Timing};

use crate::bounds;
use crate::exit::{Code, Failure};
use crate::system::signals;
use link::{Link, Local, Summary};
use local::{STANDARD, Source, Target};
use progress::Progress;
use url::{Family, Url};

/// The longest wait without `--timeout`: half of the time after which servers give a client up.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How to fetch a file.
#[derive(Clone, Debug, Args)]
pub struct Get {
    /// The file to fetch: tftp://HOST[:PORT]/NAME
    url: Url,

    /// The file to write; "-" is standard output [default: the last part of NAME, in the current
    /// directory]
    file: Option<PathBuf>,

    /// Replace FILE if it exists
    #[arg(short, long)]
    force: bool,

    /// Keep the file only if this is its SHA-256
    #[arg(long, value_name = "HEX", value_parser = checksum)]
    check: Option<String>,

    #[command(flatten)]
    how: How,
}

/// How to send a file.
#[derive(Clone, Debug, Args)]
pub struct Put {
    /// The file to send; "-" is standard input
    file: PathBuf,

    /// The destination: tftp://HOST[:PORT]/NAME; if NAME is empty or ends with "/", FILE's name is
    /// added
    url: Url,

    #[command(flatten)]
    how: How,
}

/// Options of both subcommands.
#[derive(Clone, Debug, Args)]
struct How {
    #[arg(short, long, value_name = "BYTES", default_value_t = 1428, help = bounds::ASKED_BLKSIZE,
          value_parser = clap::value_parser!(u16).range(bounds::ASKED_BLKSIZE_RANGE))]
    blksize: u16,

    #[arg(short, long, value_name = "BLOCKS", default_value_t = 16, help = bounds::ASKED_WINDOWSIZE,
          value_parser = clap::value_parser!(u16).range(bounds::ASKED_WINDOWSIZE_RANGE))]
    windowsize: u16,

    /// Request no options: blocks of 512 bytes, one at a time (RFC 1350)
    #[arg(long)]
    no_options: bool,

    #[arg(short, long, value_name = "SECONDS", help = bounds::ASKED_TIMEOUT,
          value_parser = clap::value_parser!(u8).range(bounds::ASKED_TIMEOUT_RANGE))]
    timeout: Option<u8>,

    /// How often a packet is retransmitted before the transfer fails
    #[arg(long, value_name = "N", default_value_t = 3)]
    retries: u32,

    /// Transfer as text, with this system's line ends in the local file
    #[arg(long)]
    netascii: bool,

    /// IPv4 only
    #[arg(short = '4', long)]
    ipv4: bool,

    /// IPv6 only
    #[arg(short = '6', long, conflicts_with = "ipv4")]
    ipv6: bool,

    /// Print the SHA-256 of the file as sha256sum does; on standard error if the file is on
    /// standard output
    #[arg(long)]
    sha256: bool,

    /// Print one JSON object at the end, with the checksum, on standard output
    #[arg(long)]
    json: bool,

    /// No bar on a terminal
    #[arg(short, long)]
    quiet: bool,
}

/// 64 hexadecimal digits.
fn checksum(text: &str) -> Result<String, String> {
    let sound = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match sound {
        true => Ok(text.to_owned()),
        false => Err("64 hexadecimal digits are expected".to_owned()),
    }
}

/// Fetches a file.
pub fn get(get: &Get) -> Result<Code, Failure> {
    let (url, how) = (&get.url, &get.how);
    let unnamed = || {
        Failure::new(
            Code::Usage,
            format!("{} names no file: name it, or give FILE", url.text),
        )
    };
    if url.name.is_empty() {
        return Err(Failure::new(Code::Usage, format!("{} names no file", url.text)));
    }
    let file = match &get.file {
        Some(file) => file.as_path(),
        None => url.last_part().ok_or_else(unnamed)?,
    };
    let job = Job {
        operation: Operation::Read,
        url,
        name: url.name.clone(),
        file,
        how,
    };
    job.run(|| {
        let target = Target::open(file, get.force, job.is_netascii())?;
        Ok(Local::Get {
            target,
            wanted: get.check.clone(),
        })
    })
}

/// Sends a file.
pub fn put(put: &Put) -> Result<Code, Failure> {
    let (url, how, file) = (&put.url, &put.how, put.file.as_path());
    let mut name = url.name.clone();
    if name.is_empty() || name.ends_with(b"/") {
        let own = file.file_name().filter(|_| file != Path::new(STANDARD));
        let text = format!(
            "{} names no file, and {} has no name to add",
            url.text,
            file.display()
        );
        name.extend_from_slice(
            own.ok_or_else(|| Failure::new(Code::Usage, text))?
                .as_encoded_bytes(),
        );
    }
    let job = Job {
        operation: Operation::Write,
        url,
        name,
        file,
        how,
    };
    job.run(|| Source::open(file, job.is_netascii()).map(Local::Put))
}

/// One get or put.
struct Job<'j> {
    operation: Operation,
    url: &'j Url,
    name: Vec<u8>,
    file: &'j Path,
    how: &'j How,
}

impl Job<'_> {
    fn is_netascii(&self) -> bool {
        self.how.netascii || self.url.netascii
    }

    /// From the file at this end to the last line.
    fn run(&self, open: impl FnOnce() -> Result<Local, Failure>) -> Result<Code, Failure> {
        let is_output = self.operation == Operation::Read && self.file == Path::new(STANDARD);
        if is_output && self.how.json {
            return Err(Failure::new(
                Code::Usage,
                "--json and a file on standard output: name a FILE",
            ));
        }
        let mut summary = Summary::default();
        let ended = open().and_then(|mut local| self.transfer(&mut local, &mut summary));
        if self.how.json {
            report::json(self, &summary, ended.as_ref().err())?;
        }
        ended?;
        // The object of --json has the checksum, and is all that its readers expect on standard
        // output.
        let sum = summary.sha256.filter(|_| self.how.sha256 && !self.how.json);
        if let Some(sum) = &sum {
            report::sum(sum, self.file, is_output)?;
        }
        Ok(Code::Done)
    }

    /// One address after the other, until one answers.
    fn transfer(&self, local: &mut Local, summary: &mut Summary) -> Result<(), Failure> {
        let family = match (self.how.ipv4, self.how.ipv6) {
            (true, _) => Some(Family::V4),
            (_, true) => Some(Family::V6),
            _ => None,
        };
        let cancelled = cancelled()?;
        let progress = Progress::new(&String::from_utf8_lossy(&self.name), self.how.quiet);
        let mut ended = Err(Failure::new(Code::NoHost, "no address"));
        for server in self.url.addresses(family)? {
            let request = self.request(local);
            let mut link = Link::new(
                &request,
                server,
                &self.timing(),
                local,
                &progress,
                Arc::clone(&cancelled),
            )?;
            ended = link
                .run()
                .and_then(|ended| report::judge(&ended, &link.summary, &request));
            *summary = std::mem::take(&mut link.summary);
            match &ended {
                Err(failure) if summary.blksize == 0 && report::is_silence(failure) => {}
                _ => break,
            }
        }
        progress.close(ended.is_ok().then_some(&*summary));
        ended.map_err(|failure| {
            Failure::new(failure.code, format!("{}: {}", self.url.text, failure.text))
        })
    }

    fn request(&self, local: &Local) -> ClientRequest<'_> {
        let how = self.how;
        let size = match local {
            // Netascii: few servers know how long that is, and some refuse.
            Local::Get { .. } => (!self.is_netascii()).then_some(0),
            Local::Put(source) => source.size,
        };
        let asked = RequestedOptions {
            blksize: Some(how.blksize),
            windowsize: Some(how.windowsize).filter(|&blocks| blocks > 1),
            timeout: how.timeout,
            tsize: size,
            ..RequestedOptions::default()
        };
        ClientRequest {
            operation: self.operation,
            filename: &self.name,
            mode: if self.is_netascii() {
                Mode::Netascii
            } else {
                Mode::Octet
            },
            requested: if how.no_options {
                RequestedOptions::default()
            } else {
                asked
            },
        }
    }

    fn timing(&self) -> Timing {
        let timeout = self.how.timeout;
        Timing {
            retransmit_timeout: timeout
                .map_or(LONGEST_WAIT, |seconds| Duration::from_secs(seconds.into())),
            max_retransmits: self.how.retries,
            adaptive: timeout.is_none(),
            inactivity: None,
            absolute: None,
        }
    }
}

/// Returns a flag that Ctrl-C sets. It ends the transfer like a failure: the server gets an ERROR,
/// and no incomplete file is left.
fn cancelled() -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    signals::set_at_end(&flag)
        .map_err(|error| Failure::new(Code::System, format!("signals: {error}")))?;
    Ok(flag)
}
