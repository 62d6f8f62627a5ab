//! The rows of the live view, each within the columns of its terminal.

use crate::text;
use crate::watch::{BoardSnapshot, Operation, Transfer};

/// Columns of a terminal that count as many: there the parts of rows stand below each other.
const WIDE: usize = 90;
/// Columns of a bar, at most and at least.
const BAR: usize = 20;
const SHORT_BAR: usize = 4;
/// Columns that a name keeps before anything else has a place, unless it is shorter.
const NAME: usize = 16;

/// A running transfer: client, file, bar, per cent, bytes, rate, retransmissions. Where these do
/// not fit, parts are left out from the least important on, so that the file can be recognised.
pub fn bar(transfer: &Transfer, rate: &str, width: usize) -> String {
    let figures = &transfer.figures;
    let arrow = match transfer.operation {
        Operation::Read => '<',
        Operation::Write => '>',
    };
    let column = |length| if width < WIDE { 0 } else { length };
    let peer = text::padded(&peer(transfer, width), column(21));
    let percent = figures.percent();
    let percent_text = percent.map_or("  ? %".to_owned(), |percent| format!("{percent:3} %"));
    let left = format!("{peer} {arrow} ");
    let name = transfer.name();
    let wanted = text::columns(&name).min(NAME);
    let mut free = width.saturating_sub(text::columns(&left) + 1 + percent_text.len());
    let size = format!(" {:>1$}", text::bytes(figures.bytes), column(11));
    let rate = format!(" {rate:>0$}", column(13));
    let again = match figures.retransmissions {
        0 => String::new(),
        count => format!("  {count} sent again"),
    };
    let mut right = percent_text;
    for part in [size, rate, again] {
        if !part.trim().is_empty() && free >= wanted + part.len() {
            free -= part.len();
            right.push_str(&part);
        }
    }
    // " [", the bar, "]".
    let bar = match free.checked_sub(wanted.max(NAME) + 3) {
        Some(length) if length >= SHORT_BAR => format!(" [{}]", drawn(percent, length.min(BAR))),
        _ => String::new(),
    };
    let room = free.saturating_sub(bar.len());
    let name = text::padded(&text::shortened(&name, room), room);
    format!("{left}{name}{bar} {right}")
}

/// The client; without its port, and shortened, where columns are few.
fn peer(transfer: &Transfer, width: usize) -> String {
    let room = (width / 3).max(15);
    let (whole, address) = (transfer.peer(), transfer.client.to_string());
    match width {
        70.. if whole.len() <= room => whole,
        _ => text::shortened(&address, room),
    }
}

/// `#####-----`; nothing where the size is not known.
pub fn drawn(percent: Option<u64>, length: usize) -> String {
    match percent {
        Some(percent) => {
            let full = percent as usize * length / 100;
            format!("{}{}", "#".repeat(full), "-".repeat(length - full))
        }
        None => " ".repeat(length),
    }
}

/// A transfer that failed: client, file and reason; the reason is cut first.
pub fn failure(transfer: &Transfer, width: usize) -> String {
    let begin = format!("! {} ", peer(transfer, width));
    let reason = format!(": {}", text::printable(&transfer.reason));
    let free = width.saturating_sub(text::columns(&begin));
    let name = transfer.name();
    let least = text::columns(&name).min(NAME).min(free);
    let name = text::shortened(&name, free.saturating_sub(text::columns(&reason)).max(least));
    let rest = free.saturating_sub(text::columns(&name));
    format!("{begin}{name}{}", text::cut(&reason, rest))
}

/// The last row: as many of the sums as fit.
pub fn sums(snapshot: &BoardSnapshot, rate: &str, width: usize) -> String {
    let sums = snapshot.sums();
    let mut row = format!(
        "{} running, {} done, {} failed",
        snapshot.active.len(),
        sums.completed,
        sums.failed
    );
    let size = match rate {
        "" => format!(", {}", text::bytes(sums.bytes)),
        rate => format!(", {} {rate}", text::bytes(sums.bytes)),
    };
    let again = match sums.retransmissions {
        0 => String::new(),
        1 => ", 1 packet sent again".to_owned(),
        count => format!(", {count} packets sent again"),
    };
    for part in [size, again] {
        if row.len() + part.len() <= width {
            row.push_str(&part);
        }
    }
    text::cut(&row, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Figures, Outcome, Totals};

    fn running(file: &str, client: &str) -> Transfer {
        Transfer {
            id: 1_000_001,
            began: String::new(),
            client: client.parse().unwrap(),
            port: 40_000,
            operation: Operation::Read,
            file: file.to_owned(),
            served: None,
            path: None,
            mode: "octet",
            figures: Figures {
                bytes: 600 << 20,
                size: Some(1200 << 20),
                retransmissions: 7,
                ..Figures::default()
            },
            outcome: Outcome::Active,
            code: 0,
            reason: "Can't open local file. Permission denied".to_owned(),
        }
    }

    /// Clients, files, and what of the file can be seen on every terminal.
    const FILES: [(&str, &str, &str); 5] = [
        ("192.0.2.7", "images/rack-12/boot.img", "boot.img"),
        ("192.168.100.200", "boot.img", "boot.img"),
        (
            "2001:db8:1234:5678:9abc:def0:1234:5678",
            "images/vmlinuz",
            "vmlinuz",
        ),
        ("192.0.2.7", "画像/起動イメージ/起動.img", "起動.img"),
        ("192.0.2.7", "pxelinux.cfg/01-02-03-04-05-06-07", "05-06-07"),
    ];

    #[test]
    fn every_row_fits_and_the_file_can_be_recognised() {
        for width in [36, 56, 76, 96, 136, 200] {
            for (client, file, seen) in FILES {
                let transfer = running(file, client);
                for row in [bar(&transfer, "10.0 MiB/s", width), failure(&transfer, width)] {
                    assert!(text::columns(&row) <= width, "{width}: {row}");
                    assert!(row.contains(seen), "{width}: {seen} in {row}");
                }
            }
        }
    }

    /// The columns of a row, from the narrowest terminal on.
    #[test]
    fn parts_come_with_columns() {
        let transfer = running("images/rack-12/boot-image-of-everything.img", "192.0.2.7");
        for (width, words) in [
            (36, &["192.0.2.7 ", " 50 %"] as &[&str]),
            (56, &[" 50 %", "600.0 MiB", "10.0 MiB/s"]),
            (
                76,
                &["192.0.2.7:40000", "600.0 MiB", "10.0 MiB/s", "7 sent again"],
            ),
            (
                136,
                &[
                    "[##########----------]",
                    "600.0 MiB",
                    "10.0 MiB/s",
                    "7 sent again",
                ],
            ),
        ] {
            let row = bar(&transfer, "10.0 MiB/s", width);
            for word in words {
                assert!(row.contains(word), "{width}: {word} in {row}");
            }
        }
        assert!(bar(&running("boot.img", "192.0.2.7"), "", 100).contains(" boot.img "));
    }

    #[test]
    fn sums_fit_too() {
        let snapshot = BoardSnapshot {
            active: vec![running("f", "192.0.2.7"); 3],
            ended: Vec::new(),
            failed: Vec::new(),
            totals: Totals::default(),
        };
        assert_eq!(sums(&snapshot, "9 B/s", 36), "3 running, 0 done, 0 failed");
        assert_eq!(
            sums(&snapshot, "9 B/s", 76),
            "3 running, 0 done, 0 failed, 1.8 GiB 9 B/s, 21 packets sent again"
        );
    }
}
