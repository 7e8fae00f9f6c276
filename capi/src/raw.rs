//! Pointers and lengths from C, turned into references and slices. A NULL pointer and a length that no object can have
//! are reported as a status. The caller guarantees that other pointers are valid.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use zeroize::Zeroize;

use crate::status::{HSUM_BUFFER_TOO_SMALL, HSUM_NULL_POINTER, HSUM_TOO_LONG, Result};

/// The longest object in bytes: PTRDIFF_MAX.
const MAX_LEN: usize = isize::MAX as usize;

/// Borrows the value at `pointer`.
///
/// # Safety
/// `pointer` is NULL, or valid for reads of a `T` that is not modified during `'a`.
pub(crate) unsafe fn borrow<'a, T>(pointer: *const T) -> Result<&'a T> {
    // SAFETY: the caller's promise, and `as_ref` checks for NULL.
    unsafe { pointer.as_ref() }.ok_or(HSUM_NULL_POINTER)
}

/// Borrows the value at `pointer` mutably.
///
/// # Safety
/// `pointer` is NULL, or valid for reads and writes of a `T` that nothing else accesses during `'a`.
pub(crate) unsafe fn borrow_mut<'a, T>(pointer: *mut T) -> Result<&'a mut T> {
    // SAFETY: the caller's promise, and `as_mut` checks for NULL.
    unsafe { pointer.as_mut() }.ok_or(HSUM_NULL_POINTER)
}

/// Borrows `count` items; none if `count` is 0, whatever the pointer.
///
/// # Safety
/// `first` is NULL, or valid for reads of `count` items that are not modified during `'a`.
pub(crate) unsafe fn items<'a, T>(first: *const T, count: usize) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    if first.is_null() {
        return Err(HSUM_NULL_POINTER);
    }
    if count.checked_mul(size_of::<T>()).is_none_or(|size| size > MAX_LEN) {
        return Err(HSUM_TOO_LONG);
    }
    // SAFETY: the caller's promise, and the slice is neither NULL nor longer than an object can be.
    Ok(unsafe { slice::from_raw_parts(first, count) })
}

/// Borrows `len` bytes; none if `len` is 0, whatever the pointer.
///
/// # Safety
/// `data` is NULL, or valid for reads of `len` bytes that are not modified during `'a`.
pub(crate) unsafe fn bytes<'a>(data: *const c_void, len: usize) -> Result<&'a [u8]> {
    // SAFETY: the caller's promise.
    unsafe { items(data.cast(), len) }
}

/// A caller's array for output: `len` items at `start`, which need not be initialized.
pub(crate) struct Output<T = u8> {
    start: *mut T,
    len: usize,
}

impl<T: Copy> Output<T> {
    /// Checks an array of `len` items for an output of `count` pieces of `size` items.
    ///
    /// # Safety
    /// `start` is NULL, or valid for writes of `len` items during the life of the value.
    pub(crate) unsafe fn new(start: *mut T, len: usize, count: usize, size: usize) -> Result<Self> {
        let needed = count.checked_mul(size).filter(|needed| *needed <= MAX_LEN / size_of::<T>());
        let needed = needed.ok_or(HSUM_TOO_LONG)?;
        if needed > 0 && start.is_null() {
            return Err(HSUM_NULL_POINTER);
        }
        if len < needed {
            return Err(HSUM_BUFFER_TOO_SMALL);
        }
        Ok(Self { start, len: needed })
    }

    /// Writes `items` at `offset`; nothing if they would end beyond the output.
    pub(crate) fn write(&mut self, offset: usize, items: &[T]) {
        if self.len.checked_sub(offset).is_none_or(|room| room < items.len()) {
            return;
        }
        // SAFETY: the range is inside the array, by the check, and the array is valid, by the promise to `new`. `copy`
        // permits that the items overlap it.
        unsafe { ptr::copy(items.as_ptr(), self.start.add(offset), items.len()) }
    }
}

impl Output {
    /// Returns the array as zeros.
    pub(crate) fn zeroed(&mut self) -> &mut [u8] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: the array is valid for writes and not NULL, by the promise to `new` and its checks, and initialized
        // here. The slice borrows `self`, so nothing else writes to it.
        unsafe {
            ptr::write_bytes(self.start, 0, self.len);
            slice::from_raw_parts_mut(self.start, self.len)
        }
    }
}

/// Moves `value` to the heap, for a caller that owns it.
pub(crate) fn give<T>(value: T) -> *mut T {
    Box::into_raw(Box::new(value))
}

/// Drops a value from [`give`], and wipes and frees its memory, padding included. NULL is allowed.
///
/// # Safety
/// `pointer` is NULL, or from [`give`] and not dropped before.
pub(crate) unsafe fn end<T>(pointer: *mut T) {
    if pointer.is_null() {
        return;
    }
    // SAFETY: the caller's promise; `MaybeUninit<T>` has the layout of `T`. The value is dropped once, and the
    // slice then covers uninitialized memory.
    unsafe {
        let mut place = Box::from_raw(pointer.cast::<MaybeUninit<T>>());
        place.assume_init_drop();
        slice::from_raw_parts_mut((&raw mut *place).cast::<MaybeUninit<u8>>(), size_of::<T>())
            .zeroize();
    }
}
