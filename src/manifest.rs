//! Lists of digests: one [`Entry`] a line, as GNU, BSD and OpenSSL write them, and checksum files
//! of every other shape ([`List`]).

mod begins;
mod entry;
mod fields;
mod find;
mod gnu;
mod heading;
mod layer;
mod lines;
mod list;
mod options;
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

pub use entry::{Entry, ListEntry, leads_outside};
pub use find::{Matching, NotListed, base_name, find, same_name};
pub use gnu::{AlgorithmFamily, GnuDialect};
#[cfg(feature = "fs")]
pub(crate) use lines::Lines;
pub use list::List;
pub use options::ListOptions;
pub use parse::{BadLine, LineParser};
pub use sfv::parse_line as parse_sfv_line;
pub use shape::ListFormat;
#[cfg(feature = "fs")]
pub(crate) use snapshot::text as snapshot_text;
#[doc(hidden)]
pub use write::write_fields;
pub use write::{DigestEncoding, LineFormat, LineStyle, Terminator, write_line};
