//! The contents of the files in `api`.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::shown::{Promise, Promises};

/// The contents of all files.
pub struct Facts {
    pub errors: Errors,
    pub events: Vec<Event>,
    pub settings: Vec<Setting>,
    pub properties: Vec<Property>,
    pub options: Vec<ProtocolOption>,
    pub functions: Vec<Function>,
    pub promises: Vec<Promise>,
}

impl Facts {
    pub fn read(root: &Path) -> Result<Facts, String> {
        let mut facts = Facts {
            errors: read(root, "errors")?,
            events: read::<Events>(root, "events")?.all,
            settings: read::<Settings>(root, "settings")?.all,
            properties: read::<Properties>(root, "properties")?.all,
            options: read::<Options>(root, "options")?.all,
            functions: read::<Functions>(root, "functions")?.all,
            promises: read::<Promises>(root, "behaviours")?.all,
        };
        facts.resolve_ranges()?;
        facts.errors.check()?;
        facts.check_names_of_errors()?;
        Ok(facts)
    }

    /// Sets the ranges of properties and settings that have the values of a protocol option.
    fn resolve_ranges(&mut self) -> Result<(), String> {
        let properties = self
            .properties
            .iter_mut()
            .map(|it| (&it.values_of, &mut it.range));
        let settings = self.settings.iter_mut().map(|it| (&it.values_of, &mut it.range));
        for (values_of, range) in properties.chain(settings) {
            let Some(name) = values_of else { continue };
            let option = self.options.iter().find(|option| option.name == *name);
            *range = Some(
                option
                    .and_then(|it| it.range)
                    .ok_or(format!("api: no range of an option {name}"))?,
            );
        }
        Ok(())
    }

    /// Checks that every error that a property or a setting names, by number or by constant,
    /// exists.
    fn check_names_of_errors(&self) -> Result<(), String> {
        let properties = self.properties.iter().map(|it| (&it.name, &it.raises, &it.error));
        let settings = self.settings.iter().map(|it| (&it.name, &it.raises, &it.error));
        for (name, raises, error) in properties.chain(settings) {
            let is_there = |code: &i32| self.errors.all.iter().any(|error| error.code == *code);
            let is_named = |error: &String| self.errors.all.iter().any(|it| it.name == *error);
            if !raises.iter().all(is_there) || !error.iter().all(is_named) {
                return Err(format!(
                    "api: {name} names an error that is not in api/errors.toml"
                ));
            }
        }
        Ok(())
    }
}

/// Returns the first version of the library, which introduced all entries without a version.
pub fn first() -> String {
    "0.1.0".to_owned()
}

fn read<T: DeserializeOwned>(root: &Path, name: &str) -> Result<T, String> {
    let path = root.join("api").join(name).with_extension("toml");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The contents of `api/errors.toml`, whose first lines explain the keys.
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

impl Error {
    /// Returns a sentence: when it is raised.
    pub fn when(&self) -> &str {
        match self.raised.as_str() {
            "never" => "Never: the number is reserved.",
            "passed on" => "The system returns it for a socket, a thread or a directory.",
            "fault" => {
                "A bug of the library, caught before it reaches the program. Please report it."
            }
            when => when,
        }
    }
}

impl Errors {
    /// Returns the errors of one group.
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

/// The contents of `api/events.toml`, whose first lines explain the keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Events {
    #[serde(rename = "event")]
    all: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    pub id: i32,
    /// The name, as in `connection_request`.
    pub name: String,
    pub short: String,
    pub about: String,
    pub typed: String,
    #[serde(default = "first")]
    pub since: String,
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub name: String,
    pub kind: FieldKind,
    pub about: String,
    typed: Option<String>,
    pub unit: String,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    Int,
    Int64,
    Port,
    Text,
    Bytes,
    /// The length of the bytes in the field before; only C has a field for it.
    Length,
    Direction,
    Mode,
    Operation,
    Accept,
}

impl Event {
    /// Returns the fields for languages whose byte strings have a length.
    pub fn typed_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.kind != FieldKind::Length)
    }

    /// Returns the field with the error number, if the event reports one.
    pub fn error_number(&self) -> Option<&Field> {
        self.fields
            .iter()
            .find(|field| ["status_code", "error_code"].contains(&field.name.as_str()))
    }

    pub fn is_answered(&self) -> bool {
        self.fields.iter().any(|field| field.kind == FieldKind::Accept)
    }

    /// Returns the fields that C gets as terminated text, in their order.
    pub fn texts(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_text())
    }
}

impl Field {
    pub fn is_text(&self) -> bool {
        matches!(self.kind, FieldKind::Text | FieldKind::Mode)
    }

    /// Returns the comment for languages with enums; "" if the type explains the field completely.
    pub fn typed(&self) -> String {
        let own = self.typed.as_ref().unwrap_or(&self.about);
        match self.kind {
            FieldKind::Direction | FieldKind::Mode | FieldKind::Operation => String::new(),
            _ => own.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    #[serde(rename = "option")]
    all: Vec<ProtocolOption>,
}

/// The contents of `api/options.toml`, whose first lines explain the keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolOption {
    pub name: String,
    pub about: String,
    pub source: String,
    pub range: Option<[i64; 2]>,
    #[serde(rename = "type")]
    pub kind: String,
    pub setting: Option<String>,
    pub help: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Functions {
    #[serde(rename = "function")]
    all: Vec<Function>,
}

/// The contents of `api/functions.toml`, whose first lines explain the keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    pub name: String,
    #[serde(default = "yes")]
    pub handle: bool,
    #[serde(default = "yes")]
    pub in_callback: bool,
    #[serde(default = "yes")]
    pub remembered: bool,
    #[serde(default = "first")]
    pub since: String,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(rename = "setting")]
    all: Vec<Setting>,
}

/// The contents of `api/settings.toml`, whose first lines explain the keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub range: Option<[i64; 2]>,
    pub values_of: Option<String>,
    pub rust: Option<String>,
    #[serde(default)]
    pub names: Vec<String>,
    pub property: Option<i32>,
    #[serde(default)]
    pub default: String,
    pub changes: Option<Changes>,
    pub error: Option<String>,
    #[serde(rename = "use")]
    pub role: Option<Use>,
    pub about: String,
    pub unit: String,
    #[serde(default)]
    pub raises: Vec<i32>,
    pub example: String,
    #[serde(default = "first")]
    pub since: String,
    pub option: Option<String>,
    pub help: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Properties {
    #[serde(rename = "property")]
    all: Vec<Property>,
}

/// The contents of `api/properties.toml`, whose first lines explain the keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Property {
    pub id: i32,
    pub name: String,
    pub comment: String,
    #[serde(rename = "type")]
    pub kind: Kind,
    pub range: Option<[i64; 2]>,
    pub values_of: Option<String>,
    pub rust: Option<String>,
    pub default: String,
    pub of: Of,
    pub changes: Changes,
    pub error: Option<String>,
    pub about: String,
    pub unit: String,
    #[serde(default)]
    pub raises: Vec<i32>,
    #[serde(default = "first")]
    pub since: String,
    pub option: Option<String>,
    pub help: Option<String>,
    pub value: Option<Value>,
    pub parameter: Option<String>,
    #[serde(default)]
    pub typed_set: String,
    #[serde(default)]
    pub typed: String,
}

impl Property {
    /// Returns the name of the constant, as in `CONN_LOCAL_FILE`.
    pub fn constant(&self) -> String {
        crate::text::capitals(&self.name)
    }

    /// Returns the name of the setter's parameter.
    pub fn parameter(&self) -> &str {
        match (&self.parameter, self.value) {
            (Some(name), _) => name,
            (None, Some(Value::Bytes)) => "data",
            (None, Some(Value::Path)) => "path",
            (None, Some(Value::Size)) => "length",
            (None, Some(Value::Seconds)) => "seconds",
            (None, Some(Value::Bool)) => "on",
            (None, _) => "name",
        }
    }

    /// Returns the name without the prefix of the Conn arrays.
    pub fn short_name(&self) -> &str {
        self.name.strip_prefix("Conn").unwrap_or(&self.name)
    }
}

/// The type of a setting or a property.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Kind {
    #[serde(rename = "text")]
    Text,
    #[serde(rename = "binary")]
    Binary,
    #[serde(rename = "Boolean")]
    Boolean,
    #[serde(rename = "integer")]
    Integer,
    #[serde(rename = "names")]
    Names,
    #[serde(rename = "property")]
    Property,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
pub enum Changes {
    #[serde(rename = "never")]
    Never,
    #[serde(rename = "any time")]
    AnyTime,
    #[serde(rename = "at start")]
    AtStart,
    #[serde(rename = "stopped")]
    Stopped,
    #[serde(rename = "before")]
    Before,
}

/// The effect of a setting's value.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    Active,
    Kept,
    Computed,
}

/// The owner of a property.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    Connection,
    Kept,
    Server,
}

/// The type of value that an accessor returns.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    Text,
    Path,
    Bytes,
    Bool,
    Int,
    Int64,
    Size,
    Millis,
    Seconds,
    Id,
    Mode,
    Operation,
}
