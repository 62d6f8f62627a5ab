//! One period of listening: the shards' threads, from the first bind to the last transfer's end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crossbeam_channel::{Sender, bounded};

use super::config::{Config, Policy};
use super::context::Context;
use super::core::Core;
use super::descriptors::Running;
use super::drain::Drain;
use super::inbox::{Inbox, Message};
use super::listen::Listener;
use super::notice::Application;
use super::observer::Observer;
use super::pool::Pool;
use super::shared::Shared;
use super::turn::Loop;
use tftp_files::Lane;
use tftp_sync::Mutex;
use tftp_sync::atomic::{AtomicBool, Ordering::Relaxed};
use tftp_sync::thread::{Builder, JoinHandle};
use tftp_udp::{FrameOptions, Poller, SendBatch, SocketId, UdpSocket};

/// A running server. Dropping it without [`Engine::shutdown`] leaves its threads to their work.
pub struct Engine {
    config: Config,
    address: SocketAddr,
    recv_buffer: usize,
    send_buffer: usize,
    inboxes: Vec<Arc<Inbox>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    pool: Arc<Pool>,
    drain: Arc<Drain>,
    /// The sweep ends early.
    is_ending: Arc<AtomicBool>,
    _running: Running,
}

impl Engine {
    /// Binds the sockets and starts the threads.
    ///
    /// # Errors
    /// What the system says of the address, the port, the threads.
    pub fn start(
        config: &Config,
        policy: Policy,
        application: Arc<dyn Application>,
        shared: Arc<Shared>,
    ) -> io::Result<Engine> {
        Engine::listen(Listener::bind(config.clone())?, policy, application, shared)
    }

    /// Starts the threads on sockets that are bound.
    ///
    /// # Errors
    /// What the system says of the threads.
    pub fn listen(
        listener: Listener,
        policy: Policy,
        application: Arc<dyn Application>,
        shared: Arc<Shared>,
    ) -> io::Result<Engine> {
        let Listener { config, sockets } = listener;
        let mut engine = Engine {
            address: sockets[0].local_addr()?,
            recv_buffer: sockets[0].recv_buffer()?,
            send_buffer: sockets[0].send_buffer()?,
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
        for (number, socket) in sockets.into_iter().enumerate() {
            let started = engine.start_shard(
                number,
                socket,
                &policy,
                Arc::clone(&application),
                Arc::clone(&shared),
            );
            if let Err(error) = started {
                engine.shutdown();
                engine.join();
                return Err(error);
            }
        }
        Ok(engine)
    }

    /// Whether its IPv6 socket takes IPv4 as well.
    pub fn is_dual_stack(&self) -> bool {
        self.config.dual_stack
    }

    /// The address and port that are listened on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Bytes of the receive queue that the system granted the listening socket.
    pub fn recv_buffer(&self) -> usize {
        self.recv_buffer
    }

    /// Bytes of the send queue that the system granted the listening socket.
    pub fn send_buffer(&self) -> usize {
        self.send_buffer
    }

    /// New transfers begin under this policy.
    pub fn set_policy(&self, policy: Policy) {
        let policy = Arc::new(policy);
        self.inboxes
            .iter()
            .for_each(|inbox| inbox.send(Message::Policy(Arc::clone(&policy))));
    }

    /// Takes no new requests; returns when the listening sockets are closed. Transfers go on to their end (with
    /// SinglePort on the listening port, which they keep until then).
    pub fn stop_listening(&self) {
        self.drain.begin(self.inboxes.len());
        self.order(Message::StopListening);
        // Nothing was under way: the sockets that shards kept for each other can go as well.
        if self.config.single_port && self.drain.is_done() {
            self.order(Message::StopListening);
        }
    }

    /// Whether this engine, which has stopped listening, is what `config` asks for, and keeps its port: to start
    /// another one would fail.
    pub fn can_resume(&self, config: &Config) -> bool {
        let mine = Config {
            address: self.address,
            ..self.config.clone()
        };
        config.single_port && mine == *config
    }

    /// Whether it has stopped listening but keeps that socket of the application's for its transfers.
    pub fn keeps(&self, socket: SocketId) -> bool {
        self.config.adopted == Some(socket) && self.config.single_port && !self.drain.is_done()
    }

    /// Keeps the port for [`Engine::resume`]; false where the last transfer has ended and the port is free.
    pub fn hold(&self) -> bool {
        let is_held = self.drain.hold();
        if !is_held {
            self.join_shards();
        }
        is_held
    }

    /// Does not keep the port any more: it goes with the last transfer.
    pub fn let_go(&self) {
        self.drain.shard_is_done();
    }

    /// Listens again, under a new policy, where the port was kept.
    pub fn resume(&self, policy: Policy) {
        let policy = Arc::new(policy);
        self.order(|done| Message::Resume(Arc::clone(&policy), done));
    }

    /// Stops listening and ends every transfer; returns when all sockets are closed.
    pub fn shutdown(&self) {
        self.end_sweep();
        self.drain.begin(0);
        self.order(Message::Shutdown);
    }

    /// Whether all threads have ended and nothing is left for the disk to do: [`Engine::join`] would not wait.
    pub fn is_finished(&self) -> bool {
        self.threads.lock().iter().all(JoinHandle::is_finished) && self.pool.is_idle()
    }

    /// Waits for all threads; without [`Engine::shutdown`] that is when the last transfer has ended.
    pub fn join(self) {
        self.end_sweep();
        self.join_shards();
        self.pool.shutdown();
    }

    fn join_shards(&self) {
        for thread in std::mem::take(&mut *self.threads.lock()) {
            // A shard that panicked has said so on its own thread.
            let _ = thread.join();
        }
    }

    /// What a server that was killed left behind of unfinished uploads is removed.
    fn sweep(&self, policy: &Policy) {
        let Some(root) = policy.root.clone().filter(|_| !policy.read_only) else {
            return;
        };
        let is_ending = Arc::clone(&self.is_ending);
        self.pool.submit(
            Lane::NONE,
            Box::new(move || {
                // Leftovers do no harm but the room they take: the next start tries again.
                let _ = root.sweep(&|| !is_ending.load(Relaxed));
            }),
        );
    }

    /// Nothing waits for a sweep of a large or slow directory.
    fn end_sweep(&self) {
        self.is_ending.store(true, Relaxed);
    }

    /// Gives every shard an order and waits until each has carried it out.
    fn order(&self, order: impl Fn(Sender<()>) -> Message) {
        let (done, all_done) = bounded(self.inboxes.len());
        self.inboxes
            .iter()
            .for_each(|inbox| inbox.send(order(done.clone())));
        drop(done);
        // Ends when the last sender is gone: carried out, or dropped by a shard that had ended before.
        all_done.iter().for_each(drop);
    }

    fn start_shard(
        &mut self,
        number: usize,
        socket: UdpSocket,
        policy: &Arc<Policy>,
        application: Arc<dyn Application>,
        shared: Arc<Shared>,
    ) -> io::Result<()> {
        let poller = Poller::new()?;
        let inbox = Arc::new(Inbox::new(poller.waker()));
        let outbox = self.outbox()?;
        let pool = Arc::clone(&self.pool);
        let ctx = Context::new(
            tftp_udp::now(),
            outbox,
            pool,
            Arc::clone(&inbox),
            Observer::new(application, Arc::clone(&shared)),
            shared,
        );
        let config = &self.config;
        let core = Core::new(
            config,
            Arc::clone(policy),
            ctx,
            poller,
            socket,
            Arc::clone(&self.drain),
        )?;
        let shard = Loop::new(core, config);
        let thread = tftp_sync::spawn(Builder::new().name(format!("tftp-io-{number}")), move || {
            shard.run()
        })?;
        self.inboxes.push(inbox);
        self.threads.lock().push(thread);
        Ok(())
    }

    fn outbox(&self) -> io::Result<SendBatch> {
        let config = &self.config;
        let Some(mac) = config.source_mac else {
            return Ok(SendBatch::new(config.io_mode));
        };
        let options = FrameOptions {
            mac,
            port: self.address.port(),
            traffic_class: config.traffic_class.unwrap_or_default(),
            dont_fragment: config.dont_fragment,
        };
        SendBatch::with_frames(config.io_mode, options)
    }
}
