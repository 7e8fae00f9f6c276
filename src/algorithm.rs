//! THE list of algorithms: one row each in [`SPECS`]. What is typed is looked up in [`names`].

mod names;

pub use names::UnknownAlgorithm;

use std::fmt;

use crate::external::{self, Make};
use crate::kernel::{Merkle, md5::MD5, sha1::SHA1, sha256, sha512};

/// A hash algorithm.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)] // the names say it; `standard()` cites the document
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_224,
    Sha512_256,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    Shake128,
    Shake256,
    Blake2b,
    Blake2s,
    Blake3,
    Sm3,
}

/// What is known of an algorithm's resistance to collisions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strength {
    /// Two inputs with one digest can be made at will: protects against accidents only, not
    /// against an adversary, and must not carry a signature. HMAC with it still holds.
    Broken,
    /// No attack better than the generic ones is known.
    Sound,
}

/// A hash function: an [`Algorithm`] at a digest length.
///
/// Most algorithms have one length. SHAKE and BLAKE3 give as many bytes as asked for, BLAKE2 up
/// to its word size; a digest is at most 64 bytes here ([`Hasher::finalize_xof`] gives more).
///
/// ```
/// use hsum::{Algorithm, HashFunction};
///
/// let short: HashFunction = "blake2b-256".parse()?;
/// assert_eq!(short, HashFunction::new(Algorithm::Blake2b, 32).unwrap());
/// assert_eq!("SHA2-512/256".parse::<HashFunction>()?, Algorithm::Sha512_256.into());
/// # Ok::<(), hsum::UnknownAlgorithm>(())
/// ```
///
/// [`Hasher::finalize_xof`]: crate::Hasher::finalize_xof
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashFunction {
    algorithm: Algorithm,
    len: u8,
}

/// All there is to know of an algorithm.
pub(crate) struct Spec {
    algorithm: Algorithm,
    name: &'static str,
    /// As the BSD tools write it before `(NAME) = `.
    tag: &'static str,
    /// Further names, in the normal form of [`names`].
    aliases: &'static [&'static str],
    standard: &'static str,
    strength: Strength,
    length: Length,
    /// Bytes of HMAC's padded key (RFC 2104's B); 0 where HMAC is not defined.
    hmac_block: u8,
    pub(crate) core: Core,
}

/// Digest lengths in bytes.
#[derive(Clone, Copy)]
enum Length {
    Fixed(u8),
    /// One to `max`; `default` where none is asked for.
    UpTo {
        max: u8,
        default: u8,
    },
}

/// What computes it.
pub(crate) enum Core {
    /// Words of 32 bits.
    Narrow(&'static Merkle<u32>),
    /// Words of 64 bits.
    Wide(&'static Merkle<u64>),
    /// Lanes of Keccak-f[1600].
    Sponge(Sponge),
    /// A crate's hasher.
    External(Make),
}

/// A function over Keccak-f[1600], as data.
#[derive(Clone, Copy)]
pub(crate) struct Sponge {
    /// Bytes absorbed or squeezed between two permutations, a multiple of 8.
    pub(crate) rate: usize,
    /// The bits that tell SHA-3 from SHAKE, and the first one of the padding (FIPS 202, sections
    /// 6.1, 6.2 and B.2).
    pub(crate) suffix: u8,
}

/// The longest digest, in bytes.
pub(crate) const MAX_LEN: usize = 64;

use Algorithm::*;
use Core::{External, Narrow, Wide};
use Length::{Fixed, UpTo};
use Strength::{Broken, Sound};

/// In the order of [`Algorithm`]; SHA-3's block is its rate (FIPS 202, table 3). SHAKE's default
/// lengths are those of RFC 8702, section 3.1: twice the security strength.
#[rustfmt::skip]
static SPECS: [Spec; 18] = [
    row(Md5,        "md5",        "MD5",        &[],                        "RFC 1321",   Broken, Fixed(16), 64,  Narrow(&MD5)),
    row(Sha1,       "sha1",       "SHA1",       &["sha"],                   "FIPS 180-4", Broken, Fixed(20), 64,  Narrow(&SHA1)),
    row(Sha224,     "sha224",     "SHA224",     &["sha2224"],               "FIPS 180-4", Sound,  Fixed(28), 64,  Narrow(&sha256::SHA224)),
    row(Sha256,     "sha256",     "SHA256",     &["sha2256"],               "FIPS 180-4", Sound,  Fixed(32), 64,  Narrow(&sha256::SHA256)),
    row(Sha384,     "sha384",     "SHA384",     &["sha2384"],               "FIPS 180-4", Sound,  Fixed(48), 128, Wide(&sha512::SHA384)),
    row(Sha512,     "sha512",     "SHA512",     &["sha2512"],               "FIPS 180-4", Sound,  Fixed(64), 128, Wide(&sha512::SHA512)),
    row(Sha512_224, "sha512-224", "SHA512/224", &["sha2512224", "sha512t224"], "FIPS 180-4", Sound,  Fixed(28), 128, Wide(&sha512::SHA512_224)),
    row(Sha512_256, "sha512-256", "SHA512/256", &["sha2512256", "sha512t256"], "FIPS 180-4", Sound,  Fixed(32), 128, Wide(&sha512::SHA512_256)),
    row(Sha3_224,   "sha3-224",   "SHA3-224",   &[],                        "FIPS 202",   Sound,  Fixed(28), 144, Core::Sponge(sha3(144))),
    row(Sha3_256,   "sha3-256",   "SHA3-256",   &[],                        "FIPS 202",   Sound,  Fixed(32), 136, Core::Sponge(sha3(136))),
    row(Sha3_384,   "sha3-384",   "SHA3-384",   &[],                        "FIPS 202",   Sound,  Fixed(48), 104, Core::Sponge(sha3(104))),
    row(Sha3_512,   "sha3-512",   "SHA3-512",   &[],                        "FIPS 202",   Sound,  Fixed(64), 72,  Core::Sponge(sha3(72))),
    row(Shake128,   "shake128",   "SHAKE128",   &[],                        "FIPS 202",   Sound,  UpTo { max: 64, default: 32 }, 0, Core::Sponge(shake(168))),
    row(Shake256,   "shake256",   "SHAKE256",   &[],                        "FIPS 202",   Sound,  UpTo { max: 64, default: 64 }, 0, Core::Sponge(shake(136))),
    row(Blake2b,    "blake2b",    "BLAKE2b",    &["b2", "blake2"],          "RFC 7693",   Sound,  UpTo { max: 64, default: 64 }, 128, External(external::variable::<blake2::Blake2bVarCore>)),
    row(Blake2s,    "blake2s",    "BLAKE2s",    &[],                        "RFC 7693",   Sound,  UpTo { max: 32, default: 32 }, 64, External(external::variable::<blake2::Blake2sVarCore>)),
    row(Blake3,     "blake3",     "BLAKE3",     &["b3"],                    "BLAKE3 paper, 2020", Sound, UpTo { max: 64, default: 32 }, 64, External(external::blake3)),
    row(Sm3,        "sm3",        "SM3",        &[],                        "GB/T 32905-2016", Sound, Fixed(32), 64, External(external::fixed::<sm3::Sm3>)),
];

#[allow(clippy::too_many_arguments)] // the columns of the table above
const fn row(
    algorithm: Algorithm,
    name: &'static str,
    tag: &'static str,
    aliases: &'static [&'static str],
    standard: &'static str,
    strength: Strength,
    length: Length,
    hmac_block: u8,
    core: Core,
) -> Spec {
    Spec { algorithm, name, tag, aliases, standard, strength, length, hmac_block, core }
}

/// FIPS 202, section 6.1.
const fn sha3(rate: usize) -> Sponge {
    Sponge { rate, suffix: 0x06 }
}

/// FIPS 202, section 6.2.
const fn shake(rate: usize) -> Sponge {
    Sponge { rate, suffix: 0x1f }
}

impl Algorithm {
    /// Every algorithm, in the order in which they are listed to users.
    pub const ALL: &'static [Self] = &[
        Md5, Sha1, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256, Sha3_224, Sha3_256,
        Sha3_384, Sha3_512, Shake128, Shake256, Blake2b, Blake2s, Blake3, Sm3,
    ];

    pub(crate) fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// The name on the command line: `sha512-256`.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The name in BSD-style lines: `SHA512/256`.
    pub fn tag(self) -> &'static str {
        self.spec().tag
    }

    /// The document that defines it.
    pub fn standard(self) -> &'static str {
        self.spec().standard
    }

    /// Whether collisions are known.
    pub fn strength(self) -> Strength {
        self.spec().strength
    }

    /// The digest's length in bytes where none is asked for.
    pub fn default_len(self) -> usize {
        match self.spec().length {
            Fixed(len) | UpTo { default: len, .. } => len.into(),
        }
    }

    /// Whether the digest's length can be chosen.
    pub fn has_variable_len(self) -> bool {
        matches!(self.spec().length, UpTo { .. })
    }

    /// Whether the output goes on without end ([`Hasher::finalize_xof`]): SHAKE and BLAKE3.
    ///
    /// [`Hasher::finalize_xof`]: crate::Hasher::finalize_xof
    pub fn is_extendable(self) -> bool {
        matches!(self, Shake128 | Shake256 | Blake3)
    }

    /// The longest digest, in bytes, that a [`HashFunction`] of this algorithm has.
    pub fn max_len(self) -> usize {
        match self.spec().length {
            Fixed(len) | UpTo { max: len, .. } => len.into(),
        }
    }

    /// HMAC's block length B in bytes (RFC 2104, section 2); `None` for SHAKE, for which no HMAC
    /// is defined.
    pub fn block_len(self) -> Option<usize> {
        match self.spec().hmac_block {
            0 => None,
            len => Some(len.into()),
        }
    }
}

impl HashFunction {
    /// `algorithm` with digests of `len` bytes; `None` where it has no such digests.
    pub fn new(algorithm: Algorithm, len: usize) -> Option<Self> {
        let fits = match algorithm.spec().length {
            Fixed(only) => len == usize::from(only),
            UpTo { max, .. } => (1..=usize::from(max)).contains(&len),
        };
        fits.then_some(Self { algorithm, len: len as u8 })
    }

    /// The algorithm.
    pub fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// The digest's length in bytes, 1 to 64.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(self) -> usize {
        self.len.into()
    }

    /// The tag of BSD-style lines, with the length in bits where it is not the default:
    /// `BLAKE2b-256`.
    pub fn tag(self) -> impl fmt::Display {
        Named(self, self.algorithm.tag())
    }
}

impl From<Algorithm> for HashFunction {
    fn from(algorithm: Algorithm) -> Self {
        Self { algorithm, len: algorithm.default_len() as u8 }
    }
}

/// A name, and the digest's length where it is not the default.
struct Named(HashFunction, &'static str);

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)?;
        if self.0.len() != self.0.algorithm.default_len() {
            write!(f, "-{}", self.0.len() * 8)?;
        }
        Ok(())
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The command line's name: `sha256`, `blake2b-256`. Parses back.
impl fmt::Display for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Named(*self, self.algorithm.name()).fmt(f)
    }
}

impl fmt::Debug for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        assert_eq!(Algorithm::ALL.len(), SPECS.len());
        for (i, algorithm) in Algorithm::ALL.iter().enumerate() {
            assert_eq!(*algorithm as usize, i);
            assert_eq!(algorithm.spec().algorithm, *algorithm);
        }
    }
}
