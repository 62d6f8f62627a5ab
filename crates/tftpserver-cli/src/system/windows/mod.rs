//! Windows.

pub mod access;
pub mod errors;
pub mod files;
pub mod limits;
pub mod machine;
pub mod service;
pub mod service_log;
pub mod service_manager;
pub mod signals;
pub mod sockets;
pub mod user;
