//! Opens files by name inside LocalDir, and never outside.
//!
//! The kernel decides whether a path stays inside, at the moment of opening (openat2 with
//! RESOLVE_BENEATH). Text is not checked beforehand, so nothing can be exchanged between a check
//! and its use. The blocking path is built on `cap-std`, which uses openat2 where it can, and walks
//! by itself, component by component with O_NOFOLLOW, where a kernel or a sandbox does not offer it
//! (ENOSYS, EPERM) and on other systems: one implementation, maintained by specialists, instead of
//! two of ours. Raw calls are used only for what cap-std can't express: look-ups that must not wait
//! (`cached`) and renames that must not replace (`upload`).
//!
//! No descriptor of the root is held, so the next request sees a symlink that was switched to
//! another directory, or a directory that was removed and made anew.

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
use super::system::{self, Unusable, open_dir, open_leased, reading};
use super::upload::{self, Destination};
pub use super::upload::{Upload, UploadOptions};
use crate::Identity;
use name::Spelling;
pub use refusal::Refusal;
pub(crate) use state::FileSystem;
#[cfg(linux)]
pub(crate) use state::is_ext;

/// The number of symlinks that Linux follows in one path (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// A directory out of which no name leads.
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
    /// The number of bytes that will be sent; `None` if the file is read to its end.
    pub size: Option<u64>,
    /// Equal keys mean equal contents. `None` if no bytes may be shared with another opening.
    pub key: Option<Identity>,
    /// The state by which a later opening of the same name is recognized as the same unchanged
    /// file; `None` if that is not possible.
    pub state: Option<Identity>,
    /// The path of the file, for the application, not for the client.
    pub path: PathBuf,
}

impl Jail {
    /// Creates a jail at `root`, which must be a directory now and may vanish, return or be
    /// exchanged later. Symlinks are followed while they stay inside, or with `follow_symlinks`
    /// false not at all. `root` itself may always be one.
    ///
    /// # Errors
    /// The system's error for `root`: `NotFound`, `NotADirectory`, `PermissionDenied`.
    pub fn new(root: &Path, follow_symlinks: bool) -> io::Result<Jail> {
        // Absolute from now on, so that a later chdir of the application has no effect.
        let root = std::path::absolute(root)?;
        let jail = Jail::unchecked(root, follow_symlinks);
        jail.trust.judge(&jail.open_root()?);
        Ok(jail)
    }

    /// Creates a jail at an absolute path without checking it, for stores with directories of their
    /// own.
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

    /// Opens a file for reading if that needs no disk and no network access, for threads that must
    /// not wait.
    ///
    /// On `None` the caller uses [`Jail::open`], where waiting is allowed. Answers come only from
    /// the directory cache of a root on a file system that is known to be local; on systems other
    /// than Linux there are none.
    pub fn open_cached(&self, name: &str) -> Option<Result<Opened, Refusal>> {
        // A symlink that the kernel refuses here may still lead back inside (an absolute one).
        // `open` handles it.
        cached::open(self, name)
    }

    /// Opens a file for reading; may block.
    ///
    /// # Errors
    /// `NotFound`; `NotAllowed` for a path that leads outside (existing or not), a name that is not
    /// that of a regular file, one that may not be read, one that has the form of a directory or
    /// that of an unfinished upload; `TooManyFiles`; `Io`.
    pub fn open(&self, name: &str) -> Result<Opened, Refusal> {
        let root = self.open_root()?;
        self.trust.judge(&root);
        name::read(name, |path, _| self.open_below(&root, &names::to_path(path)))
    }

    /// Begins an upload to `name`; may block. Nothing is visible under that name before
    /// `Upload::commit`. An existing symlink is followed to the file that it names, or will name.
    ///
    /// # Errors
    /// As [`Jail::open`], and `NotFound` if the directory does not exist (none is ever created),
    /// `NotAllowed` if the root itself is gone or the existing file may not be written, `Exists`,
    /// `NoSpace`.
    pub fn create(&self, name: &str, options: &UploadOptions) -> Result<Upload, Refusal> {
        let root = self.open_root().map_err(Refusal::for_place)?;
        name::read(name, |path, spelling| {
            let place = self.locate(&root, &names::to_path(path), spelling)?;
            Upload::begin(place, options)
        })
    }

    /// Removes the leftovers of killed uploads: files of their name pattern that no process has
    /// locked, in the root and its subdirectories (limited in depth and number), but not in mounts
    /// below the root. Live uploads of any server, also in other processes, are not touched. May
    /// block, but ends early once `goes_on` returns false. Returns the number of files removed.
    ///
    /// # Errors
    /// Fails if the root can't be opened. Entries below it that can't be read or removed are
    /// skipped.
    pub fn sweep(&self, goes_on: &dyn Fn() -> bool) -> io::Result<usize> {
        sweep::sweep(&self.open_root()?, goes_on)
    }

    fn open_root(&self) -> io::Result<Dir> {
        open_dir(&self.root)
    }

    fn open_below(&self, root: &Dir, path: &Path) -> Result<Opened, Refusal> {
        if system::unusable(path).is_some() {
            return Err(Refusal::NotFound);
        }
        system::check_what_is_left(root, path)?;
        let file = if self.follow_symlinks {
            match open_leased(&reading(), |options| steady(|| root.open_with(path, options))) {
                Err(error) if is_escape(&error) => {
                    let inside = self.leads_back(path).ok_or(Refusal::NotAllowed)?;
                    open_leased(&reading(), |options| walk::open(root, &inside, options))?
                }
                result => result?,
            }
        } else {
            open_leased(&reading(), |options| walk::open(root, path, options))?
        };
        admit(file, self.root.join(path), None)
    }

    /// Finds the destination of an upload to `path`: the directory, held open, and the last name in
    /// it, which is no symlink.
    fn locate(&self, root: &Dir, path: &Path, spelling: Spelling) -> Result<Destination, Refusal> {
        let mut path = path.to_owned();
        for link in 0..MAX_LINKS {
            match system::unusable(&path) {
                None => {}
                Some(Unusable::Directory) => return Err(Refusal::NotFound),
                Some(Unusable::Leaf(directory)) => {
                    self.open_parent(root, &directory)?;
                    return Err(Refusal::NotAllowed);
                }
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
                None if link == 0 && spelling == Spelling::Literal => {
                    return Err(Refusal::NotFound);
                }
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

    /// Returns the path below the root that a symlink in `parent` names.
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

    /// Returns the real path of a file whose given path the kernel refused because a symlink on it
    /// is absolute or makes a detour through the outside, provided that each such symlink leads
    /// back inside. The result has no symlinks, and is to be walked without following any: the text
    /// is only a proposal, the walk decides. If a symlink leads outside, neither its target nor the
    /// rest of the client's name is looked up there, so that no answer shows what exists. Names
    /// with `..` are rejected without trying symlinks.
    fn leads_back(&self, path: &Path) -> Option<PathBuf> {
        if path.components().any(|part| part == Component::ParentDir) {
            return None;
        }
        let root = self.root.canonicalize().ok()?;
        let (mut inside, mut links) = (PathBuf::new(), 0);
        for part in path.components() {
            inside.push(part);
            // A component that is no symlink or does not exist is kept; the walk handles it.
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

/// Resolves a path to its directory without symlinks, and the last name in it, which is not looked
/// up.
fn end_of(path: &Path) -> Option<PathBuf> {
    match (path.parent(), path.file_name()) {
        (Some(directory), Some(name)) => Some(directory.canonicalize().ok()?.join(name)),
        _ => path.canonicalize().ok(),
    }
}

/// Opens any regular file for reading, without a jail: the application has chosen the path. May
/// block.
///
/// # Errors
/// As [`Jail::open`].
pub fn open_path(path: &Path) -> Result<Opened, Refusal> {
    let file = open_leased(&reading(), |options| {
        cap_std::fs::File::open_ambient_with(path, options, cap_std::ambient_authority())
    })?;
    admit(file, path.to_owned(), None)
}

/// Begins an upload to any path, without a jail: the application has chosen it. Symlinks are
/// followed. May block.
///
/// # Errors
/// As [`Jail::create`].
pub fn create_path(path: &Path, options: &UploadOptions) -> Result<Upload, Refusal> {
    let mut path = std::path::absolute(path)?;
    for _ in 0..MAX_LINKS {
        let (Some(parent), Some(leaf)) = (path.parent(), path.file_name()) else {
            return Err(Refusal::NotAllowed);
        };
        if system::is_stream(leaf) {
            return Err(Refusal::NotAllowed);
        }
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

/// Checks that the opened file is a regular one, and decides with which size it is sent and whether
/// its contents may be shared. May block, unless the file system is known to be local.
fn admit(file: File, path: PathBuf, known: Option<FileSystem>) -> Result<Opened, Refusal> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Refusal::NotAllowed);
    }
    let kind = known.unwrap_or_else(|| FileSystem::of(&file));
    let state = system::identity(&file, &metadata)?;
    // A file that cannot be read is opened nevertheless: reading it later reports the error to the
    // client and the application.
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

/// Repeats an attempt if a symlink became something else between two steps of a walk (readlink(2):
/// EINVAL; openat2 has no such gap). If the error stays, the file system cannot have such a name,
/// so nothing exists there.
fn steady<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..4 {
        match attempt() {
            Err(error) if system::is_momentary(&error) => {}
            result => return result,
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Returns whether cap-std refused a path because it led outside: its error of that kind carries no
/// error number of the system.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none()
}
