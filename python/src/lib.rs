//! The native half of the Python package `hsum`.

mod arguments;
mod blake2;
mod buffer;
mod cluster;
mod files;
mod hash;
mod hmac;
mod many;
mod pbkdf2;
mod shared;

use pyo3::prelude::*;

/// The module `hsum._hsum`.
#[pymodule]
fn _hsum(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    hash::add(module)?;
    blake2::add(module)?;
    hmac::add(module)?;
    pbkdf2::add(module)?;
    many::add(module)?;
    files::add(module)?;
    cluster::add(module)
}
