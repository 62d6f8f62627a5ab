//! Bundles by Linux AIO (io_submit), which needs no privilege and is permitted in the usual containers.
//!
//! A socket that does not block has done its call when io_submit(2) returns. No length of a datagram is told beyond the
//! memory given, and no address. Control messages do not go with a call, so that windows do not go this way.

use std::io;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::{Call, Work};

/// Contexts that no thread uses now, with the process they belong to: destroying one takes some 30 ms.
static IDLE: Mutex<Vec<Context>> = Mutex::new(Vec::new());

/// IOCB_CMD_PREAD and IOCB_CMD_PWRITE.
const READ: u16 = 0;
const WRITE: u16 = 1;
/// No command: ends what io_submit takes.
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
    /// A socket takes none but 0.
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

/// What the kernel keeps of a thread's calls.
struct Context {
    id: libc::c_ulong,
    /// A child of fork(2) inherits none.
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
    /// Those of io_submit, where it took not one call.
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
        // SAFETY: so many pointers lead to blocks of `self`; the caller answers for the memory that these name. Both are
        // used no more when the calls are over, which `collect` waits for.
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

/// Takes the results of as many calls as there is room for. They are there: only a signal makes it ask again.
fn collect(context: &Context, events: &mut [Event], calls: &mut [Call]) -> io::Result<()> {
    let mut left = events.len();
    while left > 0 {
        // SAFETY: room for so many events; no time is given.
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
    /// One that is idle, or a new one.
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
