//! Runs a body on its corpus and on mutations, one target at a time: one of them counts the
//! descriptors of the process.
//!
//! The first seed of the mutations is that in TFTP_FUZZ_SEED; otherwise a random one if
//! TFTP_FUZZ_SECONDS is set, and the same in each run if not. It is printed.

use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};
use std::{env, fs, panic, thread};

use crate::mutation::mutated;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The number of panics of all threads, including those that the library catches.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// The number of inputs run: if it stays the same for too long, an input hangs.
static DONE: AtomicU64 = AtomicU64::new(0);
const HANGS_AFTER: Duration = Duration::from_secs(300);

pub fn fuzz(target: &'static str, body: fn(&[u8])) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    watch();
    if let Some(file) = env::var_os("TFTP_FUZZ_INPUT") {
        return body(&fs::read(file).expect("TFTP_FUZZ_INPUT names a file"));
    }
    let corpus = corpus(target);
    for (path, input) in &corpus {
        run(target, body, input, &format!("{}", path.display()));
    }
    let inputs: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let (mut seed, end) = (first_seed(), now() + seconds());
    println!(
        "{target}: {} inputs, then from TFTP_FUZZ_SEED={seed}",
        inputs.len()
    );
    let mut count = 0_u64;
    while count == 0 || now() < end {
        run(
            target,
            body,
            &mutated(&inputs, seed),
            &format!("TFTP_FUZZ_SEED={seed}"),
        );
        (seed, count) = (seed.wrapping_add(1), count + 1);
    }
    println!("{target}: {count} mutations");
}

/// Runs one input, and keeps it in a file if it fails.
fn run(target: &str, body: fn(&[u8]), input: &[u8], origin: &str) {
    let before = PANICS.load(Ordering::Relaxed);
    let result = catch_unwind(AssertUnwindSafe(|| {
        body(input);
        assert_eq!(
            PANICS.load(Ordering::Relaxed),
            before,
            "a thread of the library panicked"
        );
    }));
    DONE.fetch_add(1, Ordering::Relaxed);
    if let Err(panic) = result {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
        fs::write(&kept, input).expect("the input that fails is kept");
        eprintln!("{target} fails with {origin}; TFTP_FUZZ_INPUT={}", kept.display());
        resume_unwind(panic);
    }
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{directory:?}: {error}"));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 5, "{directory:?} is a corpus");
    paths
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

fn first_seed() -> u64 {
    match env::var("TFTP_FUZZ_SEED") {
        Ok(seed) => seed.parse().expect("TFTP_FUZZ_SEED is a number"),
        Err(_) if env::var_os("TFTP_FUZZ_SECONDS").is_some() => RandomState::new().hash_one(0),
        Err(_) => 1,
    }
}

fn seconds() -> Duration {
    let seconds = env::var("TFTP_FUZZ_SECONDS").unwrap_or_else(|_| "3".to_owned());
    Duration::from_secs(seconds.parse().expect("TFTP_FUZZ_SECONDS is a number"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to go on is measured in real time"
)]
fn now() -> Instant {
    Instant::now()
}

/// Counts panics, and ends the process if an input hangs: threads in a deadlock can't be ended in
/// another way.
fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let shown = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            shown(info);
        }));
        thread::spawn(|| {
            let (mut seen, mut since) = (0, now());
            loop {
                thread::sleep(Duration::from_secs(1));
                let done = DONE.load(Ordering::Relaxed);
                if done != seen {
                    (seen, since) = (done, now());
                } else if now() - since > HANGS_AFTER {
                    eprintln!("one input has been running for {HANGS_AFTER:?}");
                    std::process::abort();
                }
            }
        });
    });
}
