//! The C library's `iconv`: whole byte strings from one character set into another, exactly or not
//! at all.
//!
//! Only glibc's is used, whose converters are many and whose names are known; elsewhere nothing can
//! be opened.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub use glibc::Converter;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub use none::Converter;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::{CString, c_char};
    use std::io;
    use std::ptr;

    /// Returned by `iconv` and `iconv_open` on failure: `(size_t) -1`, `(iconv_t) -1`.
    const FAILED: usize = usize::MAX;

    /// An open conversion. It has a shift state while it converts, so it takes `&mut self`; share
    /// it behind a lock.
    pub struct Converter {
        descriptor: libc::iconv_t,
    }

    // SAFETY: glibc binds a descriptor to no thread; POSIX only forbids two calls on it at a time,
    // which `&mut self` rules out.
    unsafe impl Send for Converter {}

    impl Converter {
        /// A conversion from the character set `from` into `to`, by glibc's plain names; `None`:
        /// the system lacks it. Suffixes such as `//TRANSLIT` are refused: they would replace
        /// characters.
        pub fn open(from: &str, to: &str) -> Option<Converter> {
            if from.contains('/') || to.contains('/') {
                return None;
            }
            let (from, to) = (CString::new(from).ok()?, CString::new(to).ok()?);
            // SAFETY: both are NUL-terminated strings that outlive the call.
            let descriptor = unsafe { libc::iconv_open(to.as_ptr(), from.as_ptr()) };
            (descriptor as usize != FAILED).then_some(Converter { descriptor })
        }

        /// All of `input` converted, ending in the initial shift state; `None` where any of it has
        /// no exact counterpart or it ends in the middle of a character.
        pub fn convert(&mut self, input: &[u8]) -> Option<Vec<u8>> {
            // SAFETY: the descriptor is open; no buffers: back to the initial state, which a
            // failure may have left.
            unsafe {
                libc::iconv(
                    self.descriptor,
                    ptr::null_mut(),
                    ptr::null_mut(),
                    ptr::null_mut(),
                    ptr::null_mut(),
                )
            };
            let mut output = Vec::with_capacity(input.len() * 2 + 16);
            self.run(&mut Some(input), &mut output)?;
            self.run(&mut None, &mut output)?;
            Some(output)
        }

        /// One pass over the rest of `input`, or the last shift sequence where there is none, with
        /// as much room as it takes.
        fn run(&mut self, input: &mut Option<&[u8]>, output: &mut Vec<u8>) -> Option<()> {
            loop {
                let irreversible = self.step(input, output);
                match irreversible {
                    Ok(0) => return Some(()),
                    Ok(_) => return None,
                    Err(error) if error.raw_os_error() == Some(libc::E2BIG) => {
                        output.reserve(output.capacity() + 16)
                    }
                    Err(_) => return None,
                }
            }
        }

        /// One call: consumes `input` as far as possible, appends to the spare capacity of
        /// `output`, and returns how many characters were not converted exactly.
        fn step(&mut self, input: &mut Option<&[u8]>, output: &mut Vec<u8>) -> io::Result<usize> {
            let room = output.spare_capacity_mut();
            let mut to = room.as_mut_ptr().cast::<c_char>();
            let mut to_left = room.len();
            let before = to_left;
            let mut from =
                input.map_or(ptr::null_mut(), |rest| rest.as_ptr().cast::<c_char>().cast_mut());
            let mut from_left = input.map_or(0, <[u8]>::len);
            let from_place = if input.is_some() {
                &raw mut from
            } else {
                ptr::null_mut()
            };
            // SAFETY: the descriptor is open. `from` and `to` point at `from_left` and `to_left`
            // bytes, and live through the call; iconv only reads from `from`, in spite of its type.
            // A null place (not a pointer to null) requests the last shift sequence alone, and the
            // count beside it is not read then.
            let result = unsafe {
                libc::iconv(
                    self.descriptor,
                    from_place,
                    &raw mut from_left,
                    &raw mut to,
                    &raw mut to_left,
                )
            };
            let error = io::Error::last_os_error();
            // SAFETY: iconv wrote that many bytes at the start of the spare capacity, and counted
            // them off.
            unsafe { output.set_len(output.len() + (before - to_left)) };
            if let Some(rest) = input {
                *rest = &rest[rest.len() - from_left..];
            }
            if result == FAILED { Err(error) } else { Ok(result) }
        }
    }

    impl Drop for Converter {
        fn drop(&mut self) {
            // SAFETY: the descriptor is open and never used again.
            unsafe { libc::iconv_close(self.descriptor) };
        }
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod none {
    /// No converter: this system's is not used, so there is no value of this type.
    pub enum Converter {}

    impl Converter {
        /// `None`: this system's converter is not used.
        pub fn open(_from: &str, _to: &str) -> Option<Converter> {
            None
        }

        /// Never called.
        pub fn convert(&mut self, _input: &[u8]) -> Option<Vec<u8>> {
            match *self {}
        }
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::Converter;

    // UTF-8, UTF-16 and UCS-4 are inside glibc: these tests need no converter modules.

    #[test]
    fn converts_whole_strings_of_any_length() {
        let mut converter = Converter::open("UTF-8", "UTF-16LE").unwrap();
        for length in [0, 1, 7, 8, 9, 100, 5000] {
            let text = "a€𝄞".repeat(length);
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(converter.convert(text.as_bytes()), Some(wide), "{length}");
        }
    }

    #[test]
    fn makes_room_where_the_result_is_much_longer() {
        let mut converter = Converter::open("UTF-8", "UCS-4BE").unwrap();
        assert_eq!(
            converter.convert(&[b'x'; 1000]).map(|wide| wide.len()),
            Some(4000)
        );
    }

    #[test]
    fn fails_whole_and_works_on_afterwards() {
        let mut converter = Converter::open("UTF-8", "UTF-16LE").unwrap();
        assert_eq!(converter.convert(b"ok\xFF"), None, "no such byte");
        assert_eq!(converter.convert(b"ok\xE2\x82"), None, "half a character");
        assert_eq!(converter.convert(b"ok"), Some(b"o\0k\0".to_vec()));
    }

    #[test]
    fn opens_no_unknown_name_and_no_replacing_conversion() {
        assert!(Converter::open("NO-SUCH-CHARSET", "UTF-8").is_none());
        assert!(Converter::open("UTF-8", "ISO-8859-1//TRANSLIT").is_none());
        assert!(Converter::open("UTF-8", "ISO-8859-1//IGNORE").is_none());
        assert!(Converter::open("UTF-8\0", "UTF-8").is_none());
    }
}
