//! The extension module of the Python package `hsum`.

mod arguments;
mod arrow;
mod blake2;
mod buffer;
mod check;
mod cluster;
mod errors;
mod files;
mod hash;
mod hmac;
mod many;
mod merge;
mod names;
mod pbkdf2;
mod report;
mod run;
mod shared;
mod webhook;

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
    arrow::add(module)?;
    files::add(module)?;
    check::add(module)?;
    cluster::add(module)?;
    merge::add(module)?;
    webhook::add(module)
}
