//! Binds the privileged port before the program drops its privileges, and listens on that socket. The sockets that a
//! service manager passes on are adopted in the same way.

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::net::UdpSocket;

    use tftp_serve::Server;

    let socket = match UdpSocket::bind("0.0.0.0:69") {
        Ok(socket) => socket,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            UdpSocket::bind("127.0.0.1:6969")?
        }
        Err(error) => return Err(error.into()),
    };
    // A service would change its user here: setgid, setuid.
    let server = Server::builder().adopt(&socket).root(".").start()?;
    // The server has a descriptor of its own.
    drop(socket);
    println!("listening on {}", server.local_addr());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

#[cfg(not(unix))]
fn main() {
    println!("sockets are adopted on Unix only");
}
