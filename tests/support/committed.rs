//! Files that are generated and committed.

use std::path::Path;

/// Compares a committed file, named from the project's directory, with the text generated from the
/// sources. With TFTPSERVER_BLESS=1 the file is rewritten first.
pub fn assert_up_to_date(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("TFTPSERVER_BLESS").is_some() {
        std::fs::write(&path, made).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let committed =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    let difference = made
        .lines()
        .zip(committed.lines())
        .find(|(made, committed)| made != committed);
    assert!(
        made == committed,
        "{name} is out of date: run `make bless`; the first difference: {difference:?}"
    );
}
