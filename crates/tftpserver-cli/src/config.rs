//! The configuration file, and what comes of it and the command line together.

use std::path::{Path, PathBuf};

use crate::cli::Serve;
use crate::exit::{Code, Failure};
use crate::options::Options;
use crate::rules::Rules;

/// The whole configuration, read and checked as far as possible without a server.
#[derive(Debug)]
pub struct Plan {
    pub options: Options,
    /// The directory, absolute.
    pub dir: PathBuf,
    pub rules: Rules,
}

impl Plan {
    /// Reads the configuration and the rules, and looks for the directory.
    pub fn read(asked: &Serve) -> Result<Plan, Failure> {
        let options = match &asked.config {
            Some(path) => asked.options.clone().over(read_options(path)?),
            None => asked.options.clone(),
        };
        let dir = directory(options.dir.as_deref())?;
        let rules = Rules::read(options.map.as_deref(), options.per_client, &dir)?;
        Ok(Plan { options, dir, rules })
    }
}

/// The options in a file. Relative paths in it start at the directory that the file is in.
fn read_options(path: &Path) -> Result<Options, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let what = format!("{shown}: {error}; check the path given with --config");
        Failure::new(Code::NoInput, what)
    })?;
    let mut options: Options = toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        let what = format!("{shown}:{line}: {}", error.message());
        Failure::new(Code::Config, what)
    })?;
    let base = path.parent().unwrap_or(Path::new(""));
    for relative in [&mut options.dir, &mut options.map].into_iter().flatten() {
        *relative = base.join(&*relative);
    }
    Ok(options)
}

/// The directory to serve, absolute and there.
pub fn directory(dir: Option<&Path>) -> Result<PathBuf, Failure> {
    let dir = dir.unwrap_or(Path::new("."));
    let shown = dir.display();
    let wrong = |error: std::io::Error| {
        let what =
            format!("{shown}: {error}; name a directory that exists and that this user may enter");
        Failure::new(Code::NoInput, what)
    };
    // "." reads back as a path that means something to whoever reads it.
    let absolute = match dir == Path::new(".") {
        true => std::env::current_dir(),
        false => std::path::absolute(dir),
    };
    let absolute = absolute.map_err(wrong)?;
    let metadata = std::fs::metadata(&absolute).map_err(wrong)?;
    if !metadata.is_dir() {
        let what = format!("{shown} is no directory; name the directory that holds the files");
        return Err(Failure::new(Code::NoInput, what));
    }
    // Whether it may be entered shows only when something in it is looked at.
    std::fs::metadata(absolute.join(".")).map_err(wrong)?;
    Ok(absolute)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Options, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tftpserver.toml");
        std::fs::write(&path, text).unwrap();
        read_options(&path)
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let failure = read("create = true\n\nmax-blocksize = 512\n").unwrap_err();
        assert_eq!(failure.code, Code::Config);
        assert!(failure.text.contains("tftpserver.toml:3: "), "{failure}");
        assert!(failure.text.contains("max-blocksize"), "{failure}");
        assert_eq!(failure.text.lines().count(), 1);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_refused_with_its_line() {
        for text in [
            "create = 1",
            "listen = 69",
            "listen = [\"x:y\"]",
            "per-client = \"name\"",
            "= 3",
        ] {
            let failure = read(&format!("# a comment\n{text}\n")).unwrap_err();
            assert!(failure.text.contains("tftpserver.toml:2: "), "{text}: {failure}");
        }
    }

    /// Every option of the command line is one of the configuration: clap and serde read the same
    /// structure, and this names each by clap's word for it.
    #[test]
    fn every_option_is_one_of_the_configuration() {
        use clap::CommandFactory;
        let command = crate::cli::Cli::command();
        let mut keys = Vec::new();
        for argument in command.get_arguments() {
            let key = argument.get_long().unwrap_or("dir");
            let not_options = [
                "config",
                "check-config",
                "explain",
                "client",
                "upload",
                "help",
                "version",
            ];
            if not_options.contains(&key) {
                continue;
            }
            let values = [
                "true",
                "1",
                "\"ip\"",
                "\"text\"",
                "\"127.0.0.1:6969\"",
                "\"192.0.2.0/24\"",
                "\"027\"",
            ];
            let taken = values
                .iter()
                .any(|value| read(&format!("{key} = {value}")).is_ok());
            assert!(taken, "{key}");
            keys.push(key);
        }
        assert!(keys.len() > 20, "{keys:?}");
    }

    #[test]
    fn the_command_line_comes_first() {
        let file = read("max-blksize = 512\ncreate = true\nlisten = \"127.0.0.1:69\"").unwrap();
        let line = Options {
            max_blksize: Some(1024),
            listen: vec!["127.0.0.1:70".parse().unwrap()],
            ..Options::default()
        };
        let both = line.over(file);
        assert_eq!((both.max_blksize, both.create), (Some(1024), true));
        assert_eq!(both.listen.len(), 1);
        assert_eq!(both.listen[0].port, 70);
    }

    #[test]
    fn paths_start_at_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("c.toml");
        std::fs::write(&path, "dir = \"boot\"\nmap = \"/etc/rules\"").unwrap();
        let options = read_options(&path).unwrap();
        assert_eq!(options.dir, Some(directory.path().join("boot")));
        assert_eq!(options.map, Some("/etc/rules".into()));
    }
}
