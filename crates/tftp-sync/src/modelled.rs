//! Replaces std's threads and the kernel in models, and runs models.
//!
//! No wait ever times out here: what only a time limit would end, a lost wake-up for one, is a
//! deadlock, and found.

use std::time::Duration;

pub use shuttle::sync::atomic;
pub use shuttle::thread_local;

/// Threads of the model.
pub mod thread {
    use std::io;

    pub use shuttle::thread::{ThreadId, current};

    /// As std's.
    pub struct Builder(shuttle::thread::Builder);

    impl Builder {
        /// As std's.
        #[allow(clippy::new_without_default, reason = "std's has none")]
        pub fn new() -> Builder {
            Builder(shuttle::thread::Builder::new())
        }

        /// As std's.
        pub fn name(self, name: String) -> Builder {
            Builder(self.0.name(name))
        }

        /// The model's stacks are all the same.
        pub fn stack_size(self, _: usize) -> Builder {
            self
        }

        /// As std's.
        ///
        /// # Errors
        /// None.
        pub fn spawn<T: Send + 'static>(
            self,
            body: impl FnOnce() -> T + Send + 'static,
        ) -> io::Result<JoinHandle<T>> {
            self.0.spawn(body).map(JoinHandle)
        }
    }

    /// As std's.
    pub struct JoinHandle<T>(shuttle::thread::JoinHandle<T>);

    impl<T> JoinHandle<T> {
        /// As std's.
        ///
        /// # Errors
        /// The thread's panic value.
        pub fn join(self) -> std::thread::Result<T> {
            self.0.join()
        }

        /// As std's.
        pub fn thread(&self) -> &shuttle::thread::Thread {
            self.0.thread()
        }

        /// Always false: models wait with `join`.
        pub fn is_finished(&self) -> bool {
            false
        }
    }
}

/// A sleep in the kernel: looks without sleeping, and lets the others go on, until something is
/// there. Without a limit on time, as everywhere here, but for one of zero.
///
/// # Errors
/// Those of `look`.
pub fn wait_until(
    timeout: Option<Duration>,
    look: impl Fn(Duration) -> std::io::Result<usize>,
) -> std::io::Result<usize> {
    loop {
        match look(Duration::ZERO) {
            Ok(0) if timeout != Some(Duration::ZERO) => shuttle::thread::yield_now(),
            result => return result,
        }
    }
}

/// Tries a body, which starts threads of [`shuttle::thread`], in many orders: by chance, and by
/// chance with few preemptions, which finds what needs one thread to stand still for long.
///
/// TFTP_MODEL_ROUNDS: how many of each (500). TFTP_SEED: the seed of both; it is printed. A failure
/// prints the seed or the schedule of its round: TFTP_SEED or TFTP_MODEL_SCHEDULE repeats that,
/// with TFTP_MODEL_ROUNDS=1.
pub fn check(body: impl Fn() + Clone + Send + Sync + 'static) {
    use shuttle::scheduler::{PctScheduler, RandomScheduler, ReplayScheduler};
    let mut config = shuttle::Config::new();
    config.stack_size = 512 * 1024;
    config.max_steps = shuttle::MaxSteps::FailAfter(200_000);
    config.silence_warnings = true;
    if let Some(schedule) = variable::<String>("TFTP_MODEL_SCHEDULE") {
        shuttle::Runner::new(ReplayScheduler::new_from_encoded(&schedule), config).run(body);
        return;
    }
    let rounds = variable("TFTP_MODEL_ROUNDS").unwrap_or(500);
    let seed = variable("TFTP_SEED").unwrap_or_else(|| std::process::id().into());
    println!("TFTP_SEED={seed} TFTP_MODEL_ROUNDS={rounds}");
    shuttle::Runner::new(RandomScheduler::new_from_seed(seed, rounds), config.clone())
        .run(body.clone());
    shuttle::Runner::new(PctScheduler::new_from_seed(seed, 3, rounds), config).run(body);
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    println!("figure: {} orders of {name}", 2 * rounds);
}

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is not what it should be")),
    )
}
