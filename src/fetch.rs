//! Verified downloads (feature `net`): a file appears only once it is verified.

mod attempt;
mod copy;
mod decode;
mod download;
mod part;
mod reader;
mod response;
mod resume;
mod verified;
mod verify;

pub use crate::fs::replace::Existing;
pub use copy::DownloadProgress;
pub use download::{
    AcceptFile, Decoding, Download, OnMismatch, RequiredStrength, Resume, ServerDigest, Unverified,
};
pub use reader::{DigestMismatch, VerifyingReader};
pub use resume::Validator;
pub use verified::{Provenance, VerifiedDownload};
