//! Properties and settings, got and set, right and wrong.

use std::sync::Arc;

use super::super::value::Kind;
use super::*;

fn server() -> Arc<Server> {
    Server::open()
}

fn text(server: &Server, id: i32) -> String {
    server.get(id, 0).unwrap().into_text().unwrap()
}

fn set(server: &Server, id: i32, value: &str) -> Result<(), i32> {
    server
        .set(id, 0, Value::Text(value.to_owned()))
        .map_err(|failure| failure.code)
}

fn config(server: &Server, text: &str) -> Result<String, i32> {
    server.config(text).map_err(|failure| failure.code)
}

/// Listens on a port of the system's choice.
fn listening() -> Arc<Server> {
    let server = server();
    set(&server, 13, "127.0.0.1").unwrap();
    set(&server, 14, "0").unwrap();
    server.start_listening().unwrap();
    server
}

#[test]
fn defaults() {
    let server = server();
    for property in property::TABLE
        .iter()
        .filter(|property| !matches!(property.field, Field::Conn(_)))
    {
        assert_eq!(text(&server, property.id), property.default, "{}", property.name);
    }
    for setting in setting::TABLE {
        let expected = match setting.role {
            Role::Property(id) => text(&server, id),
            Role::Computed(_) => continue,
            _ => setting.default.to_owned(),
        };
        assert_eq!(
            config(&server, setting.name).unwrap(),
            expected,
            "{}",
            setting.name
        );
    }
}

#[test]
fn every_number_takes_its_bounds_and_nothing_beyond() {
    let server = server();
    for property in property::TABLE {
        let (Kind::Integer(range), Field::Kept(_)) = (&property.kind, property.field) else {
            continue;
        };
        for good in [range.start(), range.end()] {
            set(&server, property.id, &good.to_string()).unwrap();
            assert_eq!(server.get(property.id, 0).unwrap(), Value::Integer(*good));
        }
        for bad in [range.start() - 1, range.end() + 1, i64::MIN, i64::MAX] {
            assert_eq!(
                server.set(property.id, 0, Value::Integer(bad)).unwrap_err().code,
                905,
                "{}",
                property.name
            );
        }
        assert_eq!(server.get(property.id, 0).unwrap(), Value::Integer(*range.end()));
    }
}

#[test]
fn every_setting_takes_its_bounds_and_nothing_beyond() {
    let server = server();
    for setting in setting::TABLE {
        let (Kind::Integer(range), Role::Active(key)) = (&setting.kind, setting.role) else {
            continue;
        };
        // Not every number between its bounds is one of a code page.
        if key == setting::Key::CodePage {
            continue;
        }
        for good in [range.end(), range.start()] {
            assert_eq!(
                config(&server, &format!("{}={good}", setting.name)),
                Ok(String::new())
            );
            assert_eq!(config(&server, setting.name), Ok(good.to_string()));
        }
        for bad in [
            (range.start() - 1).to_string(),
            (range.end() + 1).to_string(),
            "x".into(),
            String::new(),
        ] {
            assert_eq!(
                config(&server, &format!("{}={bad}", setting.name)),
                Err(905),
                "{}={bad}",
                setting.name
            );
        }
        assert_eq!(config(&server, setting.name), Ok(range.start().to_string()));
    }
}

#[test]
fn booleans_read_back_true_and_false() {
    let server = server();
    for setting in setting::TABLE
        .iter()
        .filter(|setting| matches!(setting.kind, Kind::Boolean))
    {
        for (given, read) in [("yes", "True"), ("0", "False"), ("TRUE", "True"), ("No", "False")] {
            config(&server, &format!("{}={given}", setting.name)).unwrap();
            assert_eq!(config(&server, setting.name).unwrap(), read, "{}", setting.name);
        }
        assert_eq!(config(&server, &format!("{}=2", setting.name)), Err(905));
    }
}

#[test]
fn unsupported_settings_are_refused() {
    let server = server();
    for (text, code) in [
        ("SourceIPAddress=192.0.2", 905),
        ("SourceMacAddress=02-00-00-00-00", 905),
        ("CodePage=710", 434),
        ("CodePage=4711", 905),
        ("CodePage=latin1", 905),
        ("DestinationAddress=192.0.2.1", 904),
        ("Statistics={}", 904),
        ("BuildInfo=", 904),
        ("NoSuchSetting", 906),
        ("NoSuchSetting=1", 906),
        ("", 906),
        ("=", 906),
    ] {
        assert_eq!(config(&server, text), Err(code), "{text}");
    }
    assert_eq!(config(&server, "CodePage=037"), Ok(String::new()));
    assert_eq!(config(&server, "CodePage"), Ok("37".to_owned()));
    assert_eq!(config(&server, "CodePage=0x90000100"), Ok(String::new()));
    assert_eq!(config(&server, "CodePage"), Ok("2415919360".to_owned()));
    assert_eq!(config(&server, "CodePage=65001"), Ok(String::new()));
    assert_eq!(config(&server, "captureippacketinfo=no"), Ok(String::new()));
    assert_eq!(config(&server, "CodePage"), Ok("65001".to_owned()));
}

#[test]
fn kept_and_computed() {
    let server = server();
    assert_eq!(config(&server, "firewalldata = a=b"), Ok(String::new()));
    assert_eq!(config(&server, "FirewallData"), Ok(" a=b".to_owned()));
    assert!(
        config(&server, "BuildInfo")
            .unwrap()
            .contains(env!("CARGO_PKG_VERSION"))
    );
    assert!(
        config(&server, "LicenseInfo")
            .unwrap()
            .contains("MIT OR Apache-2.0")
    );
    let statistics = config(&server, "statistics").unwrap();
    assert!(
        statistics.starts_with("{\"active\":0,") && statistics.ends_with('}'),
        "{statistics}"
    );
    assert_eq!(config(&server, "QOSTrafficType=Voice"), Ok(String::new()));
    assert_eq!(config(&server, "QOSTrafficType"), Ok("4".to_owned()));
    assert_eq!(config(&server, "TransferPorts=5-4"), Err(905));
    assert_eq!(config(&server, "LocalPort=70"), Ok(String::new()));
    assert_eq!(text(&server, 14), "70");
}

#[test]
fn read_only_and_unknown() {
    let server = server();
    for id in [0, 1, 2, 5, 7, 8, 9] {
        assert_eq!(set(&server, id, "1"), Err(904), "{id}");
    }
    for id in [4, 6, 26, 27] {
        assert_eq!(set(&server, id, "1"), Err(903), "{id}");
    }
    for id in [3, 10, 99, -1] {
        assert_eq!(set(&server, id, "1"), Err(902), "{id}");
        assert_eq!(server.get(id, 0).unwrap_err().code, 902);
    }
}

#[test]
fn a_directory_is_a_directory() {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    set(&server, 12, path).unwrap();
    std::fs::write(directory.path().join("file"), "").unwrap();
    for bad in [format!("{path}/none"), format!("{path}/file"), "a\0b".to_owned()] {
        assert_eq!(set(&server, 12, &bad), Err(905), "{bad}");
        assert_eq!(text(&server, 12), path);
    }
    set(&server, 12, "").unwrap();
    assert_eq!(text(&server, 12), "");
}

#[test]
fn a_removed_directory_fails_the_start() {
    let server = server();
    let directory = tempfile::tempdir().unwrap();
    set(&server, 12, directory.path().to_str().unwrap()).unwrap();
    set(&server, 14, "0").unwrap();
    drop(directory);
    assert_eq!(server.start_listening().unwrap_err().code, 905);
    assert_eq!(text(&server, 11), "False");
    assert_eq!(config(&server, "FollowSymlinks=False"), Err(905));
    assert_eq!(config(&server, "FollowSymlinks"), Ok("True".to_owned()));
    set(&server, 12, "").unwrap();
    server.start_listening().unwrap();
    server.close();
}

#[test]
fn properties_locked_while_listening() {
    let server = listening();
    let port = text(&server, 14);
    assert_ne!(port, "0");
    for (id, value, code) in [(14, "6969", 106), (13, "127.0.0.2", 107)] {
        assert_eq!(set(&server, id, value), Err(code));
    }
    for (text, code) in [
        ("LocalPort=6969", 106),
        ("LocalHost=127.0.0.2", 107),
        ("MaxPacketSize=1000", 112),
        ("ShareLocalPort=True", 113),
        ("UseConnection=True", 117),
    ] {
        assert_eq!(config(&server, text), Err(code), "{text}");
    }
    assert_eq!(text(&server, 14), port);
    assert_eq!(set(&server, 17, "5"), Ok(()));
    assert_eq!(config(&server, "MaxBlockSize=1428"), Ok(String::new()));
    assert_ne!(
        config(&server, "InBufferSize"),
        Ok("0".to_owned()),
        "what the system granted"
    );
    server.stop_listening();
    assert_eq!(text(&server, 14), "0", "what was set");
    assert_eq!(config(&server, "UseConnection=True"), Ok(String::new()));
    assert_eq!(config(&server, "InBufferSize"), Ok("0".to_owned()));
    server.close();
}

#[test]
fn listening_is_started_and_stopped_by_its_property() {
    let server = server();
    set(&server, 14, "0").unwrap();
    for _ in 0..3 {
        set(&server, 11, "yes").unwrap();
        set(&server, 11, "True").unwrap();
        assert_eq!(text(&server, 11), "True");
        set(&server, 11, "False").unwrap();
        assert_eq!(text(&server, 11), "False");
    }
    assert_eq!(set(&server, 11, "perhaps"), Err(905));
    server.close();
}

#[test]
fn bind_errors_have_the_systems_reason() {
    let first = listening();
    let second = server();
    set(&second, 13, "127.0.0.1").unwrap();
    set(&second, 14, &text(&first, 14)).unwrap();
    let failure = second.start_listening().unwrap_err();
    assert_eq!(failure.code, 10048);
    assert!(
        failure
            .text
            .starts_with("[10048] Address already in use. Listening on 127.0.0.1:"),
        "{failure}"
    );
    set(&second, 13, "192.0.2.1").unwrap();
    assert_eq!(second.start_listening().unwrap_err().code, 10049);
    set(&second, 13, "no such host").unwrap();
    assert_eq!(second.start_listening().unwrap_err().code, 11001);
    assert_eq!(text(&second, 11), "False");
    first.close();
    set(&second, 13, "localhost").unwrap();
    second.start_listening().unwrap();
    assert_eq!(text(&second, 13), "127.0.0.1", "while listening, its address");
    second.close();
}

#[test]
fn reset_brings_every_default_back() {
    let server = listening();
    set(&server, 15, "9").unwrap();
    config(&server, "LogLevel=3").unwrap();
    server.reset();
    assert_eq!(
        (text(&server, 11), text(&server, 14), text(&server, 15)),
        ("False".into(), "69".into(), "3".into())
    );
    assert_eq!(config(&server, "LogLevel"), Ok("1".to_owned()));
}

#[test]
fn nothing_starts_after_the_close() {
    let server = listening();
    server.close();
    assert_eq!(server.start_listening().unwrap_err().code, 901);
    assert_eq!(server.do_events().unwrap_err().code, 901);
}
