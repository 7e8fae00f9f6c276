//! Bytes of Python objects, borrowed without copying.
//!
//! The only module of this crate with `unsafe` code. PyO3's own buffers cannot be read while the GIL is released,
//! except through raw pointers, and copying the bytes first costs more than hashing short ones.
#![allow(unsafe_code)]

use std::slice;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// The shortest data for which the GIL is released, in bytes: `HASHLIB_GIL_MINSIZE` of CPython.
pub(crate) const GIL_MIN_LEN: usize = 2048;

/// The bytes of an object that has a C-contiguous buffer, with items of any size and shape.
///
/// While this value exists, it keeps the object alive and its buffer exported: CPython refuses to resize the
/// `bytearray` or to release the `memoryview`. It borrows the GIL, so it cannot move into
/// [`Python::detach`]; the slice can.
pub(crate) struct Data<'py>(Source<'py>);

enum Source<'py> {
    /// An immutable object, whose bytes are found without a call through the type's slots.
    Bytes(Bound<'py, PyBytes>),
    Exported(View<'py>),
}

impl<'py> Data<'py> {
    /// Borrows the bytes of `object`.
    ///
    /// # Errors
    /// `TypeError`, with hashlib's message, for `str` and for objects without a buffer; the exporter's error,
    /// usually `BufferError`, if the buffer is not contiguous.
    pub(crate) fn get(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        // A subclass may have a buffer of its own (PEP 688).
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            return Ok(Self(Source::Bytes(bytes.clone())));
        }
        View::export(object).map(|view| Self(Source::Exported(view)))
    }

    /// Returns the bytes.
    ///
    /// If the buffer is writable, another thread may change them while the GIL is released. As with hashlib, the
    /// digest is then unspecified. Code that branches on the bytes, such as a parser, must copy them first.
    pub(crate) fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Source::Bytes(bytes) => bytes.as_bytes(),
            Source::Exported(view) => view.as_slice(),
        }
    }
}

/// An exported buffer.
struct View<'py> {
    /// On the heap, since an exporter may keep the address until the release.
    raw: Box<ffi::Py_buffer>,
    /// Proves that the thread is attached when the view is dropped.
    _py: Python<'py>,
}

impl<'py> View<'py> {
    fn export(object: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let mut raw = Box::new(ffi::Py_buffer::new());
        // SAFETY: `object` is a live object, `raw` is a valid place to write to, and the thread is attached.
        let status =
            unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *raw, ffi::PyBUF_SIMPLE) };
        if status == 0 {
            return Ok(Self { raw, _py: py });
        }
        let error = PyErr::fetch(py);
        // SAFETY: `object` is a live object, and the thread is attached.
        let has_buffer = unsafe { ffi::PyObject_CheckBuffer(object.as_ptr()) } == 1;
        Err(if has_buffer {
            error
        } else if object.is_instance_of::<PyString>() {
            PyTypeError::new_err("Strings must be encoded before hashing")
        } else {
            PyTypeError::new_err("object supporting the buffer API required")
        })
    }

    fn as_slice(&self) -> &[u8] {
        let Ok(len @ 1..) = usize::try_from(self.raw.len) else {
            // The pointer to an empty buffer may be null.
            return &[];
        };
        // SAFETY: `PyBUF_SIMPLE` demands contiguous bytes, so the exporter guarantees that `len` bytes from `buf` are
        // allocated, and that they stay so until the release, which `drop` does and which ends this borrow. It does not
        // guarantee that no other thread writes to them, which Rust's memory model demands of `&[u8]`; no
        // interpreter offers that. Hash functions use the bytes as numbers only, never as an index, a length or a
        // branch, so what they read in a race can change the digest and nothing else.
        unsafe { slice::from_raw_parts(self.raw.buf.cast::<u8>(), len) }
    }
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        // SAFETY: `PyObject_GetBuffer` filled the view, this is its only release, and the thread is attached.
        unsafe { ffi::PyBuffer_Release(&raw mut *self.raw) }
    }
}
