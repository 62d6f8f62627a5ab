//! Decides how an upload reaches its final name, without I/O.

/// The way in which a finished upload reaches its final name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// The temporary file is renamed: readers see the old file or the new one, also after a crash.
    Rename,
    /// The gathered bytes are copied into the existing file, because that file may be written but
    /// not replaced.
    CopyInto,
}

/// The facts about a place that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    /// Files can be created in the directory.
    pub(super) directory_is_writable: bool,
    /// The directory has the sticky bit: only the owner of a file, or of the directory, may replace
    /// it there.
    pub(super) is_sticky: bool,
    /// This process owns the directory or the existing file, or is root.
    pub(super) owns_either: bool,
    /// The existing file is a mount point, as with a container's `-v config:/srv/tftp/config`.
    pub(super) is_mount: bool,
    /// The file exists, and could be opened for writing.
    pub(super) file_is_writable: bool,
}

impl Facts {
    /// Returns the method, or `None` if neither can succeed.
    pub(super) fn method(self) -> Option<Method> {
        let may_replace = !self.is_mount && (!self.is_sticky || self.owns_either);
        match (self.directory_is_writable && may_replace, self.file_is_writable) {
            (true, _) => Some(Method::Rename),
            (false, true) => Some(Method::CopyInto),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Facts = Facts {
        directory_is_writable: true,
        is_sticky: false,
        owns_either: false,
        is_mount: false,
        file_is_writable: true,
    };

    #[test]
    fn a_rename_is_preferred_wherever_it_can_succeed() {
        let sticky = Facts {
            is_sticky: true,
            owns_either: true,
            ..PLAIN
        };
        // A running program cannot be written, but replaced.
        let running = Facts {
            file_is_writable: false,
            ..PLAIN
        };
        for facts in [PLAIN, sticky, running] {
            assert_eq!(facts.method(), Some(Method::Rename), "{facts:?}");
        }
    }

    #[test]
    fn writable_files_that_cannot_be_replaced_are_overwritten() {
        let read_only = Facts {
            directory_is_writable: false,
            ..PLAIN
        };
        let sticky = Facts {
            is_sticky: true,
            ..PLAIN
        };
        let mounted = Facts {
            is_mount: true,
            owns_either: true,
            ..PLAIN
        };
        for facts in [read_only, sticky, mounted] {
            assert_eq!(facts.method(), Some(Method::CopyInto), "{facts:?}");
            let facts = Facts {
                file_is_writable: false,
                ..facts
            };
            assert_eq!(facts.method(), None, "{facts:?}");
        }
    }
}
