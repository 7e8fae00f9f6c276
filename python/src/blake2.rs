//! The classes `blake2b` and `blake2s` (RFC 7693, section 2.5, and the BLAKE2 paper's tree parameters).

use std::hint::black_box;
use std::ops::RangeInclusive;

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::arguments::{Argument, hex};
use crate::buffer::Data;
use crate::shared::Shared;

/// Returns `value` if it is in `range`.
fn in_range(name: &str, value: i64, range: RangeInclusive<usize>) -> PyResult<usize> {
    usize::try_from(value).ok().filter(|value| range.contains(value)).ok_or_else(|| {
        let (min, max) = range.into_inner();
        PyValueError::new_err(format!("{name} must be between {min} and {max}, not {value}"))
    })
}

/// Returns `value` if it is at most `max`.
fn unsigned(name: &str, value: i128, max: u64) -> PyResult<u64> {
    match u64::try_from(value) {
        Ok(value) if value <= max => Ok(value),
        _ if value < 0 => Err(PyValueError::new_err(format!("{name} must not be negative"))),
        _ => Err(PyOverflowError::new_err(format!("{name} must be at most {max}"))),
    }
}

/// Borrows the bytes of an argument whose length is at most `max`.
fn short<'py>(name: &str, value: &Argument<'_, 'py>, max: usize) -> PyResult<Option<Data<'py>>> {
    let data = value.data()?;
    match &data {
        Some(data) if data.as_slice().len() > max => {
            Err(PyValueError::new_err(format!("maximum {name} length is {max} bytes")))
        }
        _ => Ok(data),
    }
}

/// Defines one of the classes.
macro_rules! blake2 {
    ($type:ident $name:literal $library:ident {
        salt: $salt:expr, max_offset: $max_offset:expr, signature: $signature:literal
    }) => {
        #[doc = concat!("A ", $name, " hash of a message that arrives in pieces, with all of its parameters.")]
        #[pyclass(frozen, module = "hsum._hsum", name = $name)]
        pub(crate) struct $type {
            digest_size: usize,
            is_keyed: bool,
            state: Shared<$library::State>,
        }

        impl $type {
            /// Starts a hash with `data` and a valid digest length, but no other parameters.
            pub(crate) fn start(py: Python<'_>, digest_size: usize, data: Option<Data<'_>>) -> Self {
                let state = $library::Params::new().hash_length(digest_size).to_state();
                let hash = Self { digest_size, is_keyed: false, state: Shared::new(state) };
                if let Some(data) = data {
                    hash.append(py, &data);
                }
                hash
            }

            pub(crate) fn append(&self, py: Python<'_>, data: &Data<'_>) {
                let data = data.as_slice();
                self.state.with(py, data.len(), |state| {
                    state.update(data);
                });
            }
        }

        /// Wipes the state, which contains the key.
        impl Drop for $type {
            fn drop(&mut self) {
                if self.is_keyed {
                    *self.state.get_mut() = $library::State::new();
                    black_box(self.state.get_mut());
                }
            }
        }

        #[pymethods]
        impl $type {
            #[classattr]
            const SALT_SIZE: usize = $salt;
            #[classattr]
            const PERSON_SIZE: usize = $salt;
            #[classattr]
            const MAX_KEY_SIZE: usize = $library::KEYBYTES;
            #[classattr]
            const MAX_DIGEST_SIZE: usize = $library::OUTBYTES;

            #[new]
            #[pyo3(signature = (
                data = Argument(None), /, *, digest_size = $library::OUTBYTES as i64,
                key = Argument(None), salt = Argument(None), person = Argument(None),
                fanout = 1, depth = 1, leaf_size = 0, node_offset = 0, node_depth = 0,
                inner_size = 0, last_node = false, usedforsecurity = Argument(None)
            ))]
            #[pyo3(text_signature = $signature)]
            #[allow(clippy::too_many_arguments)] // Python's signature
            fn new(
                py: Python<'_>,
                data: Argument<'_, '_>,
                digest_size: i64,
                key: Argument<'_, '_>,
                salt: Argument<'_, '_>,
                person: Argument<'_, '_>,
                fanout: i64,
                depth: i64,
                leaf_size: i128,
                node_offset: i128,
                node_depth: i64,
                inner_size: i64,
                last_node: bool,
                usedforsecurity: Argument<'_, '_>,
            ) -> PyResult<Self> {
                let _ = usedforsecurity;
                let digest_size = in_range("digest_size", digest_size, 1..=$library::OUTBYTES)?;
                let mut params = $library::Params::new();
                params
                    .hash_length(digest_size)
                    .fanout(in_range("fanout", fanout, 0..=255)? as u8)
                    .max_depth(in_range("depth", depth, 1..=255)? as u8)
                    .max_leaf_length(unsigned("leaf_size", leaf_size, u32::MAX.into())? as u32)
                    .node_offset(unsigned("node_offset", node_offset, $max_offset)?)
                    .node_depth(in_range("node_depth", node_depth, 0..=255)? as u8)
                    .inner_hash_length(in_range("inner_size", inner_size, 0..=$library::OUTBYTES)?)
                    .last_node(last_node);
                if let Some(salt) = short("salt", &salt, $salt)? {
                    params.salt(salt.as_slice());
                }
                if let Some(person) = short("person", &person, $salt)? {
                    params.personal(person.as_slice());
                }
                let data = data.data()?;
                let key = short("key", &key, $library::KEYBYTES)?;
                let is_keyed = key.is_some();
                if let Some(key) = key {
                    params.key(key.as_slice());
                }
                let state = Shared::new(params.to_state());
                let hash = Self { digest_size, is_keyed, state };
                if is_keyed {
                    params = $library::Params::new();
                    black_box(&mut params);
                }
                if let Some(data) = data {
                    hash.append(py, &data);
                }
                Ok(hash)
            }

            /// Append an object's bytes to the message.
            #[pyo3(signature = (data, /))]
            fn update(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
                self.append(py, &Data::get(data)?);
                Ok(())
            }

            /// Return a copy of the hash object.
            fn copy(&self, py: Python<'_>) -> Self {
                let state = Shared::new(self.state.copied(py));
                Self { digest_size: self.digest_size, is_keyed: self.is_keyed, state }
            }

            /// Return the digest.
            fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
                PyBytes::new(py, self.state.with(py, 0, |state| state.finalize()).as_bytes())
            }

            /// Return the digest in lower-case hex.
            fn hexdigest<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
                hex(py, self.state.with(py, 0, |state| state.finalize()).as_bytes())
            }

            /// The name, which new() understands.
            #[getter]
            fn name(&self) -> &'static str {
                $name
            }

            /// The block length in bytes.
            #[getter]
            fn block_size(&self) -> usize {
                $library::BLOCKBYTES
            }

            /// The digest's length in bytes.
            #[getter]
            fn digest_size(&self) -> usize {
                self.digest_size
            }
        }
    };
}

blake2!(Blake2b "blake2b" blake2b_simd {
    salt: 16,
    max_offset: u64::MAX,
    signature: "(data=b'', /, *, digest_size=64, key=b'', salt=b'', person=b'', fanout=1, depth=1, \
                leaf_size=0, node_offset=0, node_depth=0, inner_size=0, last_node=False, \
                usedforsecurity=True)"
});
blake2!(Blake2s "blake2s" blake2s_simd {
    salt: 8,
    max_offset: (1 << 48) - 1,
    signature: "(data=b'', /, *, digest_size=32, key=b'', salt=b'', person=b'', fanout=1, depth=1, \
                leaf_size=0, node_offset=0, node_depth=0, inner_size=0, last_node=False, \
                usedforsecurity=True)"
});

/// Adds the classes to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Blake2b>()?;
    module.add_class::<Blake2s>()
}
