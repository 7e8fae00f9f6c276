//! Hashing of files.

use std::ffi::{CStr, OsStr, c_char, c_int, c_uint};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hsum_core::engine::{self, HashOptions, HashedFile, ReadPolicy};
use hsum_core::{Error, ErrorKind, hash_file};

use crate::algorithm::hsum_algorithm;
use crate::raw::{Output, borrow, items};
use crate::status::{
    HSUM_CHANGED, HSUM_FILE_FAILED, HSUM_IO, HSUM_NOT_REGULAR, HSUM_NULL_POINTER, HSUM_OK, Result,
    hsum_status, status_of,
};

/// The result for one file of a batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hsum_file_result {
    /// HSUM_OK, HSUM_IO, HSUM_CHANGED or HSUM_NOT_REGULAR.
    pub status: hsum_status,
    /// The system's error number (as in errno) if `status` is HSUM_IO; else 0.
    pub error: c_int,
    /// The number of bytes that were hashed; 0 if the file could not be hashed.
    pub size: u64,
}

impl From<&Error> for hsum_file_result {
    fn from(error: &Error) -> Self {
        let (status, error) = match error.kind() {
            ErrorKind::Io(cause) => (HSUM_IO, cause.raw_os_error().unwrap_or(EIO)),
            ErrorKind::Changed | ErrorKind::Length { .. } => (HSUM_CHANGED, 0),
            _ => (HSUM_NOT_REGULAR, 0),
        };
        Self { status, error, size: 0 }
    }
}

/// The error number of a failure without one.
const EIO: c_int = 5;

/// Borrows a path, whose bytes may be in any encoding.
///
/// # Safety
/// `path` is NULL, or a string that ends with NUL and is not modified during `'a`.
unsafe fn path_of<'a>(path: *const c_char) -> Result<&'a Path> {
    if path.is_null() {
        return Err(HSUM_NULL_POINTER);
    }
    // SAFETY: the caller's promise.
    let path = unsafe { CStr::from_ptr(path) };
    Ok(Path::new(OsStr::from_bytes(path.to_bytes())))
}

/// Writes the digest of a file's contents to `out`, which has room for `out_len` bytes.
///
/// Any file that can be read is hashed, devices and FIFOs too. Large files are read by several threads. Errors: HSUM_IO,
/// with the cause in errno; HSUM_CHANGED if the file changes while it is read; HSUM_NULL_POINTER,
/// HSUM_BUFFER_TOO_SMALL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_file(
    algorithm: *const hsum_algorithm,
    path: *const c_char,
    out: *mut u8,
    out_len: usize,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes an algorithm or NULL, a string that ends with NUL, and a buffer of this length.
        let (function, path, mut out) = unsafe {
            let function = borrow(algorithm)?.function;
            (function, path_of(path)?, Output::new(out, out_len, 1, function.len())?)
        };
        let digest = hash_file(function, path).map_err(|error| {
            let result = hsum_file_result::from(&error);
            if result.status == HSUM_IO {
                errno::set_errno(errno::Errno(result.error));
            }
            result.status
        })?;
        out.write(0, digest.as_bytes());
        Ok(())
    };
    status_of(run())
}

/// Hashes `count` files in parallel, and writes their digests to `out` and the other results to `results`, in order.
///
/// Digest `i` begins at `out + i * hsum_digest_size(algorithm)`; `out_len` must be at least `count` times that size, and
/// `results` must have room for `count` results. `threads` is the number of threads; 0 means one for each core that is
/// available. Only regular files are read; symbolic links are followed. A file that cannot be hashed does not stop the
/// others; its place in `out` is left alone. Errors: HSUM_FILE_FAILED if there is such a file, HSUM_NULL_POINTER,
/// HSUM_TOO_LONG, HSUM_BUFFER_TOO_SMALL; after the last three, `results` is left alone, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hsum_files(
    algorithm: *const hsum_algorithm,
    paths: *const *const c_char,
    count: usize,
    threads: c_uint,
    out: *mut u8,
    out_len: usize,
    results: *mut hsum_file_result,
) -> hsum_status {
    let run = || -> Result<()> {
        // SAFETY: the caller passes an algorithm or NULL, `count` strings that end with NUL, and arrays of these lengths.
        let (function, paths, out, results) = unsafe {
            let function = borrow(algorithm)?.function;
            let out = Output::new(out, out_len, count, function.len())?;
            let results = Output::new(results, count, count, 1)?;
            let paths = items(paths, count)?.iter().map(|path| Ok(path_of(*path)?.to_owned()));
            (function, paths.collect::<Result<Vec<PathBuf>>>()?, out, results)
        };
        let options = HashOptions::new([function]).policy(ReadPolicy::Listed);
        let options = match NonZeroUsize::new(threads as usize) {
            Some(threads) => options.threads(threads),
            None => options,
        };
        hash_files(&options, paths, out, results)
    };
    status_of(run())
}

/// Hashes `paths`, and writes the results in their order.
fn hash_files(
    options: &HashOptions,
    paths: Vec<PathBuf>,
    mut out: Output,
    mut results: Output<hsum_file_result>,
) -> Result<()> {
    let (mut index, mut all) = (0, Ok(()));
    engine::run(options, paths, |outcome| {
        let result = match &outcome.result {
            Ok(HashedFile { size, digests, .. }) => {
                for digest in digests {
                    let digest = digest.as_bytes();
                    out.write(index * digest.len(), digest);
                }
                hsum_file_result { status: HSUM_OK, error: 0, size: *size }
            }
            Err(error) => {
                all = Err(HSUM_FILE_FAILED);
                error.into()
            }
        };
        results.write(index, &[result]);
        index += 1;
        ControlFlow::Continue(())
    });
    all
}
