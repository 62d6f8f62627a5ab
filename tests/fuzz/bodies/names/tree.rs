//! A directory that is served, and its surroundings.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;
use tftp_files::jail::Jail;

use super::below;

pub const INSIDE: &[u8] = b"inside";
pub const UPLOADED: &[u8] = b"uploaded";
const OUTSIDE: &[u8] = b"outside";

/// Regular files inside: usual names, names that look like a way out, names with separators of
/// other systems.
const FILES: [&str; 14] = [
    "file",
    "a",
    "pxelinux.0",
    "pxelinux.cfg/default",
    "dir/file",
    "dir/sub/file",
    "dir\\file",
    "with space",
    "Grüße €.cfg",
    "表示.txt",
    "..file",
    "...",
    "etc/passwd",
    "C:/file",
];

/// Symlinks inside, and their targets.
const LINKS: [(&str, &str); 16] = [
    ("link", "file"),
    ("dir/up", "../file"),
    ("to-dir", "dir"),
    ("dangling", "missing"),
    ("detour", "../root/dir/file"),
    ("loop", "loop"),
    ("here", "."),
    ("out", "../secret"),
    ("out-missing", "../missing"),
    ("out-dir", "../outside"),
    ("out-up", ".."),
    ("sibling", "../rooted"),
    ("slash", "/"),
    ("zero", "/dev/zero"),
    ("magic", "/proc/self/root/etc/passwd"),
    ("to-fifo", "fifo"),
];

/// `base/…/root` is served. Files beside it and above it must not change.
pub struct Tree {
    base: TempDir,
    root: PathBuf,
    jails: [Jail; 2],
    outside: Vec<String>,
    inside: Vec<PathBuf>,
    /// Kept open so that its file stays.
    _socket: UnixListener,
}

impl Tree {
    pub fn new(with_outside: bool) -> Tree {
        let base = TempDir::new().unwrap();
        let root = base.path().join("one/two/three/root");
        for file in FILES {
            write(&root.join(file), INSIDE);
        }
        for (name, target) in LINKS {
            symlink(target, root.join(name)).unwrap();
        }
        symlink(root.join("dir"), root.join("absolute-dir")).unwrap();
        symlink(root.parent().unwrap().join("secret"), root.join("absolute-out")).unwrap();
        mknodat(CWD, root.join("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        let socket = UnixListener::bind(root.join("socket")).unwrap();
        if with_outside {
            for file in [
                "secret",
                "rooted/secret",
                "rooted/file",
                "outside/secret",
                "outside/file",
                "../file",
            ] {
                write(&root.parent().unwrap().join(file), OUTSIDE);
            }
        }
        let jails = [true, false].map(|follow| Jail::new(&root, follow).unwrap());
        let mut tree = Tree {
            base,
            root,
            jails,
            outside: Vec::new(),
            inside: Vec::new(),
            _socket: socket,
        };
        (tree.outside, tree.inside) = (tree.list_outside(), tree.list_inside());
        tree
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn jail(&self, strict: bool) -> &Jail {
        &self.jails[usize::from(strict)]
    }

    /// Returns the path of an open file below the root, which the kernel reports for its
    /// descriptor.
    pub fn place(&self, file: &File, name: &str) -> String {
        let path = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()));
        path.map_or_else(|_| "inside".to_owned(), |path| below(&self.root, &path, name))
    }

    /// Finds the uploaded file, which must be in one place inside, returns the place, and restores
    /// the earlier file.
    pub fn take_back(&mut self, name: &str, may_replace: bool) -> String {
        let mut found = Vec::new();
        walk(&self.root, &mut |path, kind| {
            let is_it = |path: &Path| fs::metadata(path).unwrap().len() == UPLOADED.len() as u64;
            if kind.is_file() && is_it(path) && fs::read(path).unwrap() == UPLOADED {
                found.push(path.to_owned());
            }
            true
        });
        let [path] = &found[..] else {
            panic!("an upload to {name:?} lies in {found:?}");
        };
        let place = below(&self.root, path, name);
        if FILES.contains(&place.as_str()) {
            assert!(may_replace, "{name:?} replaced {place}");
            fs::write(path, INSIDE).unwrap();
        } else {
            fs::remove_file(path).unwrap();
        }
        place
    }

    /// Asserts that nothing outside has changed and nothing inside is left over.
    pub fn assert_as_before(&self, name: &str) {
        assert_eq!(self.list_outside(), self.outside, "{name:?}");
        assert_eq!(self.list_inside(), self.inside, "{name:?}");
    }

    fn list_inside(&self) -> Vec<PathBuf> {
        let mut list = Vec::new();
        walk(&self.root, &mut |path, _| {
            list.push(path.to_owned());
            true
        });
        list.sort();
        list
    }

    /// Lists everything around the root: kind, inode, size, time of change.
    fn list_outside(&self) -> Vec<String> {
        let mut list = Vec::new();
        walk(self.base.path(), &mut |path, _| {
            if path == self.root {
                return false;
            }
            let metadata = fs::symlink_metadata(path).unwrap();
            let (inode, size) = (metadata.ino(), metadata.size());
            let changed = (metadata.mtime(), metadata.mtime_nsec());
            list.push(format!("{path:?} {inode} {size} {changed:?}"));
            true
        });
        list.sort();
        list
    }
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Visits every entry below `directory` without following symlinks, and enters a directory only if
/// `each` returns true.
fn walk(directory: &Path, each: &mut impl FnMut(&Path, fs::FileType) -> bool) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if each(&path, kind) && kind.is_dir() {
            walk(&path, each);
        }
    }
}
