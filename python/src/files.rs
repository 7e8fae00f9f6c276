//! Files and trees.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use hsum::engine::{self, HashOptions, HashProgress, HashedFile, Outcome, ReadPolicy, Symlinks};
use hsum::{Digest, Error};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use crate::arguments::hash_function;
use crate::errors::os_error;
use crate::names::{self, Functions, PathKind};
use crate::report::Reporter;
use crate::run::Run;

/// The digests of a file, or the reason why there are none.
///
/// Attributes:
///     path: The path that was passed to `file_digests`, or that `tree` found.
///     digests: The digests in bytes, by the names of the `name` argument; empty if the file failed.
///     size: The number of bytes read; None if the file failed.
///     error: The OSError, with errno and filename; None if the file has digests.
///     skipped: True if a walk skipped the file by design, such as a FIFO.
#[pyclass(frozen, module = "hsum", name = "FileDigests")]
pub(crate) struct FileDigests {
    #[pyo3(get)]
    path: Py<PyAny>,
    names: Arc<[String]>,
    digests: Vec<Digest>,
    #[pyo3(get)]
    size: Option<u64>,
    #[pyo3(get)]
    error: Option<Py<PyAny>>,
    #[pyo3(get)]
    skipped: bool,
}

impl FileDigests {
    fn record(
        py: Python<'_>,
        path: Bound<'_, PyAny>,
        names: &Arc<[String]>,
        result: Result<HashedFile, Error>,
    ) -> Self {
        let (names, skipped) = (Arc::clone(names), result.as_ref().is_err_and(Error::is_skipped));
        let (digests, size, error) = match result {
            Ok(file) => (file.digests, Some(file.size), None),
            Err(error) => {
                (Vec::new(), None, Some(os_error(&error, &path).into_value(py).into_any()))
            }
        };
        Self { path: path.unbind(), names, digests, size, error, skipped }
    }

    /// Returns a digest by name, or the first one if there is no name.
    fn find(&self, py: Python<'_>, name: Option<&str>) -> PyResult<&Digest> {
        if let Some(error) = &self.error {
            return Err(PyErr::from_value(error.bind(py).clone()));
        }
        let found = match name {
            None => self.digests.first(),
            Some(name) => {
                self.names.iter().position(|n| n == name).and_then(|index| self.digests.get(index))
            }
        };
        found.ok_or_else(|| PyKeyError::new_err(name.unwrap_or_default().to_owned()))
    }
}

#[pymethods]
impl FileDigests {
    #[new]
    #[pyo3(signature = (path, digests, size=None, error=None, skipped=false))]
    fn new(
        path: Py<PyAny>,
        digests: &Bound<'_, PyDict>,
        size: Option<u64>,
        error: Option<Py<PyAny>>,
        skipped: bool,
    ) -> PyResult<Self> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (name, bytes) in digests.iter() {
            let digest =
                Digest::from_bytes(hash_function(&name)?, bytes.cast::<PyBytes>()?.as_bytes());
            names.push(name.extract::<String>()?);
            values.push(
                digest.ok_or_else(|| PyValueError::new_err("a digest has the wrong length"))?,
            );
        }
        Ok(Self { path, names: names.into(), digests: values, size, error, skipped })
    }

    /// Supports pickling, so that a process pool can return records.
    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let (py, record) = (slf.py(), slf.get());
        let (path, error) =
            (record.path.bind(py), record.error.as_ref().map(|error| error.bind(py)));
        let arguments = (path, record.digests(py)?, record.size, error, record.skipped);
        Ok((slf.get_type().into_any(), arguments.into_pyobject(py)?))
    }

    #[getter]
    fn digests<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let digests = PyDict::new(py);
        for (name, digest) in self.names.iter().zip(&self.digests) {
            digests.set_item(name, PyBytes::new(py, digest.as_bytes()))?;
        }
        Ok(digests)
    }

    /// Returns the digest by this hash function, in bytes; by default the first digest.
    ///
    /// Raises:
    ///     OSError: The file failed. The exception is `error`.
    ///     KeyError: The record has no digest by this name.
    #[pyo3(signature = (name=None))]
    fn digest<'py>(&self, py: Python<'py>, name: Option<&str>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.find(py, name)?.as_bytes()))
    }

    /// Returns the digest by this hash function, in lower-case hex; by default the first digest.
    ///
    /// Raises:
    ///     OSError: The file failed. The exception is `error`.
    ///     KeyError: The record has no digest by this name.
    #[pyo3(signature = (name=None))]
    fn hexdigest(&self, py: Python<'_>, name: Option<&str>) -> PyResult<String> {
        self.find(py, name).map(Digest::to_hex)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = format!("FileDigests(path={}", self.path.bind(py).repr()?);
        for (name, digest) in self.names.iter().zip(&self.digests) {
            text += &format!(", {name}='{digest}'");
        }
        if let Some(error) = &self.error {
            text += &format!(", error={}", error.bind(py).repr()?);
        }
        Ok(text + ")")
    }

    // The error's traceback may refer to this object. Python breaks that cycle at the exception.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.path)?;
        visit.call(&self.error)
    }
}

/// The way in which failures of files are reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    /// The first failure ends the run.
    Raise,
    /// Each failure becomes a record with an error.
    Return,
}

impl OnError {
    pub(crate) fn parse(errors: &str) -> PyResult<Self> {
        match errors {
            "raise" => Ok(Self::Raise),
            "return" => Ok(Self::Return),
            _ => Err(PyValueError::new_err(format!(
                "errors must be 'raise' or 'return', not {errors:?}"
            ))),
        }
    }
}

/// Checks a number of threads.
pub(crate) fn thread_count(threads: Option<usize>) -> PyResult<Option<NonZeroUsize>> {
    let check = |count| {
        NonZeroUsize::new(count).ok_or_else(|| PyValueError::new_err("threads must be at least 1"))
    };
    threads.map(check).transpose()
}

/// Returns the options that all functions on files share.
pub(crate) fn hash_options(
    functions: &Functions,
    threads: Option<usize>,
    progress: &Arc<HashProgress>,
) -> PyResult<HashOptions> {
    let options = HashOptions::new(functions.functions.iter().copied());
    let options = options.progress(Arc::clone(progress));
    Ok(match thread_count(threads)? {
        Some(count) => options.threads(count),
        None => options,
    })
}

/// Returns the hash functions of a `name` argument, whose default is SHA-256.
fn functions(py: Python<'_>, name: Option<Bound<'_, PyAny>>) -> PyResult<Functions> {
    match name {
        Some(name) => Functions::parse(&name),
        None => Functions::parse(PyString::new(py, "sha256").as_any()),
    }
}

/// Hashes listed files in parallel, without the GIL, and returns the results in the order of the files:
/// with [`OnError::Raise`], up to the first failure.
pub(crate) fn hash_listed(
    py: Python<'_>,
    files: Vec<PathBuf>,
    options: HashOptions,
    counts: Arc<HashProgress>,
    reporter: Reporter,
    on_error: OnError,
) -> PyResult<Vec<Result<HashedFile, Error>>> {
    let mut results = Vec::with_capacity(files.len());
    let options = options.policy(ReadPolicy::Listed);
    let run = Run::start(counts, reporter, move |sink| {
        engine::run(&options, files, |outcome| sink(outcome.result));
    })?;
    run.finish(py, |result: Result<HashedFile, Error>| {
        let failed = on_error == OnError::Raise && result.is_err();
        results.push(result);
        if failed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(results)
}

/// Hashes files in parallel, without the GIL.
///
/// Args:
///     paths: An iterable of str, bytes or os.PathLike. It is consumed before the first file is read.
///     name: The name of a hash function, or several names: each file is read once.
///     threads: The number of threads; by default one per available core.
///     progress: True for a bar on a terminal or in a notebook, a callable that receives the numbers
///         of files and bytes about ten times a second, or a tqdm object; see `hsum.progress`.
///     errors: 'raise' raises the error of the first file that fails, in the order of paths;
///         'return' returns it in the file's record.
///
/// Returns:
///     A list of FileDigests, in the order of paths.
///
/// Raises:
///     OSError: A file cannot be read, changes while it is read (EBUSY), or is a FIFO, a socket or a
///         character device (EINVAL), which could block. Only with errors='raise'.
///     ValueError: A name, threads or errors is invalid.
///     TypeError: A path is neither str, bytes nor os.PathLike.
///
/// Example:
///     >>> records = hsum.file_digests(["a.txt", "b.txt"])
///     >>> records[0].hexdigest()
///     '87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7'
#[pyfunction]
#[pyo3(
    signature = (paths, name=None, *, threads=None, progress=None, errors="raise"),
    text_signature = "(paths, name='sha256', *, threads=None, progress=None, errors='raise')"
)]
fn file_digests<'py>(
    py: Python<'py>,
    paths: &Bound<'py, PyAny>,
    name: Option<Bound<'py, PyAny>>,
    threads: Option<usize>,
    progress: Option<Bound<'py, PyAny>>,
    errors: &str,
) -> PyResult<Bound<'py, PyList>> {
    let (functions, on_error) = (functions(py, name)?, OnError::parse(errors)?);
    let counts = Arc::new(HashProgress::default());
    let options = hash_options(&functions, threads, &counts)?;
    names::refuse_single_path(paths)?;
    let given = PyList::new(py, paths.try_iter()?.collect::<PyResult<Vec<_>>>()?)?;
    let sources = given.iter().map(|path| names::path(&path)).collect::<PyResult<Vec<_>>>()?;
    let reporter = Reporter::new(progress.as_ref(), Some(&given))?;
    let results = hash_listed(py, sources, options, counts, reporter, on_error)?;
    let records = PyList::empty(py);
    for (path, result) in given.iter().zip(results) {
        if let (OnError::Raise, Err(error)) = (on_error, &result) {
            return Err(os_error(error, &path));
        }
        records.append(FileDigests::record(py, path, &functions.names, result))?;
    }
    Ok(records)
}

/// Hashes the files of a directory tree in parallel, without the GIL.
///
/// Args:
///     path: A directory, or a file: str, bytes or os.PathLike.
///     name: The name of a hash function, or several names: each file is read once.
///     threads: The number of threads; by default one per available core.
///     progress: As for `file_digests`.
///     errors: 'return' yields a record with the error of each file that fails; 'raise' raises it.
///     follow_symlinks: If True, follow symbolic links found in the tree; by default they are skipped.
///
/// Returns:
///     An iterator over FileDigests: depth first, in the order of the names' bytes, as in the
///     program's output. The paths are bytes if path is bytes, and otherwise str. The walk continues
///     in the background while the caller works; deleting the iterator ends it.
///
/// Raises:
///     OSError: As for `file_digests`, or a directory cannot be listed. Only with errors='raise'.
///     ValueError: A name, threads or errors is invalid.
///     RuntimeError: The iterator is used in a process forked after its creation.
///
/// Example:
///     >>> for record in hsum.tree("photos"):
///     ...     print(record.hexdigest()[:8], record.path)
///     ab36e843 photos/beach.jpg
///     6f021f02 photos/lake.jpg
#[pyfunction]
#[pyo3(
    signature = (path, name=None, *, threads=None, progress=None, errors="return", follow_symlinks=false),
    text_signature = "(path, name='sha256', *, threads=None, progress=None, errors='return', follow_symlinks=False)"
)]
fn tree(
    py: Python<'_>,
    path: &Bound<'_, PyAny>,
    name: Option<Bound<'_, PyAny>>,
    threads: Option<usize>,
    progress: Option<Bound<'_, PyAny>>,
    errors: &str,
    follow_symlinks: bool,
) -> PyResult<Tree> {
    let (functions, on_error) = (functions(py, name)?, OnError::parse(errors)?);
    let counts = Arc::new(HashProgress::default());
    let symlinks = if follow_symlinks { Symlinks::Follow } else { Symlinks::Skip };
    let options = hash_options(&functions, threads, &counts)?.symlinks(symlinks);
    let (source, path_kind) = (names::path(path)?, PathKind::of(path)?);
    let reporter = Reporter::new(progress.as_ref(), None)?;
    let run = Run::start(counts, reporter, move |sink| {
        engine::run(&options, [source], sink);
    })?;
    Ok(Tree { run, names: functions.names, path_kind, on_error })
}

/// The iterator of `tree`.
#[pyclass(frozen, module = "hsum", name = "Tree")]
struct Tree {
    run: Run<Outcome>,
    names: Arc<[String]>,
    path_kind: PathKind,
    on_error: OnError,
}

#[pymethods]
impl Tree {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<FileDigests>> {
        let Some(outcome) = self.run.next(py)? else { return Ok(None) };
        let path = self.path_kind.to_python(py, outcome.source.name())?;
        if let (OnError::Raise, Err(error)) = (self.on_error, &outcome.result)
            && !error.is_skipped()
        {
            return Err(os_error(error, &path));
        }
        Ok(Some(FileDigests::record(py, path, &self.names, outcome.result)))
    }
}

/// Adds the functions and classes of this file to the module.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FileDigests>()?;
    module.add_class::<Tree>()?;
    module.add_function(wrap_pyfunction!(file_digests, module)?)?;
    module.add_function(wrap_pyfunction!(tree, module)?)
}
