//! The properties: one table, which get, set, reset and the manual use. `property/table.rs` is made
//! from `api/properties.toml`.

#[rustfmt::skip] // Made by a program, a row a property.
mod table;

use super::errors;

pub use super::value::{Kind, Value};
pub use table::{ConnField, Field, Key, TABLE, id};

/// One property.
#[derive(Debug)]
pub struct Property {
    /// The id that calls name it by.
    pub id: i32,
    /// Its name in the specification.
    pub name: &'static str,
    /// Its type and bounds.
    pub kind: Kind,
    /// Its default, as text.
    pub default: &'static str,
    /// The value that it stands for.
    pub field: Field,
    /// When it may be changed.
    pub access: Access,
    /// A description of a line or two.
    pub about: &'static str,
}

/// When a property or a setting may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Never: 904.
    ReadOnly,
    /// At any time; takes effect for transfers that begin afterwards.
    Always,
    /// At any time; takes effect when listening starts.
    AtStart,
    /// Not while listening, which fails with this number.
    WhileStopped(i32),
    /// Until the transfer begins: 130 afterwards.
    BeforeTransfer,
}

/// Ids that the specification reserves for the streams of other editions.
pub const RESERVED: [i32; 2] = [3, 10];

/// Returns the property with this id; 902 if there is none.
pub fn find(id: i32) -> Result<&'static Property, errors::Failure> {
    if RESERVED.contains(&id) {
        return Err(errors::Failure::new(
            errors::UNKNOWN_PROPERTY,
            &format!("{id} is reserved."),
        ));
    }
    let found = TABLE.iter().find(|property| property.id == id);
    found.ok_or_else(|| {
        errors::Failure::new(errors::UNKNOWN_PROPERTY, &format!("There is no property {id}."))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_without_reserved_ids() {
        assert!(TABLE.is_sorted_by(|one, next| one.id < next.id));
        assert!(TABLE.iter().all(|property| !RESERVED.contains(&property.id)));
    }

    #[test]
    fn every_default_is_a_value_of_its_type() {
        for property in TABLE {
            assert!(property.kind.parse(property.default).is_ok(), "{}", property.name);
        }
    }

    #[test]
    fn unknown_and_reserved() {
        for id in [-1, 3, 10, 2000, 2010, 2012, 1_000_001, i32::MIN, i32::MAX] {
            assert_eq!(find(id).unwrap_err().code, 902);
        }
        assert!(find(3).unwrap_err().text.contains("reserved"));
        assert!(find(10).unwrap_err().text.contains("reserved"));
        assert_eq!(find(14).unwrap().name, "LocalPort");
    }
}
