//! PBKDF2 with HMAC (RFC 8018, section 5.2).

use hsum::Key;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::arguments::hash_function;
use crate::buffer::Data;
use crate::hmac::prepare;

/// The number of iterations after which Python's signal handlers run: about 10 ms of SHA-512.
const CHECK_SIGNALS: u32 = 1 << 14;

/// Derive a key from a password (RFC 8018, section 5.2).
///
/// `dklen` is the key's length in bytes, by default the digest's length.
///
/// Raises ValueError if no hash function is called `hash_name`, or if a number is not positive.
#[pyfunction(signature = (hash_name, password, salt, iterations, dklen = None))]
fn pbkdf2_hmac<'py>(
    hash_name: &Bound<'py, PyAny>,
    password: &Bound<'py, PyAny>,
    salt: &Bound<'py, PyAny>,
    iterations: i64,
    dklen: Option<i64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let py = hash_name.py();
    if !hash_name.is_instance_of::<PyString>() {
        let got = hash_name.get_type().name()?;
        let message = format!("pbkdf2_hmac() argument 'hash_name' must be str, not {got}");
        return Err(PyTypeError::new_err(message));
    }
    let function = hash_function(hash_name)?;
    let salt = Data::get(salt)?;
    let key = prepare(py, function, &Data::get(password)?)?;
    let iterations = positive("iteration value", iterations)?;
    let len = match dklen {
        Some(len) => positive("key length", len)? as usize,
        None => function.len(),
    };
    PyBytes::new_with(py, len, |out| {
        for (block, index) in out.chunks_mut(function.len()).zip(1u32..) {
            derive_block(py, &key, salt.as_slice(), index, iterations, block)?;
        }
        Ok(())
    })
}

fn positive(name: &str, value: i64) -> PyResult<u32> {
    match u32::try_from(value) {
        Ok(value @ 1..=0x7fff_ffff) => Ok(value),
        _ if value < 1 => Err(PyValueError::new_err(format!("{name} must be greater than 0."))),
        _ => Err(PyOverflowError::new_err(format!("{name} is too great."))),
    }
}

/// Writes the first bytes of T_index, the XOR of U_1 to U_iterations.
fn derive_block(
    py: Python<'_>,
    key: &Key,
    salt: &[u8],
    index: u32,
    iterations: u32,
    out: &mut [u8],
) -> PyResult<()> {
    let mut last = py.detach(|| key.sign(&[salt, &index.to_be_bytes()].concat())).into_bytes();
    let mut sum = last.clone();
    let mut left = iterations - 1;
    while left > 0 {
        let now = left.min(CHECK_SIGNALS);
        py.detach(|| {
            for _ in 0..now {
                last = key.sign(&last).into_bytes();
                sum.iter_mut().zip(&last).for_each(|(sum, byte)| *sum ^= byte);
            }
        });
        left -= now;
        py.check_signals()?;
    }
    out.iter_mut().zip(&sum).for_each(|(out, byte)| *out = *byte);
    Ok(())
}

/// Adds the functions of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(pbkdf2_hmac, module)?)
}
