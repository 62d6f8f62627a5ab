//! Tests the jail with a real directory tree. Each case uses the blocking and the cached look-up.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

use super::*;

const INSIDE: &[u8] = b"inside";
const SECRET: &[u8] = b"outside";

/// `base/root` is served; `base/secret`, `base/rooted/secret` and `base/outside/...` are not.
struct Tree {
    base: TempDir,
}

impl Tree {
    fn new() -> Tree {
        let base = TempDir::new().unwrap();
        let tree = Tree { base };
        fs::create_dir_all(tree.root().join("dir/sub")).unwrap();
        fs::create_dir(tree.base.path().join("rooted")).unwrap();
        fs::create_dir(tree.base.path().join("outside")).unwrap();
        for inside in ["file", "dir/file", "dir/sub/file"] {
            fs::write(tree.root().join(inside), INSIDE).unwrap();
        }
        for outside in ["secret", "rooted/secret", "outside/secret", "outside/file"] {
            fs::write(tree.base.path().join(outside), SECRET).unwrap();
        }
        tree
    }

    fn root(&self) -> PathBuf {
        self.base.path().join("root")
    }

    fn jail(&self) -> Jail {
        Jail::new(&self.root(), true).unwrap()
    }

    fn strict(&self) -> Jail {
        Jail::new(&self.root(), false).unwrap()
    }

    fn link(&self, target: impl AsRef<Path>, name: &str) {
        symlink(target, self.root().join(name)).unwrap();
    }
}

fn contents(opened: Opened) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Opened { mut file, size, .. } = opened;
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(size, Some(bytes.len() as u64));
    bytes
}

/// Returns the result of `open` as a word. If the cached look-up has an answer, it must be the
/// same.
fn look(jail: &Jail, name: &str) -> String {
    let slow = word(jail.open(name));
    if let Some(fast) = jail.open_cached(name) {
        assert_eq!(word(fast), slow, "open_cached({name:?})");
    }
    slow
}

fn word(result: Result<Opened, Refusal>) -> String {
    match result {
        Ok(opened) => String::from_utf8(contents(opened)).unwrap(),
        Err(refusal) => format!("{refusal:?}"),
    }
}

#[test]
fn files_inside_the_root_are_served() {
    let tree = Tree::new();
    let names = [
        "file",
        "/file",
        "//file",
        "./file",
        "dir/file",
        "dir//file",
        "dir/./file",
        "dir/../file",
    ];
    for name in names.into_iter().chain([
        "dir/sub/../file",
        "dir\\file",
        "\\dir\\sub\\file",
        "dir\\sub/file",
    ]) {
        assert_eq!(look(&tree.jail(), name), "inside", "{name}");
        assert_eq!(look(&tree.strict(), name), "inside", "{name}");
    }
}

/// Opens a file until its last change is old enough to be distinguished from another one.
fn settled(jail: &Jail, name: &str) -> Opened {
    for _ in 0..4_000 {
        let opened = jail.open(name).unwrap();
        if opened.key.is_some() || FileSystem::of(&opened.file) != FileSystem::Local {
            return opened;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("{name} never became old");
}

#[test]
fn equal_keys_are_equal_states_also_where_the_modification_time_was_set_back() {
    let tree = Tree::new();
    let path = tree.root().join("file");
    let first = settled(&tree.jail(), "file");
    assert_eq!(first.path, path);
    let Some(key) = first.key else {
        return eprintln!("SKIPPED: this file system's inode numbers are not known to be unique");
    };
    assert_eq!(tree.jail().open("/dir/../file").unwrap().key, Some(key));
    // Only Linux opens cached files without waiting.
    let cached = tree.jail().open_cached("file");
    assert_eq!(cached.is_some(), cfg!(linux));
    assert!(cached.is_none_or(|cached| cached.unwrap().key == Some(key)));
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, b"INSIDE").unwrap();
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    let again = settled(&tree.jail(), "file").key.unwrap();
    assert_eq!((again.size, again.modified), (key.size, key.modified));
    assert_ne!(again, key);
}

#[cfg(target_os = "linux")]
#[test]
fn generated_files_have_no_size_and_are_not_shared() {
    let jail = Jail::new(Path::new("/proc/sys/kernel"), true).unwrap();
    let opened = jail.open("ostype").unwrap();
    assert_eq!((opened.size, opened.key), (None, None));
    let opened = open_path(Path::new("/proc/self/status")).unwrap();
    assert_eq!((opened.size, opened.key), (None, None));
}

#[test]
fn outside_is_refused_whether_it_exists_or_not() {
    let tree = Tree::new();
    tree.link("../secret", "out");
    tree.link("../missing", "out-missing");
    tree.link(tree.base.path().join("secret"), "absolute");
    tree.link(tree.base.path().join("missing"), "absolute-missing");
    tree.link("../outside", "outdir");
    tree.link(tree.base.path().join("outside"), "absolute-dir");
    tree.link("/dev/zero", "zero");
    tree.link("/proc/self/root/etc/passwd", "magic");
    tree.link("loop", "loop");
    let names = [
        "../secret",
        "../missing",
        "../rooted/secret",
        "../rooted/missing",
        "../root/file",
        "dir/../../secret",
        "dir/../../missing",
        "/../secret",
        "..\\secret",
        "..\\missing",
        "dir\\..\\..\\secret",
        "..",
        "../..",
        "../../../../../../etc/passwd",
        "../../../../../../etc/missing",
        "out",
        "out-missing",
        "absolute",
        "absolute-missing",
        "outdir/secret",
        "outdir/missing",
        "absolute-dir/secret",
        "absolute-dir/missing",
        "zero",
        "magic",
        "loop",
        "outdir\\secret",
        "dir/../outdir/secret",
    ];
    for name in names {
        assert_eq!(look(&tree.jail(), name), "NotAllowed", "{name}");
        assert_eq!(look(&tree.strict(), name), "NotAllowed", "{name}");
        for jail in [tree.jail(), tree.strict()] {
            let refusal = jail.create(name, &replacing()).unwrap_err();
            assert!(matches!(refusal, Refusal::NotAllowed), "{name}: {refusal:?}");
        }
    }
    assert_eq!(fs::read(tree.base.path().join("secret")).unwrap(), SECRET);
    assert!(!tree.base.path().join("missing").exists());
    let absolute = tree.base.path().join("secret");
    assert_eq!(look(&tree.jail(), absolute.to_str().unwrap()), "NotFound");
}

/// A symlink may lead out and back in by its own text. A client's name that goes on outside is not
/// found, because an answer would show what exists there.
#[test]
fn a_name_that_goes_on_outside_is_not_looked_up() {
    let tree = Tree::new();
    tree.link("../outside", "outdir");
    tree.link(tree.base.path().join("outside"), "absolute-dir");
    symlink("../root/dir", tree.base.path().join("outside/back")).unwrap();
    for name in ["outdir/back/file", "absolute-dir/back/file", "outdir/gone/file"] {
        assert_eq!(look(&tree.jail(), name), "NotAllowed", "{name}");
        let refusal = tree.jail().create(name, &replacing()).unwrap_err();
        assert!(matches!(refusal, Refusal::NotAllowed), "{name}: {refusal:?}");
    }
}

#[test]
fn names_of_nothing_are_not_found() {
    let tree = Tree::new();
    let long = "x".repeat(300);
    let names = [
        "missing",
        "dir/missing",
        "missing/file",
        "file/below",
        "",
        "a\0b",
        "file\0",
        "C:\\file",
        &long,
    ];
    for name in names {
        assert_eq!(look(&tree.jail(), name), "NotFound", "{name}");
        assert_eq!(look(&tree.strict(), name), "NotFound", "{name}");
    }
    let deep = "dir/../".repeat(2000) + "file";
    assert_eq!(look(&tree.jail(), &deep), "NotFound");
}

#[test]
fn only_regular_files_are_served_and_nothing_hangs() {
    let tree = Tree::new();
    rustix::fs::mknodat(CWD, tree.root().join("fifo"), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let _socket = UnixListener::bind(tree.root().join("socket")).unwrap();
    tree.link("fifo", "to-fifo");
    tree.link("dir", "to-dir");
    for name in [
        "fifo", "socket", "to-fifo", "dir", "dir/", "/", ".", "dir/.", "to-dir", "file/", "dir\\",
    ] {
        assert_eq!(look(&tree.jail(), name), "NotAllowed", "{name}");
        let refusal = tree.jail().create(name, &replacing()).unwrap_err();
        assert!(matches!(refusal, Refusal::NotAllowed), "{name}: {refusal:?}");
    }
    assert!(matches!(
        open_path(Path::new("/dev/zero")),
        Err(Refusal::NotAllowed)
    ));
    assert!(matches!(
        create_path(Path::new("/dev/null"), &replacing()),
        Err(Refusal::NotAllowed)
    ));
}

#[test]
fn names_of_unfinished_uploads_are_refused_both_ways() {
    let tree = Tree::new();
    let name = ".tftpserver-0123456789abcdef.part";
    fs::write(tree.root().join(name), INSIDE).unwrap();
    for name in [
        name.to_owned(),
        format!("/{name}"),
        format!("dir/{name}"),
        format!("dir\\..\\{name}"),
    ] {
        assert_eq!(look(&tree.jail(), &name), "NotAllowed", "{name}");
        assert!(
            matches!(tree.jail().create(&name, &replacing()), Err(Refusal::NotAllowed)),
            "{name}"
        );
    }
    assert_eq!(
        look(&tree.jail(), ".tftpserver-0123456789abcdeg.part"),
        "NotFound"
    );
}

#[test]
fn symlinks_are_followed_while_they_stay_inside() {
    let tree = Tree::new();
    tree.link("dir/file", "relative");
    tree.link("dir", "linked");
    tree.link(tree.root().join("dir/file"), "absolute");
    tree.link(tree.root().join("dir"), "absolute-dir");
    tree.link("../root/dir/file", "detour");
    tree.link("missing", "dangling");
    for name in [
        "relative",
        "linked/file",
        "linked/sub/../file",
        "absolute",
        "absolute-dir/file",
        "detour",
    ] {
        assert_eq!(look(&tree.jail(), name), "inside", "{name}");
        assert_eq!(look(&tree.strict(), name), "NotAllowed", "{name}");
    }
    for name in ["absolute/below", "absolute-dir/missing", "linked/missing"] {
        assert_eq!(look(&tree.jail(), name), "NotFound", "{name}");
    }
    assert_eq!(look(&tree.jail(), "dangling"), "NotFound");
    assert_eq!(look(&tree.strict(), "dangling"), "NotAllowed");
}

#[test]
fn the_root_itself_may_be_a_symlink_and_be_switched() {
    let tree = Tree::new();
    let link = tree.base.path().join("current");
    symlink("root", &link).unwrap();
    let jail = Jail::new(&link, false).unwrap();
    assert_eq!(look(&jail, "file"), "inside");
    symlink("outside", tree.base.path().join("next")).unwrap();
    fs::rename(tree.base.path().join("next"), &link).unwrap();
    assert_eq!(look(&jail, "file"), "outside");
    fs::remove_file(&link).unwrap();
    assert_eq!(look(&jail, "file"), "NotFound");
    assert!(matches!(
        jail.create("new", &replacing()),
        Err(Refusal::NotAllowed)
    ));
}

#[test]
fn a_literal_backslash_comes_first() {
    let tree = Tree::new();
    fs::write(tree.root().join("dir\\file"), b"literal").unwrap();
    assert_eq!(look(&tree.jail(), "dir\\file"), "literal");
    fs::remove_file(tree.root().join("dir\\file")).unwrap();
    assert_eq!(look(&tree.jail(), "dir\\file"), "inside");
}

#[test]
fn a_root_must_be_a_directory() {
    let tree = Tree::new();
    assert_eq!(
        Jail::new(&tree.root().join("file"), true).unwrap_err().kind(),
        io::ErrorKind::NotADirectory
    );
    assert_eq!(
        Jail::new(&tree.root().join("missing"), true).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}

#[test]
fn the_cached_lookup_finds_names_looked_up_before() {
    let tree = Tree::new();
    let jail = tree.jail();
    if jail.open_cached("file").is_none() {
        eprintln!("SKIPPED: no cached look-ups on this kernel or file system");
        return;
    }
    assert_eq!(contents(jail.open_cached("file").unwrap().unwrap()), INSIDE);
    assert!(matches!(jail.open("missing"), Err(Refusal::NotFound)));
    assert!(matches!(
        jail.open_cached("missing"),
        Some(Err(Refusal::NotFound)) | None
    ));
    // The proc file system is not one of those known to be local.
    assert!(
        Jail::new(Path::new("/proc/sys"), true)
            .unwrap()
            .open_cached("kernel/ostype")
            .is_none()
    );
}

/// A directory is exchanged for a symlink to the outside, and back, while files in it are opened.
#[test]
fn a_directory_swapped_for_a_symlink_leads_nowhere() {
    const ROUNDS: usize = 3000;
    let tree = Tree::new();
    fs::create_dir(tree.root().join("swap")).unwrap();
    fs::write(tree.root().join("swap/file"), INSIDE).unwrap();
    tree.link("../outside", "spare");
    let (jail, strict) = (tree.jail(), tree.strict());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (one, other) = (tree.root().join("swap"), tree.root().join("spare"));
            while !done.load(Ordering::Relaxed) {
                let exchange = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, &one, CWD, &other, exchange).unwrap();
            }
        });
        let _done = Done(&done);
        for round in 0..ROUNDS {
            let jail = if round % 2 == 0 { &jail } else { &strict };
            for result in [Some(jail.open("swap/file")), jail.open_cached("swap/file")]
                .into_iter()
                .flatten()
            {
                match result {
                    Ok(opened) => assert_eq!(contents(opened), INSIDE, "round {round}"),
                    Err(refusal) => assert!(
                        matches!(refusal, Refusal::NotAllowed | Refusal::NotFound),
                        "round {round}: {refusal:?}"
                    ),
                }
            }
            if let Ok(mut upload) = jail.create("swap/upload", &replacing()) {
                upload.write(INSIDE).unwrap();
                upload.commit().unwrap();
            }
        }
    });
    let mut outside: Vec<_> = fs::read_dir(tree.base.path().join("outside"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    outside.sort();
    assert_eq!(outside, ["file", "secret"]);
}

#[test]
fn a_sweep_removes_leftovers_and_nothing_else() {
    let tree = Tree::new();
    let jail = tree.jail();
    let leftover = ".tftpserver-00000000000000aa.part";
    for place in ["", "dir", "dir/sub"] {
        fs::write(tree.root().join(place).join(leftover), b"half").unwrap();
    }
    fs::write(tree.base.path().join("outside").join(leftover), b"half").unwrap();
    fs::write(tree.root().join(".tftpserver-mine.part"), INSIDE).unwrap();
    tree.link("../outside", "outdir");
    let mut live = jail.create("dir/new", &replacing()).unwrap();
    live.write(INSIDE).unwrap();
    assert_eq!(jail.sweep(&|| true).unwrap(), 3);
    assert_eq!(jail.sweep(&|| true).unwrap(), 0);
    live.commit().unwrap();
    assert_eq!(look(&jail, "dir/new"), "inside");
    assert_eq!(look(&jail, ".tftpserver-mine.part"), "inside");
    assert!(tree.base.path().join("outside").join(leftover).exists());
}

#[cfg(linux)]
#[test]
fn a_sweep_enters_no_mount() {
    let tree = Tree::new();
    let leftover = ".tftpserver-00000000000000aa.part";
    let [mounted, inside] = ["outside", "root/dir"].map(|name| tree.base.path().join(name));
    fs::write(mounted.join(leftover), b"half").unwrap();
    fs::write(inside.join(leftover), b"half").unwrap();
    let at = inside.join("sub");
    let mut mount = std::process::Command::new("mount");
    mount.arg("--bind").arg(&mounted).arg(&at);
    if !mount.status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: mounting needs root");
        return;
    }
    let swept = tree.jail().sweep(&|| true);
    let unmounted = std::process::Command::new("umount").arg(&at).status();
    assert!(unmounted.unwrap().success());
    assert_eq!(swept.unwrap(), 1);
    assert!(mounted.join(leftover).exists());
}

#[test]
fn a_sweep_ends_when_it_shall() {
    let tree = Tree::new();
    for number in 0..100 {
        let directory = tree.root().join(format!("dir/{}", number % 10));
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(format!(".tftpserver-{number:016x}.part")), b"half").unwrap();
    }
    let left = std::cell::Cell::new(50);
    let goes_on = || {
        left.set(left.get() - 1);
        left.get() >= 0
    };
    let removed = tree.jail().sweep(&goes_on).unwrap();
    assert!(removed <= 50, "{removed}");
    // Every directory on the way up calls it once more, and no further entry is visited.
    assert!(left.get() > -20, "{}", left.get());
    assert_eq!(tree.jail().sweep(&|| true).unwrap(), 100 - removed);
}

#[test]
fn uploads_begin_while_sweeps_run() {
    let tree = Tree::new();
    let jail = tree.jail();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(jail.sweep(&|| true).unwrap() & !0xFF, 0);
            }
        });
        let _done = Done(&done);
        for number in 0..500 {
            let mut upload = jail.create("dir/new", &replacing()).unwrap();
            upload.write(format!("{number}").as_bytes()).unwrap();
            upload.commit().unwrap();
            assert_eq!(
                fs::read_to_string(tree.root().join("dir/new")).unwrap(),
                format!("{number}")
            );
        }
    });
}

#[test]
fn a_file_without_permission_is_not_allowed() {
    if rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: root may read everything");
        return;
    }
    let tree = Tree::new();
    fs::set_permissions(tree.root().join("file"), fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(look(&tree.jail(), "file"), "NotAllowed");
}

/// Ends the other thread's loop even if this one panics, because the scope would wait for ever.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn replacing() -> UploadOptions {
    UploadOptions {
        allow_overwrite: true,
        ..UploadOptions::default()
    }
}
