//! The library as a program without a callback: serves DIR on 127.0.0.1 with default settings.
//!
//!     serve --port N --dir DIR [--cpu N] [--config NAME=VALUE]

use tftpserver::server::Server;
use tftpserver::server::property::Value;
use tftpserver_bench::{argument, number, pin_to};

const LOCAL_DIR: i32 = 12;
const LOCAL_HOST: i32 = 13;
const LOCAL_PORT: i32 = 14;

fn main() {
    if argument("cpu").is_some() {
        pin_to(number("cpu", 0) as usize).expect("one processor");
    }
    let server = Server::open();
    let set = |id, value| server.set(id, 0, value).expect("a property");
    set(LOCAL_DIR, Value::Text(argument("dir").expect("--dir DIR")));
    set(LOCAL_HOST, Value::Text("127.0.0.1".to_owned()));
    set(LOCAL_PORT, Value::Integer(number("port", 0) as i64));
    if let Some(setting) = argument("config") {
        server.config(&setting).expect("a setting");
    }
    server.start_listening().expect("listening");
    loop {
        std::thread::park();
    }
}
