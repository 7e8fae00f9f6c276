//! Selection of files by glob.

use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Include and exclude patterns (`*`, `?`, `[…]`, `{a,b}`, `**`) that select files of a walk.
///
/// A pattern without a slash is matched against the last component of a path, one with a slash
/// against the path relative to the source directory. `*` does not match a slash. Excluded
/// directories are not entered. Source files are filtered too, source directories are not.
#[derive(Clone, Debug, Default)]
pub struct PathFilter {
    /// A file must match all of these sets.
    include: Vec<GlobSet>,
    /// A file or directory must match none of these sets.
    exclude: Vec<GlobSet>,
}

impl PathFilter {
    /// Selects the files that match one of `include` (all if it is empty) and none of `exclude`.
    ///
    /// # Errors
    /// [`PatternError`] if a pattern is not a valid glob.
    pub fn new<S: AsRef<str>>(include: &[S], exclude: &[S]) -> Result<Self, PatternError> {
        Ok(Self { include: glob_sets(include)?, exclude: glob_sets(exclude)? })
    }

    /// Adds a filter: only files that both select are selected.
    pub fn and(mut self, other: Self) -> Self {
        self.include.extend(other.include);
        self.exclude.extend(other.exclude);
        self
    }

    /// Returns `true` if a walk of a source directory reaches the file with this relative path.
    pub fn reaches(&self, path: &Path) -> bool {
        let is_excluded = |path: &Path| self.excludes(path);
        self.selects(path) && !path.ancestors().skip(1).any(is_excluded)
    }

    /// Returns `true` if a walk would select the file with this name below its start.
    ///
    /// A walk does not enter excluded directories; this looks for them in the name.
    pub fn selects_name(&self, name: &Path) -> bool {
        let parts = name.components();
        let below: PathBuf = parts.filter(|part| matches!(part, Component::Normal(_))).collect();
        self.reaches(&below)
    }

    pub(super) fn excludes(&self, path: &Path) -> bool {
        self.exclude.iter().any(|set| set.is_match(path))
    }

    pub(super) fn selects(&self, path: &Path) -> bool {
        self.include.iter().all(|set| set.is_match(path)) && !self.excludes(path)
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
    /// Creates the error, with the reason in words.
    pub(crate) fn new(pattern: &str, reason: impl ToString) -> Self {
        Self { pattern: pattern.to_owned(), reason: reason.to_string() }
    }
}

/// Returns the set of the patterns, if there are any.
fn glob_sets<S: AsRef<str>>(patterns: &[S]) -> Result<Vec<GlobSet>, PatternError> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.as_ref();
        let relative = pattern.trim_end_matches('/');
        // As a glob it would match everything.
        if relative.is_empty() {
            return Err(PatternError::new(pattern, "empty"));
        }
        let relative = match relative.strip_prefix('/') {
            Some(anchored) => anchored.to_owned(),
            None if relative.contains('/') => relative.to_owned(),
            None => format!("**/{relative}"),
        };
        let glob = GlobBuilder::new(&relative).literal_separator(true).build();
        set.add(glob.map_err(|error| PatternError::new(pattern, error.kind()))?);
    }
    let set = set.build();
    set.map(|set| vec![set])
        .map_err(|error| PatternError::new(error.glob().unwrap_or_default(), error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_selected_as_in_a_walk() {
        let filter = PathFilter::new(&["*.iso", "a/*.txt"], &["old", "/top"]).unwrap();
        for (name, is_selected) in [
            ("x.iso", true),
            ("./d/x.iso", true),
            ("/d/x.iso", true),
            ("a/x.txt", true),
            ("x.txt", false),
            ("d/old/x.iso", false),
            ("old/d/x.iso", false),
            ("older/x.iso", true),
            ("top/x.iso", false),
            ("d/top/x.iso", true),
        ] {
            assert_eq!(filter.selects_name(Path::new(name)), is_selected, "{name}");
        }
    }
}
