//! The sizes at which files are read or mapped, and those of the parts that are hashed at a time.
//!
//! The table has the time of mapping divided by that of reading, for 512 MiB of files in the page cache.
//! A program outside this repository measured it, on two cores of a Zen 4 with 1 MiB of L2.
//!
//! | size of each file | SHA-256 | MD5 | SHA-1 | SHA-512 | BLAKE3 |
//! |---|---|---|---|---|---|
//! | 256 KiB | 1.25 | 1.52 | | | |
//! | 1 MiB | 0.97 | 1.04 | 1.00 | 0.97 | 1.11 |
//! | 2 MiB | 0.91 | 0.99 | 0.99 | 0.94 | 1.01 |
//! | 4 MiB | 0.89 | 0.97 | 0.95 | 0.95 | 0.97 |

use std::sync::OnceLock;

use crate::engine::system;

/// The size from which on files are mapped.
pub(super) const MIN_MAPPED: u64 = 2 << 20;

/// The maximum size of a window of a file that is hashed beside others. Each time a window is
/// unmapped, all other cores are interrupted: with 1 MiB, 64 files of 32 MiB take 12 % longer with
/// SHA-256. With 32 MiB they take 3 % longer, because the page tables are built again.
pub(super) const MAX_WINDOW: usize = 8 << 20;
/// The number of pieces in such a window, so that those of a thread have at most 128 times the size of
/// its pieces, 256 MiB. With half of it, MD5 on 32 lanes takes 8 % longer.
pub(super) const WINDOW_PIECES: usize = 128;
/// The size of a window of a file that is hashed alone: eight are in flight.
pub(super) const WINDOW: usize = 2 << 20;
/// The size of a window that several threads share for one hash: they meet at its end.
pub(super) const SHARED_WINDOW: usize = 32 << 20;

/// The size of a piece of a file that is hashed alone, so that it is still cached when it is hashed.
pub(super) const PIECE: usize = 256 * 1024;
/// The size of a piece that several threads share for one hash.
pub(super) const SHARED_PIECE: usize = 2 << 20;

/// Returns the sizes of all pieces of files that are hashed side by side, and of one piece at most.
///
/// Small pieces cost more to read. With 16 KiB instead of 128 KiB for each of 16 lanes of SHA-1, 64
/// files of 32 MiB take 18 % longer; with 16 instead of 64 KiB for each of 32 lanes of MD5, 18 %. Twice
/// the L2 cache is the best size for every algorithm. A single stream of BLAKE3 takes 5 % longer with
/// pieces of 1 MiB than with 256 KiB.
pub(super) fn pieces() -> (usize, usize) {
    static CACHE: OnceLock<usize> = OnceLock::new();
    let cache = *CACHE.get_or_init(|| system::l2_cache().unwrap_or(1 << 20));
    let cache = cache.clamp(256 * 1024, 2 << 20);
    (2 * cache, cache / 4)
}
