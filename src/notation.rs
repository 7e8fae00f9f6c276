//! Digests in every notation: hex, `alg:hex`, Subresource Integrity, HTTP fields, URNs and others.
//!
//! [`Expected::parse`] recognises a notation in this order. It removes white space, quotes and a
//! byte order mark. After a known prefix (`alg:`, `alg=`, `alg-`, `ni:`, `urn:`, a header's name)
//! the length of the rest tells hex, Nix's base32 and base64 apart. Without a prefix it tries hex
//! first, then base64.

mod decode;
pub(crate) mod expected;
pub(crate) mod names;
pub(crate) mod parse;
pub(crate) mod write;

pub use expected::{Expected, ParseExpectedError};
pub use write::{Notation, NotationError};
