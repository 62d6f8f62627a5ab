//! The public interface of the crate: a server, its handler, its events.

mod answer;
mod builder;
mod connection;
mod data_queue;
mod data_threads;
mod error;
mod event;
mod executor;
mod handler;
mod handler_threads;
mod listen;
mod live;
mod object;
mod outcome;
mod periods;
mod pump;
mod quiet;
mod refusal;
mod request;
mod router;
mod settings;
mod shared_sources;
mod sink;
mod source;
mod stats;
mod stream;

pub use answer::{Answer, Content};
pub use builder::Builder;
pub use connection::Connection;
pub use error::{Error, ErrorKind};
pub use event::{Event, LogKind, LogLevel};
pub use handler::{AsyncHandler, Handler, Task};
pub use listen::Listen;
pub use object::Server;
pub use outcome::{FileError, FileErrorKind, FileStep, NetworkError, Outcome};
pub use refusal::Refusal;
pub use request::{Deferred, Request};
pub use settings::Settings;
pub use sink::{AsyncSink, Sink};
pub use source::{AsyncSource, Source};
pub use stats::Stats;

use object::State;
