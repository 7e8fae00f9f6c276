//! The evidence that a download is judged by (feature `net`): checksum files, signatures, pins.

pub mod digests;
pub mod discovery;
pub mod lock;
pub mod metalink;
pub(crate) mod pins;
pub mod signature;
pub mod sums;

pub use pins::Pins;
