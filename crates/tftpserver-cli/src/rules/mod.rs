//! From the name that a client asks for to the name that is looked up in the directory.
//!
//! What comes out is a name again, not a path: the library looks it up inside the directory, with all its promises.

mod expand;
mod map;
mod per_client;
mod posix;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tftpserver::server::names;

use crate::exit::Failure;
use crate::options::PerClient;

/// Who asks for what.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
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
}

impl Rules {
    /// Reads the map, if there is one.
    pub fn read(map: Option<&Path>, per_client: Option<PerClient>, dir: &Path) -> Result<Rules, Failure> {
        Ok(Rules {
            map: map.map(map::Map::read).transpose()?,
            per_client,
            dir: dir.to_owned(),
        })
    }

    /// The name to look up; `None`: the one that was asked for. `Err` says why the request is refused.
    pub fn decide(&self, asked: Asked<'_>) -> Result<Option<String>, String> {
        let mut name = asked.name.to_owned();
        if let Some(map) = &self.map {
            name = self.below_dir(map.apply(asked)?);
        }
        if let Some(kind) = self.per_client {
            name = per_client::name(kind, &self.dir, asked.ip, name)?;
        }
        Ok((name != asked.name).then_some(name))
    }

    /// in.tftpd without --secure has maps that lead to absolute paths, as in `r ^[^/] /srv/tftp/\0`: what lies below
    /// the directory by its path is meant inside it.
    fn below_dir(&self, name: String) -> String {
        let dir = names::from_path(&self.dir);
        match name.strip_prefix(dir.trim_end_matches('/')) {
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => name,
        }
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
        }
    }

    fn ask<'a>(name: &'a str, ip: &str) -> Asked<'a> {
        Asked {
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
}
