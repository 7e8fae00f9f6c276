//! Every notation of one digest → [`Expected`]: hex in any dress, `alg:hex`, SRI, HTTP fields, URNs.
//!
//! Tests come in this order. White space, quotes and a byte order mark are dropped. A known prefix
//! (`alg:`, `alg=`, `alg-`, `ni:`, `urn:`, a header's name) says how the rest is read: by its
//! length, as hex, Nix's base32 or base64, which are never equally long. Without one, hex comes
//! first, then base64.

mod decode;
mod error;
mod names;
mod parse;
mod write;

pub use error::ParseExpectedError;
pub(crate) use names::is_not_computed;
pub use write::{Notation, NotationError};

use std::str::FromStr;

use crate::algorithm::{HashFunction, Strength};
use crate::digest::Digest;

/// What a file's digests should be: one digest, or several.
///
/// Where there are several of one function, any one of them will do; where there are several
/// functions, each must have its digest. Subresource Integrity is the exception that its standard
/// makes: only the strongest algorithm counts.
///
/// ```
/// use hsum::notation::Expected;
///
/// let digest = hsum::digest(hsum::Algorithm::Sha256, b"abc");
/// for text in [
///     "BA7816BF 8F01CFEA 414140DE 5DAE2223 B00361A3 96177A9C B410FF61 F20015AD",
///     "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
///     "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
///     "Repr-Digest: sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
/// ] {
///     let expected: Expected = text.parse()?;
///     assert!(expected.matches(&digest));
/// }
/// # Ok::<(), hsum::notation::ParseExpectedError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expected {
    /// At least one.
    digests: Vec<Digest>,
}

impl Expected {
    /// Reads any notation. `hint` is the function where the text does not name one: SHA3-256, for
    /// instance, whose digests look like those of SHA-256. If it is an algorithm at its default
    /// length, and the length can be chosen, the digest's length counts.
    ///
    /// # Errors
    /// [`ParseExpectedError`] says why the text is no digest of a file.
    pub fn parse(
        text: impl AsRef<[u8]>,
        hint: Option<HashFunction>,
    ) -> Result<Self, ParseExpectedError> {
        parse::expected(text.as_ref(), hint)
    }

    /// Those digests, of any functions, at least one.
    pub fn from_digests(digests: impl IntoIterator<Item = Digest>) -> Option<Self> {
        let digests: Vec<Digest> = digests.into_iter().collect();
        (!digests.is_empty()).then_some(Self { digests })
    }

    /// All the digests, in the order of the text.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// The functions to compute, each once, in the order of the text.
    pub fn functions(&self) -> Vec<HashFunction> {
        let mut functions = Vec::new();
        for digest in &self.digests {
            if !functions.contains(&digest.hash_function()) {
                functions.push(digest.hash_function());
            }
        }
        functions
    }

    /// Whether this is one of the digests. Where [`Expected::functions`] are several, one match
    /// is not enough: see [`Expected::is_met_by`].
    pub fn matches(&self, digest: &Digest) -> bool {
        self.digests.contains(digest)
    }

    /// Whether a file with these digests is the one: for each of the functions, one of them
    /// matches. Those of other functions do not count.
    pub fn is_met_by(&self, digests: &[Digest]) -> bool {
        self.functions().into_iter().all(|function| {
            digests.iter().any(|digest| digest.hash_function() == function && self.matches(digest))
        })
    }

    /// Sound if one of the functions is: all must match.
    pub fn strength(&self) -> Strength {
        let sound = |digest: &Digest| digest.algorithm().strength() == Strength::Sound;
        if self.digests.iter().any(sound) { Strength::Sound } else { Strength::Broken }
    }
}

impl FromStr for Expected {
    type Err = ParseExpectedError;

    /// [`Expected::parse`] without a hint.
    fn from_str(text: &str) -> Result<Self, ParseExpectedError> {
        Self::parse(text, None)
    }
}

impl From<Digest> for Expected {
    fn from(digest: Digest) -> Self {
        Self { digests: vec![digest] }
    }
}
