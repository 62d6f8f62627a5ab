//! The wrapper of every exported function: looks the handle up, checks the call table, turns a
//! panic into 908, and records the result as the thread's last error.

#[rustfmt::skip] // Made by a program, a row a function.
mod rules;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::handles::Key;
use super::strings;
use super::types::tftpserver;
use crate::class::Server;
use crate::class::errors::{self, Failure};
use tftp_sync::thread_local;

pub(super) use rules::Call;
use rules::RULES;

/// The rule for one function.
struct Rule {
    call: Call,
    name: &'static str,
    /// May be called inside a callback. The rule covers callbacks of every handle: two threads that
    /// each waited for the other's callback would deadlock.
    inside_callback: bool,
    /// Sets the thread's last error. The two getters of the last error do not.
    is_remembered: bool,
}

const fn rule(call: Call, name: &'static str, inside_callback: bool, is_remembered: bool) -> Rule {
    Rule {
        call,
        name,
        inside_callback,
        is_remembered,
    }
}

thread_local! {
    static CALLBACKS: Cell<u32> = const { Cell::new(0) };
}

/// Exists while a callback of the application runs on this thread.
pub(super) struct InsideCallback;

impl InsideCallback {
    pub(super) fn enter() -> InsideCallback {
        CALLBACKS.with(|callbacks| callbacks.set(callbacks.get() + 1));
        InsideCallback
    }
}

impl Drop for InsideCallback {
    fn drop(&mut self) {
        CALLBACKS.with(|callbacks| callbacks.set(callbacks.get() - 1));
    }
}

/// Runs a function that returns 0 or an error number.
pub(super) fn status(
    handle: *mut tftpserver,
    call: Call,
    body: impl FnOnce(&Arc<Server>, Key) -> Result<(), Failure>,
) -> i32 {
    match guarded(handle, call, body) {
        Ok(()) => 0,
        Err(failure) => failure.code,
    }
}

/// Runs a function that returns a value, or `failed` on failure.
pub(super) fn value<T>(
    handle: *mut tftpserver,
    call: Call,
    failed: T,
    body: impl FnOnce(&Arc<Server>, Key) -> Result<T, Failure>,
) -> T {
    guarded(handle, call, body).unwrap_or(failed)
}

/// Runs a function without a handle. Returns `failed` after a panic.
pub(super) fn unbound<T>(failed: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(failed)
}

fn guarded<T>(
    handle: *mut tftpserver,
    call: Call,
    body: impl FnOnce(&Arc<Server>, Key) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let key = Key::of(handle);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let server = key.server().ok_or_else(|| Failure::plain(errors::NOT_A_HANDLE))?;
        let rule = &RULES[call as usize];
        debug_assert!(rule.call == call);
        let outcome = match rule.inside_callback || CALLBACKS.with(Cell::get) == 0 {
            true => body(&server, key),
            false => Err(Failure::new(errors::INSIDE_CALLBACK, rule.name)),
        };
        // Nothing is kept for a handle that was closed meanwhile.
        if rule.is_remembered && (outcome.is_ok() || key.is_open()) {
            strings::remember(key, outcome.as_ref().err());
        }
        outcome
    }));
    outcome.unwrap_or_else(|_| Err(panicked(key)))
}

/// Records 908. A panic may have left anything inconsistent, so recording it may panic too.
fn panicked(key: Key) -> Failure {
    let failure = Failure::plain(errors::INTERNAL);
    let _ = catch_unwind(AssertUnwindSafe(|| strings::remember(key, Some(&failure))));
    failure
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::super::handles;
    use super::*;

    #[test]
    fn no_panic_gets_out_and_it_is_remembered() {
        let key = handles::insert(Server::open());
        let code = status(key.as_handle(), Call::Get, |_, _| panic!("on purpose"));
        assert_eq!(code, errors::INTERNAL);
        assert_eq!(strings::last_code(key), errors::INTERNAL);
        assert_eq!(
            value(key.as_handle(), Call::Get, 7, |_, _| panic!("on purpose")),
            7
        );
        assert_eq!(unbound(3, || panic!("on purpose")), 3);
        handles::remove(key);
    }

    #[test]
    fn invalid_handles_are_not_dereferenced() {
        let code = status(ptr::null_mut(), Call::Get, |_, _| {
            unreachable!("there is no server")
        });
        assert_eq!(code, errors::NOT_A_HANDLE);
    }

    #[test]
    fn close_and_doevents_are_refused_inside_a_callback() {
        let key = handles::insert(Server::open());
        let inside = InsideCallback::enter();
        for call in [Call::Close, Call::DoDoevents] {
            assert_eq!(
                status(key.as_handle(), call, |_, _| Ok(())),
                errors::INSIDE_CALLBACK
            );
        }
        assert_eq!(status(key.as_handle(), Call::Get, |_, _| Ok(())), 0);
        drop(inside);
        assert_eq!(status(key.as_handle(), Call::DoDoevents, |_, _| Ok(())), 0);
        handles::remove(key);
    }

    #[test]
    fn every_function_with_a_handle_has_its_row() {
        for (place, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.call as usize, place);
        }
    }
}
