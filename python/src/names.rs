//! Names of hash functions and of files. File names are bytes.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hsum::HashFunction;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::arguments::hash_function;

/// Hash functions, under the names that the caller gave them.
#[derive(Clone)]
pub(crate) struct Functions {
    pub(crate) names: Arc<[String]>,
    pub(crate) functions: Vec<HashFunction>,
}

impl Functions {
    /// Parses one name, or an iterable of names.
    pub(crate) fn parse(names: &Bound<'_, PyAny>) -> PyResult<Self> {
        let given: Vec<Bound<'_, PyAny>> = match names.cast::<PyString>() {
            Ok(_) => vec![names.clone()],
            Err(_) => names.try_iter()?.collect::<PyResult<_>>()?,
        };
        if given.is_empty() {
            return Err(PyValueError::new_err("no hash function given; name at least one"));
        }
        let functions = given.iter().map(hash_function).collect::<PyResult<_>>()?;
        let names = given.iter().map(|name| name.extract()).collect::<PyResult<Vec<String>>>()?;
        Ok(Self { names: names.into(), functions })
    }
}

/// Returns the `str` or `bytes` of a path, as `os.fspath` does.
fn fspath<'py>(path: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    if path.cast::<PyString>().is_ok() || path.cast::<PyBytes>().is_ok() {
        return Ok(path.clone());
    }
    path.py().import("os")?.call_method1("fspath", (path,))
}

/// Converts a path, which is `str`, `bytes` or an `os.PathLike`, as `os.fsencode` does.
pub(crate) fn path(path: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    let path = fspath(path)?;
    match path.cast::<PyBytes>() {
        Ok(bytes) => Ok(OsStr::from_bytes(bytes.as_bytes()).into()),
        Err(_) => Ok(path.extract::<OsString>()?.into()),
    }
}

/// Rejects a single path that is passed instead of an iterable of paths, which would be iterated by character.
pub(crate) fn refuse_single_path(paths: &Bound<'_, PyAny>) -> PyResult<()> {
    if paths.cast::<PyString>().is_ok() || paths.cast::<PyBytes>().is_ok() {
        let text = "paths must be an iterable of paths, not one path; write [path]";
        return Err(PyTypeError::new_err(text));
    }
    Ok(())
}

/// The type of returned paths: the same as the caller's path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathKind {
    /// `str`, in which surrogates represent bytes that are not UTF-8 (PEP 383).
    Text,
    /// `bytes`.
    Bytes,
}

impl PathKind {
    pub(crate) fn of(path: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(if fspath(path)?.cast::<PyBytes>().is_ok() { Self::Bytes } else { Self::Text })
    }

    /// Converts a path to `str` or `bytes`.
    pub(crate) fn to_python<'py>(
        self,
        py: Python<'py>,
        path: &Path,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name: &OsStr = path.as_os_str();
        match self {
            Self::Text => Ok(name.into_pyobject(py)?.into_any()),
            Self::Bytes => Ok(PyBytes::new(py, name.as_bytes()).into_any()),
        }
    }
}
