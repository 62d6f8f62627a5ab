//! Changing the user is not supported on Windows, where the service manager determines a service's
//! user.

use crate::exit::{Code, Failure};
use crate::options::Options;

/// The warning if an administrator's rights remain.
pub const ROOT_STAYS: &str =
    "warning: files are read and written for clients with an administrator's rights";

/// Returns true if this process has root's privileges now.
pub fn is_root() -> bool {
    false
}

/// The user to become; there are no values of this type.
#[derive(Debug)]
pub enum Identity {}

impl Identity {
    /// Refuses `--user`.
    pub fn wanted(options: &Options) -> Result<Option<Identity>, Failure> {
        match &options.user {
            Some(user) => {
                let what =
                    format!("--user {user}: not on Windows; give the service an account instead");
                Err(Failure::new(Code::NoUser, what))
            }
            None => Ok(None),
        }
    }

    /// Returns the user in the notation of the option.
    pub fn shown(&self) -> &str {
        match *self {}
    }

    /// Returns true if this process has another user now.
    pub fn is_another(&self) -> bool {
        match *self {}
    }

    /// Returns the remark on a user that was chosen by default.
    pub fn remark(&self) -> Option<String> {
        match *self {}
    }

    /// Becomes the user.
    pub fn switch_user(&self) -> Result<(), Failure> {
        match *self {}
    }
}
