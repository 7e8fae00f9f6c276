//! Merging of checksum files.

use std::io::{self, BufRead, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hsum::internals::{AtomicFile, io_reason, resolve_links};
use hsum::manifest::Entry;
use hsum::manifest::merge::{self, ListFile, MergeEvent, MergeOptions, MergeSummary};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::errors::io_error;
use crate::names;

/// The number of problems that are returned; a binary file may have millions of bad lines.
const MAX_PROBLEMS: usize = 1000;
/// The number of files between two checks for Ctrl-C.
const STEP: u64 = 1 << 16;
/// The size of a write in bytes.
const PIECE: usize = 1 << 18;

/// Adds the functions of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(merge_lists, module)?)
}

/// Merges checksum files of one tree into one list, as `hsum merge` does.
///
/// Args:
///     lists: The lists: bytes are the lines of a list, str and os.PathLike are paths of files.
///     output: The path of the file to write. It is replaced once the list is complete, and may be
///         one of the lists. None returns the list.
///     partial: Write the list even if it is incomplete.
///     sort: Sort each list first, in memory.
///
/// Returns:
///     Three values. The merged list: None if output is given, or if the list is incomplete and
///     partial is False. The counts, under the names of `hsum merge --json`. The first 1000 problems,
///     as dictionaries with the fields of its objects, where a list is its index in lists, and paths
///     are bytes.
///
/// Raises:
///     OSError: The output cannot be written. A list that cannot be read is one of the problems.
#[pyfunction]
#[pyo3(name = "_merge", signature = (lists, output=None, *, partial=false, sort=false))]
fn merge_lists<'py>(
    py: Python<'py>,
    lists: Vec<Bound<'py, PyAny>>,
    output: Option<Bound<'py, PyAny>>,
    partial: bool,
    sort: bool,
) -> PyResult<Bound<'py, PyTuple>> {
    let count = lists.len();
    let lists = lists.iter().map(|list| match list.cast::<PyBytes>() {
        Ok(lines) => Ok(List::Lines(lines.as_bytes())),
        Err(_) => Ok(List::File(ListFile::new(names::path(list)?, count))),
    });
    let lists: Vec<List<'_>> = lists.collect::<PyResult<_>>()?;
    let write_error = |error: io::Error| match &output {
        Some(path) => io_error(&error, path),
        None => error.into(),
    };
    let mut merged = Merged { list: Vec::new(), file: None, problems: Vec::new() };
    if let Some(path) = &output {
        let path = resolve_links(&names::path(path)?);
        let file = AtomicFile::create_like_old(path).map_err(write_error)?;
        merged.file = Some(file);
    }
    let (summary, result) = py.detach(|| merged.run(lists, &MergeOptions::new().sort(sort)));
    match result {
        Ok(()) => {}
        Err(Stop::Write(error)) => return Err(write_error(error)),
        Err(Stop::Signal(error)) => return Err(error),
    }
    let is_written = summary.is_complete() || partial;
    let list = match merged.file.take() {
        None => is_written.then(|| PyBytes::new(py, &merged.list)),
        Some(file) => {
            if is_written {
                py.detach(|| file.commit()).map_err(write_error)?;
            }
            None
        }
    };
    let problems: Vec<_> =
        merged.problems.iter().map(|problem| problem.to_python(py)).collect::<PyResult<_>>()?;
    (list, counts(py, &summary)?, problems).into_pyobject(py)
}

/// One of the lists.
enum List<'b> {
    Lines(&'b [u8]),
    File(ListFile),
}

impl Read for List<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Lines(lines) => lines.read(buffer),
            Self::File(file) => file.read(buffer),
        }
    }
}

impl BufRead for List<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Lines(lines) => Ok(lines),
            Self::File(file) => file.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Self::Lines(lines) => lines.consume(count),
            Self::File(file) => file.consume(count),
        }
    }
}

/// The reason why a merge ended early.
enum Stop {
    Write(io::Error),
    Signal(PyErr),
}

/// The result of a merge so far.
struct Merged {
    /// The merged list or, if it goes to a file, the lines that are not written yet.
    list: Vec<u8>,
    file: Option<AtomicFile>,
    problems: Vec<Problem>,
}

impl Merged {
    fn run(
        &mut self,
        lists: Vec<List<'_>>,
        options: &MergeOptions,
    ) -> (MergeSummary, Result<(), Stop>) {
        let (mut count, mut result) = (0, Ok(()));
        let summary = merge::merge(lists, options, |event| {
            count += 1;
            let added = self.add(event).map_err(Stop::Write).and_then(|()| match count % STEP {
                0 => Python::attach(|py| py.check_signals()).map_err(Stop::Signal),
                _ => Ok(()),
            });
            match added {
                Ok(()) => ControlFlow::Continue(()),
                Err(stop) => {
                    result = Err(stop);
                    ControlFlow::Break(())
                }
            }
        });
        (summary, result.and_then(|()| self.write().map_err(Stop::Write)))
    }

    fn add(&mut self, event: MergeEvent<'_>) -> io::Result<()> {
        if let MergeEvent::Entry(entry) = event {
            entry.write_to(&mut self.list);
            return if self.list.len() < PIECE { Ok(()) } else { self.write() };
        }
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.extend(Problem::new(event));
        }
        Ok(())
    }

    /// Writes the pending lines, if there is a file.
    fn write(&mut self) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(&self.list)?;
        self.list.clear();
        Ok(())
    }
}

/// A problem, with the fields of an object in the output of `hsum merge --json`.
struct Problem {
    kind: &'static str,
    path: Option<PathBuf>,
    list: usize,
    line: Option<u64>,
    /// The two entries of a conflict, and the place of the second.
    conflict: Option<(Entry, usize, u64, Entry)>,
    reason: &'static str,
    error: String,
}

impl Problem {
    /// Returns the problem that an event reports.
    fn new(event: MergeEvent<'_>) -> Option<Self> {
        Some(match event {
            MergeEvent::Conflict { first, other } => Self {
                kind: "conflict",
                path: Some(first.entry.path.clone()),
                list: first.list,
                line: Some(first.line),
                error: first.difference(other),
                conflict: Some((first.entry.clone(), other.list, other.line, other.entry.clone())),
                reason: "conflict",
            },
            MergeEvent::Line { list, line, name, problem } => Self {
                kind: "line",
                path: name.map(Path::to_owned),
                list,
                line: Some(line),
                conflict: None,
                reason: problem.reason(),
                error: problem.to_string(),
            },
            MergeEvent::Unreadable { list, error } => Self {
                kind: "error",
                path: None,
                list,
                line: None,
                conflict: None,
                reason: io_reason(error.kind()),
                error: error.to_string(),
            },
            _ => return None,
        })
    }

    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let object = PyDict::new(py);
        object.set_item("type", self.kind)?;
        if let Some(path) = &self.path {
            object.set_item("path", PyBytes::new(py, path.as_os_str().as_bytes()))?;
        }
        object.set_item("list", self.list)?;
        if let Some(line) = self.line {
            object.set_item("line", line)?;
        }
        if let Some((first, list, line, other)) = &self.conflict {
            object.set_item("digests", digests(py, first)?)?;
            object.set_item("other_list", list)?;
            object.set_item("other_line", line)?;
            object.set_item("other_digests", digests(py, other)?)?;
        }
        object.set_item("reason", self.reason)?;
        object.set_item("error", &self.error)?;
        Ok(object)
    }
}

/// Returns the digests of an entry in bytes, by the names of their algorithms.
fn digests<'py>(py: Python<'py>, entry: &Entry) -> PyResult<Bound<'py, PyDict>> {
    let digests = PyDict::new(py);
    for digest in entry.digests() {
        digests
            .set_item(digest.hash_function().to_string(), PyBytes::new(py, digest.as_bytes()))?;
    }
    Ok(digests)
}

fn counts<'py>(py: Python<'py>, summary: &MergeSummary) -> PyResult<Bound<'py, PyDict>> {
    let counts = PyDict::new(py);
    for (name, count) in [
        ("files", summary.files),
        ("duplicates", summary.duplicates),
        ("conflicts", summary.conflicts),
        ("bad_lines", summary.bad_lines),
        ("other_algorithms", summary.other_functions),
        ("unsorted", summary.unsorted),
        ("unreadable", summary.unreadable),
    ] {
        counts.set_item(name, count)?;
    }
    Ok(counts)
}
