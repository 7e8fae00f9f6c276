//! Hash objects and constructors, as in the standard module `hashlib`.

use hsum::{Algorithm, HashFunction, Hasher};
use pyo3::exceptions::{PyAttributeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::arguments::{Argument, block_size, bytes_with, hash_function, hex, python_name};
use crate::blake2::{Blake2b, Blake2s};
use crate::buffer::Data;
use crate::shared::Shared;

/// The longest output of an extendable function, in bytes: the same limit as in CPython.
const MAX_OUTPUT: i64 = (1 << 29) - 1;

/// A hash of a message that arrives in pieces.
#[pyclass(frozen, module = "hsum._hsum")]
pub(crate) struct Hash {
    algorithm: Algorithm,
    state: Shared<Hasher>,
}

/// A hash whose digest can have any length.
#[pyclass(frozen, module = "hsum._hsum")]
pub(crate) struct HashXof {
    algorithm: Algorithm,
    state: Shared<Hasher>,
}

/// Defines the methods of a hash object that do not return the digest.
macro_rules! hash_methods {
    ($type:ident, $digest_size:expr, { $($digests:tt)* }) => {
        impl $type {
            /// Starts a hash with `data`.
            fn start(py: Python<'_>, algorithm: Algorithm, data: Option<Data<'_>>) -> Self {
                let hash = Self { algorithm, state: Shared::new(Hasher::new(algorithm)) };
                if let Some(data) = data {
                    hash.append(py, &data);
                }
                hash
            }

            pub(crate) fn append(&self, py: Python<'_>, data: &Data<'_>) {
                let data = data.as_slice();
                self.state.with(py, data.len(), |hasher| hasher.update(data));
            }
        }

        #[pymethods]
        impl $type {
            /// Append an object's bytes to the message.
            #[pyo3(signature = (data, /))]
            fn update(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
                self.append(py, &Data::get(data)?);
                Ok(())
            }

            /// Return a copy of the hash object.
            fn copy(&self, py: Python<'_>) -> Self {
                Self { algorithm: self.algorithm, state: Shared::new(self.state.copied(py)) }
            }

            $($digests)*

            /// The name, which new() understands.
            #[getter]
            fn name(&self) -> &'static str {
                python_name(self.algorithm)
            }

            /// The block length in bytes.
            #[getter]
            fn block_size(&self) -> usize {
                block_size(self.algorithm)
            }

            /// The digest's length in bytes; 0 if digest() requires a length.
            #[getter]
            fn digest_size(&self) -> usize {
                let size: fn(Algorithm) -> usize = $digest_size;
                size(self.algorithm)
            }

            #[getter]
            fn _rate_bits(&self) -> PyResult<usize> {
                Ok(sponge(self.algorithm)?.0)
            }

            #[getter]
            fn _capacity_bits(&self) -> PyResult<usize> {
                Ok(1600 - sponge(self.algorithm)?.0)
            }

            #[getter]
            fn _suffix<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
                Ok(PyBytes::new(py, &[sponge(self.algorithm)?.1]))
            }

            fn __repr__(slf: &Bound<'_, Self>) -> String {
                let (name, class) = (slf.get().name(), stringify!($type));
                format!("<{name} hsum._hsum.{class} object @ {:p}>", slf.as_ptr())
            }
        }
    };
}

hash_methods!(Hash, Algorithm::default_len, {
    /// Return the digest.
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.state.copied(py).finalize().as_ref())
    }

    /// Return the digest in lower-case hex.
    fn hexdigest<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        hex(py, self.state.copied(py).finalize().as_ref())
    }
});

hash_methods!(HashXof, |algorithm| xof_size(algorithm).unwrap_or(0), {
    /// Return the first `length` bytes of the output.
    ///
    /// BLAKE3 has a default length of 32 bytes, SHAKE has none.
    #[pyo3(signature = (length = None))]
    fn digest<'py>(&self, py: Python<'py>, length: Option<i64>) -> PyResult<Bound<'py, PyBytes>> {
        let length = output_len(self.algorithm, length)?;
        let Some(mut output) = self.state.copied(py).finalize_xof() else {
            return Err(PyTypeError::new_err("not an extendable function"));
        };
        bytes_with(py, length, |out| output.fill(out))
    }

    /// Return the first `length` bytes of the output in lower-case hex.
    #[pyo3(signature = (length = None))]
    fn hexdigest<'py>(
        &self,
        py: Python<'py>,
        length: Option<i64>,
    ) -> PyResult<Bound<'py, PyString>> {
        Ok(hex(py, self.digest(py, length)?.as_bytes()))
    }
});

/// Returns the rate in bits and the suffix of a sponge (FIPS 202, sections 6.1 and 6.2, with B.2).
fn sponge(algorithm: Algorithm) -> PyResult<(usize, u8)> {
    match algorithm.standard() {
        "FIPS 202" if algorithm.is_extendable() => Ok((8 * block_size(algorithm), 0x1f)),
        "FIPS 202" => Ok((8 * block_size(algorithm), 0x06)),
        _ => Err(PyAttributeError::new_err("only SHA-3 and SHAKE are sponges")),
    }
}

/// Returns the default output length of an extendable function in bytes; SHAKE has none.
fn xof_size(algorithm: Algorithm) -> Option<usize> {
    (algorithm == Algorithm::Blake3).then_some(algorithm.default_len())
}

fn output_len(algorithm: Algorithm, length: Option<i64>) -> PyResult<usize> {
    match (length, xof_size(algorithm)) {
        (Some(length @ 0..=MAX_OUTPUT), _) => Ok(length as usize),
        (Some(_), _) => {
            Err(PyValueError::new_err(format!("length must be between 0 and {MAX_OUTPUT}")))
        }
        (None, Some(default)) => Ok(default),
        (None, None) => {
            Err(PyTypeError::new_err("digest() missing required argument 'length' (pos 1)"))
        }
    }
}

/// Defines a constructor for each algorithm.
macro_rules! constructors {
    ($($name:ident: $algorithm:ident $type:ident,)*) => {
        $(
            #[doc = concat!("Return a ", stringify!($name), " hash object, started with `data`.")]
            #[pyfunction(signature = (data = Argument(None), *, usedforsecurity = Argument(None)))]
            #[pyo3(text_signature = "(data=b'', *, usedforsecurity=True)")]
            fn $name(
                py: Python<'_>,
                data: Argument<'_, '_>,
                usedforsecurity: Argument<'_, '_>,
            ) -> PyResult<$type> {
                let _ = usedforsecurity;
                Ok($type::start(py, Algorithm::$algorithm, data.data()?))
            }
        )*

        fn add_constructors(module: &Bound<'_, PyModule>) -> PyResult<()> {
            $(module.add_function(wrap_pyfunction!($name, module)?)?;)*
            Ok(())
        }
    };
}

constructors! {
    md5: Md5 Hash,
    sha1: Sha1 Hash,
    sha224: Sha224 Hash,
    sha256: Sha256 Hash,
    sha384: Sha384 Hash,
    sha512: Sha512 Hash,
    sha512_224: Sha512_224 Hash,
    sha512_256: Sha512_256 Hash,
    sha3_224: Sha3_224 Hash,
    sha3_256: Sha3_256 Hash,
    sha3_384: Sha3_384 Hash,
    sha3_512: Sha3_512 Hash,
    shake_128: Shake128 HashXof,
    shake_256: Shake256 HashXof,
    blake3: Blake3 HashXof,
    sm3: Sm3 Hash,
}

/// Return a hash object of the function `name`, started with `data`.
///
/// `name` is spelled as in hashlib or as in hsum: sha256, SHA-256, sha3_256, blake2b-256. For BLAKE2,
/// its parameters are accepted as keywords. `usedforsecurity` has no effect.
///
/// Raises ValueError if no hash function has this name.
#[pyfunction(signature = (
    name, data = Argument(None), *, usedforsecurity = Argument(None), **parameters
))]
#[pyo3(text_signature = "(name, data=b'', *, usedforsecurity=True, **parameters)")]
fn new<'py>(
    name: &Bound<'py, PyAny>,
    data: Argument<'_, 'py>,
    usedforsecurity: Argument<'_, 'py>,
    parameters: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let _ = usedforsecurity;
    let py = name.py();
    let function = hash_function(name)?;
    let algorithm = function.algorithm();
    if matches!(algorithm, Algorithm::Blake2b | Algorithm::Blake2s) {
        return new_blake2(py, function, data, parameters);
    }
    if let Some(key) = parameters.and_then(|parameters| parameters.keys().into_iter().next()) {
        let message = format!("'{key}' is an invalid keyword argument for {name}");
        return Err(PyTypeError::new_err(message));
    }
    if function.len() != algorithm.default_len() {
        let message = format!("unsupported hash type: '{name}' (pass the length to digest())");
        return Err(PyValueError::new_err(message));
    }
    let data = data.data()?;
    Ok(match algorithm.is_extendable() {
        true => Bound::new(py, HashXof::start(py, algorithm, data))?.into_any(),
        false => Bound::new(py, Hash::start(py, algorithm, data))?.into_any(),
    })
}

/// Starts a BLAKE2 hash. The length in the function's name is the default for `digest_size`.
fn new_blake2<'py>(
    py: Python<'py>,
    function: HashFunction,
    data: Argument<'_, 'py>,
    parameters: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let is_blake2b = function.algorithm() == Algorithm::Blake2b;
    let Some(parameters) = parameters else {
        let data = data.data()?;
        return Ok(match is_blake2b {
            true => Bound::new(py, Blake2b::start(py, function.len(), data))?.into_any(),
            false => Bound::new(py, Blake2s::start(py, function.len(), data))?.into_any(),
        });
    };
    let all = PyDict::new(py);
    all.set_item("digest_size", function.len())?;
    all.update(parameters.as_mapping())?;
    let class = match is_blake2b {
        true => py.get_type::<Blake2b>(),
        false => py.get_type::<Blake2s>(),
    };
    match data.0 {
        Some(data) => class.call((data,), Some(&all)),
        None => class.call((), Some(&all)),
    }
}

/// Adds the functions and classes of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Hash>()?;
    module.add_class::<HashXof>()?;
    module.add_function(wrap_pyfunction!(new, module)?)?;
    add_constructors(module)
}
