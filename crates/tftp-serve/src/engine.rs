//! An engine: the I/O threads of one period of listening, from the first bind to the last
//! transfer's end.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};

use super::config::{Config, Policy};
use super::drain::Drain;
use super::inbox::{Inbox, Message};
use super::inline::EventSink;
use super::limits::Process;
use super::listen::Listener;
use super::shared::Shared;
use super::turn::{Loop, Setup};
use tftp_budget::descriptors::Running;
use tftp_files::pool::Pool;
use tftp_files::{Directory, Lane, Pooled};
use tftp_machine::Mode;
use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicBool, Ordering::Relaxed};
use tftp_sync::thread::{Builder, JoinHandle};
use tftp_udp::datagrams::Datagrams;
use tftp_udp::sockets::Sockets;
use tftp_udp::{ListenOptions, SocketId, Waker};

/// The storage of an engine: the file system, with its blocking calls on a pool.
type Disk = Pooled<Directory>;

/// A running engine. Dropping it without [`Engine::shutdown`] leaves its threads running.
pub(crate) struct Engine {
    config: Config,
    address: SocketAddr,
    recv_buffer: usize,
    send_buffer: usize,
    inboxes: Vec<Arc<Inbox<Disk, Waker>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    pool: Arc<Pool>,
    drain: Arc<Drain>,
    /// Set to end the sweep early.
    is_ending: Arc<AtomicBool>,
    _running: Running,
}

impl Engine {
    /// Starts the threads on bound sockets.
    ///
    /// # Errors
    /// The system's error if a socket cannot be set up or a thread cannot be started.
    pub(crate) fn listen(
        listener: Listener,
        policy: Policy,
        sink: Arc<dyn EventSink>,
        shared: Arc<Shared>,
    ) -> io::Result<Engine> {
        let Listener { config, sockets } = listener;
        let mut engine = Engine {
            address: sockets.local_addr()?,
            recv_buffer: sockets.recv_buffer()?,
            send_buffer: sockets.send_buffer()?,
            inboxes: Vec::new(),
            threads: Mutex::default(),
            pool: Arc::new(Pool::new("tftp-files")),
            drain: Arc::default(),
            _running: Running::start(),
            is_ending: Arc::default(),
            config,
        };
        engine.sweep(&policy);
        let policy = Arc::new(policy);
        for (number, net) in sockets.open()?.into_iter().enumerate() {
            let started =
                engine.start_thread(number, net, &policy, Arc::clone(&sink), Arc::clone(&shared));
            if let Err(error) = started {
                engine.shutdown();
                engine.join();
                return Err(error);
            }
        }
        Ok(engine)
    }

    /// Returns true if its IPv6 socket takes IPv4 as well.
    pub(crate) fn is_dual_stack(&self) -> bool {
        self.config.options.dual_stack
    }

    /// Returns the address and port that the engine listens on.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Returns the size in bytes that the system granted for the listening socket's receive buffer.
    pub(crate) fn recv_buffer(&self) -> usize {
        self.recv_buffer
    }

    /// Returns the size in bytes that the system granted for the listening socket's send buffer.
    pub(crate) fn send_buffer(&self) -> usize {
        self.send_buffer
    }

    /// Sets the policy of new transfers.
    pub(crate) fn set_policy(&self, policy: Policy) {
        let policy = Arc::new(policy);
        self.inboxes
            .iter()
            .for_each(|inbox| inbox.send(Message::Policy(Arc::clone(&policy))));
    }

    /// Stops accepting requests; returns when the listening sockets are closed. Active transfers
    /// continue to their end (with SinglePort on the listening port, which they keep until then).
    pub(crate) fn stop_listening(&self) {
        self.drain.begin(self.inboxes.len());
        self.order(Message::StopListening);
        // No transfer was active: the sockets that threads kept for each other can be closed as
        // well.
        if self.is_single_port() && self.drain.is_done() {
            self.order(Message::StopListening);
        }
    }

    /// Returns true if this engine, which has stopped listening, keeps its port and has the
    /// configuration `config`: to start another engine on the port would fail.
    pub(crate) fn can_resume(&self, config: &Config) -> bool {
        let mut mine = self.config.clone();
        mine.options.address = self.address;
        self.is_single_port() && mine == *config
    }

    /// Returns true if transfers use the listening port.
    fn is_single_port(&self) -> bool {
        self.config.options.mode == Mode::Single
    }

    /// Returns true if the engine has stopped listening but keeps this socket of the application
    /// for its transfers.
    pub(crate) fn keeps(&self, socket: SocketId) -> bool {
        self.config.adopted == Some(socket) && self.is_single_port() && !self.drain.is_done()
    }

    /// Keeps the port for [`Engine::resume`]. Returns false if the last transfer has ended and the
    /// port is free.
    pub(crate) fn hold(&self) -> bool {
        let is_held = self.drain.hold();
        if !is_held {
            self.join_threads();
        }
        is_held
    }

    /// Ends a [`hold`](Engine::hold): the port is closed with the last transfer.
    pub(crate) fn release(&self) {
        self.drain.thread_is_done();
    }

    /// Listens again on the port that was kept, under a new policy.
    pub(crate) fn resume(&self, policy: Policy) {
        let policy = Arc::new(policy);
        self.order(|done| Message::Resume(Arc::clone(&policy), done));
    }

    /// Stops listening and ends every transfer. Returns when all sockets are closed.
    pub(crate) fn shutdown(&self) {
        self.end_sweep();
        self.drain.begin(0);
        self.order(Message::Shutdown);
    }

    /// Returns true if all threads have ended and no work is left for the disk: [`Engine::join`]
    /// would not wait.
    pub(crate) fn is_finished(&self) -> bool {
        self.threads.lock().iter().all(JoinHandle::is_finished) && self.pool.is_idle()
    }

    /// Waits for all threads. Without [`Engine::shutdown`] they end with the last transfer.
    pub(crate) fn join(self) {
        self.end_sweep();
        self.join_threads();
        self.pool.shutdown();
    }

    fn join_threads(&self) {
        for thread in std::mem::take(&mut *self.threads.lock()) {
            // The panic hook has reported a thread that panicked.
            let _ = thread.join();
        }
    }

    /// Removes the files of unfinished uploads that a killed server has left behind.
    fn sweep(&self, policy: &Policy) {
        let Some(root) = policy.root.clone().filter(|_| !policy.read_only) else {
            return;
        };
        let is_ending = Arc::clone(&self.is_ending);
        self.pool.submit(
            Lane::NONE,
            Box::new(move || {
                // Leftovers only take up space, and the next start tries again.
                let _ = root.sweep(&|| !is_ending.load(Relaxed));
            }),
        );
    }

    /// Ends the sweep early: shutting down does not wait for a large or slow directory.
    fn end_sweep(&self) {
        self.is_ending.store(true, Relaxed);
    }

    /// Sends an order to every thread and waits until each has carried it out.
    fn order(&self, order: impl Fn(Sender<()>) -> Message<Disk>) {
        let (done, all_done) = bounded(self.inboxes.len());
        self.inboxes
            .iter()
            .for_each(|inbox| inbox.send(order(done.clone())));
        drop(done);
        // Ends when the last sender is dropped: by a thread that has carried out the order, or with
        // the inbox of a thread that had ended before.
        all_done.iter().for_each(drop);
    }

    fn start_thread(
        &mut self,
        number: usize,
        net: Sockets,
        policy: &Arc<Policy>,
        sink: Arc<dyn EventSink>,
        shared: Arc<Shared>,
    ) -> io::Result<()> {
        let config = &self.config;
        let (thread, inbox) = Loop::new(Setup {
            machine: machine_config(&config.options, &net),
            net,
            store: Pooled::new(Directory, Arc::clone(&self.pool)),
            sink,
            shared,
            environment: Box::new(Process),
            drained: Arc::clone(&self.drain),
            policy: Arc::clone(policy),
            seed: seed(),
            busy_poll: config.busy_poll,
        });
        let thread =
            tftp_sync::spawn(Builder::new().name(format!("tftp-io-{number}")), move || {
                thread.run();
            })?;
        self.inboxes.push(inbox);
        self.threads.lock().push(thread);
        Ok(())
    }
}

/// Returns the configuration of a thread's machine.
fn machine_config(options: &ListenOptions, net: &impl Datagrams) -> tftp_machine::Config {
    tftp_machine::Config {
        listening: net.listening(),
        address: options.address,
        source: options.source_ip,
        mode: options.mode,
        transfer_ports: options.transfer_ports.clone(),
        threads: options.threads,
        hides_probes: net.features().hides_probes,
        dont_fragment: options.dont_fragment,
    }
}

/// Returns unpredictable bytes: std keys its hash tables with the system's random bytes.
fn seed() -> [u8; 16] {
    let secret = RandomState::new();
    let mut seed = [0; 16];
    seed[..8].copy_from_slice(&secret.hash_one(0).to_le_bytes());
    seed[8..].copy_from_slice(&secret.hash_one(1).to_le_bytes());
    seed
}
