//! The result of a download.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::digest::Digest;
use crate::net::redirect::Redirect;
use crate::net::url::redacted;
use crate::trust::evidence::Evidence;

/// A downloaded file in its final place.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifiedDownload {
    /// The path.
    pub path: PathBuf,
    /// The length in bytes.
    pub size: u64,
    /// The digests that were compared; SHA-256 if there was nothing to compare.
    pub digests: Vec<Digest>,
    /// The evidence that the file matches; empty if there was none.
    pub evidence: Vec<Evidence>,
    /// The result of the check set with [`Download::accept_if`](super::Download::accept_if).
    pub accepted_by: Option<String>,
    /// The origin.
    pub provenance: Provenance,
    /// Warnings, such as a digest that can be forged.
    pub notes: Vec<String>,
}

/// The origin of a file. `Debug` hides the values in URL queries.
#[derive(Clone)]
pub enum Provenance {
    /// The file was already present and matches; nothing was fetched.
    Present,
    /// The file was fetched.
    Fetched {
        /// The URL after all redirects.
        url: Url,
        /// The redirects.
        redirects: Vec<Redirect>,
        /// The number of bytes taken from an earlier partial download.
        resumed: u64,
    },
}

impl fmt::Debug for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("Present"),
            Self::Fetched { url, redirects, resumed } => f
                .debug_struct("Fetched")
                .field("url", &redacted(url))
                .field("redirects", redirects)
                .field("resumed", resumed)
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_query_values() {
        let url: Url = "https://h.test/x?sig=token".parse().unwrap();
        let redirects = vec![Redirect { status: 302, to: url.clone() }];
        let shown = format!("{:?}", Provenance::Fetched { url, redirects, resumed: 0 });
        assert!(shown.contains("h.test/x") && !shown.contains("token"), "{shown}");
    }
}
