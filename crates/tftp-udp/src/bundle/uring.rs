//! Bundles by io_uring, which many containers forbid.

use std::io;

use super::{Call, Work};
use io_uring::{IoUring, opcode, squeue, types::Fd};

pub(super) struct Uring(IoUring);

impl Uring {
    /// # Errors
    /// Those of io_uring_setup: an old kernel, a sandbox, /proc/sys/kernel/io_uring_disabled.
    /// `Unsupported` where the kernel lacks the operations (before Linux 5.6).
    pub(super) fn new(calls: usize) -> io::Result<Uring> {
        let ring = IoUring::new(calls as u32)?;
        let mut probe = io_uring::Probe::new();
        ring.submitter().register_probe(&mut probe)?;
        let needed = [opcode::Recv::CODE, opcode::Send::CODE, opcode::SendMsg::CODE];
        if !needed.into_iter().all(|code| probe.is_supported(code)) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(Uring(ring))
    }

    /// # Errors
    /// Those of io_uring_enter. The ring must not be used afterwards.
    ///
    /// # Safety
    /// As for [`super::Bundle::perform`].
    pub(super) unsafe fn perform(&mut self, calls: &mut [Call]) -> io::Result<()> {
        let mut queue = self.0.submission();
        for (index, call) in calls.iter().enumerate() {
            let entry = entry(call).user_data(index as u64);
            // SAFETY: the caller vouches for the memory, which the kernel no longer uses once the call is complete:
            // with MSG_DONTWAIT it never waits, and the loop below waits for its result.
            unsafe { queue.push(&entry) }.map_err(io::Error::other)?;
        }
        drop(queue);
        let mut left = calls.len();
        while left > 0 {
            match self.0.submit_and_wait(left) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in self.0.completion() {
                if let Some(call) = calls.get_mut(event.user_data() as usize) {
                    call.result = event.result();
                }
                left -= 1;
            }
        }
        Ok(())
    }
}

fn entry(call: &Call) -> squeue::Entry {
    let (fd, flags) = (Fd(call.fd), libc::MSG_DONTWAIT);
    match call.work {
        Work::Receive(start, length) => {
            opcode::Recv::new(fd, start, length as u32).flags(flags).build()
        }
        Work::Send(start, length) => {
            opcode::Send::new(fd, start, length as u32).flags(flags).build()
        }
        Work::SendMessage(message) => opcode::SendMsg::new(fd, message).flags(flags as u32).build(),
    }
}
