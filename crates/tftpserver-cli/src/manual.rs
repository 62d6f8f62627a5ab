//! Completions and the manual page, made from the command line's definition.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::exit::{self, Code, Failure};

/// Writes a completion script.
pub fn completions(shell: Shell) -> Result<Code, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "tftpserver", &mut script);
    print(&script)
}

/// Writes the manual page, in roff.
pub fn page() -> Result<Code, Failure> {
    let mut page = Vec::new();
    write_page(&mut page).map_err(|error| Failure::new(Code::Software, error))?;
    print(&page)
}

fn write_page(page: &mut Vec<u8>) -> io::Result<()> {
    let command = Cli::command();
    let man = clap_mangen::Man::new(command.clone()).section("1");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    writeln!(page, ".SH SUBCOMMANDS")?;
    for subcommand in command
        .get_subcommands()
        .filter(|subcommand| !subcommand.is_hide_set())
    {
        let (name, about) = (
            subcommand.get_name(),
            subcommand.get_about().cloned().unwrap_or_default(),
        );
        writeln!(
            page,
            ".TP\n\\fB{name}\\fR\n{about}; see tftpserver {name} \\-\\-help"
        )?;
    }
    page.write_all(SIGNALS.as_bytes())?;
    writeln!(page, ".SH EXIT STATUS")?;
    for (code, about) in exit::TABLE {
        writeln!(page, ".TP\n\\fB{}\\fR\n{about}", *code as u8)?;
    }
    page.write_all(REST.as_bytes())?;
    man.render_version_section(page)
}

const SIGNALS: &str = r"\&
.SH SIGNALS
.TP
\fBSIGHUP\fR
With \fB--config\fR, or under a service manager: reloads the configuration and the rules. Errors in them are logged, and the old values stay in force. Addresses, threads and user change only at the next start. Without \fB--config\fR: ends the program, as closing its terminal does, unless it was started under nohup(1).
.TP
\fBSIGTERM\fR, \fBSIGINT\fR
The server accepts no new requests and lets transfers finish. Transfers that still run after \fB--grace\fR seconds are cut off; a second signal cuts them off at once. get and put end at the first signal.
";

const REST: &str = r".SH ENVIRONMENT
.TP
\fBLISTEN_PID\fR, \fBLISTEN_FDS\fR
Sockets that systemd opened (sd_listen_fds(3)), used instead of port 69.
.TP
\fBNOTIFY_SOCKET\fR
Socket of the service manager, which is notified of start, reload and stop (sd_notify(3)).
.SH EXAMPLES
.TP
\fBtftpserver --listen :6969 boot\fR
Serves the directory boot on port 6969, which needs no root.
.TP
\fBtftpserver --create --per-client ip --user tftp /srv/tftp\fR
Accepts uploads too. The client 192.0.2.7 is served from /srv/tftp/192.0.2.7 if that directory exists.
.TP
\fBtftpserver --allow 192.0.2.0/24 --interface eth1 /srv/tftp\fR
Answers only clients of this network, only through this interface. Started by root, it becomes the user nobody once the port is open.
.TP
\fBtftpserver --config /etc/tftpserver.toml --explain boot.cfg --client 192.0.2.7\fR
Prints which file that client would get, and by which rules, and serves nothing.
.TP
\fBtftpserver --json --metrics 127.0.0.1:9269 /srv/tftp\fR
Prints a JSON object for each transfer, and serves metrics and a page at http://127.0.0.1:9269/.
.TP
\fBtftpserver get tftp://192.0.2.1/boot.img\fR
Fetches the file boot.img into the current directory.
.TP
\fBtftpserver put \-\-sha256 boot.img tftp://192.0.2.1/images/\fR
Sends it as images/boot.img, and writes its checksum.
.SH SEE ALSO
\fBtftpserver\fR(3), the library; docs/command.md, which describes the rules of \fB--map\fR, the metrics and the service.
";

fn print(bytes: &[u8]) -> Result<Code, Failure> {
    match io::stdout().write_all(bytes) {
        // A pager that was closed has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Code::System, error))
        }
        _ => Ok(Code::Done),
    }
}
