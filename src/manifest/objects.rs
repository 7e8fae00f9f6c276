//! The files that objects of JSON and tables of TOML describe.
//!
//! One rule holds for both. A field is digest-like if its key names an algorithm (`sha256`,
//! `md5sum`, `sha256Hash`) or a digest (`digest`, `hashes`, `integrity`). An object with a
//! digest-like field is an entry of the file that it names or, without a name of its own, of the
//! file that its key names. If the digest cannot be parsed, the entry is bad; it is never dropped.

pub(super) mod document;
pub(super) mod keys;
pub(super) mod object;
