//! HMAC objects, as in the standard module `hmac`.

use hsum::{HashFunction, Hmac, Key, UnsupportedByHmac};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCFunction, PyString, PyType};

use crate::arguments::{NAMES, block_size, hash_function, hex, python_name};
use crate::buffer::{Data, GIL_MIN_LEN};
use crate::shared::Shared;

/// The modules whose constructors are recognised as hash functions: this one, and CPython's.
const MODULES: &[&str] =
    &["hsum._hsum", "_hashlib", "_md5", "_sha1", "_sha2", "_sha256", "_sha512", "_sha3", "_blake2"];

/// An HMAC of a message that arrives in pieces. It wipes the key's states when it is freed.
#[pyclass(frozen, module = "hsum._hsum", name = "HMAC")]
pub(crate) struct Mac {
    function: HashFunction,
    state: Shared<Hmac>,
}

#[pymethods]
impl Mac {
    /// Append an object's bytes to the message.
    #[pyo3(signature = (msg, /))]
    fn update(&self, py: Python<'_>, msg: &Bound<'_, PyAny>) -> PyResult<()> {
        self.append(py, &Data::get(msg)?);
        Ok(())
    }

    /// Return a copy of the HMAC object.
    fn copy(&self, py: Python<'_>) -> Self {
        Self { function: self.function, state: Shared::new(self.state.copied(py)) }
    }

    /// Return the tag.
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.state.copied(py).finalize().into_bytes())
    }

    /// Return the tag in lower-case hex.
    fn hexdigest<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        hex(py, &self.state.copied(py).finalize().into_bytes())
    }

    /// The name: hmac-sha256.
    #[getter]
    fn name(&self) -> String {
        format!("hmac-{}", python_name(self.function.algorithm()))
    }

    /// The block length in bytes.
    #[getter]
    fn block_size(&self) -> usize {
        block_size(self.function.algorithm())
    }

    /// The tag's length in bytes.
    #[getter]
    fn digest_size(&self) -> usize {
        self.function.len()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> String {
        let name = python_name(slf.get().function.algorithm());
        format!("<{name} hsum._hsum.HMAC object @ {:p}>", slf.as_ptr())
    }
}

impl Mac {
    fn append(&self, py: Python<'_>, msg: &Data<'_>) {
        let msg = msg.as_slice();
        self.state.with(py, msg.len(), |hmac| hmac.update(msg));
    }
}

/// Returns the hash function that `digestmod` names or constructs; `None` if another module must construct it.
///
/// # Errors
/// `ValueError` for an unknown name.
fn function_of(digestmod: &Bound<'_, PyAny>) -> PyResult<Option<HashFunction>> {
    if digestmod.is_instance_of::<PyString>() {
        return hash_function(digestmod).map(Some);
    }
    // Other callables are not recognised: a wrapper may have copied the name of the function that it wraps.
    if !digestmod.is_exact_instance_of::<PyCFunction>() && !digestmod.is_instance_of::<PyType>() {
        return Ok(None);
    }
    let module = digestmod.getattr("__module__")?;
    if !module.extract::<&str>().is_ok_and(|module| MODULES.contains(&module)) {
        return Ok(None);
    }
    let name = digestmod.getattr("__name__")?;
    let Ok(name) = name.extract::<&str>() else { return Ok(None) };
    let name = name.strip_prefix("openssl_").unwrap_or(name);
    Ok(NAMES.iter().find(|row| row.0 == name).map(|row| row.1.into()))
}

fn unsupported(error: UnsupportedByHmac) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Prepares a key, and releases the GIL if it is long.
pub(crate) fn prepare(py: Python<'_>, function: HashFunction, key: &Data<'_>) -> PyResult<Key> {
    let key = key.as_slice();
    match key.len() < GIL_MIN_LEN {
        true => Key::new(function, key),
        false => py.detach(|| Key::new(function, key)),
    }
    .map_err(unsupported)
}

/// Return an HMAC object; None if `digestmod` is not a hash function of hsum or hashlib.
#[pyfunction(signature = (key, msg, digestmod, /))]
fn hmac_new(
    py: Python<'_>,
    key: &Bound<'_, PyAny>,
    msg: Option<&Bound<'_, PyAny>>,
    digestmod: &Bound<'_, PyAny>,
) -> PyResult<Option<Mac>> {
    let Some(function) = function_of(digestmod)? else { return Ok(None) };
    let msg = msg.map(Data::get).transpose()?;
    let state = Shared::new(Hmac::new(&prepare(py, function, &Data::get(key)?)?));
    let mac = Mac { function, state };
    if let Some(msg) = msg {
        mac.append(py, &msg);
    }
    Ok(Some(mac))
}

/// Return the tag of `msg`; None if `digest` is not a hash function of hsum or hashlib.
#[pyfunction(signature = (key, msg, digest, /))]
fn hmac_digest<'py>(
    py: Python<'py>,
    key: &Bound<'py, PyAny>,
    msg: &Bound<'py, PyAny>,
    digest: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let Some(function) = function_of(digest)? else { return Ok(None) };
    let msg = Data::get(msg)?;
    let key = prepare(py, function, &Data::get(key)?)?;
    let msg = msg.as_slice();
    let tag = match msg.len() < GIL_MIN_LEN {
        true => key.sign(msg),
        false => py.detach(|| key.sign(msg)),
    };
    Ok(Some(PyBytes::new(py, &tag.into_bytes())))
}

/// Adds the functions and classes of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Mac>()?;
    module.add_function(wrap_pyfunction!(hmac_new, module)?)?;
    module.add_function(wrap_pyfunction!(hmac_digest, module)?)
}
