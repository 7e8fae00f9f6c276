//! Signatures over downloads or checksum files: minisign and OpenPGP.
//!
//! Verify a signed checksum file before parsing it, so that the parser never sees unsigned bytes.

mod armor;
mod error;
mod minisign;
mod openpgp;
mod signed_data;

pub use error::SignatureError;
pub use minisign::{LegacySignatures, MinisignKey, MinisignSignature};
pub use openpgp::{Keyring, OpenPgpSignature};
pub use signed_data::{SignedData, is_clear_signed};
