//! The code that the load generator and the limit program share: batched datagrams, and the content
//! of the files.

pub mod content;
pub mod udp;
pub mod waiting;

/// Runs the calling thread on one processor only.
///
/// # Errors
/// Those of sched_setaffinity.
pub fn pin_to(cpu: usize) -> std::io::Result<()> {
    // SAFETY: an array of integers, for which zero is a value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: CPU_SET checks `cpu` against the size of the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the set outlives the call and has the size given.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&set), &set) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Returns the value of the argument `--name VALUE`.
pub fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument.strip_prefix("--") == Some(name))?;
    arguments.next()
}

/// Returns the values of all arguments `--name VALUE`.
pub fn arguments(name: &str) -> Vec<String> {
    let words: Vec<String> = std::env::args().collect();
    let pairs = words.windows(2);
    pairs
        .filter(|pair| pair[0].strip_prefix("--") == Some(name))
        .map(|pair| pair[1].clone())
        .collect()
}

/// Returns the value of the argument `--name NUMBER`, or `default`.
pub fn number(name: &str, default: u64) -> u64 {
    argument(name).map_or(default, |value| {
        value
            .parse()
            .unwrap_or_else(|_| panic!("--{name}: {value} is no number"))
    })
}
