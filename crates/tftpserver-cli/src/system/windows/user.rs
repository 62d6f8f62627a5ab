//! Becoming another user: not here, where a service has its user from the service manager.

use crate::exit::{Code, Failure};
use crate::options::Options;

/// The warning where an administrator stays one.
pub const ROOT_STAYS: &str = "warning: files are read and written for clients with an administrator's rights";

/// Whether this process has root's rights now.
pub fn is_root() -> bool {
    false
}

/// The user to become; there is none.
#[derive(Debug)]
pub enum Identity {}

impl Identity {
    /// Refuses `--user`.
    pub fn wanted(options: &Options) -> Result<Option<Identity>, Failure> {
        match &options.user {
            Some(user) => {
                let what = format!("--user {user}: not on Windows; give the service an account instead");
                Err(Failure::new(Code::NoUser, what))
            }
            None => Ok(None),
        }
    }

    /// As it was named.
    pub fn shown(&self) -> &str {
        match *self {}
    }

    /// Whether this process has another user now.
    pub fn is_another(&self) -> bool {
        match *self {}
    }

    /// The remark on a user that was chosen by default.
    pub fn remark(&self) -> Option<String> {
        match *self {}
    }

    /// Becomes the user.
    pub fn become_it(&self) -> Result<(), Failure> {
        match *self {}
    }
}
