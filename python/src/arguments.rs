//! Arguments and results that several modules share.

use std::convert::Infallible;
use std::fmt::Display;

use hsum::{Algorithm, HashFunction};
use pyo3::Borrowed;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::buffer::{Data, GIL_MIN_LEN};

/// An optional argument of any type. Unlike `Option`, it distinguishes `None` from a missing argument.
#[derive(Clone, Copy)]
pub(crate) struct Argument<'a, 'py>(pub(crate) Option<Borrowed<'a, 'py, PyAny>>);

impl<'a, 'py> FromPyObject<'a, 'py> for Argument<'a, 'py> {
    type Error = Infallible;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Self(Some(object)))
    }
}

impl<'py> Argument<'_, 'py> {
    /// Borrows the bytes of the argument, if there is one.
    pub(crate) fn data(&self) -> PyResult<Option<Data<'py>>> {
        self.0.map(|object| Data::get(&object)).transpose()
    }
}

/// Returns the name of an algorithm in Python: `sha3_256`, `shake_128`.
pub(crate) fn python_name(algorithm: Algorithm) -> &'static str {
    NAMES.iter().find(|row| row.1 == algorithm).map_or(algorithm.name(), |row| row.0)
}

/// The algorithms by their names in Python, which are also the names of their constructors.
pub(crate) const NAMES: &[(&str, Algorithm)] = &[
    ("md5", Algorithm::Md5),
    ("sha1", Algorithm::Sha1),
    ("sha224", Algorithm::Sha224),
    ("sha256", Algorithm::Sha256),
    ("sha384", Algorithm::Sha384),
    ("sha512", Algorithm::Sha512),
    ("sha512_224", Algorithm::Sha512_224),
    ("sha512_256", Algorithm::Sha512_256),
    ("sha3_224", Algorithm::Sha3_224),
    ("sha3_256", Algorithm::Sha3_256),
    ("sha3_384", Algorithm::Sha3_384),
    ("sha3_512", Algorithm::Sha3_512),
    ("shake_128", Algorithm::Shake128),
    ("shake_256", Algorithm::Shake256),
    ("blake2b", Algorithm::Blake2b),
    ("blake2s", Algorithm::Blake2s),
    ("blake3", Algorithm::Blake3),
    ("sm3", Algorithm::Sm3),
];

/// Finds a hash function by its name in any spelling that hsum knows.
///
/// # Errors
/// `TypeError` if `name` is not a `str`, `ValueError` if it names no hash function.
pub(crate) fn hash_function(name: &Bound<'_, PyAny>) -> PyResult<HashFunction> {
    let Ok(name) = name.cast::<PyString>() else {
        return Err(PyTypeError::new_err("name must be a string"));
    };
    let name = name.to_str()?;
    if let Some(row) = NAMES.iter().find(|row| row.0 == name) {
        return Ok(row.1.into());
    }
    let unsupported = |error: &dyn Display| format!("unsupported hash type: {error}");
    let function: HashFunction =
        name.parse().map_err(|error| PyValueError::new_err(unsupported(&error)))?;
    if function.part_len().is_some() {
        // The text of its digests ends in the number of parts, which `bytes` cannot hold.
        return Err(PyValueError::new_err(unsupported(&format_args!(
            "{function}; use the program"
        ))));
    }
    Ok(function)
}

/// Returns the block length in bytes: the rate of sponges (FIPS 202, table 3 and section 6.2), and 1 for CRCs.
pub(crate) fn block_size(algorithm: Algorithm) -> usize {
    // The default length of SHAKE is twice its security strength, and so is the capacity.
    let rate = if algorithm.is_extendable() { 200 - algorithm.default_len() } else { 1 };
    algorithm.block_len().unwrap_or(rate)
}

/// Returns `bytes` in lower-case hex.
pub(crate) fn hex<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyString> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let text: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    PyString::new(py, &text)
}

/// Creates a `bytes` object of length `len` that `fill` writes; releases the GIL if it is long.
pub(crate) fn bytes_with<'py>(
    py: Python<'py>,
    len: usize,
    fill: impl FnOnce(&mut [u8]) + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, len, |out| {
        match len < GIL_MIN_LEN {
            true => fill(out),
            false => py.detach(|| fill(out)),
        }
        Ok(())
    })
}
