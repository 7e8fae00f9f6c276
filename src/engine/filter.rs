//! Selection of files by glob.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Include and exclude patterns (`*`, `?`, `[…]`, `{a,b}`, `**`) that select files of a walk.
///
/// A pattern without a slash is matched against the last component of a path, one with a slash
/// against the path relative to the source directory. `*` does not match a slash. Excluded
/// directories are not entered. Source files are filtered too, source directories are not.
#[derive(Clone, Debug, Default)]
pub struct PathFilter {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl PathFilter {
    /// Selects the files that match one of `include` (all if it is empty) and none of `exclude`.
    ///
    /// # Errors
    /// [`PatternError`] if a pattern is not a valid glob.
    pub fn new<S: AsRef<str>>(include: &[S], exclude: &[S]) -> Result<Self, PatternError> {
        let include = if include.is_empty() { None } else { Some(glob_set(include)?) };
        Ok(Self { include, exclude: glob_set(exclude)? })
    }

    pub(super) fn excludes(&self, path: &Path) -> bool {
        self.exclude.is_match(path)
    }

    pub(super) fn selects(&self, path: &Path) -> bool {
        self.include.as_ref().is_none_or(|set| set.is_match(path)) && !self.excludes(path)
    }
}

/// The error for a pattern that is not a valid glob.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("invalid pattern '{pattern}': {reason}")]
pub struct PatternError {
    pattern: String,
    reason: String,
}

impl PatternError {
    fn new(pattern: &str, error: &globset::Error) -> Self {
        Self { pattern: pattern.to_owned(), reason: error.kind().to_string() }
    }
}

fn glob_set<S: AsRef<str>>(patterns: &[S]) -> Result<GlobSet, PatternError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.as_ref();
        let relative = pattern.trim_end_matches('/');
        let relative = match relative.strip_prefix('/') {
            Some(anchored) => anchored.to_owned(),
            None if relative.contains('/') => relative.to_owned(),
            None => format!("**/{relative}"),
        };
        let glob = GlobBuilder::new(&relative).literal_separator(true).build();
        set.add(glob.map_err(|error| PatternError::new(pattern, &error))?);
    }
    set.build().map_err(|error| PatternError::new(error.glob().unwrap_or_default(), &error))
}
