//! Shards of a tree for the workers of a cluster, and the lines that the workers return.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hsum::engine::{self, HashOptions, WalkEntryKind};
use hsum::manifest::{LineFormat, LineStyle, write_line};
use hsum::{Error, ErrorKind, SpecialFileType};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::errors::{io_error, os_error};
use crate::files::{self, OnError};
use crate::names::{self, Functions};
use crate::report::Reporter;

/// Adds the functions of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(shards, module)?)?;
    module.add_function(wrap_pyfunction!(work, module)?)
}

/// The number of files between two checks for signals such as Ctrl-C.
const SIGNAL_INTERVAL: usize = 4096;

/// Walks `paths` and divides the files among at most `count` shards of about the same cost.
///
/// The cost of a file is its size plus `bytes_per_file`. Each shard is in the order of the walk.
#[pyfunction(name = "_shards")]
fn shards<'py>(
    py: Python<'py>,
    paths: &Bound<'py, PyAny>,
    count: usize,
    bytes_per_file: u64,
) -> PyResult<Vec<Vec<Bound<'py, PyBytes>>>> {
    let paths = paths_of(paths)?;
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
            // The worker cannot read what cannot be listed, and reports the reason.
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

/// Divides the files: assigns each, the most expensive first, to the shard that costs least so far.
///
/// Equal costs keep their order, so the result depends only on names and sizes. Returns indices of
/// `files`, and no empty shards.
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

/// Hashes the files; returns the lines of a checksum file, as the program prints them, and an
/// `OSError` for each file without a digest. Lines have tags if there are several names.
#[pyfunction(name = "_work")]
fn work<'py>(
    py: Python<'py>,
    paths: &Bound<'py, PyAny>,
    name: &Bound<'py, PyAny>,
    threads: Option<usize>,
) -> PyResult<(Bound<'py, PyBytes>, Vec<PyErr>)> {
    let paths = paths_of(paths)?;
    let functions = Functions::parse(name)?;
    let style = LineStyle::new(match functions.functions.len() {
        1 => LineFormat::Untagged,
        _ => LineFormat::Tagged,
    });
    let counts = Arc::default();
    let options = files::hash_options(&functions, threads, &counts)?;
    let (files, reporter) = (paths.clone(), Reporter::new(None, None)?);
    let results = files::hash_listed(py, files, options, counts, reporter, OnError::Return)?;
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    for (path, result) in paths.iter().zip(results) {
        let name = path.as_os_str().as_bytes();
        match result {
            Ok(file) => {
                file.digests.iter().for_each(|digest| write_line(&mut lines, digest, name, style));
            }
            Err(error) => errors.push(reason(path, &error, PyBytes::new(py, name).as_any())),
        }
    }
    Ok((PyBytes::new(py, &lines), errors))
}

fn paths_of(paths: &Bound<'_, PyAny>) -> PyResult<Vec<PathBuf>> {
    names::refuse_single_path(paths)?;
    paths.try_iter()?.map(|path| names::path(&path?)).collect()
}

/// Returns the reason why a path of a shard has no digest.
fn reason(path: &Path, error: &Error, name: &Bound<'_, PyAny>) -> PyErr {
    // A directory is in a shard only if the walk could not enter it.
    match error.kind() {
        ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::IsADirectory => {
            let cause = File::open(path.join(".")).err();
            cause.map_or_else(|| os_error(error, name), |cause| io_error(&cause, name))
        }
        _ => os_error(error, name),
    }
}
