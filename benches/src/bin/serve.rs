//! A program without callbacks on the library: serves DIR on 127.0.0.1 with default settings, and
//! prints its address.
//!
//!     serve --port N --dir DIR [--host ADDRESS] [--cpu N] [--property ID=VALUE]... [--config NAME=VALUE]...
//!
//! Each line of its input is ID=VALUE of a property, or a configuration string (`Statistics`),
//! whose result it prints.

use tftpserver::class::Server;
use tftpserver::class::property::Value;
use tftpserver::class::property::id::{LOCAL_DIR, LOCAL_HOST, LOCAL_PORT};
use tftpserver_bench::{argument, arguments, number, pin_to};

fn main() {
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize).expect("one processor");
    }
    let server = Server::open();
    let set = |id, value| server.set(id, 0, value).expect("a property");
    set(LOCAL_DIR, Value::Text(argument("dir").expect("--dir DIR")));
    set(
        LOCAL_HOST,
        Value::Text(argument("host").unwrap_or("127.0.0.1".to_owned())),
    );
    set(LOCAL_PORT, Value::Integer(number("port", 0) as i64));
    let set_property = |line: &str| {
        let pair = line
            .split_once('=')
            .and_then(|(id, value)| Some((id.parse().ok()?, value)));
        pair.map(|(id, value)| set(id, Value::Text(value.to_owned())))
    };
    for property in arguments("property") {
        set_property(&property).expect("ID=VALUE");
    }
    for setting in arguments("config") {
        server.config(&setting).expect("a setting");
    }
    server.start_listening().expect("listening");
    println!("listening on {}", server.local_addr().expect("it listens"));
    for line in std::io::stdin().lines().map(|line| line.expect("text")) {
        match set_property(&line) {
            Some(()) => println!(),
            None => println!("{}", server.config(&line).expect("a setting")),
        }
    }
    loop {
        std::thread::park();
    }
}
