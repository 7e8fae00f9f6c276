//! The list of algorithms: one row each, from which the enum and all of its properties derive.

pub(crate) mod multipart;
pub(crate) mod names;

use std::fmt;

use crate::external::{self, NewHash};
use crate::kernel::functions::{
    MD5, Merkle, SHA1, SHA224, SHA256, SHA384, SHA512, SHA512_224, SHA512_256,
};

/// The longest digest, in bytes.
pub(crate) const MAX_LEN: usize = 64;

/// The properties of an algorithm: the columns of the list.
pub(crate) struct Spec {
    name: &'static str,
    tag: &'static str,
    /// Further names, as [`names`] normalizes them.
    aliases: &'static [&'static str],
    standard: &'static str,
    strength: Strength,
    length: Length,
    /// The block length B of RFC 2104 in bytes; `None` if HMAC is not defined.
    hmac_block: Option<usize>,
    pub(crate) core: Core,
    registered: &'static [(Registry, &'static str)],
    /// The multipart form; `None` if S3 has no multipart digests with this algorithm.
    multipart: Option<MultipartForm>,
    /// SHA-256 of the digests of the messages that [`simd::self_test`](crate::simd::self_test)
    /// hashes; `None` for algorithms without kernels.
    pub(crate) self_test: Option<&'static str>,
}

/// The values of the columns that a row may leave out; [`algorithms!`] demands the others.
const DEFAULTS: Spec = Spec {
    name: "",
    tag: "",
    aliases: &[],
    standard: "",
    strength: Strength::Sound,
    length: Fixed(0),
    hmac_block: None,
    core: External(external::blake3::new),
    registered: &[],
    multipart: None,
    self_test: None,
};

/// The names and the encoding of an algorithm's multipart form.
pub(crate) struct MultipartForm {
    /// The name on the command line, without the part size.
    pub(crate) name: &'static str,
    /// The tag of BSD-style lines, without the part size.
    pub(crate) tag: &'static str,
    /// `true` if S3 writes the digests in base64, `false` if in hex.
    pub(crate) is_base64: bool,
}

/// Digest lengths in bytes.
#[derive(Clone, Copy)]
enum Length {
    Fixed(usize),
    /// One to `max`.
    UpTo {
        max: usize,
        default: usize,
    },
    /// A prefix of endless output.
    Extendable {
        default: usize,
    },
}

/// The implementation of an algorithm.
pub(crate) enum Core {
    /// Kernels over 32-bit words.
    Narrow(&'static Merkle<u32>),
    /// Kernels over 64-bit words.
    Wide(&'static Merkle<u64>),
    /// Kernels of Keccak-f[1600].
    Sponge(Sponge),
    /// Another crate's hasher.
    External(NewHash),
}

/// The parameters of a sponge over Keccak-f[1600].
#[derive(Clone, Copy)]
pub(crate) struct Sponge {
    /// Bytes absorbed or squeezed between two permutations, a multiple of 8.
    pub(crate) rate: usize,
    /// The domain bits, followed by the first bit of the padding.
    pub(crate) suffix: u8,
}

/// The longest rate of a sponge in bytes: that of SHAKE128.
pub(crate) const MAX_RATE: usize = 168;

/// The suffixes of SHA-3 and SHAKE (FIPS 202, sections 6.1 and 6.2, with B.2).
const SHA3: u8 = 0x06;
const SHAKE: u8 = 0x1f;

pub(crate) const SHA3_224: Sponge = sponge(144, SHA3);
pub(crate) const SHA3_256: Sponge = sponge(136, SHA3);
pub(crate) const SHA3_384: Sponge = sponge(104, SHA3);
pub(crate) const SHA3_512: Sponge = sponge(72, SHA3);
pub(crate) const SHAKE128: Sponge = sponge(168, SHAKE);
pub(crate) const SHAKE256: Sponge = sponge(136, SHAKE);

const fn sponge(rate: usize, suffix: u8) -> Sponge {
    assert!(rate <= MAX_RATE && rate.is_multiple_of(8));
    Sponge { rate, suffix }
}

/// A standard or convention that gives names to hash functions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Registry {
    /// Subresource Integrity (W3C SRI, section 3.2), with MD5 and SHA-1 as Nix writes them.
    Sri,
    /// IANA's "HTTP Digest Algorithm Values".
    Http,
    /// IANA's "Named Information Hash Algorithm Registry".
    Ni,
    /// IANA's "Hash Function Textual Names", which Metalink (RFC 5854) uses.
    Textual,
    /// Short names of checksum files, in `B2SUMS`.
    Sums,
}

use Core::{External, Narrow, Wide};
use Length::{Extendable, Fixed, UpTo};
use Registry::{Http, Ni, Sri, Sums, Textual};

/// Declares [`Algorithm`] and the table behind it.
macro_rules! algorithms {
    ($($variant:ident {
        name: $name:literal, tag: $tag:literal, standard: $standard:literal,
        length: $length:expr, core: $core:expr,
        $($column:ident: $value:expr),* $(,)?
    })*) => {
        /// A hash algorithm.
        #[non_exhaustive]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Algorithm {
            $(#[doc = concat!($tag, " (", $standard, ").")] $variant,)*
        }

        impl Algorithm {
            /// Every algorithm, in the order in which they are listed to users.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        #[allow(clippy::needless_update)] // a row may have every column
        static SPECS: [Spec; Algorithm::ALL.len()] = [$(Spec {
            name: $name, tag: $tag, standard: $standard, length: $length, core: $core,
            $($column: $value,)* ..DEFAULTS
        }),*];
    };
}

// A digest without the name of an algorithm is taken for the first with digests of its length. The HMAC block of SHA-3 is its rate (FIPS 202, table 3); the default lengths of
// SHAKE are twice its security strength (RFC 8702, section 3.1).
algorithms! {
    Md5 {
        name: "md5", tag: "MD5", standard: "RFC 1321",
        length: Fixed(16), core: Narrow(&MD5), hmac_block: Some(64), strength: Strength::Broken,
        registered: &[(Sri, "md5"), (Http, "md5"), (Textual, "md5")],
        multipart: Some(MultipartForm { name: "s3-etag", tag: "S3-ETAG", is_base64: false }),
        self_test: Some("228626faeab779aa0f204ffcf82db14e353b3c1b63615ef2484a44a8c410f945"),
    }
    Sha1 {
        name: "sha1", tag: "SHA1", standard: "FIPS 180-4",
        length: Fixed(20), core: Narrow(&SHA1), hmac_block: Some(64), strength: Strength::Broken,
        aliases: &["sha"], registered: &[(Sri, "sha1"), (Http, "sha"), (Textual, "sha-1")],
        multipart: Some(MultipartForm { name: "s3-sha1", tag: "S3-SHA1", is_base64: true }),
        self_test: Some("ed43841863fc27d62facf90b6ed233d7ede54c431dc48503725e75970e1a1fa5"),
    }
    Sha224 {
        name: "sha224", tag: "SHA224", standard: "FIPS 180-4",
        length: Fixed(28), core: Narrow(&SHA224), hmac_block: Some(64), aliases: &["sha2224"],
        registered: &[(Textual, "sha-224")],
        self_test: Some("750c4af01a4fa5435303109976c2f13f490ddf8758358987d1aa7c48c6c0a693"),
    }
    Sha256 {
        name: "sha256", tag: "SHA256", standard: "FIPS 180-4",
        length: Fixed(32), core: Narrow(&SHA256), hmac_block: Some(64), aliases: &["sha2256"],
        registered: &[(Sri, "sha256"), (Http, "sha-256"), (Ni, "sha-256"), (Textual, "sha-256")],
        multipart: Some(MultipartForm { name: "s3-sha256", tag: "S3-SHA256", is_base64: true }),
        self_test: Some("fbcf994f12fdab3b6d3c5a56580ce0c885168e2461ecf7213c30506d32c45bba"),
    }
    Sha384 {
        name: "sha384", tag: "SHA384", standard: "FIPS 180-4",
        length: Fixed(48), core: Wide(&SHA384), hmac_block: Some(128), aliases: &["sha2384"],
        registered: &[(Sri, "sha384"), (Ni, "sha-384"), (Textual, "sha-384")],
        self_test: Some("86286c90927b974a28c2ae6c43f0d868888676823995c8d57fe44a9ca18be85b"),
    }
    Sha512 {
        name: "sha512", tag: "SHA512", standard: "FIPS 180-4",
        length: Fixed(64), core: Wide(&SHA512), hmac_block: Some(128), aliases: &["sha2512"],
        registered: &[(Sri, "sha512"), (Http, "sha-512"), (Ni, "sha-512"), (Textual, "sha-512")],
        self_test: Some("2ec646f97dedf48edb44bb8bc3be8f52951efdf4c51d166c2e1dcd03df177af5"),
    }
    Sha512_224 {
        name: "sha512-224", tag: "SHA512/224", standard: "FIPS 180-4",
        length: Fixed(28), core: Wide(&SHA512_224), hmac_block: Some(128),
        aliases: &["sha2512224", "sha512t224"],
        self_test: Some("c2b6d0f875ddd6de1a42239ed9a43d2e8999410703ebeb85c2b1a973a275517b"),
    }
    Sha512_256 {
        name: "sha512-256", tag: "SHA512/256", standard: "FIPS 180-4",
        length: Fixed(32), core: Wide(&SHA512_256), hmac_block: Some(128),
        aliases: &["sha2512256", "sha512t256"],
        self_test: Some("1e57ff7eb878bcb3849dd22a4672f597a40ea589190f9457817a6b49a814d50e"),
    }
    Sha3_224 {
        name: "sha3-224", tag: "SHA3-224", standard: "FIPS 202",
        length: Fixed(28), core: Core::Sponge(SHA3_224), hmac_block: Some(144),
        registered: &[(Ni, "sha3-224")],
        self_test: Some("758224be69c16272d3da6b9fd943edef7c099141d5703443b2874471c6eb7a70"),
    }
    Sha3_256 {
        name: "sha3-256", tag: "SHA3-256", standard: "FIPS 202",
        length: Fixed(32), core: Core::Sponge(SHA3_256), hmac_block: Some(136),
        registered: &[(Ni, "sha3-256")],
        self_test: Some("45bf50bdc5fca570b4a75c91c41f66e99bb2eda222bd40ec0327471d1e5c48c4"),
    }
    Sha3_384 {
        name: "sha3-384", tag: "SHA3-384", standard: "FIPS 202",
        length: Fixed(48), core: Core::Sponge(SHA3_384), hmac_block: Some(104),
        registered: &[(Ni, "sha3-384")],
        self_test: Some("0e14fd134c2f867b8417ffd5b41f0f0f209a71b5f135fbcc6f41feecefb2c714"),
    }
    Sha3_512 {
        name: "sha3-512", tag: "SHA3-512", standard: "FIPS 202",
        length: Fixed(64), core: Core::Sponge(SHA3_512), hmac_block: Some(72),
        registered: &[(Ni, "sha3-512")],
        self_test: Some("03337278a73919ee96422e639a17f57b21849d5ac45487723d562a115aff5814"),
    }
    Shake128 {
        name: "shake128", tag: "SHAKE128", standard: "FIPS 202",
        length: Extendable { default: 32 }, core: Core::Sponge(SHAKE128),
        self_test: Some("0b1688e0571dbfc100ded760683aedc694d375faff808dc86cb14c227159b8c1"),
    }
    Shake256 {
        name: "shake256", tag: "SHAKE256", standard: "FIPS 202",
        length: Extendable { default: 64 }, core: Core::Sponge(SHAKE256),
        self_test: Some("61c5a72819718edc735111cad40972bf7daf9e1581cf50e693ca3725eae6bbb3"),
    }
    Blake2b {
        name: "blake2b", tag: "BLAKE2b", standard: "RFC 7693",
        length: UpTo { max: 64, default: 64 },
        core: External(external::variable::<blake2::Blake2bVarCore>),
        hmac_block: Some(128), aliases: &["b2", "blake2"],
        registered: &[(Ni, "blake2b-256"), (Ni, "blake2b-512"), (Sums, "b2")],
    }
    Blake2s {
        name: "blake2s", tag: "BLAKE2s", standard: "RFC 7693",
        length: UpTo { max: 32, default: 32 },
        core: External(external::variable::<blake2::Blake2sVarCore>),
        hmac_block: Some(64), registered: &[(Ni, "blake2s-256")],
    }
    Blake3 {
        name: "blake3", tag: "BLAKE3", standard: "BLAKE3 paper, 2020",
        length: Extendable { default: 32 }, core: External(external::blake3::new),
        hmac_block: Some(64), aliases: &["b3"], registered: &[(Sums, "b3")],
    }
    Sm3 {
        name: "sm3", tag: "SM3", standard: "GB/T 32905-2016",
        length: Fixed(32), core: External(external::fixed::<sm3::Sm3>), hmac_block: Some(64),
    }
    Crc32c {
        name: "crc32c", tag: "CRC32C", standard: "RFC 3720",
        length: Fixed(4), core: External(external::crc::new::<{ external::crc::CRC32C }>),
        strength: Strength::Checksum, aliases: &["crc32iscsi", "crc32castagnoli"],
        multipart: Some(MultipartForm { name: "s3-crc32c", tag: "S3-CRC32C", is_base64: true }),
    }
    Crc64Nvme {
        name: "crc64nvme", tag: "CRC64NVME", standard: "NVM Command Set 1.0",
        length: Fixed(8), core: External(external::crc::new::<{ external::crc::CRC64_NVME }>),
        strength: Strength::Checksum,
    }
}

/// The longest HMAC block, in bytes.
pub(crate) const MAX_HMAC_BLOCK: usize = {
    let (mut max, mut i) = (0, 0);
    while i < SPECS.len() {
        match SPECS[i].hmac_block {
            Some(len) if len > max => max = len,
            _ => {}
        }
        i += 1;
    }
    max
};

/// The known resistance of an algorithm to collisions, weakest first.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Strength {
    /// The algorithm is a checksum, not a hash function: it detects accidents, but anyone can change
    /// a file and keep its checksum. It never counts as evidence for a download, and HMAC is not
    /// defined for it.
    Checksum,
    /// Collisions can be constructed: the digest detects accidents, but not an adversary, and must
    /// not be signed. HMAC with the algorithm is still secure.
    Broken,
    /// No attack better than the generic ones is known.
    Sound,
}

impl Algorithm {
    pub(crate) fn spec(self) -> &'static Spec {
        &SPECS[self as usize]
    }

    /// Returns the name on the command line: `sha512-256`.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// Returns the name in BSD-style lines: `SHA512/256`.
    pub fn tag(self) -> &'static str {
        self.spec().tag
    }

    /// Returns the name of the document that defines the algorithm.
    pub fn standard(self) -> &'static str {
        self.spec().standard
    }

    /// Returns the algorithm's resistance to collisions.
    pub fn strength(self) -> Strength {
        self.spec().strength
    }

    /// Returns the default length of a digest in bytes.
    pub fn default_len(self) -> usize {
        match self.spec().length {
            Fixed(len) | UpTo { default: len, .. } | Extendable { default: len } => len,
        }
    }

    /// Returns `true` if the digest's length can be chosen.
    pub fn has_variable_len(self) -> bool {
        !matches!(self.spec().length, Fixed(_))
    }

    /// Returns `true` if the output has no end ([`Hasher::finalize_xof`]): SHAKE and BLAKE3.
    ///
    /// [`Hasher::finalize_xof`]: crate::Hasher::finalize_xof
    pub fn is_extendable(self) -> bool {
        matches!(self.spec().length, Extendable { .. })
    }

    /// Returns the longest digest of a [`HashFunction`] of this algorithm, in bytes.
    pub fn max_len(self) -> usize {
        match self.spec().length {
            Fixed(len) | UpTo { max: len, .. } => len,
            Extendable { .. } => MAX_LEN,
        }
    }

    /// Returns HMAC's block length B in bytes (RFC 2104, section 2).
    ///
    /// `None` for SHAKE and CRCs, for which HMAC is not defined.
    pub fn block_len(self) -> Option<usize> {
        self.spec().hmac_block
    }

    /// Returns the algorithm of a digest of `len` bytes without a name: MD5, SHA-1 or SHA-2, never
    /// a CRC.
    pub(crate) fn from_digest_len(len: usize) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(|algorithm| algorithm.strength() > Strength::Checksum)
            .find(|algorithm| algorithm.default_len() == len)
    }
}

/// A hash function: an [`Algorithm`] at a digest length.
///
/// A [multipart form](Self::multipart) hashes the parts of a message, and then their digests.
///
/// Most algorithms have one length. BLAKE2 has any length up to its word size, SHAKE and BLAKE3
/// have any; digests have at most 64 bytes here, [`Hasher::finalize_xof`] returns more.
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
    /// The part size in bytes; 0 if messages are hashed whole.
    part_len: u64,
}

impl HashFunction {
    /// Combines `algorithm` with a digest length in bytes; `None` if it has no such digests.
    pub fn new(algorithm: Algorithm, len: usize) -> Option<Self> {
        let is_valid = match algorithm.spec().length {
            Fixed(only) => len == only,
            UpTo { .. } | Extendable { .. } => (1..=algorithm.max_len()).contains(&len),
        };
        is_valid.then_some(Self { algorithm, len: len as u8, part_len: 0 })
    }

    /// Returns the algorithm.
    pub fn algorithm(self) -> Algorithm {
        self.algorithm
    }

    /// Returns the digest's length in bytes, 1 to 64.
    #[allow(clippy::len_without_is_empty)] // never empty
    #[inline]
    pub fn len(self) -> usize {
        self.len.into()
    }

    /// Returns `true` if digests have the algorithm's default length.
    pub(crate) fn has_default_len(self) -> bool {
        self.len() == self.algorithm.default_len()
    }
}

impl From<Algorithm> for HashFunction {
    fn from(algorithm: Algorithm) -> Self {
        Self { algorithm, len: algorithm.default_len() as u8, part_len: 0 }
    }
}

impl fmt::Debug for HashFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
