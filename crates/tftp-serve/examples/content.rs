//! Makes the boot configuration of each machine on request; everything else comes from a directory.

use std::error::Error;

use tftp_serve::{Answer, ErrorCode, Refusal, Request, Server};

/// Machines by their MAC address, in the form of PXELINUX's requests.
const MACHINES: [(&str, &str); 2] = [
    ("01-52-54-00-12-34-56", "install"),
    ("01-52-54-00-12-34-57", "rescue"),
];

fn answer(request: Request) -> Result<Answer, Refusal> {
    let Some(machine) = request.name().strip_prefix("pxelinux.cfg/") else {
        return Ok(Answer::root());
    };
    let known = MACHINES.iter().find(|(mac, _)| *mac == machine);
    let (_, role) = known.ok_or_else(Refusal::not_found)?;
    if request.is_upload() {
        return Err(Refusal::new(
            ErrorCode::ACCESS,
            "Configurations are made, not stored",
        ));
    }
    Ok(Answer::bytes(format!(
        "default {role}\nlabel {role}\n  kernel vmlinuz\n  append initrd={role}.img server={}\n",
        request.local_ip().map_or_else(String::new, |ip| ip.to_string()),
    )))
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let server = Server::builder()
        .listen(([127, 0, 0, 1], 6969))
        .root(directory)
        .handler(answer)
        .start()?;
    println!("listening on {}", server.local_addr());
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}
