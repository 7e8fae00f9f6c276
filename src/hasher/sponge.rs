//! Squeezing of sponges (FIPS 202, section 4).

use crate::algorithm::{MAX_RATE, Sponge};
use crate::hasher::iterated::IteratedHash;
use crate::hasher::stream::Stream;
use crate::hasher::wipe::wipe;
use crate::kernel::functions::permute;

/// A sponge whose endless output is read.
pub(crate) struct Squeezer {
    sponge: &'static Sponge,
    state: [u64; 25],
    /// The number of bytes read since the last permutation, at most the rate.
    read: usize,
}

impl Squeezer {
    /// Ends the message of `stream`.
    pub(crate) fn new(stream: &mut Stream<Sponge>) -> Self {
        stream.pad();
        Self { sponge: stream.hash, state: stream.state, read: 0 }
    }

    /// Writes the next `out.len()` bytes of the output.
    pub(crate) fn read(&mut self, mut out: &mut [u8]) {
        let rate = self.sponge.rate;
        while !out.is_empty() {
            if self.read == rate {
                permute(&mut self.state);
                self.read = 0;
            }
            let mut bytes = [0; MAX_RATE];
            self.sponge.write(&self.state, &mut bytes[..rate]);
            let bytes = &bytes[self.read..rate];
            let (now, later) = out.split_at_mut(bytes.len().min(out.len()));
            now.copy_from_slice(&bytes[..now.len()]);
            self.read += now.len();
            out = later;
        }
    }
}

impl Drop for Squeezer {
    fn drop(&mut self) {
        wipe(&mut self.state, [0; 25]);
    }
}
