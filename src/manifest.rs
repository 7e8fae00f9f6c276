//! Lists of digests: one [`Entry`] a line, as GNU, BSD and OpenSSL write them, and checksum files
//! of every other shape ([`List`]).

mod begins;
mod fields;
mod find;
mod gnu;
mod heading;
mod layer;
mod lines;
mod list;
mod parse;
#[cfg(feature = "fs")]
pub mod publish;
mod shape;
mod write;

// One file for each foreign shape.
mod certutil;
mod debian;
mod distinfo;
mod gentoo;
mod gpg;
mod hashdeep;
#[cfg(feature = "fs")]
mod json;
mod lock;
#[cfg(feature = "fs")]
mod metalink;
mod name_first;
mod pnpm;
mod powershell;
mod record;
mod sfv;
mod shell;
mod sidecar;
mod snapshot;
mod toml;

pub use find::{Matching, NotListed, base_name, find, same_name};
pub use gnu::{Dialect, Family};
#[cfg(feature = "fs")]
pub(crate) use lines::Lines;
pub use list::{Hint, List, Listed, Outside, leads_outside};
pub use parse::{BadLine, Parser};
pub use sfv::parse_line as parse_sfv_line;
pub use shape::Shape;
#[cfg(feature = "fs")]
pub(crate) use snapshot::text as snapshot_text;
#[doc(hidden)]
pub use write::write_fields;
pub use write::{Encoding, Format, Style, Terminator, write_line};

use std::path::PathBuf;

use crate::digest::Digest;
use crate::notation::Expected;

/// What a list says of a file: it has this digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The file's name, unescaped; `-` stands for standard input.
    pub path: PathBuf,
    /// The digest that it should have, and the function that makes it.
    pub digest: Digest,
    /// Digests of other functions that it should have too.
    pub others: Vec<Digest>,
    /// Digests that it may have instead of the one of the same function, where the list gives
    /// several to choose from.
    pub alternatives: Vec<Digest>,
    /// Its size in bytes, where the list says it.
    pub size: Option<u64>,
    /// Where it can be fetched, where a lock file or JSON says it: unchecked, whatever stood there.
    pub url: Option<Box<str>>,
}

impl Entry {
    /// A file with one digest.
    pub fn new(path: impl Into<PathBuf>, digest: Digest) -> Self {
        Self {
            path: path.into(),
            digest,
            others: Vec::new(),
            alternatives: Vec::new(),
            size: None,
            url: None,
        }
    }

    /// All its digests, of different functions.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        std::iter::once(&self.digest).chain(&self.others)
    }

    /// Returns what the file must be: a digest of each function, alternatives included.
    pub fn expected(&self) -> Expected {
        let all = self.digests().chain(&self.alternatives).copied();
        Expected::from_digests(all).unwrap_or_else(|| self.digest.into())
    }
}
