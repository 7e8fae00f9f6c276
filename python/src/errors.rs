//! File errors as `OSError`, with `errno` and `filename`.

use std::io;

use hsum::{Error, ErrorKind};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

/// Returns the exception for an error of the file `path`; its `filename` has the type of the caller's path.
///
/// Python chooses the subclass by `errno`, such as `FileNotFoundError`.
pub(crate) fn os_error(error: &Error, path: &Bound<'_, PyAny>) -> PyErr {
    let code = match error.kind() {
        ErrorKind::Io(cause) => cause.raw_os_error().unwrap_or(code_of(cause.kind())),
        ErrorKind::Changed => libc::EBUSY,
        ErrorKind::Length { .. } => libc::EIO,
        ErrorKind::Outside => libc::EXDEV,
        ErrorKind::Loop => libc::ELOOP,
        _ => libc::EINVAL,
    };
    PyOSError::new_err((code, error.kind().to_string(), path.clone().unbind()))
}

/// Returns the `errno` for an error that did not come from the system.
fn code_of(kind: io::ErrorKind) -> i32 {
    match kind {
        io::ErrorKind::Interrupted => libc::EINTR,
        io::ErrorKind::InvalidInput => libc::EINVAL,
        _ => libc::EIO,
    }
}

/// Returns the exception for a system error of `path`.
pub(crate) fn io_error(error: &io::Error, path: &Bound<'_, PyAny>) -> PyErr {
    let code = error.raw_os_error().unwrap_or(code_of(error.kind()));
    let text = error.to_string();
    let text = text.find(" (os error ").map_or(&*text, |end| &text[..end]).to_owned();
    PyOSError::new_err((code, text, path.clone().unbind()))
}
