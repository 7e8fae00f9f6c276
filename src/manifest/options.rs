//! Options for reading a list, some of which its name determines.

use std::path::{Path, PathBuf};

use crate::algorithm::{Algorithm, HashFunction};

/// Options for reading a [`List`](crate::manifest::List).
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    name: Option<PathBuf>,
    pub(super) untagged: Option<HashFunction>,
    file: Option<PathBuf>,
    pub(super) allows_outside: bool,
}

impl ListOptions {
    /// Creates options for a list whose name is unknown.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the list's own name.
    ///
    /// `x.iso.sha256` holds the digest of `x.iso`, and `B2SUMS` holds BLAKE2b digests.
    pub fn name(mut self, name: impl Into<Option<PathBuf>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the hash function of lines without a tag.
    ///
    /// See [`LineParser::untagged`](crate::manifest::LineParser::untagged).
    pub fn untagged(mut self, function: impl Into<Option<HashFunction>>) -> Self {
        self.untagged = function.into();
        self
    }

    /// Sets the file that a digest without a name belongs to.
    pub fn file(mut self, file: impl Into<Option<PathBuf>>) -> Self {
        self.file = file.into();
        self
    }

    /// Allows names that are absolute or contain `..` in every format.
    ///
    /// GNU, BSD and OpenSSL lines may always have them.
    pub fn allow_outside(mut self, allow: bool) -> Self {
        self.allows_outside = allow;
        self
    }

    /// Returns the hash function of lines without a tag: the one that was set or, failing that,
    /// the one in the list's name.
    pub(super) fn untagged_function(&self) -> Option<HashFunction> {
        self.untagged.or_else(|| unusual_function(self.name.as_deref()?))
    }

    /// Returns the file that a digest without a name belongs to.
    pub(super) fn nameless_file(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| sidecar_file(self.name.as_deref()?))
    }
}

/// Returns the file that a sidecar belongs to: its name without `.sha256` or a similar extension.
fn sidecar_file(name: &Path) -> Option<PathBuf> {
    let name = match name.extension()?.to_str()? {
        "txt" => name.with_extension(""),
        _ => name.to_owned(),
    };
    let extension = name.extension()?.to_str()?;
    let plain = matches!(extension, "sha" | "sum" | "digest" | "checksum" | "hash");
    (plain || function(extension).is_some()).then(|| name.with_extension(""))
}

/// Returns the hash function in a list's name if the length of its digests suggests another one:
/// `B2SUMS`, `SHA3-256SUMS`, `x.iso.b3`.
fn unusual_function(name: &Path) -> Option<HashFunction> {
    let name = match name.extension().and_then(|extension| extension.to_str()) {
        Some("txt" | "asc") => name.with_extension(""),
        _ => name.to_owned(),
    };
    let whole = name.file_name()?.to_str()?;
    let extension = name.extension().and_then(|extension| extension.to_str());
    let found = extension.and_then(function).or_else(|| function(whole));
    found.filter(|f| Algorithm::from_digest_len(f.len()) != Some(f.algorithm()))
}

/// Parses `sha256`, `SHA256SUMS`, `sha256sum`, `b3` or `B2SUMS`.
fn function(word: &str) -> Option<HashFunction> {
    let word = word.to_ascii_lowercase();
    let word = word.strip_suffix("sums").or(word.strip_suffix("sum")).unwrap_or(&word);
    word.trim_end_matches(['-', '_']).parse().ok()
}
