//! Progress, reported to Python: see `hsum/progress.py`.

use hsum::engine::HashProgress;
use pyo3::prelude::*;
use pyo3::types::PyList;

/// An object of `hsum.progress`, which is closed on drop; `None` if nothing is reported.
pub(crate) struct Reporter(Option<Py<PyAny>>);

impl Reporter {
    /// Returns a reporter for the value of a `progress` argument, and the paths if they are known.
    ///
    /// # Errors
    /// `TypeError` if the value is of no supported type.
    pub(crate) fn new(
        progress: Option<&Bound<'_, PyAny>>,
        paths: Option<&Bound<'_, PyList>>,
    ) -> PyResult<Self> {
        let Some(progress) = progress else { return Ok(Self(None)) };
        let module = progress.py().import("hsum.progress")?;
        let reporter = module.call_method1("_reporter", (progress, paths))?;
        Ok(Self((!reporter.is_none()).then(|| reporter.unbind())))
    }

    /// Reports the numbers of finished files and hashed bytes.
    pub(crate) fn call(&self, py: Python<'_>, progress: &HashProgress) -> PyResult<()> {
        match &self.0 {
            Some(reporter) => reporter.call1(py, (progress.files(), progress.bytes())).map(drop),
            None => Ok(()),
        }
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        let Some(reporter) = self.0.take() else { return };
        Python::try_attach(|py| {
            // The iterator that owns the reporter may be dropped while an exception is raised.
            let raised = PyErr::take(py);
            if let Err(error) = reporter.call_method0(py, "close") {
                error.write_unraisable(py, Some(reporter.bind(py)));
            }
            if let Some(raised) = raised {
                raised.restore(py);
            }
        });
    }
}
