//! HMAC (RFC 2104, FIPS 198-1) of one message: in memory, or in pieces.

use std::ffi::c_void;
use std::ptr;

use hsum_core::{Hmac, Key, TagMismatch};

use crate::algorithm::hsum_algorithm;
use crate::raw::{Output, borrow, borrow_mut, bytes, end, give};
use crate::status::{HSUM_MISMATCH, Result, hsum_status, status_of};

/// A prepared HMAC key. It does not change: any number of threads may use it at the same time.
pub struct hsum_hmac_key(pub(crate) Key);

/// An HMAC of a message that arrives in pieces.
///
/// Two threads must not use one context at the same time, unless neither changes it.
pub struct hsum_hmac_ctx {
    /// The state with the empty message, for hsum_hmac_reset().
    start: Hmac,
    now: Hmac,
}

impl From<TagMismatch> for hsum_status {
    fn from(_: TagMismatch) -> Self {
        HSUM_MISMATCH
    }
}

/// Prepares an HMAC key of any length; `key` is not needed afterwards. Free the result with hsum_hmac_key_free().
///
/// A key longer than hsum_block_size() is hashed first (RFC 2104, section 2). One shorter than the digest weakens the
/// MAC (section 3). Returns NULL if HMAC is not defined for the algorithm (SHAKE and CRCs), if a required pointer is NULL,
/// or if `key_len` exceeds PTRDIFF_MAX. Functions that take a key report NULL, so the result needs no check of its own.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_key_new(
    algorithm: *const hsum_algorithm,
    key: *const c_void,
    key_len: usize,
) -> *mut hsum_hmac_key {
    // SAFETY: the caller passes an algorithm or NULL, and a buffer of this length.
    match unsafe { (borrow(algorithm), bytes(key, key_len)) } {
        (Ok(row), Ok(key)) => {
            Key::new(row.function, key).map_or(ptr::null_mut(), |key| give(hsum_hmac_key(key)))
        }
        _ => ptr::null_mut(),
    }
}

/// Wipes a key and frees it. Contexts that were created from it stay valid. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_key_free(key: *mut hsum_hmac_key) {
    // SAFETY: the caller passes a key or NULL, and does not use it afterwards.
    unsafe { end(key) }
}

/// Writes the tag of `len` bytes at `data` to `out`, which has room for `out_len` bytes.
///
/// The tag has hsum_digest_size() bytes of the key's algorithm; the rest of `out` is left alone. `data` and `out` may
/// overlap. To check a tag that was received, use hsum_hmac_verify(). Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG,
/// HSUM_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac(
    key: *const hsum_hmac_key,
    data: *const c_void,
    len: usize,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a key or NULL, and buffers of these lengths.
        let (key, data, mut out) = unsafe {
            let key = &borrow(key)?.0;
            (key, bytes(data, len)?, Output::new(out, out_len, 1, key.hash_function().len())?)
        };
        out.write(0, key.sign(data).as_bytes());
        Ok(())
    };
    status_of(run())
}

/// Verifies the tag of `len` bytes at `data`, in a time that does not depend on where the tags differ.
///
/// Returns HSUM_OK if `tag` is the whole tag. Errors: HSUM_MISMATCH if it is wrong or truncated, HSUM_NULL_POINTER,
/// HSUM_TOO_LONG.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn hsum_hmac_verify(
    key: *const hsum_hmac_key,
    data: *const c_void,
    len: usize,
    tag: *const u8,
    tag_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a key or NULL, and buffers of these lengths.
        let (key, data, tag) =
            unsafe { (&borrow(key)?.0, bytes(data, len)?, bytes(tag.cast(), tag_len)?) };
        Ok(key.verify(data, tag)?)
    };
    status_of(run())
}

/// Returns a new context with the empty message; NULL if `key` is NULL. Free it with hsum_hmac_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_new(key: *const hsum_hmac_key) -> *mut hsum_hmac_ctx {
    // SAFETY: the caller passes a key or NULL.
    unsafe { borrow(key) }.map_or(ptr::null_mut(), |key| {
        let start = Hmac::new(&key.0);
        give(hsum_hmac_ctx { now: start.clone(), start })
    })
}

/// Returns a copy of a context, independent of the original; NULL if `ctx` is NULL. Free it with hsum_hmac_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_copy(ctx: *const hsum_hmac_ctx) -> *mut hsum_hmac_ctx {
    // SAFETY: the caller passes a context or NULL, and changes it in no other thread.
    unsafe { borrow(ctx) }.map_or(ptr::null_mut(), |ctx| {
        give(hsum_hmac_ctx { start: ctx.start.clone(), now: ctx.now.clone() })
    })
}

/// Appends `len` bytes at `data` to the message.
///
/// Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_update(
    ctx: *mut hsum_hmac_ctx,
    data: *const c_void,
    len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a context or NULL that no other thread uses, and a buffer of this length.
        let (ctx, data) = unsafe { (borrow_mut(ctx)?, bytes(data, len)?) };
        ctx.now.update(data);
        Ok(())
    };
    status_of(run())
}

/// Writes the tag of the message so far to `out`, which has room for `out_len` bytes.
///
/// The tag has hsum_digest_size() bytes of the key's algorithm; the rest of `out` is left alone. The context does not
/// change: more of the message may follow. Errors: HSUM_NULL_POINTER, HSUM_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_final(
    ctx: *const hsum_hmac_ctx,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a context or NULL, changes it in no other thread, and a buffer of this length.
        let (ctx, mut out) = unsafe {
            let ctx = borrow(ctx)?;
            (ctx, Output::new(out, out_len, 1, ctx.now.hash_function().len())?)
        };
        out.write(0, ctx.now.clone().finalize().as_bytes());
        Ok(())
    };
    status_of(run())
}

/// Verifies the tag of the message so far, in a time that does not depend on where the tags differ.
///
/// The context does not change. Returns HSUM_OK if `tag` is the whole tag. Errors: HSUM_MISMATCH if it is wrong or truncated,
/// HSUM_NULL_POINTER, HSUM_TOO_LONG.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn hsum_hmac_final_verify(
    ctx: *const hsum_hmac_ctx,
    tag: *const u8,
    tag_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a context or NULL, changes it in no other thread, and a buffer of this length.
        let (ctx, tag) = unsafe { (borrow(ctx)?, bytes(tag.cast(), tag_len)?) };
        Ok(ctx.now.clone().verify(tag)?)
    };
    status_of(run())
}

/// Resets a context to the empty message under the same key. Errors: HSUM_NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_reset(ctx: *mut hsum_hmac_ctx) -> hsum_status {
    // SAFETY: the caller passes a context or NULL that no other thread uses.
    status_of(unsafe { borrow_mut(ctx) }.map(|ctx| ctx.now = ctx.start.clone()))
}

/// Wipes a context and frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_hmac_free(ctx: *mut hsum_hmac_ctx) {
    // SAFETY: the caller passes a context or NULL, and does not use it afterwards.
    unsafe { end(ctx) }
}
