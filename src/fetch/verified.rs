//! What a download that went well says of the file.

use std::path::PathBuf;

use url::Url;

use super::redirect::Hop;
use super::verdict::Evidence;
use crate::digest::Digest;

/// A file that is in place.
#[derive(Clone, Debug)]
pub struct Verified {
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
    pub how: How,
    /// What is worth a word: weak digests, a server that contradicts.
    pub notes: Vec<String>,
}

/// How a file came to be in place.
#[derive(Clone, Debug)]
pub enum How {
    /// It was there already, and is the one expected: nothing was fetched.
    WasThere,
    /// It came from here.
    Fetched {
        /// Where it came from in the end.
        url: Url,
        /// The redirects on the way.
        chain: Vec<Hop>,
        /// How many of its bytes came in an earlier try.
        resumed: u64,
    },
}
