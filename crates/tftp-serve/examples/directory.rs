//! Serves a directory until Enter is pressed: `cargo run -p tftp-serve --example directory -- /srv/tftp 127.0.0.1:6969`.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use tftp_serve::{Event, Server};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".to_owned());
    let address: SocketAddr = arguments.next().as_deref().unwrap_or("127.0.0.1:6969").parse()?;
    let server = Server::builder()
        .listen(address)
        .root(&directory)
        .on_event(|event| {
            if let Event::Ended { connection, outcome } = event {
                let (client, name) = (connection.client(), connection.name());
                println!("{client} {name}: {outcome}, {} bytes", connection.bytes());
            }
        })
        .start()?;
    println!("{directory} is served on {}", server.local_addr());
    std::io::stdin().read_line(&mut String::new())?;
    // Transfers have 10 s to finish; those that still run after that are ended.
    server.shutdown_gracefully(Duration::from_secs(10));
    Ok(())
}
