//! Erasure of memory that held secrets.

/// Overwrites `place` with `value`; the compiler cannot remove the write.
pub(crate) fn wipe<T: Copy>(place: &mut T, value: T) {
    *place = value;
    zeroize::optimization_barrier(place);
}
