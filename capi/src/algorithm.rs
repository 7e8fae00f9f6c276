//! Algorithms: a static table of every hash function, so that pointers to its rows stay valid.

use std::ffi::{CStr, CString, c_char};
use std::sync::LazyLock;

use hsum_core::{Algorithm, HashFunction};

use crate::raw::borrow;

/// The length of the longest digest in bytes: a buffer of this size holds any digest.
pub const HSUM_MAX_DIGEST_SIZE: usize = 64;

const _: () = assert!(HSUM_MAX_DIGEST_SIZE == 64, "it is part of the binary interface");

/// A hash function at a digest length: SHA-256, BLAKE2b-256.
///
/// Pointers to algorithms are valid until the process ends, may be compared with ==, and are never freed.
pub struct hsum_algorithm {
    pub(crate) function: HashFunction,
    name: CString,
}

/// Every algorithm at its default digest length, in the order in which hsum lists them, and then every other length.
static TABLE: LazyLock<Vec<hsum_algorithm>> = LazyLock::new(|| {
    let defaults = Algorithm::ALL.iter().map(|algorithm| HashFunction::from(*algorithm));
    let others = Algorithm::ALL.iter().flat_map(|algorithm| {
        let lengths = (1..=algorithm.max_len()).filter(|len| *len != algorithm.default_len());
        lengths.filter_map(|len| HashFunction::new(*algorithm, len))
    });
    let row = |function: HashFunction| {
        let name = CString::new(function.to_string()).ok()?;
        Some(hsum_algorithm { function, name })
    };
    defaults.chain(others).filter_map(row).collect()
});

/// Returns the algorithm with this name, in any usual spelling: "sha256", "SHA-512/256", "blake2b-256".
///
/// BLAKE2, SHAKE and BLAKE3 take a digest length in bits at the end of the name. Returns NULL if `name` is NULL, is
/// unknown, or names a multipart form such as "s3-etag:8MiB". Functions that take an algorithm report NULL, so the result
/// needs no check of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_find(name: *const c_char) -> *const hsum_algorithm {
    if name.is_null() {
        return std::ptr::null();
    }
    // SAFETY: the caller passes a string that ends with NUL.
    let name = unsafe { CStr::from_ptr(name) };
    let function = name.to_str().ok().and_then(|name| name.parse::<HashFunction>().ok());
    let row = function.and_then(|function| TABLE.iter().find(|row| row.function == function));
    row.map_or(std::ptr::null(), |row| row)
}

/// Returns the algorithm at `index` in the list of algorithms with default digest lengths; NULL after the last.
///
/// The first has index 0: `for (i = 0; (algorithm = hsum_algorithm_at(i)) != NULL; i++)`.
#[unsafe(no_mangle)]
pub extern "C" fn hsum_algorithm_at(index: usize) -> *const hsum_algorithm {
    let defaults = TABLE.get(..Algorithm::ALL.len()).unwrap_or_default();
    defaults.get(index).map_or(std::ptr::null(), |row| row)
}

/// Returns the name of an algorithm as hsum writes it: "sha512-256", "blake2b-256".
///
/// The text is static. NULL if `algorithm` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_name(algorithm: *const hsum_algorithm) -> *const c_char {
    // SAFETY: the caller passes an algorithm or NULL.
    unsafe { borrow(algorithm) }.map_or(std::ptr::null(), |row| row.name.as_ptr())
}

/// Returns the length of a digest in bytes, 1 to HSUM_MAX_DIGEST_SIZE; 0 if `algorithm` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_digest_size(algorithm: *const hsum_algorithm) -> usize {
    // SAFETY: the caller passes an algorithm or NULL.
    unsafe { borrow(algorithm) }.map_or(0, |row| row.function.len())
}

/// Returns the block length of HMAC in bytes (RFC 2104, section 2).
///
/// 0 if HMAC is not defined for the algorithm (SHAKE and CRCs), or if `algorithm` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_block_size(algorithm: *const hsum_algorithm) -> usize {
    // SAFETY: the caller passes an algorithm or NULL.
    let row = unsafe { borrow(algorithm) };
    row.ok().and_then(|row| row.function.algorithm().block_len()).unwrap_or(0)
}

/// Returns true if hsum_xof() can write output of any length: SHAKE and BLAKE3. False if `algorithm` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_is_extendable(algorithm: *const hsum_algorithm) -> bool {
    // SAFETY: the caller passes an algorithm or NULL.
    unsafe { borrow(algorithm) }.is_ok_and(|row| row.function.algorithm().is_extendable())
}
