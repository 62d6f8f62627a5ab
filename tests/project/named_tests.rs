//! Documents that name a test as its proof name one that exists: `path: text` in backticks, the
//! text found in that file.

use std::fs;
use std::path::Path;

const DOCUMENTS: [&str; 3] = [
    "SECURITY.md",
    "docs/reliability.md",
    "docs/porting-from-ipworks.md",
];

#[test]
fn tests_named_in_documents_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(root.join(document)).unwrap();
        let proofs: Vec<_> = proofs(&text).collect();
        assert!(proofs.len() > 5, "{document} names {} tests", proofs.len());
        for (path, name) in proofs {
            let is_there =
                fs::read_to_string(root.join(path)).is_ok_and(|source| source.contains(name));
            if !is_there {
                wrong.push(format!("{document}: {path}: {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns the path and the text of each backticked `path: text` whose path has a slash.
fn proofs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let in_backticks = text.split('`').skip(1).step_by(2);
    in_backticks.filter_map(|code| code.split_once(": ").filter(|(path, _)| path.contains('/')))
}
