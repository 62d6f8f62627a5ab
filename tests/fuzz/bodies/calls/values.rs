//! Arguments of any value, except those with effects outside of this test: directories and files
//! are those of the test, addresses are numeric ones of this machine, and waits are short.

use std::ffi::CString;

use super::Stage;
use super::settings::SETTINGS;
use crate::bodies::input::Input;

pub use tftpserver::class::property::id::CONN_FILE_DATA;
use tftpserver::class::property::id::{CONN_LOCAL_FILE, LOCAL_DIR, LOCAL_HOST};

/// Names that are similar to those of settings.
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

/// Returns a position, or a number similar to a connection's id.
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

/// Returns text for a property.
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

/// Returns the name of a setting, or one of `NO_SETTINGS`; never ListenDescriptors, as a descriptor
/// could be any socket of the tests.
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

/// Returns "NAME", "NAME=VALUE", or any text without effects outside of the test.
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
            let reaches_out =
                [&b"localhost"[..], b"selectwaitmillis", b"iothreads"].contains(&name);
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

/// Returns the bytes up to the first NUL as a C string.
fn terminated(mut bytes: Vec<u8>) -> CString {
    bytes.truncate(bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len()));
    CString::new(bytes).unwrap_or_default()
}
