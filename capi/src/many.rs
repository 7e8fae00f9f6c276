//! Many messages at once, side by side in the lanes of SIMD registers.

use std::ffi::c_void;

use hsum_core::{Digest, HashFunction, Tag, digest_many, sign_many};

use crate::algorithm::{HSUM_MAX_DIGEST_SIZE, hsum_algorithm};
use crate::hmac::hsum_hmac_key;
use crate::raw::{Output, borrow, bytes, items};
use crate::status::{HSUM_NULL_POINTER, Result, hsum_status, status_of};

/// Bytes in memory.
#[repr(C)]
pub struct hsum_slice {
    /// The first byte; may be NULL if there are none.
    pub data: *const c_void,
    /// The number of bytes.
    pub len: usize,
}

/// The number of messages hashed at a time; their slices and digests are on the stack.
const WINDOW: usize = 256;

/// The caller's messages, with pointers and lengths checked.
struct Messages<'a>(&'a [hsum_slice]);

impl<'a> Messages<'a> {
    /// Checks `count` messages.
    ///
    /// # Safety
    /// `messages` is NULL, or valid for reads of `count` slices; each slice is valid for reads of its bytes.
    unsafe fn new(messages: *const hsum_slice, count: usize) -> Result<Self> {
        // SAFETY: the caller's promise.
        let messages = unsafe { items(messages, count) }?;
        for message in messages {
            // SAFETY: the caller's promise.
            unsafe { bytes(message.data, message.len) }?;
        }
        Ok(Self(messages))
    }

    /// Calls `hash` with each window of messages, and writes the bytes that `bytes_of` returns for each output.
    fn hash<T: Copy>(
        &self,
        empty: T,
        bytes_of: impl Fn(&T) -> &[u8],
        hash: impl Fn(&[&[u8]], &mut [T]),
        mut out: Output,
    ) -> Result<()> {
        let mut slices: [&[u8]; WINDOW] = [&[]; WINDOW];
        let mut outputs = [empty; WINDOW];
        let mut offset = 0;
        for window in self.0.chunks(WINDOW) {
            for (slice, message) in slices.iter_mut().zip(window) {
                // SAFETY: `new` was promised that the slices are valid.
                *slice = unsafe { bytes(message.data, message.len) }?;
            }
            let outputs = outputs.get_mut(..window.len()).unwrap_or_default();
            hash(slices.get(..window.len()).unwrap_or_default(), outputs);
            for output in outputs.iter() {
                let bytes = bytes_of(output);
                out.write(offset, bytes);
                offset += bytes.len();
            }
        }
        Ok(())
    }
}

/// Hashes `count` messages, several at once, and writes their digests to `out` in order, without gaps.
///
/// Digest `i` begins at `out + i * hsum_digest_size(algorithm)`; `out_len` must be at least `count` times that size. The
/// digests equal those of hsum_digest(). Allocates nothing, except for algorithms without SIMD lanes (BLAKE2, BLAKE3, SM3, CRCs).
/// `out` must not overlap the messages. Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG, HSUM_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_digest_many(
    algorithm: *const hsum_algorithm,
    messages: *const hsum_slice,
    count: usize,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes an algorithm or NULL, `count` slices of valid bytes, and a buffer of this length.
        let (function, messages, out) = unsafe {
            let function = borrow(algorithm)?.function;
            let out = Output::new(out, out_len, count, function.len())?;
            (function, Messages::new(messages, count)?, out)
        };
        let empty = empty_digest(function).ok_or(HSUM_NULL_POINTER)?;
        let hash =
            |messages: &[&[u8]], digests: &mut [Digest]| digest_many(function, messages, digests);
        messages.hash(empty, Digest::as_bytes, hash, out)
    };
    status_of(run())
}

/// Returns a digest of zeros.
fn empty_digest(function: HashFunction) -> Option<Digest> {
    let zeros = [0; HSUM_MAX_DIGEST_SIZE];
    Digest::from_bytes(function, zeros.get(..function.len())?)
}

/// Computes the tags of `count` messages under one key, several at once, and writes them to `out` in order, without gaps.
///
/// Tag `i` begins at `out` plus `i` times the hsum_digest_size() of the key's algorithm. The rules for `out_len` and overlap,
/// and the errors, are the same as for hsum_digest_many().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_many(
    key: *const hsum_hmac_key,
    messages: *const hsum_slice,
    count: usize,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a key or NULL, `count` slices of valid bytes, and a buffer of this length.
        let (key, messages, out) = unsafe {
            let key = &borrow(key)?.0;
            let out = Output::new(out, out_len, count, key.hash_function().len())?;
            (key, Messages::new(messages, count)?, out)
        };
        let sign = |messages: &[&[u8]], tags: &mut [Tag]| sign_many(key, messages, tags);
        messages.hash(key.sign(&[]), Tag::as_bytes, sign, out)
    };
    status_of(run())
}
