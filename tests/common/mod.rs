//! What the tests share: messages, ways to cut them, and independent implementations to compare with.
#![allow(dead_code)] // each test crate uses its own part

use hmac::{KeyInit, Mac, SimpleHmac};
use hsum::{Algorithm, HashFunction};
use sha2::Digest as _;
use sha2::digest::block_api::BlockSizeUser;
use shake::{ExtendableOutput, Update, XofReader};

/// The first `len` bytes of 0, 1, … 250, 0, 1, …: a period that no block length shares.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

/// `len` bytes that look random and are the same for the same `seed` (xorshift64*).
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// `data` cut at the lengths that `lengths` gives; what is left over is the last piece.
pub(crate) fn cut(mut data: &[u8], lengths: impl IntoIterator<Item = usize>) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    for len in lengths {
        if data.is_empty() && len > 0 {
            break;
        }
        let (head, tail) = data.split_at(len.min(data.len()));
        pieces.push(head);
        data = tail;
    }
    pieces.push(data);
    pieces
}

/// The input block in bytes: HMAC's B, and SHAKE's rate (FIPS 202, section 6.2).
pub(crate) fn block_len(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Shake128 => 168,
        Algorithm::Shake256 => 136,
        _ => algorithm.block_len().expect("only SHAKE has no HMAC block"),
    }
}

/// The algorithms that give output without end.
pub(crate) fn extendable() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|a| hsum::Hasher::new(*a).finalize_xof().is_some())
}

/// The algorithms that HMAC is defined for.
pub(crate) fn authenticating() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|a| a.block_len().is_some())
}

/// The digest by RustCrypto's hasher, or the one of BLAKE's own authors, one-shot.
pub(crate) fn oracle(function: impl Into<HashFunction>, data: &[u8]) -> Vec<u8> {
    let function = function.into();
    let mut out = vec![0; function.len()];
    match function.algorithm() {
        Algorithm::Md5 => out.copy_from_slice(&md5::Md5::digest(data)),
        Algorithm::Sha1 => out.copy_from_slice(&sha1::Sha1::digest(data)),
        Algorithm::Sha224 => out.copy_from_slice(&sha2::Sha224::digest(data)),
        Algorithm::Sha256 => out.copy_from_slice(&sha2::Sha256::digest(data)),
        Algorithm::Sha384 => out.copy_from_slice(&sha2::Sha384::digest(data)),
        Algorithm::Sha512 => out.copy_from_slice(&sha2::Sha512::digest(data)),
        Algorithm::Sha512_224 => out.copy_from_slice(&sha2::Sha512_224::digest(data)),
        Algorithm::Sha512_256 => out.copy_from_slice(&sha2::Sha512_256::digest(data)),
        Algorithm::Sha3_224 => out.copy_from_slice(&sha3::Sha3_224::digest(data)),
        Algorithm::Sha3_256 => out.copy_from_slice(&sha3::Sha3_256::digest(data)),
        Algorithm::Sha3_384 => out.copy_from_slice(&sha3::Sha3_384::digest(data)),
        Algorithm::Sha3_512 => out.copy_from_slice(&sha3::Sha3_512::digest(data)),
        Algorithm::Sm3 => out.copy_from_slice(&sm3::Sm3::digest(data)),
        Algorithm::Shake128 | Algorithm::Shake256 | Algorithm::Blake3 => {
            return oracle_xof(function.algorithm(), data, function.len());
        }
        Algorithm::Blake2b => {
            let digest = blake2b_simd::Params::new().hash_length(function.len()).hash(data);
            out.copy_from_slice(digest.as_bytes());
        }
        Algorithm::Blake2s => {
            let digest = blake2s_simd::Params::new().hash_length(function.len()).hash(data);
            out.copy_from_slice(digest.as_bytes());
        }
        other => panic!("{other} has no oracle: add it"),
    }
    out
}

/// The first `len` bytes of the output of SHAKE or BLAKE3 by its own crate, in one squeeze.
pub(crate) fn oracle_xof(algorithm: Algorithm, data: &[u8], len: usize) -> Vec<u8> {
    fn squeeze<H: Default + Update + ExtendableOutput>(data: &[u8], out: &mut [u8]) {
        let mut hasher = H::default();
        hasher.update(data);
        hasher.finalize_xof().read(out);
    }
    let mut out = vec![0; len];
    match algorithm {
        Algorithm::Shake128 => squeeze::<shake::Shake128>(data, &mut out),
        Algorithm::Shake256 => squeeze::<shake::Shake256>(data, &mut out),
        Algorithm::Blake3 => blake3::Hasher::new().update(data).finalize_xof().fill(&mut out),
        other => panic!("{other} has no endless output"),
    }
    out
}

/// The HMAC by the `hmac` crate, for every function that it can be instantiated with; `None` for
/// the others: BLAKE3, and BLAKE2 at other lengths than 64 and 32 bytes.
pub(crate) fn oracle_hmac(
    function: impl Into<HashFunction>,
    key: &[u8],
    message: &[u8],
) -> Option<Vec<u8>> {
    fn by<D: sha2::Digest + BlockSizeUser>(key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let mac = SimpleHmac::<D>::new_from_slice(key).expect("takes keys of any length");
        Some(mac.chain_update(message).finalize().into_bytes().to_vec())
    }
    let function = function.into();
    match (function.algorithm(), function.len()) {
        (Algorithm::Md5, _) => by::<md5::Md5>(key, message),
        (Algorithm::Sha1, _) => by::<sha1::Sha1>(key, message),
        (Algorithm::Sha224, _) => by::<sha2::Sha224>(key, message),
        (Algorithm::Sha256, _) => by::<sha2::Sha256>(key, message),
        (Algorithm::Sha384, _) => by::<sha2::Sha384>(key, message),
        (Algorithm::Sha512, _) => by::<sha2::Sha512>(key, message),
        (Algorithm::Sha512_224, _) => by::<sha2::Sha512_224>(key, message),
        (Algorithm::Sha512_256, _) => by::<sha2::Sha512_256>(key, message),
        (Algorithm::Sha3_224, _) => by::<sha3::Sha3_224>(key, message),
        (Algorithm::Sha3_256, _) => by::<sha3::Sha3_256>(key, message),
        (Algorithm::Sha3_384, _) => by::<sha3::Sha3_384>(key, message),
        (Algorithm::Sha3_512, _) => by::<sha3::Sha3_512>(key, message),
        (Algorithm::Sm3, _) => by::<sm3::Sm3>(key, message),
        (Algorithm::Blake2b, 64) => by::<blake2::Blake2b512>(key, message),
        (Algorithm::Blake2s, 32) => by::<blake2::Blake2s256>(key, message),
        (Algorithm::Blake2b | Algorithm::Blake2s | Algorithm::Blake3, _) => None,
        (other, _) => panic!("{other} has no HMAC oracle: add it"),
    }
}

/// RFC 2104, section 2, letter by letter over [`oracle`]: also for what `hmac` cannot instantiate.
pub(crate) fn hmac_by_the_book(
    function: impl Into<HashFunction>,
    key: &[u8],
    message: &[u8],
) -> Vec<u8> {
    let function = function.into();
    let mut block = if key.len() > block_len(function.algorithm()) {
        oracle(function, key)
    } else {
        key.to_vec()
    };
    block.resize(block_len(function.algorithm()), 0);
    let padded = |pad: u8, rest: &[u8]| {
        let mut text: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
        text.extend_from_slice(rest);
        oracle(function, &text)
    };
    padded(0x5c, &padded(0x36, message))
}
