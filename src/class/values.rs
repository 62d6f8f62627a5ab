//! The stored values of properties and settings.

use super::property::{self, Field};
use super::setting::{self, Role};
use super::value::Value;

/// Every stored value. A clone is a consistent snapshot.
#[derive(Clone, Debug)]
pub(super) struct Values {
    /// In the order of the property table; properties that are not stored have an unused value.
    properties: Vec<Value>,
    /// In the order of the settings' table.
    settings: Vec<Value>,
}

impl Values {
    /// Returns every default.
    pub(super) fn new() -> Values {
        let unused = || Value::Integer(0);
        let property =
            |row: &property::Property| row.kind.parse(row.default).unwrap_or_else(|_| unused());
        let setting =
            |row: &setting::Setting| row.kind.parse(row.default).unwrap_or_else(|_| unused());
        Values {
            properties: property::TABLE.iter().map(property).collect(),
            settings: setting::TABLE.iter().map(setting).collect(),
        }
    }

    pub(super) fn property(&self, key: property::Key) -> &Value {
        &self.properties[property_place(key)]
    }

    pub(super) fn set_property(&mut self, key: property::Key, value: Value) {
        self.properties[property_place(key)] = value;
    }

    pub(super) fn setting(&self, row: &setting::Setting) -> &Value {
        &self.settings[setting_place(row.name)]
    }

    pub(super) fn set_setting(&mut self, row: &setting::Setting, value: Value) {
        self.settings[setting_place(row.name)] = value;
    }

    pub(super) fn text(&self, key: property::Key) -> &str {
        match self.property(key) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    pub(super) fn integer(&self, key: property::Key) -> i64 {
        number(self.property(key))
    }

    /// Returns a number as `T`, which the bounds of the setting fit in.
    pub(super) fn setting_integer<T: TryFrom<i64> + Default>(&self, key: setting::Key) -> T {
        T::try_from(number(self.active(key))).unwrap_or_default()
    }

    pub(super) fn setting_is_on(&self, key: setting::Key) -> bool {
        number(self.active(key)) != 0
    }

    pub(super) fn setting_text(&self, key: setting::Key) -> &str {
        match self.active(key) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    fn active(&self, key: setting::Key) -> &Value {
        let place = setting::TABLE
            .iter()
            .position(|row| row.role == Role::Active(key));
        &self.settings[place.expect("every key has its row: tested below")]
    }
}

fn number(value: &Value) -> i64 {
    value.to_integer().unwrap_or_default()
}

fn property_place(key: property::Key) -> usize {
    let place = property::TABLE
        .iter()
        .position(|row| row.field == Field::Kept(key));
    place.expect("every key has its row: tested below")
}

fn setting_place(name: &str) -> usize {
    let place = setting::TABLE.iter().position(|row| row.name == name);
    place.expect("a row is in its table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_row() {
        let values = Values::new();
        for key in property::Key::ALL {
            values.property(*key);
        }
        for key in setting::Key::ALL {
            values.active(*key);
        }
        for row in setting::TABLE {
            if let Role::Active(key) = row.role {
                assert_eq!(values.active(key), values.setting(row));
            }
        }
    }

    #[test]
    fn a_clone_keeps_its_values() {
        let mut values = Values::new();
        let before = values.clone();
        values.set_property(property::Key::Timeout, Value::Integer(7));
        values.set_setting(setting::find("ReadOnly").unwrap(), Value::Boolean(true));
        assert_eq!(values.integer(property::Key::Timeout), 7);
        assert!(values.setting_is_on(setting::Key::ReadOnly));
        assert_eq!(before.integer(property::Key::Timeout), 60);
        assert!(!before.setting_is_on(setting::Key::ReadOnly));
    }
}
