//! Many messages at once.

use hsum::{Digest, HashFunction, Key, Tag, sign_many};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use crate::arguments::hash_function;
use crate::buffer::{Data, GIL_MIN_LEN};

/// The number of messages hashed at a time: their digests, of 66 bytes each, stay in the cache.
pub(crate) const BATCH: usize = 512;
/// The number of bytes after which a batch ends, so that signals are handled a few times a second.
const MAX_BATCH_BYTES: usize = 64 << 20;

/// A function of a message that can be computed for several messages at once.
pub(crate) trait ManyHash: Sync {
    /// A digest or a tag.
    type Output: Clone + Send;

    /// Returns the output for the empty message.
    fn empty(&self) -> Self::Output;

    /// Writes the output for each message to the same index of `out`.
    fn many(&self, messages: &[&[u8]], out: &mut [Self::Output]);

    fn bytes(output: &Self::Output) -> impl AsRef<[u8]>;
}

impl ManyHash for HashFunction {
    type Output = Digest;

    fn empty(&self) -> Digest {
        hsum::digest(*self, b"")
    }

    fn many(&self, messages: &[&[u8]], out: &mut [Digest]) {
        hsum::digest_many(*self, messages, out);
    }

    fn bytes(output: &Digest) -> impl AsRef<[u8]> {
        output.as_bytes()
    }
}

impl ManyHash for Key {
    type Output = Tag;

    fn empty(&self) -> Tag {
        self.sign(b"")
    }

    fn many(&self, messages: &[&[u8]], out: &mut [Tag]) {
        sign_many(self, messages, out);
    }

    fn bytes(output: &Tag) -> impl AsRef<[u8]> {
        output.into_bytes()
    }
}

/// A hasher of batches of messages, which reuses its memory for the next batch.
pub(crate) struct Batches<'h, H: ManyHash> {
    hash: &'h H,
    outputs: Vec<H::Output>,
}

impl<'h, H: ManyHash> Batches<'h, H> {
    pub(crate) fn new(hash: &'h H) -> Self {
        Self { hash, outputs: Vec::new() }
    }

    /// Returns the bytes of each output in order. Releases the GIL unless the messages are short.
    pub(crate) fn run(
        &mut self,
        py: Python<'_>,
        messages: &[&[u8]],
    ) -> impl Iterator<Item = impl AsRef<[u8]>> {
        if self.outputs.len() < messages.len() {
            self.outputs.resize(messages.len(), self.hash.empty());
        }
        let out = self.outputs.split_at_mut(messages.len()).0;
        let hash = self.hash;
        if messages.iter().map(|message| message.len()).sum::<usize>() < GIL_MIN_LEN {
            hash.many(messages, out);
        } else {
            py.detach(|| hash.many(messages, out));
        }
        out.iter().map(H::bytes)
    }
}

/// Hashes the messages of an iterable; returns a list of `bytes`, or one `bytes`.
fn hash_many<'py, H: ManyHash>(
    hash: &H,
    messages: &Bound<'py, PyAny>,
    joined: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let py = messages.py();
    refuse_single_message(messages)?;
    let list = PyList::empty(py);
    let mut bytes = Vec::new();
    let mut batches = Batches::new(hash);
    let mut messages = messages.try_iter()?;
    let mut batch: Vec<Data<'py>> = Vec::with_capacity(BATCH);
    loop {
        batch.clear();
        let mut size = 0;
        while batch.len() < BATCH && size < MAX_BATCH_BYTES {
            let Some(message) = messages.next() else { break };
            let data = Data::get(&message?)?;
            size += data.as_slice().len();
            batch.push(data);
        }
        if batch.is_empty() {
            break;
        }
        let slices: Vec<&[u8]> = batch.iter().map(Data::as_slice).collect();
        let outputs = batches.run(py, &slices);
        if joined {
            outputs.for_each(|output| bytes.extend_from_slice(output.as_ref()));
        } else {
            for output in outputs {
                list.append(PyBytes::new(py, output.as_ref()))?;
            }
        }
        py.check_signals()?;
    }
    Ok(if joined { PyBytes::new(py, &bytes).into_any() } else { list.into_any() })
}

/// Rejects a single message that is passed instead of an iterable of messages.
fn refuse_single_message(messages: &Bound<'_, PyAny>) -> PyResult<()> {
    if messages.cast::<PyBytes>().is_ok() || messages.cast::<PyString>().is_ok() {
        let text = "messages must be an iterable of bytes-like objects, not one of them; use digest() for one";
        return Err(PyTypeError::new_err(text));
    }
    Ok(())
}

/// Returns the digest of `data`.
///
/// Args:
///     name: The name of a hash function, in any spelling.
///     data: A bytes-like object. The GIL is released from 2 KiB on.
///
/// Returns:
///     The digest in bytes. For SHAKE, the name may state its length, as in 'shake128-512'; by default, it
///     is 32 bytes for shake128 and 64 for shake256.
///
/// Raises:
///     ValueError: No hash function has this name.
///     TypeError: data is str or not bytes-like.
///     BufferError: data is not contiguous.
///
/// Example:
///     >>> hsum.digest("md5", b"abc").hex()
///     '900150983cd24fb0d6963f7d28e17f72'
#[pyfunction]
fn digest<'py>(
    py: Python<'py>,
    name: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let function = hash_function(name)?;
    let data = Data::get(data)?;
    let message = data.as_slice();
    let digest = match message.len() {
        0..GIL_MIN_LEN => hsum::digest(function, message),
        _ => py.detach(|| hsum::digest(function, message)),
    };
    Ok(PyBytes::new(py, digest.as_bytes()))
}

/// Returns the digests of many messages, which are hashed side by side.
///
/// Args:
///     name: The name of a hash function, in any spelling.
///     messages: An iterable of bytes-like objects of any lengths.
///     joined: If True, return one bytes object, which is faster for short messages.
///
/// Returns:
///     A list of bytes, in the order of messages. If joined, one bytes object with all digests: the
///     digest of message i begins at i * n, where n is the length of a digest.
///
/// Raises:
///     ValueError: No hash function has this name.
///     TypeError: A message is str or not bytes-like.
///     BufferError: A message is not contiguous.
///
/// Example:
///     >>> [d.hex()[:8] for d in hsum.digest_many("sha256", [b"one", b"two"])]
///     ['7692c3ad', '3fc4ccfe']
///     >>> len(hsum.digest_many("sha256", [b"one", b"two"], joined=True))
///     64
#[pyfunction]
#[pyo3(signature = (name, messages, *, joined=false), text_signature = "(name, messages, *, joined=False)")]
fn digest_many<'py>(
    name: &Bound<'py, PyAny>,
    messages: &Bound<'py, PyAny>,
    joined: bool,
) -> PyResult<Bound<'py, PyAny>> {
    hash_many(&hash_function(name)?, messages, joined)
}

/// Returns the HMACs of many messages under one key.
///
/// Args:
///     key: A bytes-like object of any length.
///     messages: An iterable of bytes-like objects of any lengths.
///     name: The name of a hash function, in any spelling.
///     joined: As for `digest_many`.
///
/// Returns:
///     As for `digest_many`.
///
/// Raises:
///     ValueError: No hash function has this name, or HMAC is not defined for it.
///     TypeError: A message or the key is str or not bytes-like.
///     BufferError: A message or the key is not contiguous.
///
/// Example:
///     >>> hsum.hmac_many(b"key", [b"one", b"two"], "sha256")[0].hex()[:16]
///     '0cf1a9a873bd7990'
#[pyfunction]
#[pyo3(
    signature = (key, messages, name, *, joined=false),
    text_signature = "(key, messages, name, *, joined=False)"
)]
fn hmac_many<'py>(
    key: &Bound<'py, PyAny>,
    messages: &Bound<'py, PyAny>,
    name: &Bound<'py, PyAny>,
    joined: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let key = Data::get(key)?;
    let key = Key::new(hash_function(name)?, key.as_slice());
    let key = key.map_err(|error| PyValueError::new_err(error.to_string()))?;
    hash_many(&key, messages, joined)
}

/// Adds the functions of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(digest, module)?)?;
    module.add_function(wrap_pyfunction!(digest_many, module)?)?;
    module.add_function(wrap_pyfunction!(hmac_many, module)?)
}
