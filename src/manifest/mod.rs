//! Lists of digests: one [`Entry`] a line, as GNU, BSD and OpenSSL write them.

mod gnu;
mod parse;
mod write;

pub use gnu::{Dialect, Family};
pub use parse::{BadLine, Parser};
#[doc(hidden)]
pub use write::write_fields;
pub use write::{Encoding, Format, Style, Terminator, write_line};

use std::path::PathBuf;

use crate::digest::Digest;

/// What a line of a list says: this file has this digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The file's name, unescaped; `-` stands for standard input.
    pub path: PathBuf,
    /// The digest that it should have, and the function that makes it.
    pub digest: Digest,
}
