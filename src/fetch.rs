//! Verified downloads (feature `net`): a file appears only once it is verified.

mod attempt;
mod coding;
mod copy;
mod decode;
mod download;
mod options;
mod part;
mod progress;
mod reader;
mod response_head;
mod result;
mod resume;
mod verify;

pub use crate::fs::replace::Existing;
pub use options::{
    Decoding, Download, FileCheck, OnMismatch, RequiredStrength, Resume, ServerDigest, Unverified,
};
pub use progress::{DownloadPhase, DownloadProgress};
pub use reader::{DigestMismatch, VerifyingReader};
pub use result::{Provenance, VerifiedDownload};
pub use resume::Validator;
