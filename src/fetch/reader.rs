//! A reader that verifies the digests of its input.

use std::fmt;
use std::io::{self, Read};

use thiserror::Error;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::fetch::verify::list;
use crate::hasher::fused::MultiHasher;
use crate::notation::expected::Expected;

/// A reader that reports the end of the input only if its digests match.
///
/// The bytes before the end are unverified: use them only after [`Read::read`] has returned 0. If a
/// digest differs, that call and all later ones return an error of kind `InvalidData` that holds a
/// [`DigestMismatch`].
///
/// ```
/// use hsum::{Algorithm, digest, fetch::VerifyingReader};
/// use std::io::Read;
///
/// let expected = digest(Algorithm::Sha256, b"what was sent");
/// let mut text = String::new();
/// VerifyingReader::new(&b"what was sent"[..], expected.into()).read_to_string(&mut text)?;
/// let altered = VerifyingReader::new(&b"what was altered"[..], expected.into());
/// assert!(std::io::read_to_string(altered).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct VerifyingReader<R> {
    inner: R,
    expected: Expected,
    state: State,
}

enum State {
    Reading(MultiHasher),
    Verified,
    Mismatch(DigestMismatch),
}

/// Digests that differ from the expected ones.
#[derive(Clone, Debug, Error)]
#[error("expected {}, got {}", list(expected.digests()), list(got))]
pub struct DigestMismatch {
    /// The expected digests.
    pub expected: Expected,
    /// The digests of the input, for the same functions.
    pub got: Vec<Digest>,
}

impl<R: Read> VerifyingReader<R> {
    /// Creates a reader that compares the digests of `inner` with the expected ones.
    pub fn new(inner: R, expected: Expected) -> Self {
        let hasher = MultiHasher::new(expected.hash_functions());
        Self { inner, expected, state: State::Reading(hasher) }
    }

    /// Returns the inner reader.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for VerifyingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let State::Reading(hasher) = &mut self.state {
            let count = self.inner.read(buffer)?;
            hasher.update(&buffer[..count]);
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let hasher = std::mem::replace(hasher, MultiHasher::new::<HashFunction>([]));
            let got = hasher.finalize();
            self.state = match self.expected.is_met_by(&got) {
                true => State::Verified,
                false => State::Mismatch(DigestMismatch { expected: self.expected.clone(), got }),
            };
        }
        match &self.state {
            State::Mismatch(mismatch) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, mismatch.clone()))
            }
            State::Verified | State::Reading(_) => Ok(0),
        }
    }
}

impl<R> fmt::Debug for VerifyingReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingReader").field("expected", &self.expected).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::hasher::digest;

    #[test]
    fn the_end_is_reported_only_if_the_digest_matches() {
        let expected = Expected::from(digest(Algorithm::Blake3, b"abc"));
        let mut reader = VerifyingReader::new(&b"abc"[..], expected.clone());
        let mut buffer = [0; 2];
        assert_eq!(reader.read(&mut []).unwrap(), 0);
        assert_eq!([reader.read(&mut buffer).unwrap(), reader.read(&mut buffer).unwrap()], [2, 1]);
        assert_eq!([reader.read(&mut buffer).unwrap(), reader.read(&mut buffer).unwrap()], [0, 0]);

        let mut reader = VerifyingReader::new(&b"ab"[..], expected);
        assert_eq!(reader.read(&mut buffer).unwrap(), 2);
        for _ in 0..2 {
            let error = reader.read(&mut buffer).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            let mismatch = error.get_ref().unwrap().downcast_ref::<DigestMismatch>().unwrap();
            assert_eq!(mismatch.got, [digest(Algorithm::Blake3, b"ab")]);
        }
    }
}
