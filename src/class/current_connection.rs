//! The connection of the callback that is running on this thread.

use std::cell::Cell;

use super::event_router::EventRouter;
use tftp_sync::thread_local;

thread_local! {
    /// The server, by the address of its router, and the connection's id; (0, 0) outside of
    /// callbacks.
    static CURRENT: Cell<(usize, i32)> = const { Cell::new((0, 0)) };
}

/// Runs `deliver`, whose callbacks belong to this connection of this server.
pub(super) fn during(router: &EventRouter, connection: i32, deliver: impl FnOnce()) {
    let _end = End;
    CURRENT.with(|current_connection| current_connection.set((place(router), connection)));
    deliver();
}

/// Returns the connection of this server's callback that is running on this thread, if it belongs
/// to one.
pub(super) fn connection(router: &EventRouter) -> Option<i32> {
    let (server, connection) = CURRENT.with(Cell::get);
    (server == place(router) && connection != 0).then_some(connection)
}

fn place(router: &EventRouter) -> usize {
    std::ptr::from_ref(router).addr()
}

/// Clears `CURRENT` on drop, also when a callback panics.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        CURRENT.with(|current_connection| current_connection.set((0, 0)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_on_its_thread_for_its_server_and_while_it_runs() {
        let (one, other) = (EventRouter::new(1), EventRouter::new(1));
        during(&one, 1_000_001, || {
            assert_eq!((connection(&one), connection(&other)), (Some(1_000_001), None));
            std::thread::scope(|scope| {
                scope.spawn(|| assert_eq!(connection(&one), None));
            });
        });
        assert_eq!(connection(&one), None);
        during(&one, 0, || assert_eq!(connection(&one), None));
    }
}
