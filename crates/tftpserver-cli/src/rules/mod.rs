//! From the requested name to the name that is looked up in the directory.
//!
//! The result is a name again, not a path: the library looks it up inside the directory, with all
//! its promises.

mod expand;
mod map;
mod per_client;
mod posix;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tftp_serve::names;

use crate::exit::Failure;
use crate::options::PerClient;

/// Who asks for what.
#[derive(Clone, Copy, Debug)]
pub struct RequestedName<'a> {
    pub name: &'a str,
    pub ip: IpAddr,
    /// An upload.
    pub is_write: bool,
}

/// The map and the directories of single clients.
#[derive(Clone, Debug)]
pub struct Rules {
    map: Option<map::Map>,
    per_client: Option<PerClient>,
    dir: PathBuf,
    /// The directory's path where that leads through links; the same as `dir` where it does not.
    real_dir: PathBuf,
}

impl Rules {
    /// Reads the map, if there is one.
    pub fn read(
        map: Option<&Path>,
        per_client: Option<PerClient>,
        dir: &Path,
    ) -> Result<Rules, Failure> {
        Ok(Rules {
            map: map.map(map::Map::read).transpose()?,
            per_client,
            dir: dir.to_owned(),
            real_dir: dir.canonicalize().unwrap_or_else(|_| dir.to_owned()),
        })
    }

    /// Returns the name to look up; `None`: the requested one. `Err` is the reason for a refusal.
    pub fn decide(&self, asked: RequestedName<'_>) -> Result<Option<String>, String> {
        self.decide_noting(asked, &mut |_, _| {})
    }

    /// As [`Rules::decide`]; `note` is called for every rule that applies, with its description and
    /// the resulting name.
    pub fn decide_noting(
        &self,
        asked: RequestedName<'_>,
        note: &mut dyn FnMut(&str, &str),
    ) -> Result<Option<String>, String> {
        let mut name = asked.name.to_owned();
        if let Some(map) = &self.map {
            name = map.apply(asked, &mut |line, name| {
                note(&format!("line {line} of the map"), name)
            })?;
        }
        if let Some(rest) = self.below_dir(&name) {
            note("the path of the directory itself", rest);
            name = rest.to_owned();
        }
        if let Some(kind) = self.per_client {
            let before = name.clone();
            name = per_client::name(kind, &self.dir, asked.ip, name)?;
            if name != before {
                note("--per-client", &name);
            }
        }
        Ok((name != asked.name).then_some(name))
    }

    /// Clients and maps of an in.tftpd without --secure name whole paths, as in
    /// `/srv/tftp/boot.img`: what lies below the directory by its path is meant inside it. A
    /// directory that holds its own path once more is not meant.
    fn below_dir<'n>(&self, name: &'n str) -> Option<&'n str> {
        for dir in [&self.dir, &self.real_dir] {
            let path = names::from_path(dir);
            let path = path.trim_end_matches('/');
            let rest = name.strip_prefix(path).filter(|rest| rest.starts_with('/'));
            if let Some(rest) = rest.filter(|_| !path.is_empty()) {
                let again = self.dir.join(dir.strip_prefix("/").unwrap_or(dir));
                return (!again.is_dir()).then_some(rest);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(map: &str, per_client: Option<PerClient>, dir: &Path) -> Rules {
        let map = map::Map::parse("rules", map).unwrap();
        Rules {
            map: Some(map),
            per_client,
            dir: dir.to_owned(),
            real_dir: dir.to_owned(),
        }
    }

    fn ask<'a>(name: &'a str, ip: &str) -> RequestedName<'a> {
        RequestedName {
            name,
            ip: ip.parse().unwrap(),
            is_write: false,
        }
    }

    /// The two rules of OpenStack Ironic's manual, for an in.tftpd that runs without --secure.
    #[test]
    fn absolute_results_below_the_directory_are_inside_it() {
        let rules = rules(
            "r ^([^/]) /tftpboot/\\1\nr ^(/tftpboot/) /tftpboot/\\2",
            None,
            Path::new("/tftpboot"),
        );
        let decided = |name| rules.decide(ask(name, "192.0.2.1")).unwrap();
        assert_eq!(decided("pxelinux.0").as_deref(), Some("/pxelinux.0"));
        assert_eq!(
            decided("/tftpboot/pxelinux.cfg/default").as_deref(),
            Some("/pxelinux.cfg/default")
        );
        assert_eq!(decided("/tftpbootx/a"), None);
    }

    #[test]
    fn a_client_has_its_own_directory_after_the_map() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("192.0.2.7")).unwrap();
        let rules = rules("r ^boot$ boot.img", Some(PerClient::Ip), directory.path());
        let decided = |ip| rules.decide(ask("boot", ip)).unwrap();
        assert_eq!(decided("192.0.2.7").as_deref(), Some("192.0.2.7/boot.img"));
        assert_eq!(decided("192.0.2.8").as_deref(), Some("boot.img"));
    }

    /// As firmware and scripts ask that were written for an in.tftpd without --secure.
    #[test]
    fn a_whole_path_is_inside_the_directory_without_a_map_too() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().canonicalize().unwrap().join("tftp");
        std::fs::create_dir(&dir).unwrap();
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        let path = |dir: &Path| format!("{}/boot.img", dir.display());
        for served in [&dir, &link] {
            let rules = Rules::read(None, None, served).unwrap();
            let decided = |name: &str| rules.decide(ask(name, "192.0.2.1")).unwrap();
            assert_eq!(decided(&path(served)).as_deref(), Some("/boot.img"));
            assert_eq!(decided(&path(&dir)).as_deref(), Some("/boot.img"));
            assert_eq!(decided(&format!("{}x/boot.img", served.display())), None);
            assert_eq!(decided("boot.img"), None);
        }
        // Its own path, once more inside it.
        std::fs::create_dir_all(dir.join(dir.strip_prefix("/").unwrap())).unwrap();
        let rules = Rules::read(None, None, &dir).unwrap();
        assert_eq!(rules.decide(ask(&path(&dir), "192.0.2.1")).unwrap(), None);
    }
}
