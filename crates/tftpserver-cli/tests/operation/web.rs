//! Metrics and the page.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use crate::support::*;
use serde_json::Value;

/// Returns status line and headers, and the body.
fn ask(address: SocketAddr, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("{answer}"));
    (head.to_owned(), body.to_owned())
}

fn get(address: SocketAddr, path: &str) -> String {
    let (head, body) = ask(address, "GET", path);
    assert!(head.starts_with("HTTP/1.1 200 "), "{path}: {head}");
    body
}

fn json(address: SocketAddr) -> Value {
    serde_json::from_str(&get(address, "/transfers.json")).unwrap()
}

fn serve(dir: &std::path::Path) -> (Served, SocketAddr) {
    let page = free_address();
    (Served::new(dir, &["--metrics", &page.to_string()]), page)
}

/// Returns the value of one metric.
fn figure(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    let line = line.unwrap_or_else(|| panic!("{name} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn figures_for_prometheus() {
    let directory = directory(&[("f", &pattern(1500))]);
    let (mut served, page) = serve(directory.path());
    assert_eq!(figure(&get(page, "/metrics"), "tftpserver_active_transfers"), 0.0);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    assert_eq!(figure(&get(page, "/metrics"), "tftpserver_active_transfers"), 1.0);
    // The transfer takes some time, so that its duration is measurable.
    std::thread::sleep(std::time::Duration::from_millis(50));
    client.finish(1);
    served.event();
    Slow::ask(served.address(), "none").packet();
    served.event();
    let text = get(page, "/metrics");
    let of = |name: &str, outcome: &str| {
        figure(
            &text,
            &format!("tftpserver_{name}{{operation=\"read\",outcome=\"{outcome}\"}}"),
        )
    };
    assert_eq!(of("transfers_total", "completed"), 1.0);
    assert_eq!(of("transfers_total", "file"), 1.0);
    assert_eq!(figure(&text, "tftpserver_requests_total"), 2.0);
    assert_eq!(figure(&text, "tftpserver_sent_bytes_total"), 1500.0);
    assert_eq!(of("transfer_duration_seconds_count", "completed"), 1.0);
    assert!(of("transfer_duration_seconds_sum", "completed") > 0.04);
    each_class_counts_those_below(&text);
    each_figure_is_described(&text);
}

/// Checks that the buckets are cumulative, and that the last one counts all.
fn each_class_counts_those_below(text: &str) {
    let classes = text.lines().filter(|line| {
        line.starts_with("tftpserver_transfer_duration_seconds_bucket{le=")
            && line.contains("operation=\"read\",outcome=\"completed\"")
    });
    let counts: Vec<u64> = classes
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(counts.len(), 13);
    assert!(counts.is_sorted() && counts.last() == Some(&1), "{counts:?}");
}

/// HELP and TYPE stand once before the samples of each metric; the text ends with the marker of
/// OpenMetrics.
fn each_figure_is_described(text: &str) {
    assert!(text.ends_with("\n# EOF\n"), "{text}");
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count", "_total"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        for word in ["HELP", "TYPE"] {
            let heads = text
                .lines()
                .filter(|line| line.starts_with(&format!("# {word} {family} ")));
            assert_eq!(heads.count(), 1, "{word} {family}");
        }
    }
}

/// Rates need a zero to start from.
#[test]
fn every_series_is_there_from_the_start() {
    let directory = directory(&[("f", b"content")]);
    let (mut served, page) = serve(directory.path());
    let series = |text: &str| {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let names = samples.map(|line| line.rsplit_once(' ').unwrap().0.to_owned());
        names.collect::<Vec<_>>()
    };
    let before = get(page, "/metrics");
    for operation in ["read", "write"] {
        for outcome in [
            "completed",
            "probe",
            "client_error",
            "timeout",
            "file",
            "refused",
            "limit",
            "aborted",
            "failed",
        ] {
            let labels = format!("{{operation=\"{operation}\",outcome=\"{outcome}\"}}");
            assert_eq!(
                figure(&before, &format!("tftpserver_transfers_total{labels}")),
                0.0
            );
            let count = format!("tftpserver_transfer_duration_seconds_count{labels}");
            assert_eq!(figure(&before, &count), 0.0);
        }
    }
    Slow::ask(served.address(), "f").finish(1);
    Slow::ask(served.address(), "none").packet();
    served.event();
    served.event();
    assert_eq!(series(&get(page, "/metrics")), series(&before));
}

/// Transfers of less than a millisecond have a duration too, and bytes of running transfers are
/// included.
#[test]
fn sums_are_those_of_this_moment() {
    let directory = directory(&[("short", b"content"), ("f", &pattern(2000))]);
    let (mut served, page) = serve(directory.path());
    Slow::ask(served.address(), "short").finish(1);
    let told = served.event();
    let seconds = told["seconds"].as_f64().unwrap();
    let sum = "tftpserver_transfer_duration_seconds_sum{operation=\"read\",outcome=\"completed\"}";
    assert!(seconds > 0.0, "{told}");
    assert_eq!(figure(&get(page, "/metrics"), sum), seconds);
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    client.acknowledge(1);
    client.packet();
    let sent = || figure(&get(page, "/metrics"), "tftpserver_sent_bytes_total");
    eventually("the bytes of a transfer that runs", || {
        (sent() == 7.0 + 512.0).then_some(())
    });
    client.finish(2);
    served.event();
    assert_eq!(sent(), 2007.0);
}

#[test]
fn transfers_as_they_run() {
    let directory = directory(&[("f", &pattern(2000))]);
    let (mut served, page) = serve(directory.path());
    let mut client = Slow::ask(served.address(), "f");
    client.packet();
    client.acknowledge(1);
    client.packet();
    let running = eventually("512 bytes arrived", || {
        Some(json(page)["active"][0].clone()).filter(|running| running["bytes"] == 512)
    });
    assert_eq!(
        (&running["bytes"], &running["size"], &running["file"]),
        (&512.into(), &2000.into(), &"f".into())
    );
    assert_eq!(running["outcome"], "active");
    client.finish(2);
    served.event();
    let now = json(page);
    assert_eq!(now["active"].as_array().unwrap().len(), 0);
    assert_eq!(
        (&now["ended"][0]["outcome"], &now["totals"]["completed"]),
        (&"completed".into(), &1.into())
    );
    assert_eq!(now["listening"], served.address().to_string());
}

/// The page loads nothing from elsewhere, and runs no script but its own.
#[test]
fn the_page_is_whole() {
    let directory = directory(&[]);
    let (_served, page) = serve(directory.path());
    let (head, body) = ask(page, "GET", "/");
    assert!(
        head.contains("content-security-policy: default-src 'none';"),
        "{head}"
    );
    for path in ["/", "/page.css", "/page.js"] {
        let text = get(page, path);
        assert!(!text.contains("://") && !text.contains("innerHTML"), "{path}");
    }
    for file in ["page.css", "page.js", "metrics", "transfers.json"] {
        assert!(body.contains(&format!("\"{file}\"")), "{file}");
    }
    assert!(ask(page, "GET", "/../etc/passwd").0.starts_with("HTTP/1.1 404 "));
    assert!(ask(page, "POST", "/").0.starts_with("HTTP/1.1 405 "));
}

/// In a browser: the page shows a running transfer, a failed one and one with a malicious name.
#[test]
fn the_page_in_chromium() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let Some(browser) = browsers.into_iter().find(|name| is_there(name)) else {
        return not_run("the page in a browser, which needs chromium");
    };
    let directory = directory(&[("boot.img", &pattern(2000)), ("done", b"done")]);
    let (mut served, page) = serve(directory.path());
    Slow::ask(served.address(), "done").finish(1);
    served.event();
    Slow::ask(served.address(), "<img src=x onerror=document.title='broken'>").packet();
    served.event();
    let mut client = Slow::ask(served.address(), "boot.img");
    client.packet();
    client.acknowledge(1);
    client.packet();
    let shown = browse(browser, page);
    for wanted in [
        "<title>tftpserver</title>",
        "<dd id=\"rate\">",
        "<dd id=\"running\">1</dd>",
        "<dd id=\"completed\">1</dd>",
        "<dd id=\"failures\">1</dd>",
        "data-label=\"\">boot.img</td>",
        "<span>25 %</span>",
        "&lt;img src=x onerror=document.title='broken'&gt;",
        "Can't open local file. File not found",
    ] {
        assert!(shown.contains(wanted), "{wanted} in\n{shown}");
    }
    assert!(!shown.contains("does not answer"));
}

/// Returns the document after its script has run. TFTPSERVER_SCREENSHOT=FILE also takes a
/// screenshot.
fn browse(browser: &str, page: SocketAddr) -> String {
    let ask = |what: &str| {
        let profile = tempfile::tempdir().unwrap();
        let mut command = Command::new(browser);
        command.args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ]);
        command.args(["--virtual-time-budget=3000", "--window-size=1200,800", what]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let output = command.arg(format!("http://{page}/")).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    if let Ok(picture) = std::env::var("TFTPSERVER_SCREENSHOT") {
        ask(&format!("--screenshot={picture}"));
    }
    ask("--dump-dom")
}
