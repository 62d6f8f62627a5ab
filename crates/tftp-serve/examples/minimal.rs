//! The example of libtftpserver's README: a directory, and one generated file.

use tftp_serve::{Answer, Request, Server};

fn main() -> Result<(), tftp_serve::Error> {
    let server = Server::builder()
        .listen(([0, 0, 0, 0], 6969))
        .root("examples/files")
        .handler(|request: Request| match request.name() {
            "motd" => Answer::bytes("hello\n"),
            _ => Answer::root(),
        })
        .start()?;
    println!("listening on {}", server.local_addr());
    std::thread::park();
    Ok(())
}
