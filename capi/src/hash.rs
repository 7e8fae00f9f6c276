//! Hashing of one message: in memory, or in pieces.

use std::ffi::c_void;
use std::ptr;

use hsum_core::{Hasher, digest};

use crate::algorithm::hsum_algorithm;
use crate::raw::{Output, borrow, borrow_mut, bytes, end, give};
use crate::status::{HSUM_NOT_EXTENDABLE, Result, hsum_status, status_of};

/// A hash of a message that arrives in pieces.
///
/// Two threads must not use one context at the same time, unless neither changes it.
pub struct hsum_ctx(Hasher);

/// Writes the digest of `len` bytes at `data` to `out`, which has room for `out_len` bytes.
///
/// The digest has hsum_digest_size() bytes; the rest of `out` is left alone. `data` and `out` may overlap. Errors:
/// HSUM_NULL_POINTER, HSUM_TOO_LONG, HSUM_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_digest(
    algorithm: *const hsum_algorithm,
    data: *const c_void,
    len: usize,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes an algorithm or NULL, and buffers of these lengths.
        let (function, data, mut out) = unsafe {
            let function = borrow(algorithm)?.function;
            (function, bytes(data, len)?, Output::new(out, out_len, 1, function.len())?)
        };
        out.write(0, digest(function, data).as_bytes());
        Ok(())
    };
    status_of(run())
}

/// Returns a new context with the empty message; NULL if `algorithm` is NULL. Free it with hsum_free().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_new(algorithm: *const hsum_algorithm) -> *mut hsum_ctx {
    // SAFETY: the caller passes an algorithm or NULL.
    let row = unsafe { borrow(algorithm) };
    row.map_or(ptr::null_mut(), |row| give(hsum_ctx(Hasher::new(row.function))))
}

/// Returns a copy of a context, independent of the original; NULL if `ctx` is NULL. Free it with hsum_free().
///
/// With copies, a prefix that several messages share is hashed only once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_copy(ctx: *const hsum_ctx) -> *mut hsum_ctx {
    // SAFETY: the caller passes a context or NULL, and changes it in no other thread.
    unsafe { borrow(ctx) }.map_or(ptr::null_mut(), |ctx| give(hsum_ctx(ctx.0.clone())))
}

/// Appends `len` bytes at `data` to the message.
///
/// A message may have any number of bytes in total. Errors: HSUM_NULL_POINTER, HSUM_TOO_LONG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_update(
    ctx: *mut hsum_ctx,
    data: *const c_void,
    len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a context or NULL that no other thread uses, and a buffer of this length.
        let (ctx, data) = unsafe { (borrow_mut(ctx)?, bytes(data, len)?) };
        ctx.0.update(data);
        Ok(())
    };
    status_of(run())
}

/// Writes the digest of the message so far to `out`, which has room for `out_len` bytes.
///
/// The digest has hsum_digest_size() bytes; the rest of `out` is left alone. The context does not change: more of the
/// message may follow. Errors: HSUM_NULL_POINTER, HSUM_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_final(
    ctx: *const hsum_ctx,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a context or NULL, changes it in no other thread, and a buffer of this length.
        let (ctx, mut out) = unsafe {
            let ctx = borrow(ctx)?;
            (ctx, Output::new(out, out_len, 1, ctx.0.hash_function().len())?)
        };
        out.write(0, ctx.0.clone().finalize().as_bytes());
        Ok(())
    };
    status_of(run())
}

/// Writes the first `out_len` bytes of the endless output of SHAKE or BLAKE3 to `out`.
///
/// The context does not change. Errors: HSUM_NOT_EXTENDABLE for other algorithms, HSUM_NULL_POINTER, HSUM_TOO_LONG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_xof(
    ctx: *const hsum_ctx,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes a context or NULL, changes it in no other thread, and a buffer of this length.
        let (ctx, mut out) = unsafe { (borrow(ctx)?, Output::new(out, out_len, out_len, 1)?) };
        let mut reader = ctx.0.clone().finalize_xof().ok_or(HSUM_NOT_EXTENDABLE)?;
        reader.fill(out.zeroed());
        Ok(())
    };
    status_of(run())
}

/// Resets a context to the empty message, and wipes its old state. Errors: HSUM_NULL_POINTER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_reset(ctx: *mut hsum_ctx) -> hsum_status {
    // SAFETY: the caller passes a context or NULL that no other thread uses.
    status_of(unsafe { borrow_mut(ctx) }.map(|ctx| ctx.0.reset()))
}

/// Wipes a context and frees it. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_free(ctx: *mut hsum_ctx) {
    // SAFETY: the caller passes a context or NULL, and does not use it afterwards.
    unsafe { end(ctx) }
}

/// Returns true if the `len` bytes at `a` and at `b` are equal. The time does not depend on where they differ.
///
/// False if a pointer is NULL and `len` is not 0, or if `len` exceeds PTRDIFF_MAX.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn hsum_equal(a: *const c_void, b: *const c_void, len: usize) -> bool {
    // SAFETY: the caller passes buffers of this length.
    match unsafe { (bytes(a, len), bytes(b, len)) } {
        (Ok(a), Ok(b)) => subtle::ConstantTimeEq::ct_eq(a, b).into(),
        _ => false,
    }
}
