//! Names to files inside LocalDir, and never outside.
//!
//! Whether a path stays inside is decided by the kernel at the moment of opening (openat2 with RESOLVE_BENEATH), not
//! by looking at text before: nothing can be exchanged between a check and its use. The blocking path stands on
//! `cap-std`, which asks openat2 where it can and walks by itself, component by component with O_NOFOLLOW, where a
//! kernel or a sandbox does not offer it (ENOSYS, EPERM) and on other systems: one implementation, kept by people who
//! do nothing else, instead of two of ours. Only what it can't express is done with raw calls: look-ups that
//! must not wait (`cached`), renames that must not replace (`upload`).
//!
//! No descriptor of the root is held: a symlink that was switched to another directory, or a directory that was
//! removed and made anew, is seen by the next request.

mod cached;
mod name;
mod refusal;
mod state;
mod sweep;
#[cfg(test)]
mod tests;
mod walk;

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::Dir;

use super::clock;
use super::names;
use super::read;
use super::system::{self, open_dir, reading};
use super::upload::{self, Destination};
pub use super::upload::{Upload, UploadOptions};
use crate::Identity;
use name::Spelling;
pub use refusal::Refusal;
pub(crate) use state::FileSystem;

/// As many symlinks as Linux follows in one path (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// A directory out of which nothing can be reached.
#[derive(Debug)]
pub struct Jail {
    root: PathBuf,
    follow_symlinks: bool,
    trust: cached::Trust,
}

/// A regular file, open for reading.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// Bytes that will be sent; `None`: it is read to its end.
    pub size: Option<u64>,
    /// Equal keys mean equal contents; `None`: nothing that is read may be shared with another opening.
    pub key: Option<Identity>,
    /// What tells a later opening of the same name whether the file is still the same; `None`: nothing does.
    pub state: Option<Identity>,
    /// Where it was found: for the application, not for the client.
    pub path: PathBuf,
}

impl Jail {
    /// A jail at `root`, which must be a directory now and may vanish, return or be exchanged later. Symlinks are
    /// followed while they stay inside, or with `follow_symlinks` false not at all; `root` itself may always be one.
    ///
    /// # Errors
    /// What the system says of `root`: `NotFound`, `NotADirectory`, `PermissionDenied`.
    pub fn new(root: &Path, follow_symlinks: bool) -> io::Result<Jail> {
        // Made absolute once, so that a later chdir of the application moves nothing.
        let root = std::path::absolute(root)?;
        let jail = Jail::unchecked(root, follow_symlinks);
        jail.trust.judge(&jail.open_root()?);
        Ok(jail)
    }

    /// A jail at an absolute path that is not looked at now: for stores with directories of their own.
    pub fn unchecked(root: PathBuf, follow_symlinks: bool) -> Jail {
        Jail {
            root,
            follow_symlinks,
            trust: cached::Trust::default(),
        }
    }

    /// The directory, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Opens a file for reading if that needs no disk and no network: for threads that must not wait.
    ///
    /// `None`: ask [`Jail::open`] where waiting is allowed. Answers come only from the directory cache of a root on a
    /// file system that is known to be local; on systems other than Linux there are none.
    pub fn open_cached(&self, name: &str) -> Option<Result<Opened, Refusal>> {
        // A link that the kernel refuses here may still lead back inside (an absolute one): `open` finds out.
        cached::open(self, name)
    }

    /// Opens a file for reading; may block.
    ///
    /// # Errors
    /// `NotFound`; `NotAllowed` for what lies outside (existing or not), is not a regular file, may not be read, has
    /// the form of a directory or the name of an unfinished upload; `TooManyFiles`; `Io`.
    pub fn open(&self, name: &str) -> Result<Opened, Refusal> {
        let root = self.open_root()?;
        self.trust.judge(&root);
        name::read(name, |path, _| self.open_below(&root, &names::to_path(path)))
    }

    /// Begins an upload to `name`; may block. Nothing is visible under that name before `Upload::commit`. An
    /// existing symlink is followed to the file that it names, or will name.
    ///
    /// # Errors
    /// As [`Jail::open`], and `NotFound` where the directory does not exist (none is ever made), `NotAllowed` where
    /// the root itself is gone or the existing file may not be written, `Exists`, `NoSpace`.
    pub fn create(&self, name: &str, options: &UploadOptions) -> Result<Upload, Refusal> {
        let root = self.open_root().map_err(Refusal::for_place)?;
        name::read(name, |path, spelling| {
            let place = self.locate(&root, &names::to_path(path), spelling)?;
            Upload::begin(place, options)
        })
    }

    /// Removes what uploads left behind that were killed: files of their name pattern which no process has locked,
    /// in the root and its subdirectories (bounded in depth and number). Live uploads of any server are not touched,
    /// also of other processes. May block, but ends early once `goes_on` is false. Returns the number of files removed.
    ///
    /// # Errors
    /// When the root can't be opened; what can't be read or removed below it is passed over.
    pub fn sweep(&self, goes_on: &dyn Fn() -> bool) -> io::Result<usize> {
        sweep::sweep(&self.open_root()?, goes_on)
    }

    fn open_root(&self) -> io::Result<Dir> {
        open_dir(&self.root)
    }

    fn open_below(&self, root: &Dir, path: &Path) -> Result<Opened, Refusal> {
        if !system::can_name(path) {
            return Err(Refusal::NotFound);
        }
        system::check_what_is_left(root, path)?;
        let file = if self.follow_symlinks {
            match steady(|| root.open_with(path, &reading())) {
                Err(error) if is_escape(&error) => {
                    let inside = self.leads_back(path).ok_or(Refusal::NotAllowed)?;
                    walk::open(root, &inside, &reading())?
                }
                result => result?,
            }
        } else {
            walk::open(root, path, &reading())?
        };
        admit(file.into_std(), self.root.join(path), None)
    }

    /// Where an upload to `path` goes: the directory, held open, and the last name in it, which is no symlink.
    fn locate(&self, root: &Dir, path: &Path, spelling: Spelling) -> Result<Destination, Refusal> {
        let mut path = path.to_owned();
        for link in 0..MAX_LINKS {
            if !system::can_name(&path) {
                return Err(Refusal::NotAllowed);
            }
            let (Some(parent), Some(leaf)) = (path.parent(), path.file_name()) else {
                return Err(Refusal::NotAllowed);
            };
            if leaf.to_str().is_some_and(upload::is_temporary) {
                return Err(Refusal::NotAllowed);
            }
            let directory = self.open_parent(root, parent)?;
            let existing = match directory.symlink_metadata(leaf) {
                Ok(metadata) => Some(metadata),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(Refusal::for_place(error)),
            };
            match &existing {
                None if link == 0 && spelling == Spelling::Literal => return Err(Refusal::NotFound),
                Some(found) if found.is_symlink() && !self.follow_symlinks => {
                    return Err(Refusal::NotAllowed);
                }
                Some(found) if found.is_symlink() => {
                    let target = steady(|| directory.read_link_contents(leaf))?;
                    path = self.rebase(parent, &target)?;
                }
                _ => {
                    let (leaf, path) = (leaf.to_owned(), self.root.join(&path));
                    return Ok(Destination {
                        directory,
                        leaf,
                        existing,
                        path,
                    });
                }
            }
        }
        Err(Refusal::NotAllowed)
    }

    fn open_parent(&self, root: &Dir, parent: &Path) -> Result<Dir, Refusal> {
        if parent.as_os_str().is_empty() {
            return Ok(root.try_clone()?);
        }
        system::check_what_is_left(root, parent)?;
        if !self.follow_symlinks {
            return Ok(walk::open_dir(root, parent)?);
        }
        match steady(|| root.open_dir(parent)) {
            Err(error) if is_escape(&error) => {
                let inside = self.leads_back(parent).ok_or(Refusal::NotAllowed)?;
                Ok(walk::open_dir(root, &inside)?)
            }
            result => Ok(result?),
        }
    }

    /// The path below the root that a symlink in `parent` names.
    fn rebase(&self, parent: &Path, target: &Path) -> Result<PathBuf, Refusal> {
        if target.is_relative() {
            return Ok(parent.join(target));
        }
        if let Ok(inside) = target.strip_prefix(&self.root) {
            return Ok(inside.to_owned());
        }
        let root = self.root.canonicalize()?;
        Ok(target
            .strip_prefix(root)
            .map_err(|_| Refusal::NotAllowed)?
            .to_owned())
    }

    /// The way to a file whose path the kernel refused because a symlink on it is absolute or makes a detour through
    /// the outside, if each such symlink leads back inside: without symlinks, to be walked without following any. The
    /// text is only a proposal, the walk decides. What a symlink names outside is not looked up, nor what the client's
    /// name has behind it: nothing shall tell what is there. A `..` in the client's own words earns no second look.
    fn leads_back(&self, path: &Path) -> Option<PathBuf> {
        if path.components().any(|part| part == Component::ParentDir) {
            return None;
        }
        let root = self.root.canonicalize().ok()?;
        let (mut inside, mut links) = (PathBuf::new(), 0);
        for part in path.components() {
            inside.push(part);
            // What is no symlink stays, and so does what is not there: the walk finds out.
            while let Ok(target) = root.join(&inside).read_link() {
                links += 1;
                if links > MAX_LINKS {
                    return None;
                }
                let end = end_of(&root.join(inside.parent()?).join(target))?;
                inside = end.strip_prefix(&root).ok()?.to_owned();
            }
        }
        Some(inside)
    }
}

/// The place that a path names: its directory without symlinks, and the last name in it, which is not looked up.
fn end_of(path: &Path) -> Option<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(directory), Some(name)) => Some(directory.canonicalize().ok()?.join(name)),
        _ => path.canonicalize().ok(),
    }
}

/// Opens any regular file for reading: the application's own choice, no jail around it. May block.
///
/// # Errors
/// As [`Jail::open`].
pub fn open_path(path: &Path) -> Result<Opened, Refusal> {
    let file = cap_std::fs::File::open_ambient_with(path, &reading(), cap_std::ambient_authority())?;
    admit(file.into_std(), path.to_owned(), None)
}

/// Begins an upload to any path: the application's own choice, no jail around it. Symlinks are followed. May block.
///
/// # Errors
/// As [`Jail::create`].
pub fn create_path(path: &Path, options: &UploadOptions) -> Result<Upload, Refusal> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        let (Some(parent), Some(leaf)) = (path.parent(), path.file_name()) else {
            return Err(Refusal::NotAllowed);
        };
        let directory = open_dir(parent)?;
        let existing = match directory.symlink_metadata(leaf) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Refusal::for_place(error)),
        };
        if existing.as_ref().is_some_and(cap_std::fs::Metadata::is_symlink) {
            path = parent.join(directory.read_link_contents(leaf)?);
            continue;
        }
        return Upload::begin(
            Destination {
                directory,
                leaf: leaf.to_owned(),
                existing,
                path,
            },
            options,
        );
    }
    Err(Refusal::NotAllowed)
}

/// Makes sure that what was opened is a regular file, and decides under which size it is sent and what may be shared.
/// May block, unless the file system is known to be local.
fn admit(file: File, path: PathBuf, known: Option<FileSystem>) -> Result<Opened, Refusal> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Refusal::NotAllowed);
    }
    let kind = known.unwrap_or_else(|| FileSystem::of(&file));
    let state = system::identity(&file, &metadata)?;
    // A file that cannot be read is opened all the same: reading it again tells the client and the application why.
    let has_contents = || {
        let mut first = Vec::new();
        read::read_at(&file, &mut first, 1, 0).is_err() || !first.is_empty()
    };
    let size = kind.believed_size(state.size, has_contents);
    let now = clock::time_of_day();
    let key = size.and_then(|_| kind.shared_key(state, now));
    let state = size.and_then(|_| kind.settled(state, now));
    Ok(Opened {
        file,
        size,
        key,
        state,
        path,
    })
}

/// Tries again where a symlink became something else between two steps of a walk (readlink(2): EINVAL; openat2 has no
/// such gap). What stays so is a name that the file system can't have: nothing is there.
fn steady<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..4 {
        match attempt() {
            Err(error) if system::is_momentary(&error) => {}
            result => return result,
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Whether cap-std refused a path because it led outside: its error of that kind carries no system's number.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}
