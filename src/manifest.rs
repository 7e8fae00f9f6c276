//! Checksum files: their entries, in any format, and the lines that hsum writes.
//!
//! [`List`] reads a checksum file of any format ([`ListFormat`]); [`find()`] looks up one file.
//! [`LineParser`] parses GNU, BSD and OpenSSL lines alone, and [`write_line`] writes them.

pub(crate) mod entry;
mod envelope;
pub(crate) mod error;
mod fields;
pub(crate) mod find;
pub(crate) mod formats;
pub(crate) mod gnu;
pub(crate) mod lines;
pub(crate) mod list;
pub mod merge;
mod objects;
pub(crate) mod options;
pub(crate) mod parser;
#[cfg(feature = "net")]
pub mod publish;
mod reader;
#[cfg_attr(not(feature = "fs"), allow(dead_code))]
pub(crate) mod record_text;
mod sniff;
mod tagged;
pub(crate) mod write;

pub use entry::{Entry, ListEntry, leads_outside};
pub use error::BadLine;
pub use find::{NameMatching, NotListed, find, is_same_name};
pub use formats::ListFormat;
pub use formats::sfv::parse_sfv_line;
pub use gnu::{AlgorithmFamily, GnuDialect};
pub use list::List;
pub use options::ListOptions;
pub use parser::LineParser;
pub use write::{DigestEncoding, LineFormat, LineStyle, Terminator, write_line};
