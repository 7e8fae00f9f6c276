//! HMAC objects, as in the standard module `hmac`.

use pyo3::prelude::*;

/// Adds the functions and classes of this file to the module.
pub(crate) fn add(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
