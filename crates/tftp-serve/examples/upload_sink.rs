//! Takes uploads, for example the configurations of switches, and prints their lines instead of storing files.

use std::error::Error;

use tftp_serve::{Answer, ErrorCode, Refusal, Request, Server, Sink};

/// The maximum size in bytes: larger uploads are not configurations.
const LIMIT: usize = 1 << 20;

struct Lines {
    from: String,
    text: Vec<u8>,
}

impl Sink for Lines {
    fn write(&mut self, data: &[u8]) -> Result<(), Refusal> {
        if self.text.len() + data.len() > LIMIT {
            return Err(Refusal::new(
                ErrorCode::DISK_FULL,
                "A configuration has 1 MiB at most",
            ));
        }
        self.text.extend_from_slice(data);
        Ok(())
    }

    // The client's last block is acknowledged only after this has returned.
    fn finish(&mut self) -> Result<(), Refusal> {
        for line in String::from_utf8_lossy(&self.text).lines() {
            println!("{}: {line}", self.from);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::builder()
        .listen(([127, 0, 0, 1], 6969))
        .read_only(false)
        .handler(|request: Request| match request.is_upload() {
            true => Answer::sink(Lines {
                from: request.client().ip().to_string(),
                text: Vec::new(),
            }),
            false => Answer::refuse(Refusal::not_found()),
        })
        .start()?;
    println!("listening on {}", server.local_addr());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
