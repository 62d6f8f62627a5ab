//! Any bytes as the name of a file, in any code page, for reading and for writing, against real
//! directories: only regular files inside are opened, nothing outside is made or changed, and no
//! answer reveals whether something outside exists.
//!
//! Input: two bytes for the code page, a byte of choices, the name as on the wire.

mod tree;

use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use tftp_codepage::{CodePage, pages};
use tftp_files::jail::{Opened, Refusal, UploadOptions};

use super::input::Input;
use tree::{INSIDE, Tree};

/// Two trees with the same inside; the second has nothing outside.
struct Ground {
    full: Tree,
    bare: Tree,
    pages: Vec<CodePage>,
}

pub fn run(bytes: &[u8]) {
    static GROUND: OnceLock<Mutex<Ground>> = OnceLock::new();
    let ground = GROUND.get_or_init(|| Mutex::new(Ground::new()));
    // A poisoned lock is fine: the tree repairs what an earlier input broke.
    let mut ground = ground.lock().unwrap_or_else(PoisonError::into_inner);
    let mut input = Input::new(bytes);
    let number = input.short();
    let choices = input.byte();
    let Some(name) = ground.page(number).decode(input.rest()) else {
        return;
    };
    ground.read(&name);
    if choices & 1 == 1 {
        let options = UploadOptions {
            allow_overwrite: choices & 2 == 0,
            announced: (choices & 4 == 4).then_some(7),
            sync: false,
        };
        ground.write(&name, &options, choices & 8 == 8);
    }
}

impl Ground {
    fn new() -> Ground {
        Ground {
            full: Tree::new(true),
            bare: Tree::new(false),
            pages: pages().filter_map(|page| CodePage::new(page.id).ok()).collect(),
        }
    }

    /// Returns the code page of this number, or another one if there is none.
    fn page(&self, number: u16) -> &CodePage {
        let known = self.pages.iter().find(|page| page.id() == u32::from(number));
        known.unwrap_or(&self.pages[usize::from(number) % self.pages.len()])
    }

    fn read(&self, name: &str) {
        for strict in [false, true] {
            let answers = [&self.full, &self.bare].map(|tree| {
                let jail = tree.jail(strict);
                let answer = word(tree, name, jail.open(name));
                if let Some(cached) = jail.open_cached(name) {
                    assert_eq!(word(tree, name, cached), answer, "from the cache: {name:?}");
                }
                answer
            });
            assert_eq!(answers[0], answers[1], "{name:?} tells what there is outside");
        }
    }

    fn write(&mut self, name: &str, options: &UploadOptions, strict: bool) {
        let answers = [&mut self.full, &mut self.bare].map(|tree| {
            let answer = upload(tree, name, options, strict);
            tree.assert_as_before(name);
            answer
        });
        assert_eq!(answers[0], answers[1], "{name:?} tells what there is outside");
    }
}

/// Describes the result of a look-up: the file's place inside, or the reason of the refusal.
fn word(tree: &Tree, name: &str, result: Result<Opened, Refusal>) -> String {
    let mut opened = match result {
        Ok(opened) => opened,
        Err(refusal) => return refused(name, &refusal),
    };
    assert!(opened.file.metadata().unwrap().is_file(), "{name:?}");
    let mut content = Vec::new();
    opened.file.read_to_end(&mut content).unwrap();
    assert_eq!(
        (content.as_slice(), opened.size),
        (INSIDE, Some(INSIDE.len() as u64)),
        "{name:?}"
    );
    tree.place(&opened.file, name)
}

/// Returns the text of a refusal, which must be none that the client would see as an error of the
/// disk.
fn refused(name: &str, refusal: &Refusal) -> String {
    let expected = !matches!(refusal, Refusal::Io(_) | Refusal::TooManyFiles | Refusal::NoSpace);
    assert!(expected, "{name:?}: {refusal:?}");
    let (_, text) = refusal.wire();
    text.to_owned()
}

/// Writes a file and returns its place; afterwards the tree is as it was.
fn upload(tree: &mut Tree, name: &str, options: &UploadOptions, strict: bool) -> String {
    let mut upload = match tree.jail(strict).create(name, options) {
        Ok(upload) => upload,
        Err(refusal) => return refused(name, &refusal),
    };
    upload.write(tree::UPLOADED).unwrap();
    assert!(
        upload.path().starts_with(tree.root()),
        "{name:?}: {:?}",
        upload.path()
    );
    match upload.commit() {
        Ok(()) => tree.take_back(name, options.allow_overwrite),
        Err(refusal) => refused(name, &refusal),
    }
}

/// Returns the path below `root`, as text that is the same in both trees.
fn below(root: &Path, path: &Path, name: &str) -> String {
    let inside = path
        .strip_prefix(root)
        .unwrap_or_else(|_| panic!("{name:?} led to {path:?}"));
    inside.to_string_lossy().into_owned()
}
