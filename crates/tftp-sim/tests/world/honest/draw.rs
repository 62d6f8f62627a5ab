//! Draws the next transfer of a client from its seed.

use tftp_sim::Rng;
use tftp_sim::client::{self, Habit, Options};

use super::super::files::{self, Files};
use super::Honest;

/// The next transfer of a client: a file to get or to put.
pub struct NextTransfer {
    pub name: Vec<u8>,
    pub upload: bool,
    pub request: Vec<u8>,
    pub plan: client::Plan,
    pub file: &'static [u8],
}

impl Honest {
    pub(super) fn draw(&mut self, files: &Files) -> NextTransfer {
        let rng = &mut self.rng;
        let upload = self.script.uploads.unwrap_or(rng.percent(40));
        let (name, file) = if upload {
            let size = rng.pick(&[0, 1, 500, 512, 3_000, 20_000]);
            let name = format!("up-{}-{}", self.number, self.left).into_bytes();
            (name, tftp_sim::noise(rng, size))
        } else {
            let name = match self.script.boots && rng.percent(50) {
                true => files::TEXT.to_vec(),
                false => files::name(rng.below(files::COUNT)),
            };
            let file = files.expected(&name);
            (name, file)
        };
        let is_text = name == files::TEXT;
        let habit = self.script.habit.unwrap_or_else(|| {
            rng.pick(&[
                Habit::Careful,
                Habit::Careful,
                Habit::Apprentice,
                Habit::Hasty,
                Habit::Busybox,
                Habit::UBoot,
                Habit::OneRequest,
            ])
        });
        // A client that rejects the granted options sends the same ERROR as one that only requested
        // the size.
        let probes = self.script.probe.is_some() && rng.percent(60);
        let mut options = options(rng, upload, file.len() as u64, probes);
        if is_text && rng.percent(50) {
            // The largest window that the server grants.
            options = Options::default();
            options.push("blksize", 16_000);
            options.push("windowsize", 64);
        }
        let plan = client::Plan {
            seed: rng.next(),
            upload,
            options,
            unit: 512,
            rolls_to_one: false,
            habit,
            timeout: if habit == Habit::Busybox {
                100_000
            } else {
                1_000_000
            },
            tries: if habit == Habit::Malicious { 200 } else { 60 },
            linger: if habit == Habit::Hasty || self.script.forgets {
                0
            } else {
                10_000_000
            },
        };
        let request = client::request(
            upload,
            &name,
            if is_text { "netascii" } else { "octet" },
            &options,
        );
        NextTransfer {
            name,
            upload,
            request,
            plan,
            file,
        }
    }
}

fn options(rng: &mut Rng, upload: bool, size: u64, asks_size: bool) -> Options {
    let mut options = Options::default();
    if asks_size || rng.percent(60) {
        if asks_size || rng.percent(50) {
            options.push("tsize", if upload { size } else { 0 });
        }
        let blksize = rng.pick(&[0, 512, 1024, 1428, 1468, 8192]);
        if blksize > 0 {
            options.push("blksize", blksize);
        }
        let windowsize = rng.pick(&[0, 0, 1, 4, 16, 64]);
        if windowsize > 0 {
            options.push("windowsize", windowsize);
        }
        if rng.percent(20) {
            options.push("timeout", 1);
        }
    }
    options
}
