//! `cargo run -p tftpserver-api` regenerates all files made from `api/*.toml`; a test of this
//! package fails if a committed file is stale. It does not depend on the library, so it also runs
//! while the library does not compile.

mod accessors;
mod errors;
mod events;
mod facts;
mod functions;
mod made;
mod numbers;
mod options;
mod properties;
mod protocol;
mod reference;
mod settings;
mod shown;
mod tables;
mod text;

use std::path::Path;
use std::process::ExitCode;

use facts::Facts;
use made::Made;

/// The project's directory.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn main() -> ExitCode {
    match write() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn write() -> Result<(), String> {
    let root = Path::new(ROOT);
    for made in everything(root, &Facts::read(root)?)? {
        if made.write(root)? {
            println!("wrote {}", made.path);
        }
    }
    Ok(())
}

/// Returns every generated file and part of a file.
fn everything(root: &Path, facts: &Facts) -> Result<Vec<Made>, String> {
    let mut all = vec![Made::whole("api/numbers.txt", numbers::wanted(root, facts)?)];
    all.push(numbers::known(facts));
    all.extend(errors::made(&facts.errors));
    all.extend(events::made(&facts.events));
    all.extend(settings::made(&facts.settings));
    all.extend(properties::made(&facts.properties));
    all.extend(accessors::made(&facts.properties));
    all.extend(options::made(facts));
    all.extend(protocol::made(facts));
    all.extend(functions::made(&facts.functions));
    all.extend(reference::made(root, facts)?);
    all.extend(shown::made(root, &facts.promises)?);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_up_to_date() {
        let root = Path::new(ROOT);
        let facts = Facts::read(root).unwrap();
        for made in everything(root, &facts).unwrap() {
            let (committed, wanted) = made.compare(root).unwrap();
            let different = committed
                .lines()
                .zip(wanted.lines())
                .find(|(one, other)| one != other);
            assert!(
                committed == wanted,
                "{} is out of date: run `make bless`; the first difference: {different:?}",
                made.path
            );
        }
    }
}
