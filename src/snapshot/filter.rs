//! Filters that a record remembers.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::engine::filter::{PathFilter, PatternError};

/// The maximum number of patterns. Each takes time to compile, and a record may be forged.
const MAX_PATTERNS: usize = 1000;

/// The include and exclude patterns that select the files of a record; see [`PathFilter`].
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    include: Vec<String>,
    exclude: Vec<String>,
    paths: PathFilter,
}

impl RecordFilter {
    /// Selects the files that match one of `include` (all if it is empty) and none of `exclude`.
    ///
    /// Order and repetitions have no meaning. If `include` has the pattern `*`, it is dropped, as it
    /// selects all files.
    ///
    /// # Errors
    /// [`PatternError`] if a pattern is not a valid glob, or if there are more than 1000.
    pub fn new<S: AsRef<str>>(include: &[S], exclude: &[S]) -> Result<Self, PatternError> {
        let sorted = |patterns: &[S]| {
            let mut patterns: Vec<String> =
                patterns.iter().map(|pattern| pattern.as_ref().to_owned()).collect();
            patterns.sort();
            patterns.dedup();
            patterns
        };
        let (mut include, exclude) = (sorted(include), sorted(exclude));
        if include.iter().any(|pattern| pattern == "*") {
            include.clear();
        }
        if let Some(surplus) = include.iter().chain(&exclude).nth(MAX_PATTERNS) {
            return Err(PatternError::new(surplus, "more than 1000 patterns"));
        }
        let paths = PathFilter::new(&include, &exclude)?;
        Ok(Self { include, exclude, paths })
    }

    /// Returns the include patterns, sorted.
    pub fn include(&self) -> &[String] {
        &self.include
    }

    /// Returns the exclude patterns, sorted.
    pub fn exclude(&self) -> &[String] {
        &self.exclude
    }

    /// Returns `true` if all files are selected.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// Returns the filter of a walk of the tree.
    pub fn paths(&self) -> &PathFilter {
        &self.paths
    }

    /// Returns `true` if the file or link with this name is selected.
    pub(super) fn selects(&self, name: &[u8]) -> bool {
        self.is_empty() || self.paths.reaches(Path::new(OsStr::from_bytes(name)))
    }
}

/// Two filters are equal if their patterns are.
impl PartialEq for RecordFilter {
    fn eq(&self, other: &Self) -> bool {
        (&self.include, &self.exclude) == (&other.include, &other.exclude)
    }
}

impl Eq for RecordFilter {}
