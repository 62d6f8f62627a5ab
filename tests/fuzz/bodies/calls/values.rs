//! Arguments. Any, but for those that would reach out of this test: directories and files are those of the test,
//! addresses those of this machine and written as numbers, and no wait is longer than a moment.

use std::ffi::CString;

use super::Stage;
use super::settings::SETTINGS;
use crate::bodies::input::Input;

pub use tftpserver::class::property::id::CONN_FILE_DATA;
use tftpserver::class::property::id::{CONN_LOCAL_FILE, LOCAL_DIR, LOCAL_HOST};

/// What is a setting only nearly.
const NO_SETTINGS: [&str; 5] = ["statistics ", "NoSuchSetting", "", "\u{1F600}", " loglevel"];

const VALUES: [&str; 22] = [
    "",
    "0",
    "1",
    "2",
    "3",
    "True",
    "no",
    "-1",
    "4",
    "8",
    "64",
    "1000",
    "65535",
    "65536",
    "2147483648",
    "1252",
    "932",
    "127.0.0.1",
    "40000-40020",
    "02-00-00-00-00-01",
    "99999999999999999999",
    "a value",
];

const HOSTS: [&str; 6] = ["127.0.0.1", "", "::1", "192.0.2.1", "localhost", "127.0.0.1 "];

pub fn property(input: &mut Input<'_>) -> i32 {
    match input.byte() {
        255 => input.long() as i32,
        id => i32::from(id % 20) - 1,
    }
}

/// A position, or something like the id of a connection.
pub fn index(input: &mut Input<'_>) -> i32 {
    match input.byte() {
        255 => input.long() as i32,
        near @ 128.. => 1_000_000 + i32::from(near & 7),
        position => i32::from(position) - 1,
    }
}

pub fn number(input: &mut Input<'_>) -> i64 {
    match input.byte() {
        255 => input.long() as i64,
        small => i64::from(small) - 1,
    }
}

/// Text for a property, or for a setting by its name.
pub fn text(stage: &Stage, id: i32, input: &mut Input<'_>) -> CString {
    let bytes = match id {
        LOCAL_DIR | CONN_LOCAL_FILE => {
            let below = input.pick(&["", "file", "dir", "missing", "new", "dir/\u{fc}"]);
            let path = stage.directory.path().join(below);
            path.into_os_string().into_encoded_bytes()
        }
        LOCAL_HOST => input.pick(&HOSTS).into(),
        _ => any(input),
    };
    terminated(bytes)
}

/// Of a setting, or of none. A descriptor could be any socket of the tests.
fn name(number: u8) -> &'static str {
    let all = SETTINGS.iter().chain(&NO_SETTINGS);
    let mut harmless = all.filter(|name| **name != "ListenDescriptors").cycle();
    harmless.nth(number.into()).copied().unwrap_or_default()
}

fn any(input: &mut Input<'_>) -> Vec<u8> {
    match input.byte() {
        255 => input.bytes().to_vec(),
        number => VALUES[usize::from(number) % VALUES.len()].into(),
    }
}

/// "NAME", "NAME=VALUE", or anything that is not one of those that reach out.
pub fn configuration(input: &mut Input<'_>) -> CString {
    let name = match input.byte() {
        255 => {
            let raw = input.bytes();
            let lower = raw.to_ascii_lowercase();
            let name = lower
                .split(|&byte| byte == b'=')
                .next()
                .unwrap_or_default()
                .trim_ascii();
            let reaches_out = [&b"localhost"[..], b"selectwaitmillis", b"iothreads"].contains(&name);
            return terminated(if reaches_out { Vec::new() } else { raw.to_vec() });
        }
        number => name(number),
    };
    let value = match (input.byte() % 4, name) {
        (0, _) => return terminated(name.into()),
        (_, "LocalHost") => input.pick(&HOSTS).into(),
        (_, "SelectWaitMillis") => input.pick(&["0", "1", "20", "60001"]).into(),
        (_, "IoThreads") => input.pick(&["1", "2", "3", "65"]).into(),
        _ => any(input),
    };
    terminated([name.as_bytes(), b"=", &value].concat())
}

/// Up to the first NUL, as C has it.
fn terminated(mut bytes: Vec<u8>) -> CString {
    bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
    CString::new(bytes).unwrap_or_default()
}
