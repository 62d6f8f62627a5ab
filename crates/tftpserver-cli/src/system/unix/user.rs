//! Changes the user of the process permanently.

mod change;

use std::ffi::CString;

use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User, geteuid, getuid, setuid};

use crate::exit::{Code, Failure};
use crate::options::Options;

/// The warning if root remains root.
pub const ROOT_STAYS: &str = "warning: running as root, as --user requests: files are read and written for clients with root's rights";

/// The user that root becomes by default, as with in.tftpd and atftpd.
const NOBODY: &str = "nobody";
/// Its user and group numbers, if the system has no user of that name.
const NOBODYS: &str = "65534:65534";

/// Returns true if this process has root's privileges now.
pub fn is_root() -> bool {
    geteuid().is_root()
}

/// The user to become.
#[derive(Debug)]
pub struct Identity {
    shown: String,
    /// True if it was chosen because root gave no `--user`.
    by_default: bool,
    uid: Uid,
    gid: Gid,
    /// The name for the supplementary groups; `None` if a group was given or the user has no name.
    name: Option<CString>,
}

/// Looks up USER or USER:GROUP, by name or number.
fn find(text: &str) -> Result<Identity, Failure> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let known = known_user(user)?;
    let uid = known.as_ref().map(|user| user.uid);
    let uid = uid.or_else(|| user.parse().ok().map(Uid::from_raw));
    let gid = match group {
        Some(group) => Some(find_group(group)?),
        None => known.as_ref().map(|user| user.gid),
    };
    let (Some(uid), Some(gid)) = (uid, gid) else {
        let what = format!(
            "--user {text}: there is no such user; name one, or give numbers as in 1000:1000"
        );
        return Err(Failure::new(Code::NoUser, what));
    };
    let name = known.filter(|_| group.is_none());
    Ok(Identity {
        shown: text.to_owned(),
        by_default: false,
        uid,
        gid,
        name: name.and_then(|user| CString::new(user.name).ok()),
    })
}

fn known_user(user: &str) -> Result<Option<User>, Failure> {
    let found = match user.parse() {
        Ok(number) => User::from_uid(Uid::from_raw(number)),
        Err(_) => User::from_name(user),
    };
    match found {
        // musl reports a missing /etc/passwd as an error, as in a container that holds nothing but
        // this program.
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        found => {
            found.map_err(|error| Failure::new(Code::NoUser, format!("--user {user}: {error}")))
        }
    }
}

fn find_group(group: &str) -> Result<Gid, Failure> {
    if let Ok(number) = group.parse() {
        return Ok(Gid::from_raw(number));
    }
    match Group::from_name(group) {
        Ok(Some(found)) => Ok(found.gid),
        _ => {
            let what = format!("--user: there is no group {group}; name one, or give its number");
            Err(Failure::new(Code::NoUser, what))
        }
    }
}

impl Identity {
    /// Returns the user of `--user`. Without the option it is `nobody` for root, and `None` for
    /// other users.
    pub fn wanted(options: &Options) -> Result<Option<Identity>, Failure> {
        match &options.user {
            Some(user) => find(user).map(Some),
            None if is_root() => {
                let nobody = find(NOBODY).or_else(|_| find(NOBODYS))?;
                Ok(Some(Identity {
                    by_default: true,
                    ..nobody
                }))
            }
            None => Ok(None),
        }
    }

    /// Returns the user in the notation of the option.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Returns true if this process has another user now.
    pub fn is_another(&self) -> bool {
        (getuid(), geteuid()) != (self.uid, self.uid)
    }

    /// Returns the remark on a user that was chosen by default.
    pub fn remark(&self) -> Option<String> {
        let shown = &self.shown;
        self.by_default.then(|| {
            format!(
                "started as root, now running as {shown}; choose another user with --user, or keep root with --user root"
            )
        })
    }

    /// Becomes the user, with its groups, and makes sure that root cannot be regained. The C
    /// library changes every thread.
    pub fn switch_user(&self) -> Result<(), Failure> {
        if !self.is_another() {
            return Ok(());
        }
        change::user(self.uid, self.gid, self.name.as_deref()).map_err(|error| {
            let what = match self.by_default {
                true => format!(
                    "root cannot become {}: {error}; --user root keeps root",
                    self.shown
                ),
                false => format!("--user {}: {error}; changing the user needs root", self.shown),
            };
            Failure::new(Code::NoPermission, what)
        })?;
        if self.is_another() {
            let what = format!(
                "--user {}: the system let the user be changed, and did not",
                self.shown
            );
            return Err(Failure::new(Code::Software, what));
        }
        if !self.uid.is_root() && setuid(Uid::from_raw(0)).is_ok() {
            let what = format!("--user {}: root could be had back, which must not be", self.shown);
            return Err(Failure::new(Code::Software, what));
        }
        Ok(())
    }
}
