//! The data that a signature covers.

use std::path::Path;

/// The data that a signature covers.
#[derive(Clone, Copy, Debug)]
pub enum SignedData<'s> {
    /// The contents of a file.
    File(&'s Path),
    /// Bytes in memory.
    Bytes(&'s [u8]),
}

/// Returns `true` if a text contains the start of a clear-signed message (RFC 9580, section 7).
pub fn is_clear_signed(text: &[u8]) -> bool {
    let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end);
    lines.any(|line| line == b"-----BEGIN PGP SIGNED MESSAGE-----")
}
