//! Tests uploads into a real directory.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;
use std::sync::Barrier;

use tempfile::TempDir;

use super::super::jail::{Jail, create_path};
use super::*;

const REPLACE: UploadOptions = UploadOptions {
    allow_overwrite: true,
    announced: None,
    sync: false,
};
const KEEP: UploadOptions = UploadOptions {
    allow_overwrite: false,
    announced: None,
    sync: false,
};

fn jail() -> (TempDir, Jail) {
    let root = TempDir::new().unwrap();
    let jail = Jail::new(root.path(), true).unwrap();
    (root, jail)
}

fn names(root: &TempDir) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(root.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn upload(jail: &Jail, name: &str, bytes: &[u8], options: &UploadOptions) -> Result<(), Refusal> {
    let mut upload = jail.create(name, options)?;
    upload.write(bytes)?;
    upload.commit()
}

#[test]
fn any_number_of_pieces_is_written_in_order() {
    let (root, jail) = jail();
    // More than the system takes at once (IOV_MAX), with empty ones between.
    let bytes: Vec<u8> = (0..3000_u32).flat_map(|number| number.to_le_bytes()).collect();
    let pieces = bytes.chunks(4).flat_map(|piece| [&[], piece, &[]]);
    let mut pieces: Vec<IoSlice<'_>> = pieces.map(IoSlice::new).collect();
    let mut upload = jail.create("new", &KEEP).unwrap();
    upload.write(b"first").unwrap();
    upload.write_pieces(&mut pieces).unwrap();
    upload.write_pieces(&mut []).unwrap();
    assert_eq!(upload.written(), 5 + bytes.len() as u64);
    upload.commit().unwrap();
    let expected = [&b"first"[..], &bytes].concat();
    assert_eq!(fs::read(root.path().join("new")).unwrap(), expected);
}

#[cfg(linux)]
#[test]
fn space_of_an_announced_size_is_reserved_little_by_little_on_ext4() {
    use std::os::unix::fs::MetadataExt;
    let (root, jail) = jail();
    if rustix::fs::statfs(root.path()).unwrap().f_type as u64 != 0xEF53 {
        return;
    }
    let announced = |size| UploadOptions {
        announced: Some(size),
        ..REPLACE
    };
    let (part, mib) = ([7; 64 << 10], 1 << 20_u64);
    for (size, parts) in [(8 * mib, 2), (8 * mib, 128), (100_000, 1), (70_000, 4), (1000, 1)] {
        let mut upload = jail.create("new", &announced(size)).unwrap();
        let space = |file: &File| file.metadata().unwrap().blocks() * 512;
        let mut is_reserved = false;
        for _ in 0..parts {
            upload.write(&part).unwrap();
            let ahead = space(&upload.file).saturating_sub(upload.written());
            let most = upload
                .written()
                .max(mib)
                .min(size.saturating_sub(upload.written()));
            assert!(
                ahead <= most + (8 << 10),
                "{ahead} bytes ahead of {}",
                upload.written()
            );
            is_reserved |= ahead > (8 << 10);
        }
        assert_eq!(is_reserved, size >= 100_000);
        let written = upload.written();
        assert_eq!(upload.file.metadata().unwrap().len(), written);
        upload.commit().unwrap();
        let file = File::open(root.path().join("new")).unwrap();
        assert_eq!(file.metadata().unwrap().len(), written);
        assert!(
            space(&file) < written + (8 << 10),
            "{} bytes for {written}",
            space(&file)
        );
        assert_eq!(fs::read(root.path().join("new")).unwrap(), part.repeat(parts));
    }
}

#[test]
fn nothing_is_visible_before_the_commit_and_nothing_left_after_an_abort() {
    let (root, jail) = jail();
    let mut one = jail.create("new", &KEEP).unwrap();
    one.write(b"first ").unwrap();
    let [temporary] = &names(&root)[..] else {
        panic!("one file expected")
    };
    assert!(is_temporary(temporary), "{temporary}");
    drop(one);
    assert!(names(&root).is_empty());

    let mut two = jail.create("new", &KEEP).unwrap();
    two.write(b"first ").unwrap();
    two.write(b"second").unwrap();
    assert_eq!((two.written(), two.path()), (12, &*root.path().join("new")));
    two.commit().unwrap();
    assert_eq!(names(&root), ["new"]);
    assert_eq!(fs::read(root.path().join("new")).unwrap(), b"first second");
}

#[test]
fn an_abort_leaves_the_old_file_and_a_reader_keeps_it() {
    let (root, jail) = jail();
    upload(&jail, "file", b"old", &REPLACE).unwrap();
    let mut half = jail.create("file", &REPLACE).unwrap();
    half.write(b"ne").unwrap();
    drop(half);
    assert_eq!(fs::read(root.path().join("file")).unwrap(), b"old");
    let reader = jail.open("file").unwrap();
    upload(&jail, "file", b"newer", &REPLACE).unwrap();
    assert_eq!(io::read_to_string(reader.file).unwrap(), "old");
    assert_eq!(fs::read(root.path().join("file")).unwrap(), b"newer");
    assert_eq!(names(&root), ["file"]);
}

#[test]
fn modes_are_those_of_the_replaced_file_or_the_umask() {
    let (root, jail) = jail();
    fs::write(root.path().join("plain"), b"").unwrap();
    upload(&jail, "new", b"x", &REPLACE).unwrap();
    let mode =
        |name: &str| fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode("new"), mode("plain"));
    for (set, kept) in [(0o600, 0o600), (0o666, 0o666), (0o751, 0o751), (0o4755, 0o755)] {
        fs::set_permissions(root.path().join("new"), fs::Permissions::from_mode(set)).unwrap();
        upload(&jail, "new", b"y", &REPLACE).unwrap();
        assert_eq!(mode("new"), kept, "{set:o}");
    }
}

/// The access control list of a user 1001, who may read and write as far as the mask allows; the
/// group of the file may nothing.
#[cfg(linux)]
fn list(mask: u8) -> Vec<u8> {
    let entry = |tag: u8, permissions: u8, id: u32| {
        let id = id.to_le_bytes();
        [tag, 0, permissions, 0, id[0], id[1], id[2], id[3]]
    };
    let entries = [
        entry(1, 6, u32::MAX),
        entry(2, 6, 1001),
        entry(4, 0, u32::MAX),
        entry(16, mask, u32::MAX),
        entry(32, 0, u32::MAX),
    ];
    [&[2, 0, 0, 0][..], entries.as_flattened()].concat()
}

#[cfg(linux)]
#[test]
fn the_access_control_list_is_that_of_the_replaced_file() {
    const ACCESS: &str = "system.posix_acl_access";
    const DEFAULT: &str = "system.posix_acl_default";
    let set = |path: &Path, name: &str, list: &[u8]| {
        rustix::fs::setxattr(path, name, list, rustix::fs::XattrFlags::empty())
    };
    let of = |path: &Path| {
        let mut list = vec![0; 1000];
        let length = rustix::fs::getxattr(path, ACCESS, &mut list[..])?;
        list.truncate(length);
        Ok::<_, Errno>(list)
    };
    let (root, jail) = jail();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let [with, without] = ["with", "without"].map(|name| root.path().join(name));
    fs::write(&with, b"old").unwrap();
    fs::write(&without, b"old").unwrap();
    fs::set_permissions(&without, fs::Permissions::from_mode(0o640)).unwrap();
    if set(&with, ACCESS, &list(6)) == Err(Errno::NOTSUP) {
        eprintln!("SKIPPED: this file system has no access control lists");
        return;
    }
    upload(&jail, "with", b"new", &REPLACE).unwrap();
    assert_eq!((of(&with), mode(&with)), (Ok(list(6)), 0o660));
    // New files get a list from their directory, which the replaced one did not have.
    set(root.path(), DEFAULT, &list(4)).unwrap();
    upload(&jail, "without", b"new", &REPLACE).unwrap();
    assert_eq!((of(&without), mode(&without)), (Err(Errno::NODATA), 0o640));
    upload(&jail, "new", b"new", &REPLACE).unwrap();
    assert!(of(&root.path().join("new")).is_ok());
}

#[test]
fn an_existing_file_is_refused_at_the_beginning_and_at_the_end() {
    let (root, jail) = jail();
    let mut early = jail.create("file", &KEEP).unwrap();
    early.write(b"early").unwrap();
    upload(&jail, "file", b"first", &KEEP).unwrap();
    assert!(matches!(jail.create("file", &KEEP), Err(Refusal::Exists)));
    assert!(matches!(early.commit(), Err(Refusal::Exists)));
    assert_eq!(fs::read(root.path().join("file")).unwrap(), b"first");
    assert_eq!(names(&root), ["file"]);
}

#[test]
fn of_many_that_may_not_replace_exactly_one_wins() {
    const CLIENTS: usize = 8;
    let (root, jail) = jail();
    for round in 0..50 {
        let barrier = Barrier::new(CLIENTS);
        let won: usize = std::thread::scope(|scope| {
            let commit = |client: usize| {
                let mut upload = jail.create("file", &KEEP).unwrap();
                upload.write(client.to_string().as_bytes()).unwrap();
                barrier.wait();
                match upload.rename() {
                    Ok(()) => {
                        upload.temporary = None;
                        1
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{error}");
                        0
                    }
                }
            };
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| scope.spawn(move || commit(client)))
                .collect();
            clients.into_iter().map(|client| client.join().unwrap()).sum()
        });
        assert_eq!(won, 1, "round {round}");
        assert_eq!(names(&root), ["file"]);
        fs::remove_file(root.path().join("file")).unwrap();
    }
}

#[test]
fn of_two_on_one_name_the_last_whole_one_wins() {
    let (root, jail) = jail();
    let mut one = jail.create("file", &REPLACE).unwrap();
    let mut two = jail.create("file", &REPLACE).unwrap();
    one.write(b"one").unwrap();
    two.write(b"two").unwrap();
    two.commit().unwrap();
    one.write(b" more").unwrap();
    one.commit().unwrap();
    assert_eq!(fs::read(root.path().join("file")).unwrap(), b"one more");
    assert_eq!(names(&root), ["file"]);
}

#[test]
fn a_symlink_stays_and_its_target_is_replaced() {
    let (root, jail) = jail();
    fs::create_dir(root.path().join("dir")).unwrap();
    fs::write(root.path().join("dir/target"), b"old").unwrap();
    symlink("dir/target", root.path().join("link")).unwrap();
    symlink(root.path().join("dir/fresh"), root.path().join("dangling")).unwrap();
    symlink("../link", root.path().join("dir/again")).unwrap();
    upload(&jail, "link", b"new", &REPLACE).unwrap();
    assert_eq!(fs::read(root.path().join("dir/target")).unwrap(), b"new");
    upload(&jail, "dangling", b"fresh", &KEEP).unwrap();
    assert_eq!(fs::read(root.path().join("dir/fresh")).unwrap(), b"fresh");
    upload(&jail, "dir/again", b"again", &REPLACE).unwrap();
    assert_eq!(fs::read(root.path().join("dir/target")).unwrap(), b"again");
    for link in ["link", "dangling", "dir/again"] {
        assert!(root.path().join(link).is_symlink(), "{link}");
    }
    let strict = Jail::new(root.path(), false).unwrap();
    for link in ["link", "dangling", "dir/again"] {
        assert!(
            matches!(strict.create(link, &REPLACE), Err(Refusal::NotAllowed)),
            "{link}"
        );
    }
}

#[test]
fn a_backslash_is_a_separator_unless_the_file_exists() {
    let (root, jail) = jail();
    fs::create_dir(root.path().join("dir")).unwrap();
    upload(&jail, "dir\\file", b"below", &REPLACE).unwrap();
    assert_eq!(fs::read(root.path().join("dir/file")).unwrap(), b"below");
    fs::write(root.path().join("dir\\file"), b"").unwrap();
    upload(&jail, "dir\\file", b"literal", &REPLACE).unwrap();
    assert_eq!(fs::read(root.path().join("dir\\file")).unwrap(), b"literal");
    assert_eq!(fs::read(root.path().join("dir/file")).unwrap(), b"below");
}

#[test]
fn no_directory_is_made_and_one_that_goes_away_is_a_clean_refusal() {
    let (root, jail) = jail();
    assert!(matches!(
        jail.create("missing/file", &REPLACE),
        Err(Refusal::NotFound)
    ));
    assert!(matches!(
        jail.create(&"x".repeat(300), &REPLACE),
        Err(Refusal::NotAllowed)
    ));
    fs::create_dir(root.path().join("dir")).unwrap();
    let mut upload = jail
        .create(
            "dir/file",
            &UploadOptions {
                sync: true,
                ..REPLACE
            },
        )
        .unwrap();
    fs::remove_dir_all(root.path().join("dir")).unwrap();
    upload.write(b"to nowhere").unwrap();
    let refusal = upload.commit().unwrap_err();
    assert!(matches!(refusal, Refusal::NotAllowed), "{refusal:?}");
    assert!(names(&root).is_empty());
}

#[test]
fn a_name_that_became_a_directory_is_not_allowed() {
    let (root, jail) = jail();
    let upload = jail.create("name", &REPLACE).unwrap();
    fs::create_dir(root.path().join("name")).unwrap();
    assert!(matches!(upload.commit(), Err(Refusal::NotAllowed)));
    assert_eq!(names(&root), ["name"]);
}

#[test]
fn synced_uploads_and_any_path_work_too() {
    let (root, jail) = jail();
    upload(
        &jail,
        "synced",
        b"durable",
        &UploadOptions {
            sync: true,
            ..REPLACE
        },
    )
    .unwrap();
    assert_eq!(fs::read(root.path().join("synced")).unwrap(), b"durable");
    symlink("synced", root.path().join("link")).unwrap();
    let mut any = create_path(&root.path().join("link"), &REPLACE).unwrap();
    assert_eq!(any.path(), root.path().join("synced"));
    any.write(b"any").unwrap();
    any.commit().unwrap();
    assert_eq!(fs::read(root.path().join("synced")).unwrap(), b"any");
    assert!(matches!(
        create_path(&root.path().join("no/file"), &REPLACE),
        Err(Refusal::NotFound)
    ));
}

#[test]
fn more_than_is_free_is_refused_at_once_and_less_reserves_nothing() {
    let (root, jail) = jail();
    let huge = UploadOptions {
        announced: Some(u64::MAX),
        ..REPLACE
    };
    assert!(matches!(jail.create("file", &huge), Err(Refusal::NoSpace)));
    assert!(names(&root).is_empty());
    let some = jail
        .create(
            "file",
            &UploadOptions {
                announced: Some(1 << 20),
                ..REPLACE
            },
        )
        .unwrap();
    assert_eq!(some.file.metadata().unwrap().len(), 0);
}

/// A file system of 64 KiB, mounted until it is dropped.
struct Small(TempDir);

impl Small {
    fn mount() -> Option<Small> {
        let at = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=64k", "none"])
            .arg(at.path());
        Small::mounted_by(mount, at)
    }

    /// Mounts an ext4 of some 20 MB, whose image is in `elsewhere`. Prints that the test is skipped
    /// if that is not possible.
    #[cfg(linux)]
    fn ext4(elsewhere: &TempDir) -> Option<Small> {
        let mounted = Small::mount_ext4(elsewhere);
        if mounted.is_none() {
            eprintln!("SKIPPED: mounting ext4 needs root, and mkfs.ext4");
        }
        mounted
    }

    #[cfg(linux)]
    fn mount_ext4(elsewhere: &TempDir) -> Option<Small> {
        let image = elsewhere.path().join("image");
        File::create(&image).unwrap().set_len(24 << 20).unwrap();
        let mut make = Command::new("mkfs.ext4");
        make.args(["-q", "-O", "^has_journal"]).arg(&image);
        make.status().ok().filter(std::process::ExitStatus::success)?;
        let at = TempDir::new().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "ext4", "-o", "loop"]).arg(image).arg(at.path());
        Small::mounted_by(mount, at)
    }

    fn mounted_by(mut mount: Command, at: TempDir) -> Option<Small> {
        let status = mount.status();
        status.is_ok_and(|status| status.success()).then(|| Small(at))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// On an overlayfs whose layers are on different file systems, a file has another device than its
/// directory.
#[cfg(linux)]
#[test]
fn files_on_overlayfs_are_replaced_by_a_rename() {
    use std::os::unix::fs::MetadataExt;
    let (Some(lower), Some(upper)) = (Small::mount(), Small::mount()) else {
        eprintln!("SKIPPED: mounting needs root");
        return;
    };
    fs::write(lower.0.path().join("file"), b"old").unwrap();
    for name in ["upper", "work"] {
        fs::create_dir(upper.0.path().join(name)).unwrap();
    }
    let (low, up) = (lower.0.path().display(), upper.0.path().display());
    let layers = format!("xino=off,lowerdir={low},upperdir={up}/upper,workdir={up}/work");
    let at = TempDir::new().unwrap();
    let mut mount = Command::new("mount");
    mount
        .args(["-t", "overlay", "-o", &layers, "none"])
        .arg(at.path());
    let Some(merged) = Small::mounted_by(mount, at) else {
        eprintln!("SKIPPED: there is no overlayfs on tmpfs here");
        return;
    };
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    let path = merged.0.path().join("file");
    let jail = Jail::new(merged.0.path(), true).unwrap();
    for (old, new) in [(&b"old"[..], &b"first"[..]), (b"first", b"second")] {
        assert_ne!(device(&path), device(merged.0.path()));
        let reader = jail.open("file").unwrap();
        upload(&jail, "file", new, &REPLACE).unwrap();
        assert_eq!(io::read_to_string(reader.file).unwrap().as_bytes(), old);
        assert_eq!(fs::read(&path).unwrap(), new);
    }
    assert_eq!(names(&merged.0), ["file"]);
}

/// ext4 keeps the space that it has found for a reservation that fails.
#[cfg(linux)]
#[test]
fn a_reservation_that_fails_takes_no_space_from_others() {
    let elsewhere = TempDir::new().unwrap();
    let Some(small) = Small::ext4(&elsewhere) else {
        return;
    };
    let jail = Jail::new(small.0.path(), true).unwrap();
    let announced = UploadOptions {
        announced: Some(4 << 20),
        ..REPLACE
    };
    let mut first = jail.create("first", &announced).unwrap();
    // Meanwhile the disk fills up to less than what is reserved at a time.
    let free = || {
        let space = rustix::fs::statvfs(small.0.path()).unwrap();
        space.f_bfree * space.f_frsize
    };
    let filler = vec![1; usize::try_from(free() - (900 << 10)).unwrap()];
    let mut file = File::create(small.0.path().join("filler")).unwrap();
    io::Write::write_all(&mut file, &filler).unwrap();
    file.sync_all().unwrap();
    first.write(&[2; 64 << 10]).unwrap();
    assert!(free() > 800 << 10, "{} bytes are left", free());
    upload(&jail, "second", &[3; 256 << 10], &REPLACE).unwrap();
    first.commit().unwrap();
}

/// The same for a file that is overwritten in place, readable or not.
#[cfg(linux)]
#[test]
fn an_overwriting_that_is_refused_takes_no_space_from_others() {
    use std::os::unix::fs::MetadataExt;
    let elsewhere = TempDir::new().unwrap();
    let Some(small) = Small::ext4(&elsewhere) else {
        return;
    };
    let path = small.0.path().join("file");
    fs::write(&path, b"old").unwrap();
    let target = File::options().read(true).write(true).open(&path).unwrap();
    target.sync_all().unwrap();
    let before = target.metadata().unwrap().blocks();
    let gathered = tempfile::tempfile().unwrap();
    gathered.set_len(64 << 20).unwrap();
    for keeps_old in [true, false] {
        let refused = in_place::replace(&gathered, 64 << 20, &target, 3, keeps_old, false);
        let error = Errno::from_io_error(&refused.unwrap_err());
        assert_eq!(error, Some(Errno::NOSPC));
        let taken = (target.metadata().unwrap().blocks() - before) * 512;
        assert!(taken < (8 << 10), "{taken} bytes, kept {keeps_old}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }
}

#[test]
fn a_full_disk_leaves_the_old_file_and_no_other() {
    let Some(small) = Small::mount() else {
        eprintln!("SKIPPED: mounting needs root");
        return;
    };
    let jail = Jail::new(small.0.path(), true).unwrap();
    upload(&jail, "file", b"old", &REPLACE).unwrap();
    let announced = UploadOptions {
        announced: Some(64 * 1024),
        ..REPLACE
    };
    assert!(matches!(jail.create("file", &announced), Err(Refusal::NoSpace)));
    let refusal = upload(&jail, "file", &vec![1; 128 * 1024], &REPLACE).unwrap_err();
    assert!(matches!(refusal, Refusal::NoSpace), "{refusal:?}");
    assert_eq!(fs::read(small.0.path().join("file")).unwrap(), b"old");
    assert_eq!(names(&small.0), ["file"]);
    upload(&jail, "file", &vec![2; 32 * 1024], &REPLACE).unwrap();
}

/// Another upload has the file locked, and makes it shorter, while this one waits to be copied into
/// it.
#[test]
fn a_copy_that_waits_for_another_takes_the_file_as_that_one_leaves_it() {
    let (root, jail) = jail();
    let path = root.path().join("file");
    fs::write(&path, vec![b'o'; 1000]).unwrap();
    let mut second = jail.create("file", &REPLACE).unwrap();
    second.method = Method::CopyInto;
    second.write(b"second").unwrap();
    let first = File::options().write(true).open(&path).unwrap();
    first.lock().unwrap();
    std::thread::scope(|scope| {
        let commit = scope.spawn(|| second.commit());
        // It waits for the lock. Where it has not come so far, it finds the short file at once.
        std::thread::sleep(std::time::Duration::from_millis(200));
        first.set_len(5).unwrap();
        drop(first);
        commit.join().unwrap().unwrap();
    });
    assert_eq!(fs::read(&path).unwrap(), b"second");
    assert_eq!(names(&root), ["file"]);
}

#[test]
fn temporary_names_are_recognised_exactly() {
    assert!(is_temporary(&temporary::new_name().unwrap()));
    assert_ne!(temporary::new_name().unwrap(), temporary::new_name().unwrap());
    for other in [
        "",
        ".part",
        ".tftpserver-.part",
        ".tftpserver-0123456789abcde.part",
        ".tftpserver-0123456789abcdef.parts",
    ] {
        assert!(!is_temporary(other), "{other}");
    }
    assert!(!is_temporary(".tftpserver-0123456789abcdéf.part"));
    assert!(!is_temporary("é.tftpserver-0123456789abcd.part"));
}
