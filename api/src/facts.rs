//! The facts, as the files hold them.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// All of them.
pub struct Facts {
    pub errors: Errors,
}

impl Facts {
    pub fn read(root: &Path) -> Result<Facts, String> {
        let facts = Facts {
            errors: read(root, "errors")?,
        };
        facts.errors.check()?;
        Ok(facts)
    }
}

fn read<T: DeserializeOwned>(root: &Path, name: &str) -> Result<T, String> {
    let path = root.join("api").join(name).with_extension("toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// `api/errors.toml`, which says what the keys mean.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    #[serde(rename = "group")]
    pub groups: Vec<Group>,
    #[serde(rename = "error")]
    pub all: Vec<Error>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    pub heading: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Error {
    pub code: i32,
    pub name: String,
    pub group: String,
    pub text: String,
    pub raised: String,
    #[serde(default)]
    pub errno: Vec<String>,
    pub std: Option<String>,
}

impl Errors {
    /// Those of one group.
    pub fn of(&self, group: &Group) -> impl Iterator<Item = &Error> {
        self.all.iter().filter(|error| error.group == group.name)
    }

    fn check(&self) -> Result<(), String> {
        let listed = self
            .groups
            .iter()
            .map(|group| self.of(group).count())
            .sum::<usize>();
        match listed == self.all.len() {
            true => Ok(()),
            false => Err("api/errors.toml: an error belongs to no group".to_owned()),
        }
    }
}
