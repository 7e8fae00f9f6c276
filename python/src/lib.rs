//! The native half of the Python package `hsum`.

mod buffer;
mod files;
mod hash;
mod hmac;
mod many;

use pyo3::prelude::*;

/// The module `hsum._hsum`.
#[pymodule]
fn _hsum(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    hash::add(module)?;
    hmac::add(module)?;
    many::add(module)?;
    files::add(module)
}
