//! Gets and sets properties and settings, by their tables.

use super::conn::Record;
use super::current_connection;
use super::errors::{self, Failure};
use super::property::{self, Access, Field, Key, Property};
use super::server::Server;
use super::setting::{self, Computed, Role, Setting};
use super::value::Value;

impl Server {
    /// Returns a property's value; `index` is used by the Conn properties only.
    ///
    /// # Errors
    /// 902 no such property; 903 no such connection.
    pub fn get(&self, id: i32, index: i32) -> Result<Value, Failure> {
        match property::find(id)?.field {
            Field::Version => Ok(Value::Text(env!("CARGO_PKG_VERSION").to_owned())),
            Field::ConnCount => {
                self.router.watch();
                Ok(Value::Integer(self.router.conns.count() as i64))
            }
            Field::Listening => Ok(Value::Boolean(self.bound.lock().is_some())),
            Field::Kept(key) => Ok(self.kept(key)),
            Field::Conn(field) => self
                .router
                .conns
                .at(index)
                .map(|record: std::sync::Arc<Record>| record.get(field)),
        }
    }

    /// Returns a stored value; while listening, LocalHost and LocalPort are those that are bound.
    fn kept(&self, key: Key) -> Value {
        let value = self.values.lock().property(key).clone();
        match (key, self.local_addr()) {
            (Key::LocalPort, Some(address)) => Value::Integer(address.port().into()),
            (Key::LocalHost, Some(address))
                if !address.ip().is_unspecified() || value != Value::Text(String::new()) =>
            {
                Value::Text(address.ip().to_string())
            }
            _ => value,
        }
    }

    /// Sets a property; on failure the old value stays.
    ///
    /// # Errors
    /// 902 no such property; 903 no such connection; 904 read-only; 905 invalid; 106, 107 not while
    /// listening; 130 the transfer has begun; for Listening those of [`Server::start_listening`].
    pub fn set(&self, id: i32, index: i32, value: Value) -> Result<(), Failure> {
        let property = property::find(id)?;
        if property.access == Access::ReadOnly {
            return Err(Failure::new(errors::READ_ONLY, property.name));
        }
        if let Field::Conn(field) = property.field {
            return {
                let record = self.router.conns.at(index)?;
                record.set(field, value.into_kind(&property.kind)?, &self.router.feeds)
            };
        }
        let value = value
            .into_kind(&property.kind)
            .map_err(|failure| named(failure, property.name))?;
        match (property.field, value) {
            (Field::Kept(key), value) => self.set_kept(property, key, value),
            (_, Value::Boolean(true)) => self.start_listening(),
            _ => {
                self.stop_listening();
                Ok(())
            }
        }
    }

    fn set_kept(&self, property: &Property, key: Key, value: Value) -> Result<(), Failure> {
        self.change(property.access, |values| values.set_property(key, value))
    }

    /// Sets a setting and returns "" for "NAME=VALUE"; returns its value for "NAME".
    ///
    /// # Errors
    /// 906 no such setting; 904 read-only; 905 invalid; 909, 434 not available; 106, 107, 112, 113,
    /// 117 not while listening.
    pub fn config(&self, text: &str) -> Result<String, Failure> {
        let (name, value) = setting::split(text);
        let setting = setting::find(name)?;
        match value {
            None => self.read_setting(setting),
            Some(value) => {
                self.set_setting(setting, value)
                    .map_err(|failure| named(failure, setting.name))?;
                Ok(String::new())
            }
        }
    }

    fn read_setting(&self, setting: &Setting) -> Result<String, Failure> {
        let granted = self.bound.lock().clone();
        match (setting.role, granted) {
            (Role::Property(id), _) => self.get(id, 0)?.into_text(),
            (Role::Computed(what), _) => Ok(self.compute(what)),
            (Role::Active(setting::Key::InBufferSize), Some(bound)) => {
                Ok(bound.recv_buffer.to_string())
            }
            (Role::Active(setting::Key::OutBufferSize), Some(bound)) => {
                Ok(bound.send_buffer.to_string())
            }
            _ => self.values.lock().setting(setting).clone().into_text(),
        }
    }

    fn set_setting(&self, setting: &Setting, text: &str) -> Result<(), Failure> {
        if let Role::Property(id) = setting.role {
            return self.set(id, 0, Value::Text(text.to_owned()));
        }
        if setting.access == Access::ReadOnly {
            return Err(Failure::plain(errors::READ_ONLY));
        }
        let value = setting.check(text)?;
        self.change(setting.access, |values| values.set_setting(setting, value))
    }

    fn compute(&self, what: Computed) -> String {
        match what {
            Computed::BuildInfo => build_info(),
            Computed::LicenseInfo => LICENSE_INFO.to_owned(),
            Computed::Statistics => self.statistics(),
            Computed::DestinationAddress => self.destination(),
            Computed::ListenAddresses => self.listen_addresses(),
        }
    }
}

impl Server {
    /// Returns the address that the client of the running callback sent its request to, outside of
    /// callbacks that of the latest request; "" without CaptureIPPacketInfo.
    fn destination(&self) -> String {
        if !self
            .values
            .lock()
            .setting_is_on(setting::Key::CaptureIpPacketInfo)
        {
            return String::new();
        }
        let record =
            current_connection::connection(&self.router).and_then(|id| self.router.conns.by_id(id));
        match (record, self.router.latest_destination()) {
            (Some(record), _) => record.local_host(),
            (None, latest) => latest.map_or_else(String::new, |ip| ip.to_string()),
        }
    }
}

const LICENSE_INFO: &str = concat!(
    "Product: libtftpserver; Product Key: none is needed; License Source: built in; License Type: ",
    env!("CARGO_PKG_LICENSE"),
    "; Last Valid Build: every build"
);

fn build_info() -> String {
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    format!(
        "libtftpserver {} ({architecture}-{system}, {profile})",
        env!("CARGO_PKG_VERSION")
    )
}

/// Adds the name of the value to errors that do not name it.
fn named(failure: Failure, name: &str) -> Failure {
    match failure.code {
        errors::INVALID_VALUE | errors::READ_ONLY | errors::NOT_AVAILABLE => Failure {
            text: format!("{} ({name})", failure.text),
            ..failure
        },
        _ => failure,
    }
}

#[cfg(test)]
mod tests;
