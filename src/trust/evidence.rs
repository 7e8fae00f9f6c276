//! Evidence: the digests that a file should have, and who states them.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::algorithm::Strength;
use crate::notation::expected::Expected;
use crate::text::escape;

/// The digests that a file should have, and their source.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// The expected digests.
    pub expected: Expected,
    /// The source, such as a URL, a file, or the caller.
    pub source: String,
    /// A description of the verified signature over the source, if it has one.
    pub signature: Option<String>,
}

impl Evidence {
    /// Creates evidence from an unsigned source.
    pub fn new(expected: Expected, source: impl Into<String>) -> Self {
        Self { expected, source: source.into(), signature: None }
    }

    /// Sets the description of the signature over the source.
    pub fn signed_by(mut self, signature: Option<String>) -> Self {
        self.signature = signature;
        self
    }

    /// Returns `true` if one of the digests is of a hash function of the whole file.
    ///
    /// A checksum proves nothing, and a multipart digest depends on the length of a part, which the
    /// uploader chose.
    pub(crate) fn has_hash(&self) -> bool {
        self.expected.digests().iter().any(|digest| {
            digest.algorithm().strength() > Strength::Checksum
                && digest.hash_function().part_len().is_none()
        })
    }
}

/// Returns a warning if every digest in `evidence` can be forged.
pub(crate) fn weakness(evidence: &[Evidence]) -> Option<String> {
    let function = evidence.first()?.expected.hash_functions().into_iter().next()?;
    evidence.iter().all(|evidence| evidence.expected.strength() < Strength::Sound).then(|| {
        format!(
            "{} protects against accidents only: another file can be made with the same digest",
            function.tag()
        )
    })
}

/// Returns a path in the form that sources and messages show.
pub(crate) fn path_text(path: &Path) -> String {
    escape(path.as_os_str().as_bytes(), &[]).into_owned()
}
