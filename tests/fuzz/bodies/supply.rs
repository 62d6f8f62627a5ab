//! Downloads that the program feeds: `tftpserver_do_supply` and `tftpserver_do_abort` in any order,
//! for connections that run, have ended or never existed, with too little, too much, too late,
//! after the end and from another thread. There is no panic, and no result that the header does not
//! list. Data is requested in order and never beyond the length, and clients get exactly the
//! supplied data. Once the program supplies all that is owed, every download ends.
//!
//! Input: a byte of choices, the length in two bytes, a byte for the announced length; then
//! operations, each a byte and its arguments.

mod client;
mod ledger;

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::sync::{Mutex, PoisonError};
use std::thread;

use ::tftpserver::ffi::*;

use super::input::Input;
use super::left::Left;
use client::Client;
use ledger::{Ledger, Piece, pattern};

/// The number of simultaneous clients.
const CLIENTS: usize = 3;
/// More turns than any download needs to end; each waits up to a client's `PATIENCE`.
const TURNS: usize = 20_000;

/// The state that callbacks and threads share.
struct Stage {
    ledger: Mutex<Ledger>,
    /// The panic of a callback.
    failed: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

impl Stage {
    fn ledger<T>(&self, with: impl FnOnce(&mut Ledger) -> T) -> T {
        with(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One server and its clients.
struct Program<'s> {
    stage: &'s Stage,
    server: Handle,
    port: u16,
    clients: Vec<Client>,
}

/// A handle that other threads use, too, as the header allows.
#[derive(Clone, Copy)]
struct Handle(*mut tftpserver);

// SAFETY: the functions of the header that are called with it may be called on any thread.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

pub fn run(bytes: &[u8]) {
    let before = Left::now();
    let mut input = Input::new(bytes);
    let stage = Stage {
        ledger: Mutex::new(Ledger::new(&mut input)),
        failed: Mutex::default(),
    };
    let mut program = Program::open(&stage);
    while !input.is_empty() && !program.has_failed() {
        program.step(&mut input);
    }
    program.finish();
    assert_eq!(tftpserver_close(program.server.0), 0);
    drop(program);
    if let Some(panic) = stage.failed.lock().unwrap().take() {
        resume_unwind(panic);
    }
    before.is_all_that_is_left();
}

impl Program<'_> {
    fn open(stage: &Stage) -> Program<'_> {
        let server = tftpserver_open();
        assert!(!server.is_null());
        assert_eq!(
            tftpserver_set(server, TFTPSERVER_PROPERTY_LOCAL_HOST, 0, c"127.0.0.1".as_ptr()),
            0
        );
        assert_eq!(
            tftpserver_set_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0, 0),
            0
        );
        assert!(!tftpserver_do_config(server, c"SelectWaitMillis=1".as_ptr()).is_null());
        let context = ptr::from_ref(stage).cast_mut().cast();
        let events = [
            TFTPSERVER_EVENT_CONNECTION_REQUEST,
            TFTPSERVER_EVENT_CONNECTED,
            TFTPSERVER_EVENT_DISCONNECTED,
            TFTPSERVER_EVENT_DATA_WANTED,
        ];
        for event in events {
            assert_eq!(
                tftpserver_register_callback(server, event, Some(callback), context),
                0
            );
        }
        assert_eq!(tftpserver_do_startlistening(server), 0);
        let port = tftpserver_get_int(server, TFTPSERVER_PROPERTY_LOCAL_PORT, 0);
        Program {
            stage,
            server: Handle(server),
            port: u16::try_from(port).expect("a port"),
            clients: (0..CLIENTS).map(|_| Client::new()).collect(),
        }
    }

    fn has_failed(&self) -> bool {
        self.stage.failed.lock().unwrap().is_some()
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() % 16 {
            0 | 1 => {
                let port = self.port;
                self.client(input).begin(port, input);
            }
            2..=4 => self.answer(input),
            5 | 6 => self.deliver(),
            7..=10 => self.supply(input),
            11 => self.supply_elsewhere(input),
            12 => self.abort(input),
            13 => self.never_known(input),
            14 => self.client(input).leave(),
            _ => {
                // The id of the next connection, for which nothing was requested yet.
                let id = self.stage.ledger(|ledger| ledger.last() + 1);
                self.known(
                    tftpserver_do_supply(self.server.0, id, ptr::null(), 0, 1),
                    &[0, 130, 903, 905],
                );
            }
        }
    }

    fn client(&mut self, input: &mut Input<'_>) -> &mut Client {
        &mut self.clients[usize::from(input.byte()) % CLIENTS]
    }

    fn answer(&mut self, input: &mut Input<'_>) {
        let number = usize::from(input.byte()) % CLIENTS;
        self.clients[number].answer();
        self.check(number);
    }

    /// Asserts that a client has received a beginning of the supplied data.
    fn check(&self, number: usize) {
        let client = &self.clients[number];
        let (is_pure, length) = self.stage.ledger(|ledger| (ledger.is_pure(), ledger.length()));
        if is_pure {
            assert!(
                client.got == pattern(0, client.got.len() as u64),
                "client {number} got something else"
            );
            if client.is_whole {
                assert!(client.got.len() as u64 <= length, "more than there is");
            }
        }
    }

    fn deliver(&self) {
        self.known(tftpserver_do_doevents(self.server.0), &[0]);
    }

    fn known(&self, code: i32, expected: &[i32]) {
        assert!(expected.contains(&code), "{code} was answered");
    }

    fn supply(&self, input: &mut Input<'_>) {
        if let Some(piece) = self.stage.ledger(|ledger| ledger.piece(input)) {
            let code = supply(self.server, &piece);
            self.answered(&piece, code);
        }
    }

    fn answered(&self, piece: &Piece, code: i32) {
        self.known(code, &[0, 130, 903, 905]);
        self.stage.ledger(|ledger| ledger.supplied(piece, code));
    }

    /// Supplies on another thread, while this one delivers events and a client answers.
    fn supply_elsewhere(&mut self, input: &mut Input<'_>) {
        let Some(piece) = self.stage.ledger(|ledger| ledger.piece(input)) else {
            return;
        };
        let number = usize::from(input.byte()) % CLIENTS;
        let code = thread::scope(|scope| {
            let (server, piece) = (self.server, &piece);
            let supplying = scope.spawn(move || supply(server, piece));
            self.clients[number].answer();
            self.deliver();
            supplying.join().unwrap_or_else(|panic| resume_unwind(panic))
        });
        self.answered(&piece, code);
        self.check(number);
    }

    fn abort(&self, input: &mut Input<'_>) {
        let Some(id) = self.stage.ledger(|ledger| ledger.some_id(input)) else {
            return;
        };
        let code = i32::from(input.byte()) - 1;
        let text = match input.byte() % 3 {
            0 => ptr::null(),
            1 => c"".as_ptr(),
            _ => c"the source is g\xc3\xb6ne\x01".as_ptr(),
        };
        let answer = tftpserver_do_abort(self.server.0, id, code, text);
        if !(0..=8).contains(&code) {
            self.known(answer, &[905, 903]);
        } else {
            self.known(answer, &[0, 903]);
        }
    }

    /// Calls functions for connections that never existed, and without a server.
    fn never_known(&self, input: &mut Input<'_>) {
        let id = match input.byte() {
            0 => i32::MIN,
            1 => -1,
            2 => 0x7fff_ffff,
            more => 2_000_000 + i32::from(more),
        };
        self.known(
            tftpserver_do_supply(self.server.0, id, c"x".as_ptr().cast(), 1, 0),
            &[903],
        );
        self.known(tftpserver_do_abort(self.server.0, id, 0, ptr::null()), &[903]);
        self.known(
            tftpserver_do_supply(ptr::null_mut(), id, ptr::null(), 0, 1),
            &[901],
        );
        self.known(tftpserver_do_abort(ptr::null_mut(), id, 0, ptr::null()), &[901]);
    }

    /// Supplies everything that is owed, and asserts that the downloads of all clients end.
    fn finish(&mut self) {
        for _ in 0..TURNS {
            if self.has_failed() || self.clients.iter().all(Client::is_done) {
                self.deliver();
                return;
            }
            self.deliver();
            while let Some(piece) = self.stage.ledger(|ledger| ledger.honest_piece()) {
                let code = supply(self.server, &piece);
                self.answered(&piece, code);
                if code == 905 {
                    self.supply_what_fits(&piece);
                }
            }
            for number in 0..CLIENTS {
                self.clients[number].answer();
                self.check(number);
            }
        }
        panic!("a download does not end");
    }

    /// Supplies the piece in parts: some of it was supplied under another name.
    fn supply_what_fits(&self, piece: &Piece) {
        let mut length = piece.bytes.len();
        while length > 0 {
            length /= 2;
            supply_bytes(self.server, piece.id, &piece.bytes[..length], false);
        }
        supply_bytes(self.server, piece.id, &[], piece.is_last);
        self.stage.ledger(|ledger| ledger.forget(piece.id));
    }
}

fn supply(server: Handle, piece: &Piece) -> i32 {
    supply_bytes(server, piece.id, &piece.bytes, piece.is_last)
}

fn supply_bytes(server: Handle, id: i32, bytes: &[u8], is_last: bool) -> i32 {
    let data = if bytes.is_empty() {
        ptr::null()
    } else {
        bytes.as_ptr().cast()
    };
    tftpserver_do_supply(server.0, id, data, bytes.len(), i32::from(is_last))
}

unsafe extern "C" fn callback(
    server: *mut tftpserver,
    event: *mut tftpserver_event,
    context: *mut c_void,
) -> i32 {
    // SAFETY: the context is the stage, which outlives every DoEvents; the library lends the event
    // for this call.
    let (stage, event) = unsafe { (&*context.cast::<Stage>(), &*event) };
    let result = catch_unwind(AssertUnwindSafe(|| {
        stage.ledger(|ledger| heard(ledger, server, event))
    }));
    if let Err(panic) = result {
        // No panic may leave a callback: it is resumed when the server is closed.
        *stage.failed.lock().unwrap() = Some(panic);
    }
    0
}

fn heard(ledger: &mut Ledger, server: *mut tftpserver, event: &tftpserver_event) {
    // SAFETY: the id determines which member was written.
    unsafe {
        match event.id {
            TFTPSERVER_EVENT_CONNECTION_REQUEST => {
                let id = event.data.connection_request.connection_id;
                ledger.begins(id);
                let (size, key) = (ledger.told(), ledger.key());
                assert_eq!(
                    tftpserver_set_int(server, TFTPSERVER_PROPERTY_CONN_DATA_SIZE, id, size),
                    0
                );
                assert_eq!(
                    tftpserver_set(server, TFTPSERVER_PROPERTY_CONN_DATA_KEY, id, key.as_ptr()),
                    0
                );
            }
            TFTPSERVER_EVENT_DATA_WANTED => {
                let wanted = event.data.data_wanted;
                ledger.wanted(wanted.connection_id, wanted.offset, wanted.length);
            }
            TFTPSERVER_EVENT_DISCONNECTED => ledger.ends(event.data.disconnected.connection_id),
            _ => {}
        }
    }
}
