//! One server object: its lifetime and its methods.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::conn::{FIRST_CONNECTION_ID, Record};
use super::current_connection;
use super::dispatch::Dispatch;
use super::errors::{self, Failure};
use super::event_router::EventRouter;
use super::events::Callback;
use super::listening::{self, Bound, Listening};
use super::property::Access;
use super::reason::Reason;
use super::setting::Key;
use super::values::Values;
use tftp_serve::ErrorCode;
use tftp_serve::inline::{EventSink, Refused};
use tftp_sync::{Condvar, Mutex};

/// The maximum length of an ERROR's text in bytes.
const ERROR_TEXT: usize = 256;
/// The last code of an ERROR, which RFC 2347 added.
const LAST_ERROR_CODE: u16 = 8;
const MORE_THAN_WANTED: &str = "More than DataWanted requested.";

/// A TFTP server as an application holds it. Every method may be called from any thread.
///
/// Locks are taken in this order: `listening`, then `values` or `bound`. None is held while a
/// callback runs.
pub struct Server {
    pub(super) router: Arc<EventRouter>,
    library: Arc<tftp_serve::Server>,
    pub(super) values: Mutex<Values>,
    pub(super) listening: Mutex<Listening>,
    /// The bound addresses while listening. A separate lock: readers must not wait while
    /// `start_listening` binds.
    pub(super) bound: Mutex<Option<Bound>>,
    turn: Turn,
}

impl Server {
    /// Returns a server with every value at its default. It does not listen yet.
    pub fn open() -> Arc<Server> {
        let values = Values::new();
        let router = Arc::new(EventRouter::new(values.setting_integer(Key::LogLevel)));
        let library = tftp_serve::Server::builder()
            .event_sink(Arc::clone(&router) as Arc<dyn EventSink>)
            .open();
        let library = Arc::new(library.expect("nothing is opened yet that could fail"));
        Arc::new(Server {
            router,
            values: Mutex::new(values),
            listening: Mutex::new(Listening::new(Arc::clone(&library))),
            library,
            bound: Mutex::default(),
            turn: Turn::default(),
        })
    }

    /// Shuts down and waits for every thread, and for a DoEvents that runs elsewhere. Not from
    /// inside a callback.
    pub fn close(&self) {
        self.router.close();
        let turn = self.turn.take();
        self.finish(turn);
    }

    /// Closes without waiting for a DoEvents: one that runs, on whichever thread, finishes the
    /// closing when it returns.
    ///
    /// The port is free and every client has its ERROR when this returns. Callable from inside a
    /// callback.
    pub fn release(&self) {
        self.router.close();
        self.shutdown();
        self.finish_if_closed();
    }

    /// Ends the threads and drops the backlog. The caller has the turn.
    fn finish(&self, _turn: impl Drop) {
        self.listening.lock().close();
        *self.bound.lock() = None;
        self.router.queue.clear();
    }

    /// Finishes a closing, unless a DoEvents or a close has the turn: then that one finishes it.
    fn finish_if_closed(&self) {
        if self.router.is_closed()
            && let Some(turn) = self.turn.try_take()
        {
            self.finish(turn);
        }
    }

    /// Registers the callback of an event; `None` removes it.
    ///
    /// # Errors
    /// 905 if there is no such event.
    pub fn register(&self, event: i32, callback: Option<Arc<dyn Callback>>) -> Result<(), Failure> {
        let is_going = callback.is_none();
        self.router.register(event, callback)?;
        if is_going {
            self.router.release();
        }
        Ok(())
    }

    /// Delivers the events that wait; if there are none, waits up to SelectWaitMillis for the
    /// first. Not from inside a callback.
    ///
    /// # Errors
    /// 901 if the server was closed meanwhile.
    pub fn do_events(&self) -> Result<(), Failure> {
        let outcome = self.deliver_in_turn();
        // A release that happened meanwhile has left the closing to this call.
        self.finish_if_closed();
        outcome
    }

    fn deliver_in_turn(&self) -> Result<(), Failure> {
        self.router.watch();
        let _turn = self.turn.take();
        if self.router.is_closed() {
            return Err(Failure::plain(errors::NOT_A_HANDLE));
        }
        self.library.reap();
        self.router.unobserved.settle(&self.router.conns);
        let patience = match self.router.queue.has_items() {
            true => Duration::ZERO,
            false => {
                Duration::from_millis(self.values.lock().setting_integer(Key::SelectWaitMillis))
            }
        };
        self.deliver(patience);
        Ok(())
    }

    fn deliver(&self, patience: Duration) {
        let queue = &self.router.queue;
        let changes = self.router.changes();
        let mut batch = queue.take(patience);
        let mut dispatch = Dispatch::new(&self.router);
        while !queue.take_interrupt() && batch.deliver_next(|notice| dispatch.deliver(notice)) {}
        drop(batch);
        if self.router.changes() != changes {
            // An undelivered event may hold its connection for a callback that was removed during
            // this delivery.
            self.router.release();
        }
    }

    /// Starts to listen; does nothing if it is listening already.
    ///
    /// # Errors
    /// 905 LocalDir does not exist; 11001 LocalHost is not found; the system's errors for the
    /// address and the port.
    pub fn start_listening(&self) -> Result<(), Failure> {
        let mut listening = self.listening.lock();
        if listening.is_on() {
            return Ok(());
        }
        let values = self.values.lock().clone();
        let bound = listening.start(&values)?;
        self.router.log(format!("Listening on {}", bound.all()));
        *self.bound.lock() = Some(bound);
        Ok(())
    }

    /// Stops listening: no new requests are accepted, transfers go on.
    pub fn stop_listening(&self) {
        let mut listening = self.listening.lock();
        let was_on = listening.stop();
        self.stopped(was_on);
    }

    /// Stops listening and ends every transfer.
    pub fn shutdown(&self) {
        let mut listening = self.listening.lock();
        let was_on = listening.shutdown();
        self.stopped(was_on);
    }

    fn stopped(&self, was_on: bool) {
        *self.bound.lock() = None;
        if was_on {
            self.router.log("Stopped listening".to_owned());
        }
    }

    /// Ends one transfer.
    ///
    /// # Errors
    /// 903 if there is no connection at this index.
    pub fn disconnect(&self, index: i32) -> Result<(), Failure> {
        self.to_end(index)?.end_because(Reason::Disconnect);
        Ok(())
    }

    /// Answers a request that ConnectionRequest put off ([`super::events::Accept::Later`]).
    /// DoEvents goes on with it.
    ///
    /// # Errors
    /// 903 if there is no connection at this index; 130 if it is not deferred, or was already
    /// answered.
    pub fn accept(&self, index: i32, accept: bool) -> Result<(), Failure> {
        let record = self.router.conns.at(index)?;
        if record.answer(accept)? {
            self.router.decided(record.id());
        }
        Ok(())
    }

    /// Holds a transfer back, or resumes it. While it is held, data that Transfer delivers does not
    /// count as taken.
    ///
    /// # Errors
    /// 903 if there is no connection at this index.
    pub fn hold(&self, index: i32, is_held: bool) -> Result<(), Failure> {
        self.router.conns.at(index)?.hold(is_held);
        Ok(())
    }

    /// Supplies the next bytes of a download that the application feeds, at most as many as its
    /// DataWanted events requested. `is_last`: nothing follows.
    ///
    /// # Errors
    /// 905 more than was requested, of which nothing was taken; 130 it is no fed download, or is
    /// over; 903 no connection at this index.
    pub fn supply(&self, index: i32, bytes: &[u8], is_last: bool) -> Result<(), Failure> {
        let id = match index >= FIRST_CONNECTION_ID {
            true => index,
            false => self.router.conns.at(index)?.id(),
        };
        match self.router.feeds.supply(id, bytes, is_last) {
            Ok(()) => Ok(()),
            Err(Refused::TooMuch) => Err(Failure::new(errors::INVALID_VALUE, MORE_THAN_WANTED)),
            Err(Refused::Over) if self.router.feeds.knows(id) => Err(Failure::plain(errors::BUSY)),
            Err(Refused::Over) => {
                let record = self.router.conns.at(id)?;
                match record.is_fed() && !record.has_begun() {
                    true => Err(Failure::new(errors::INVALID_VALUE, MORE_THAN_WANTED)),
                    false => Err(Failure::plain(errors::BUSY)),
                }
            }
        }
    }

    /// Ends one transfer of any kind. Its client gets an ERROR with this code and at most 256 bytes
    /// of this text, without a text "Aborted".
    ///
    /// # Errors
    /// 903 if there is no connection at this index; 905 for a code that is not 0 to 8.
    pub fn abort(&self, index: i32, tftp_code: i32, text: Option<&str>) -> Result<(), Failure> {
        let code = u16::try_from(tftp_code)
            .ok()
            .filter(|code| *code <= LAST_ERROR_CODE);
        let code = code.ok_or_else(|| {
            Failure::new(errors::INVALID_VALUE, "An error code from 0 to 8 is expected.")
        })?;
        let text = text.unwrap_or("Aborted");
        let cut = (0..=ERROR_TEXT.min(text.len())).rfind(|&at| text.is_char_boundary(at));
        let cut = cut.unwrap_or(0);
        self.to_end(index)?.abort(ErrorCode(code), &text[..cut]);
        Ok(())
    }

    /// Returns the record of a connection that the application is about to end.
    fn to_end(&self, index: i32) -> Result<Arc<Record>, Failure> {
        let record = self.router.conns.at(index)?;
        if current_connection::connection(&self.router) == Some(record.id()) {
            record.note_end_inside();
        }
        Ok(record)
    }

    /// Shuts down and resets every property and setting to its default. Callbacks stay.
    pub fn reset(&self) {
        let mut listening = self.listening.lock();
        let was_on = listening.shutdown();
        self.stopped(was_on);
        let values = Values::new();
        self.router.capture(false);
        self.router.set_log_level(values.setting_integer(Key::LogLevel));
        // Closes LocalDir. The defaults are valid, so this does not fail.
        let _ = listening.adopt(&values);
        *self.values.lock() = values;
    }

    /// Makes a DoEvents return: the running one, or else the next.
    pub fn interrupt(&self) {
        self.router.queue.interrupt();
    }

    /// Returns a descriptor that is readable while an event waits.
    ///
    /// # Errors
    /// 909 on platforms without one; the system's errors.
    pub fn event_fd(&self) -> Result<i32, Failure> {
        self.router
            .queue
            .event_fd()
            .map_err(|error| Failure::from_io(&error, "The event descriptor."))
    }

    /// Returns the HANDLE of an event that is signalled while an event waits.
    ///
    /// # Errors
    /// 909 on every system but Windows; the system's errors.
    pub fn event_handle(&self) -> Result<usize, Failure> {
        self.router
            .queue
            .event_handle()
            .map_err(|error| Failure::from_io(&error, "The event handle."))
    }

    /// Returns the server's totals as one line of JSON.
    pub fn statistics(&self) -> String {
        listening::statistics(&self.library.stats())
    }

    /// Returns the main address that it listens on.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.bound.lock().as_ref().map(Bound::address)
    }

    /// Returns every address that it listens on; "" if it does not listen.
    pub(super) fn listen_addresses(&self) -> String {
        self.bound.lock().as_ref().map(Bound::all).unwrap_or_default()
    }

    /// Changes values if they may be changed now and are valid together; otherwise changes nothing.
    pub(super) fn change(
        &self,
        access: Access,
        apply: impl FnOnce(&mut Values),
    ) -> Result<(), Failure> {
        let mut listening = self.listening.lock();
        match access {
            Access::WhileStopped(code) if listening.is_on() => return Err(Failure::plain(code)),
            Access::ReadOnly => return Err(Failure::plain(errors::READ_ONLY)),
            _ => {}
        }
        let mut values = self.values.lock().clone();
        apply(&mut values);
        listening.adopt(&values)?;
        self.router
            .capture(values.setting_is_on(Key::CaptureIpPacketInfo));
        self.router.set_log_level(values.setting_integer(Key::LogLevel));
        *self.values.lock() = values;
        Ok(())
    }
}

/// The turn to deliver, which one thread has at a time. No mutex is held during it, because
/// callbacks run meanwhile.
#[derive(Default)]
struct Turn {
    is_taken: Mutex<bool>,
    is_free: Condvar,
}

impl Turn {
    fn take(&self) -> impl Drop + '_ {
        let mut is_taken = self.is_taken.lock();
        while *is_taken {
            self.is_free.wait(&mut is_taken);
        }
        *is_taken = true;
        GiveBack(self)
    }

    fn try_take(&self) -> Option<impl Drop + '_> {
        let mut is_taken = self.is_taken.lock();
        (!std::mem::replace(&mut *is_taken, true)).then(|| GiveBack(self))
    }
}

struct GiveBack<'t>(&'t Turn);

impl Drop for GiveBack<'_> {
    fn drop(&mut self) {
        *self.0.is_taken.lock() = false;
        self.0.is_free.notify_one();
    }
}
