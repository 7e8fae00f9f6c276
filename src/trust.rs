//! The evidence that a file is verified against (feature `net`): checksum files, signatures, pins.

pub mod checksum_file;
pub mod discovery;
pub(crate) mod evidence;
pub mod file_name;
pub mod header_digests;
pub mod lock_file;
pub mod metalink;
pub(crate) mod pins;
pub mod signature;
pub mod small_file;

pub use evidence::Evidence;
pub use pins::Pins;
