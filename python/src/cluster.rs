//! Shares of a tree for the workers of a cluster, and the lines that they return.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hsum::engine::{self, HashOptions, ReadPolicy, WalkEntryKind};
use hsum::manifest::{LineFormat, LineStyle, write_line};
use hsum::{Error, ErrorKind, HashFunction, SpecialFileType};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

/// Adds the functions of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(shards, module)?)?;
    module.add_function(wrap_pyfunction!(work, module)?)
}

/// The number of files between two checks for signals such as Ctrl-C.
const SIGNAL_INTERVAL: usize = 4096;

/// Walks `paths` and divides the files among at most `count` shards of about the same cost.
///
/// The cost of a file is its size and `bytes_per_file`. Each shard is in the order of the walk.
#[pyfunction(name = "_shards")]
fn shards<'py>(
    py: Python<'py>,
    paths: Vec<PyBackedBytes>,
    count: usize,
    bytes_per_file: u64,
) -> PyResult<Vec<Vec<Bound<'py, PyBytes>>>> {
    let paths = paths.iter().map(path).collect();
    let files = py.detach(|| walk(paths, bytes_per_file))?;
    let shards = py.detach(|| divide(&files, count));
    let name = |index: usize| Some(PyBytes::new(py, files.get(index)?.0.as_os_str().as_bytes()));
    Ok(shards.into_iter().map(|shard| shard.into_iter().filter_map(name).collect()).collect())
}

/// Returns the files and their costs, in the order of the walk.
fn walk(paths: Vec<PathBuf>, bytes_per_file: u64) -> PyResult<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    let mut signal = Ok(());
    let _ = engine::list(&HashOptions::default(), paths, |entry| {
        let size = match &entry.result {
            Ok(WalkEntryKind::File(stamp)) => stamp.size,
            Err(error) if is_left_out(error) => return ControlFlow::Continue(()),
            // It cannot be listed, so it cannot be read either: the worker reports the reason.
            Ok(_) | Err(_) => 0,
        };
        files.push((entry.path, size.saturating_add(bytes_per_file)));
        if files.len().is_multiple_of(SIGNAL_INTERVAL) {
            signal = Python::attach(|py| py.check_signals());
        }
        if signal.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    signal.map(|()| files)
}

/// Returns `true` if the walk found an entry that it skips by design.
fn is_left_out(error: &Error) -> bool {
    // A source that is not a regular file, or an entry replaced since its directory was read.
    let is_other = matches!(error.kind(), ErrorKind::Special(SpecialFileType::Other));
    error.is_skipped() && !is_other
}

/// Divides the files: from the most expensive on, each goes to the shard that costs least so far.
///
/// Equal costs keep their order, so the result depends on names and sizes only. Returns indices,
/// and no empty shards.
fn divide(files: &[(PathBuf, u64)], count: usize) -> Vec<Vec<usize>> {
    let count = count.min(files.len());
    let mut shards: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut least: BinaryHeap<Reverse<(u128, usize)>> =
        (0..count).map(|i| Reverse((0, i))).collect();
    let mut order: Vec<(usize, u64)> = files.iter().map(|file| file.1).enumerate().collect();
    order.sort_by_key(|&(_, cost)| Reverse(cost));
    for (index, cost) in order {
        let Some(mut top) = least.peek_mut() else { break };
        let Reverse((sum, shard)) = *top;
        *top = Reverse((sum + u128::from(cost), shard));
        if let Some(shard) = shards.get_mut(shard) {
            shard.push(index);
        }
    }
    shards.iter_mut().for_each(|shard| shard.sort_unstable());
    shards
}

/// Hashes the files on `threads` threads; returns the lines of a checksum file, as `hsum` prints
/// them, and an `OSError` for each file without a digest. Lines have tags if there are several names.
#[pyfunction(name = "_work")]
fn work<'py>(
    py: Python<'py>,
    paths: Vec<PyBackedBytes>,
    names: Vec<String>,
    threads: Option<NonZeroUsize>,
) -> PyResult<(Bound<'py, PyBytes>, Vec<PyErr>)> {
    let functions: Result<Vec<HashFunction>, _> = names.iter().map(|name| name.parse()).collect();
    let functions = functions.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let style = LineStyle::new(match functions.len() {
        0 | 1 => LineFormat::Untagged,
        _ => LineFormat::Tagged,
    });
    let mut options = HashOptions::new(functions).policy(ReadPolicy::Listed);
    if let Some(threads) = threads {
        options = options.threads(threads);
    }
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    let paths: Vec<PathBuf> = paths.iter().map(path).collect();
    py.detach(|| {
        engine::run(&options, paths, |outcome| {
            let path = outcome.source.name();
            match &outcome.result {
                Ok(file) => {
                    let name = path.as_os_str().as_bytes();
                    file.digests
                        .iter()
                        .for_each(|digest| write_line(&mut lines, digest, name, style))
                }
                Err(error) => errors.push(os_error(path, error)),
            }
            ControlFlow::Continue(())
        })
    });
    Ok((PyBytes::new(py, &lines), errors))
}

fn path(bytes: &PyBackedBytes) -> PathBuf {
    OsStr::from_bytes(bytes).into()
}

fn os_error(path: &Path, error: &Error) -> PyErr {
    let (mut errno, mut text) = (None, error.kind().to_string());
    if let ErrorKind::Io(cause) = error.kind() {
        errno = cause.raw_os_error();
        // A directory is in a shard only if it could not be entered.
        if let (io::ErrorKind::IsADirectory, Err(cause)) =
            (cause.kind(), File::open(path.join(".")))
        {
            errno = cause.raw_os_error();
            text = ErrorKind::Io(cause).to_string();
        }
    }
    PyOSError::new_err((errno, text, path.as_os_str().as_bytes().to_vec()))
}
