//! Tests that the mutations beside these tests fit the sources. `mutations/run.py` builds and runs
//! them.

use std::path::Path;

/// Returns the lines that a patch expects in the sources: for each hunk its file, and the lines
/// before the change.
fn taken_for_granted(patch: &str) -> Vec<(String, String)> {
    let mut hunks: Vec<(String, String)> = Vec::new();
    let mut file = String::new();
    let mut in_hunk = false;
    for line in patch.lines() {
        if line.starts_with("diff ") {
            in_hunk = false;
        } else if let Some(path) = line.strip_prefix("--- a/").filter(|_| !in_hunk) {
            path.clone_into(&mut file);
        } else if line.starts_with("@@ ") {
            in_hunk = true;
            hunks.push((file.clone(), String::new()));
        } else if in_hunk
            && !line.starts_with('+')
            && let Some((_, before)) = hunks.last_mut()
        {
            before.push_str(line.get(1..).unwrap_or(""));
            before.push('\n');
        }
    }
    hunks
}

#[test]
fn every_mutation_applies_and_names_its_judge() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for entry in std::fs::read_dir(root.join("tests/world/mutations")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "patch") {
            continue;
        }
        let patch = std::fs::read_to_string(&path).unwrap();
        let names = |heading: &str| patch.lines().any(|line| line.starts_with(heading));
        assert!(names("judge: ") && names("test: "), "{path:?}");
        let hunks = taken_for_granted(&patch);
        assert!(!hunks.is_empty(), "{path:?} changes nothing");
        for (file, before) in hunks {
            let source = std::fs::read_to_string(root.join("../..").join(&file)).unwrap();
            assert!(
                source.contains(&before),
                "{path:?} does not fit {file}:\n{before}"
            );
        }
        count += 1;
    }
    assert!(count > 10, "{count} mutations");
}
