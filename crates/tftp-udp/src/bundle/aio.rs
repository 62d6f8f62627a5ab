//! Bundles by Linux AIO (io_submit), which needs no privilege and is permitted in the usual
//! containers.
//!
//! On a non-blocking socket a call is complete when io_submit(2) returns. AIO reports neither the
//! sender's address nor the length of a datagram beyond the given memory. It passes no control
//! messages, so that windows are not sent by it.

use std::io;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::{Call, Work};

/// Contexts not used by any thread, kept with the process they belong to, because destroying one
/// takes some 30 ms.
static IDLE: Mutex<Vec<Context>> = Mutex::new(Vec::new());

/// IOCB_CMD_PREAD and IOCB_CMD_PWRITE.
const READ: u16 = 0;
const WRITE: u16 = 1;
/// Not a valid command: io_submit stops there.
const UNKNOWN: u16 = u16::MAX;

/// struct iocb.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Block {
    data: u64,
    /// The key and the flags of the call, in an order that depends on the processor: both 0.
    key_and_flags: [u32; 2],
    opcode: u16,
    priority: i16,
    fd: u32,
    memory: u64,
    length: u64,
    /// Sockets accept 0 only.
    offset: i64,
    reserved: u64,
    flags: u32,
    event_fd: u32,
}

/// struct io_event.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Event {
    data: u64,
    block: u64,
    result: i64,
    result2: i64,
}

/// A kernel context for a thread's calls.
struct Context {
    id: libc::c_ulong,
    /// The process that created it: a child of fork(2) does not inherit contexts.
    process: u32,
    calls: usize,
}

pub(super) struct Aio {
    context: Option<Context>,
    blocks: Box<[Block]>,
    events: Box<[Event]>,
}

impl Aio {
    /// # Errors
    /// Those of io_setup: a sandbox, or /proc/sys/fs/aio-max-nr.
    pub(super) fn new(calls: usize) -> io::Result<Aio> {
        Ok(Aio {
            context: Some(Context::take(calls)?),
            blocks: vec![Block::default(); calls].into(),
            events: vec![Event::default(); calls].into(),
        })
    }

    /// # Errors
    /// Those of io_submit, if it accepted no call at all.
    ///
    /// # Safety
    /// As for [`super::Bundle::perform`].
    pub(super) unsafe fn perform(&mut self, calls: &mut [Call]) -> io::Result<()> {
        let context = self.context.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let mut pointers = [ptr::null_mut::<Block>(); super::CALLS];
        for (index, ((call, block), pointer)) in
            calls.iter().zip(&mut self.blocks).zip(&mut pointers).enumerate()
        {
            *block = Block::new(index as u64, call);
            *pointer = block;
        }
        let count = calls.len().min(self.blocks.len()) as libc::c_long;
        // SAFETY: `count` pointers lead to blocks of `self`; the caller vouches for the memory that
        // these name. The kernel no longer uses either once the calls are complete, which `collect`
        // waits for.
        let submitted =
            unsafe { libc::syscall(libc::SYS_io_submit, context.id, count, pointers.as_mut_ptr()) };
        let Ok(submitted) = usize::try_from(submitted) else {
            return Err(io::Error::last_os_error());
        };
        collect(context, &mut self.events[..submitted], calls)
    }
}

impl Drop for Aio {
    fn drop(&mut self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.context.take());
    }
}

/// Takes one result for each of `events`. The results are already available; the loop repeats the
/// call after a signal.
fn collect(context: &Context, events: &mut [Event], calls: &mut [Call]) -> io::Result<()> {
    let mut left = events.len();
    while left > 0 {
        // SAFETY: `events` has room for `left` results; there is no timeout.
        let got = unsafe {
            libc::syscall(
                libc::SYS_io_getevents,
                context.id,
                left as libc::c_long,
                left as libc::c_long,
                events.as_mut_ptr(),
                ptr::null::<libc::timespec>(),
            )
        };
        let Ok(got) = usize::try_from(got) else {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        };
        for event in &events[..got] {
            if let Some(call) = calls.get_mut(event.data as usize) {
                call.result = event.result as i32;
            }
        }
        left -= got;
    }
    Ok(())
}

impl Block {
    fn new(index: u64, call: &Call) -> Block {
        let (opcode, start, length) = match call.work {
            Work::Receive(start, length) => (READ, start as u64, length),
            Work::Send(start, length) => (WRITE, start as u64, length),
            Work::SendMessage(_) => (UNKNOWN, 0, 0),
        };
        Block {
            data: index,
            opcode,
            fd: call.fd as u32,
            memory: start,
            length: length as u64,
            ..Block::default()
        }
    }
}

impl Context {
    /// Takes an idle context, or creates one.
    fn take(calls: usize) -> io::Result<Context> {
        let process = std::process::id();
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|context| context.process == process);
        if let Some(at) = idle.iter().position(|context| context.calls == calls) {
            return Ok(idle.swap_remove(at));
        }
        let mut id: libc::c_ulong = 0;
        // SAFETY: the kernel writes the identifier, a local.
        if unsafe { libc::syscall(libc::SYS_io_setup, calls as libc::c_long, &raw mut id) } < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Context { id, process, calls })
    }
}
