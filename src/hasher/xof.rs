//! The endless output of extendable functions.

use std::fmt;
use std::io::{self, Read};

use crate::hasher::sponge::Squeezer;

/// The endless output of SHAKE or BLAKE3, returned by [`Hasher::finalize_xof`].
///
/// [`Hasher::finalize_xof`]: crate::Hasher::finalize_xof
pub struct XofReader(pub(super) Output);

pub(super) enum Output {
    Sponge(Squeezer),
    External(Box<dyn Read + Send + Sync>),
}

impl XofReader {
    /// Writes the next `out.len()` bytes of the output to `out`.
    pub fn fill(&mut self, out: &mut [u8]) {
        match &mut self.0 {
            Output::Sponge(squeezer) => squeezer.read(out),
            Output::External(reader) => reader.read_exact(out).expect("the output has no end"),
        }
    }
}

impl Read for XofReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.fill(out);
        Ok(out.len())
    }
}

impl fmt::Debug for XofReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XofReader").finish_non_exhaustive()
    }
}
