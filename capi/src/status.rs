//! Statuses.

use std::ffi::{CStr, c_char, c_int};

/// The result of a call.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum hsum_status {
    /// Success.
    HSUM_OK = 0,
    /// The tag does not match the message and the key.
    HSUM_MISMATCH = 1,
    /// A required pointer is NULL. An unknown algorithm is NULL, too.
    HSUM_NULL_POINTER = 2,
    /// A length, or the size of an array in bytes, exceeds PTRDIFF_MAX.
    HSUM_TOO_LONG = 3,
    /// The output does not fit into the buffer.
    HSUM_BUFFER_TOO_SMALL = 4,
    /// The algorithm has no endless output; see hsum_is_extendable().
    HSUM_NOT_EXTENDABLE = 5,
    /// The system cannot open or read the file; errno has the cause.
    HSUM_IO = 6,
    /// The file changed while it was read, or its number of bytes differs from its size.
    HSUM_CHANGED = 7,
    /// The file is a FIFO, a socket or a device, and the function reads only regular files.
    HSUM_NOT_REGULAR = 8,
    /// A file of a batch could not be hashed; its hsum_file_result has the cause.
    HSUM_FILE_FAILED = 9,
}

pub(crate) use hsum_status::*;

/// The result inside the library; the boundary turns it into a status.
pub(crate) type Result<T, E = hsum_status> = std::result::Result<T, E>;

/// Every status with its text.
const TEXTS: [(hsum_status, &CStr); 10] = [
    (HSUM_OK, c"success"),
    (HSUM_MISMATCH, c"the tag does not match the message and the key"),
    (HSUM_NULL_POINTER, c"a pointer is NULL, or the algorithm is unknown"),
    (HSUM_TOO_LONG, c"a length exceeds PTRDIFF_MAX"),
    (HSUM_BUFFER_TOO_SMALL, c"the output does not fit into the buffer"),
    (HSUM_NOT_EXTENDABLE, c"the algorithm has no endless output"),
    (HSUM_IO, c"the file cannot be read; errno has the cause"),
    (HSUM_CHANGED, c"the file changed while it was read"),
    (HSUM_NOT_REGULAR, c"not a regular file"),
    (HSUM_FILE_FAILED, c"a file of the batch could not be hashed"),
];

/// Returns the meaning of a status in English, without a full stop.
///
/// The text is static. An unknown status has one, too; it is never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn hsum_strerror(status: c_int) -> *const c_char {
    let row = TEXTS.iter().find(|row| row.0 as c_int == status);
    row.map_or(c"unknown status", |row| row.1).as_ptr()
}

/// Returns the status of `result`.
pub(crate) fn status_of(result: Result<()>) -> hsum_status {
    match result {
        Ok(()) => HSUM_OK,
        Err(status) => status,
    }
}
