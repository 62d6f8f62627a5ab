//! Files installed with the program: manual page, completions, units.

use std::path::Path;
use std::process::Command;

use crate::support::*;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

#[test]
fn the_manual_page_has_every_option_and_every_exit_code() {
    let page = String::from_utf8(run(&["manual"]).stdout).unwrap();
    let options = options();
    assert!(options.len() > 20);
    for name in options {
        assert!(page.contains(&name.replace('-', "\\-")), "{name}");
    }
    for code in [0, 1, 64, 65, 66, 67, 68, 69, 70, 71, 73, 75, 76, 77, 78] {
        assert!(page.contains(&format!("\\fB{code}\\fR\n")), "{code}");
    }
    if !have("man") {
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &page).unwrap();
    let mut command = Command::new("man");
    command
        .env("MANROFFSEQ", "")
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8");
    let output = command
        .args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"])
        .arg(file.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn completions_are_scripts_of_their_shells() {
    for (shell, word) in [
        ("bash", "complete -F"),
        ("zsh", "#compdef tftpserver"),
        ("fish", "complete -c tftpserver"),
    ] {
        let script = run(&["completions", shell]);
        assert!(script.status.success());
        let script = String::from_utf8(script.stdout).unwrap();
        assert!(script.contains(word), "{shell}");
        assert!(script.contains("max-windowsize"), "{shell}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &script).unwrap();
        if shell == "bash" && have("bash") {
            assert!(
                Command::new("bash")
                    .arg("-n")
                    .arg(file.path())
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
}

#[test]
fn the_example_configuration_is_one() {
    let path = Path::new(ROOT).join("packaging/tftpserver.toml");
    let example = std::fs::read_to_string(path).unwrap();
    let everything: Vec<&str> = example
        .lines()
        .map(|line| {
            line.strip_prefix('#')
                .filter(|rest| rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')))
                .unwrap_or(line)
        })
        .collect();
    let files = directory(&[("tftpserver.rules", b"")]);
    let config = file(
        &files,
        "c.toml",
        &everything.join("\n").replace("/srv/tftp", text_of(&files)),
    );
    is_read_to_the_end(&config);
}

/// The image's configuration is valid, and .dockerignore permits every file that the Dockerfile
/// copies.
#[test]
fn the_image_has_what_it_needs() {
    let read = |path| std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap();
    let files = directory(&[]);
    let config = read("packaging/docker/tftpserver.toml").replace("/srv/tftp", text_of(&files));
    is_read_to_the_end(&file(&files, "c.toml", &config));
    let ignored = read(".dockerignore");
    let let_through: Vec<_> = ignored
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    for path in &let_through {
        assert!(Path::new(ROOT).join(path).exists(), "{path}");
    }
    for line in read("packaging/docker/Dockerfile").lines() {
        let Some(copied) = line
            .strip_prefix("COPY ")
            .filter(|rest| !rest.starts_with("--from"))
        else {
            continue;
        };
        let path = copied.split(' ').next().unwrap();
        assert!(path == "." || let_through.contains(&path), "{line}");
    }
}

/// Checks that the only fault of this configuration is the listening address, which this machine
/// does not have.
fn is_read_to_the_end(config: &Path) {
    let output = run(&[
        "--config",
        text(config),
        "--listen",
        "192.0.2.1:0",
        "--metrics",
        "127.0.0.1:0",
    ]);
    assert_eq!(
        output.status.code(),
        Some(69),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The rules and the configuration in the manual are valid, and it names every exit code and
/// option.
#[test]
fn the_manual_is_true() {
    let manual = std::fs::read_to_string(Path::new(ROOT).join("docs/command.md")).unwrap();
    let block = |begin: &str| {
        let at = manual.find(begin).unwrap_or_else(|| panic!("{begin}"));
        let inside = manual[at + 3..].split("```").next().unwrap();
        inside.lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    let files = directory(&[("tftpserver.rules", block("```\n# operation").as_bytes())]);
    let config = block("```toml").replace("/srv/tftp", text_of(&files));
    let config = file(&files, "c.toml", &config);
    is_read_to_the_end(&config);
    let plain = "--help --version --quiet --timeout --retries --max-windowsize --threads";
    for option in options() {
        assert!(plain.contains(&option) || manual.contains(&option), "{option}");
    }
    for option in ["get", "put"]
        .iter()
        .flat_map(|subcommand| options_of(&[subcommand, "--help"]))
    {
        assert!(
            option == "--help" || manual.contains(&format!("`{option}")),
            "{option}"
        );
    }
    for code in [0, 1, 64, 65, 66, 67, 68, 69, 70, 71, 73, 75, 76, 77, 78] {
        assert!(manual.contains(&format!("\n| {code} | ")), "{code}");
    }
}

/// Returns every long option.
fn options() -> Vec<String> {
    options_of(&["--help"])
}

/// Returns the long options in this help text.
fn options_of(help: &[&str]) -> Vec<String> {
    let help = String::from_utf8(run(help).stdout).unwrap();
    let words = help
        .split_whitespace()
        .filter(|word| word.starts_with("--") && word.len() > 2);
    words
        .map(|word| {
            word.split(['=', '[', '.', ',', ';', ':'])
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn text_of(directory: &tempfile::TempDir) -> &str {
    directory.path().to_str().unwrap()
}

/// Checks the paths of `make install`, and the units as installed.
#[test]
fn everything_is_installed_and_systemd_understands_the_units() {
    let root = directory(&[]);
    let installed = Command::new("sh")
        .arg(Path::new(ROOT).join("scripts/install-command.sh"))
        .arg("/usr")
        .env("DESTDIR", root.path())
        .env("TFTPSERVER_COMMAND", env!("CARGO_BIN_EXE_tftpserver"))
        .env_remove("SYSCONFDIR")
        .output()
        .unwrap();
    assert!(
        installed.status.success(),
        "{}",
        String::from_utf8_lossy(&installed.stderr)
    );
    for path in [
        "usr/bin/tftpserver",
        "usr/share/man/man1/tftpserver.1",
        "usr/share/bash-completion/completions/tftpserver",
        "usr/share/zsh/site-functions/_tftpserver",
        "usr/share/fish/vendor_completions.d/tftpserver.fish",
        "etc/tftpserver.toml",
    ] {
        assert!(
            root.path()
                .join(path)
                .metadata()
                .is_ok_and(|found| found.len() > 100),
            "{path}"
        );
    }
    let unit = |name| {
        std::fs::read_to_string(root.path().join("usr/lib/systemd/system").join(name)).unwrap()
    };
    let service = unit("tftpserver.service");
    assert!(
        service
            .contains("ExecStart=/usr/bin/tftpserver --config /etc/tftpserver.toml --grace 55\n"),
        "{service}"
    );
    if have("systemd-analyze") {
        understood(&service, &unit("tftpserver.socket"));
    }
}

/// Checks units with systemd-analyze, except for the program and the manual page, which are not
/// installed for tests.
fn understood(service: &str, socket: &str) {
    let units = directory(&[]);
    let service = service.replace("/usr/bin/tftpserver", env!("CARGO_BIN_EXE_tftpserver"));
    let unit = |name, text: &str| {
        file(
            &units,
            name,
            &text.replace("Documentation=man:tftpserver(1)\n", ""),
        )
    };
    let paths = [
        unit("tftpserver.service", &service),
        unit("tftpserver.socket", socket),
    ];
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .args(&paths)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("tftpserver."), "{said}");
    let mut command = Command::new("systemd-analyze");
    command
        .args(["security", "--offline=true", "--threshold=20"])
        .arg(&paths[0]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The library does not depend on the command's crates.
#[test]
fn the_library_needs_nothing_of_the_command() {
    let tree = |package| {
        let mut command = Command::new(env!("CARGO"));
        command.args([
            "tree",
            "--offline",
            "--locked",
            "-e",
            "normal,build",
            "--prefix",
            "none",
            "-p",
            package,
        ]);
        let output = command.current_dir(ROOT).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let (library, command) = (tree("tftpserver"), tree("tftpserver-cli"));
    for name in [
        "clap ",
        "regex ",
        "serde ",
        "toml ",
        "tracing ",
        "hyper ",
        "tokio ",
        "prometheus-client ",
        "indicatif ",
        "nix ",
        "sha2 ",
    ] {
        let has = |tree: &str| tree.lines().any(|line| line.starts_with(name));
        assert!(has(&command) && !has(&library), "{name}");
    }
}
