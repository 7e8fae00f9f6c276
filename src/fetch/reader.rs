//! Reading and verifying at once: the end of the bytes is only told once the digests hold.

use std::fmt;
use std::io::{self, Read};

use crate::digest::Digest;
use crate::hasher::fused::MultiHasher;
use crate::notation::expected::Expected;

/// Hashes what is read through it, and reports the end only where the digests are those expected.
///
/// The bytes before the end are handed over unverified: what is made of them counts once
/// [`Read::read`] has given 0. Where a digest differs that is an error of kind `InvalidData`,
/// which holds a [`DigestMismatch`], at each further call too.
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
    Holds,
    DigestMismatch(DigestMismatch),
}

/// The digests are others than expected.
#[derive(Clone, Debug)]
pub struct DigestMismatch {
    /// What was expected.
    pub expected: Expected,
    /// What came instead: the digests of the functions that were expected.
    pub got: Vec<Digest>,
}

impl<R: Read> VerifyingReader<R> {
    /// Reads from `inner`, all of which should have these digests.
    pub fn new(inner: R, expected: Expected) -> Self {
        let hasher = MultiHasher::new(expected.hash_functions());
        Self { inner, expected, state: State::Reading(hasher) }
    }

    /// What is read from.
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
            let got = std::mem::replace(
                hasher,
                MultiHasher::new([] as [crate::algorithm::HashFunction; 0]),
            )
            .finalize();
            self.state = match self.expected.is_met_by(&got) {
                true => State::Holds,
                false => {
                    State::DigestMismatch(DigestMismatch { expected: self.expected.clone(), got })
                }
            };
        }
        match &self.state {
            State::DigestMismatch(differs) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, differs.clone()))
            }
            State::Holds | State::Reading(_) => Ok(0),
        }
    }
}

impl<R> fmt::Debug for VerifyingReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingReader").field("expected", &self.expected).finish_non_exhaustive()
    }
}

impl fmt::Display for DigestMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |digests: &[Digest]| {
            let shown: Vec<_> = digests.iter().map(|digest| format!("{digest:?}")).collect();
            shown.join(", ")
        };
        write!(f, "expected {}, got {}", list(self.expected.digests()), list(&self.got))
    }
}

impl std::error::Error for DigestMismatch {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::hasher::digest;

    #[test]
    fn the_end_is_told_only_where_the_digest_holds() {
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
            let differs = error.get_ref().unwrap().downcast_ref::<DigestMismatch>().unwrap();
            assert_eq!(differs.got, [digest(Algorithm::Blake3, b"ab")]);
        }
    }
}
