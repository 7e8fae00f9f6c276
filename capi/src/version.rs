//! The version of the library.

use std::ffi::{CStr, c_char};

/// Returns the version of the library in use, such as "0.1.0".
///
/// HSUM_VERSION is the version of the header. The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn hsum_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => panic!("a version has no NUL"),
        };
    VERSION.as_ptr()
}
