//! Verification of files with checksum files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use hsum::Digest;
use hsum::check::{CheckOptions, CheckVerdict, check_entries};
use hsum::engine::HashProgress;
use hsum::manifest::{Entry, List, ListOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use pyo3::{PyTraverseError, PyVisit};

use crate::arguments::hash_function;
use crate::errors::{io_error, os_error};
use crate::files::thread_count;
use crate::names::{self, PathKind};
use crate::report::Reporter;
use crate::run::Run;

/// The result for one line of a checksum file.
///
/// Attributes:
///     line: The number of the line, from 1; for an item of a JSON or XML list, its number.
///     path: The name in the list; None if the line names no file.
///     verdict: 'ok', 'mismatch', 'wrong-size', 'missing', 'unreadable', 'refused' (an entry that is
///         not verified for safety, for example because its name leads out of the directory) or 'malformed'.
///     ok: True if the verdict is 'ok'.
///     reason: None if ok; otherwise the word that the program's JSON output has, such as 'not-found' or
///         'bad-digest'.
///     error: The OSError of a file that is missing or unreadable, with errno and filename; else None.
///     expected: The listed digests in bytes, by the names of their algorithms.
///     digests: The file's digests in bytes, by name; empty if it was not read.
///     size: The number of bytes of the file; None if it is unknown.
#[pyclass(frozen, module = "hsum", name = "CheckedLine")]
pub(crate) struct CheckedLine {
    #[pyo3(get)]
    line: u64,
    #[pyo3(get)]
    path: Option<Py<PyAny>>,
    #[pyo3(get)]
    verdict: &'static str,
    #[pyo3(get)]
    reason: Option<&'static str>,
    #[pyo3(get)]
    error: Option<Py<PyAny>>,
    expected: Vec<Digest>,
    digests: Vec<Digest>,
    #[pyo3(get)]
    size: Option<u64>,
}

impl CheckedLine {
    fn new(py: Python<'_>, checked: hsum::check::CheckedLine, kind: PathKind) -> PyResult<Self> {
        let hsum::check::CheckedLine { line, entry, name, verdict, size, digests, .. } = checked;
        let found = entry.as_ref().map(|entry| &entry.path).or(name.as_ref());
        let path = found.map(|path| kind.to_python(py, path)).transpose()?;
        let error = match (&verdict, &path) {
            (CheckVerdict::Missing(error) | CheckVerdict::Unreadable(error), Some(path)) => {
                Some(os_error(error, path).into_value(py).into_any())
            }
            _ => None,
        };
        let size = match verdict {
            CheckVerdict::WrongSize(size) => Some(size),
            _ => size,
        };
        let (verdict, reason) = words(&verdict);
        let expected = entry.iter().flat_map(Entry::digests).copied().collect();
        let path = path.map(Bound::unbind);
        Ok(Self { line, path, verdict, reason, error, expected, digests, size })
    }
}

/// Returns the words for a verdict and for its reason.
fn words(verdict: &CheckVerdict) -> (&'static str, Option<&'static str>) {
    match verdict {
        CheckVerdict::Match => ("ok", None),
        CheckVerdict::Mismatch(_) => ("mismatch", Some("mismatch")),
        CheckVerdict::WrongSize(_) => ("wrong-size", Some("wrong-size")),
        CheckVerdict::Missing(error) => ("missing", Some(error.kind().reason())),
        CheckVerdict::Unreadable(error) => ("unreadable", Some(error.kind().reason())),
        CheckVerdict::Malformed(bad) if bad.is_refusal() => ("refused", Some(bad.reason())),
        CheckVerdict::Malformed(bad) => ("malformed", Some(bad.reason())),
        _ => ("unknown", Some("unknown")),
    }
}

fn by_name<'py>(py: Python<'py>, digests: &[Digest]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for digest in digests {
        let name = digest.hash_function().to_string();
        dict.set_item(name, PyBytes::new(py, digest.as_bytes()))?;
    }
    Ok(dict)
}

#[pymethods]
impl CheckedLine {
    #[getter]
    fn ok(&self) -> bool {
        self.verdict == "ok"
    }

    #[getter]
    fn expected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        by_name(py, &self.expected)
    }

    #[getter]
    fn digests<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        by_name(py, &self.digests)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = format!("CheckedLine(line={}", self.line);
        if let Some(path) = &self.path {
            text += &format!(", path={}", path.bind(py).repr()?);
        }
        text += &format!(", verdict='{}'", self.verdict);
        if let Some(reason) = self.reason.filter(|reason| *reason != self.verdict) {
            text += &format!(", reason='{reason}'");
        }
        Ok(text + ")")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.path)?;
        visit.call(&self.error)
    }
}

/// The text of a list, and the options that follow from its name.
struct Input {
    text: Box<dyn BufRead + Send>,
    options: ListOptions,
    path_kind: PathKind,
    /// The path or the file object, for errors.
    name: Py<PyAny>,
}

impl Input {
    /// Opens a list by path, or reads it from a file object.
    fn open(list: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (py, options) = (list.py(), ListOptions::new());
        let name = list.clone().unbind();
        if list.hasattr("read")? {
            let bytes: Vec<u8> = list.call_method0("read")?.extract()?;
            let text = Box::new(Cursor::new(bytes));
            return Ok(Self { text, options, path_kind: PathKind::Text, name });
        }
        let path: PathBuf = names::path(list)?;
        let file = py.detach(|| File::open(&path)).map_err(|error| io_error(&error, list))?;
        let text = Box::new(BufReader::new(file));
        Ok(Self { text, options: options.name(path), path_kind: PathKind::of(list)?, name })
    }
}

/// Verifies the files that a checksum file lists, in parallel, without the GIL.
///
/// The format of the list is recognised by its contents. It may be any format that the program reads, such
/// as GNU, BSD and OpenSSL lines.
///
/// Args:
///     list: The path of the list, or a binary file object with its text.
///     directory: The directory that the names in the list are relative to; by default the working
///         directory.
///     name: The hash function of lines without an algorithm; by default it follows from the list's
///         name and the length of the digest.
///     threads: The number of threads; by default one per available core.
///     progress: As for `file_digests`.
///
/// Returns:
///     A list of CheckedLine, one for each line that is neither empty nor a comment, in order. Paths
///     are bytes if list is bytes, and otherwise str.
///
/// Raises:
///     OSError: The list cannot be read. Files that cannot be read are records.
///     ValueError: The list has no entries, so nothing was verified; or name or threads is invalid.
///
/// Example:
///     >>> [(line.path, line.verdict) for line in hsum.check("SHA256SUMS")]
///     [('a.txt', 'ok'), ('b.txt', 'mismatch')]
#[pyfunction]
#[pyo3(signature = (list, *, directory=None, name=None, threads=None, progress=None))]
fn check<'py>(
    py: Python<'py>,
    list: &Bound<'py, PyAny>,
    directory: Option<Bound<'py, PyAny>>,
    name: Option<Bound<'py, PyAny>>,
    threads: Option<usize>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyList>> {
    let counts = Arc::new(HashProgress::default());
    let mut options = CheckOptions::new().progress(Arc::clone(&counts));
    // The name `-` in a list must not make a program wait for its standard input.
    options = options.stdin_is_list(true);
    if let Some(count) = thread_count(threads)? {
        options = options.threads(count);
    }
    if let Some(directory) = &directory {
        options = options.base_directory(names::path(directory)?);
    }
    let untagged = name.as_ref().map(hash_function).transpose()?;
    let Input { text, options: list_options, path_kind, name } = Input::open(list)?;
    let reporter = Reporter::new(progress.as_ref(), None)?;
    let run = Run::start(counts, reporter, move |sink| {
        let mut list = List::new(text, list_options.untagged(untagged));
        check_entries(&options, list.by_ref(), |checked| sink(Ok(checked)));
        if let Some(error) = list.take_error() {
            let _ = sink(Err(error));
        }
    })?;
    let (mut lines, mut unread) = (Vec::new(), None);
    run.finish(py, |line: Result<hsum::check::CheckedLine, io::Error>| {
        match line {
            Ok(line) => lines.push(line),
            Err(error) => unread = Some(error),
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = unread {
        return Err(io_error(&error, name.bind(py)));
    }
    if lines.is_empty() {
        let text = format!("{}: no entries, so nothing was verified", name.bind(py).repr()?);
        return Err(PyValueError::new_err(text));
    }
    let lines = lines.into_iter().map(|line| CheckedLine::new(py, line, path_kind));
    PyList::new(py, lines.collect::<PyResult<Vec<_>>>()?)
}

/// Adds the functions and classes of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CheckedLine>()?;
    module.add_function(wrap_pyfunction!(check, module)?)
}
