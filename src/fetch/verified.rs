//! What a download that went well says of the file.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::digest::Digest;
use crate::net::redirect::Redirect;
use crate::net::url::redacted;
use crate::trust::evidence::Evidence;

/// A file that is in place.
#[derive(Clone, Debug)]
pub struct VerifiedDownload {
    /// Where.
    pub path: PathBuf,
    /// Its length in bytes.
    pub size: u64,
    /// Its digests: those that were compared, or SHA-256 where there was none to compare.
    pub digests: Vec<Digest>,
    /// What it was verified against; empty where nothing was.
    pub evidence: Vec<Evidence>,
    /// Why its seal holds, where it has one: whose signature it is, say.
    pub seal: Option<String>,
    /// Whether it had to be fetched.
    pub how: Provenance,
    /// What is worth a word: weak digests, a server that contradicts.
    pub notes: Vec<String>,
}

/// Provenance a file came to be in place. `Debug` does not show the query's values.
#[derive(Clone)]
pub enum Provenance {
    /// It was there already, and is the one expected: nothing was fetched.
    Present,
    /// It came from here.
    Fetched {
        /// Where it came from in the end.
        url: Url,
        /// The redirects on the way.
        chain: Vec<Redirect>,
        /// Provenance many of its bytes came in an earlier try.
        resumed: u64,
    },
}

impl fmt::Debug for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("Present"),
            Self::Fetched { url, chain, resumed } => f
                .debug_struct("Fetched")
                .field("url", &redacted(url))
                .field("chain", chain)
                .field("resumed", resumed)
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_token() {
        let url: Url = "https://h.test/x?sig=token".parse().unwrap();
        let chain = vec![Redirect { status: 302, to: url.clone() }];
        let shown = format!("{:?}", Provenance::Fetched { url, chain, resumed: 0 });
        assert!(shown.contains("h.test/x") && !shown.contains("token"), "{shown}");
    }
}
