//! Helpers for the tests: messages, ways to divide them, and independent implementations.
#![allow(dead_code)] // each test crate uses its own part

use hmac::{KeyInit, Mac, SimpleHmac};
use hsum::{Algorithm, HashFunction};
use sha2::digest::block_api::BlockSizeUser;
use shake::{ExtendableOutput, Update, XofReader};

/// Returns `len` bytes of 0, 1, … 250, 0, 1, …, a period that divides no block length.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

/// Returns `len` pseudo-random bytes from `seed` (xorshift64*).
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

/// Divides `data` into pieces of the given lengths; the last piece is the rest.
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

/// Returns the length of an input block in bytes: HMAC's B, or the rate of SHAKE (FIPS 202, 6.2).
pub(crate) fn block_len(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Shake128 => 168,
        Algorithm::Shake256 => 136,
        // They have no blocks; vectors of 16 bytes, eight at a time, are what CPUs fold.
        Algorithm::Crc32c | Algorithm::Crc64Nvme => 128,
        _ => algorithm.block_len().expect("only SHAKE and CRCs have no HMAC block"),
    }
}

/// Returns the algorithms with endless output.
pub(crate) fn extendable() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|algorithm| algorithm.is_extendable())
}

/// Returns the algorithms that HMAC is defined for.
pub(crate) fn authenticating() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|a| a.block_len().is_some())
}

/// RustCrypto's implementation of a hash function and of its HMAC.
struct Oracle {
    hash: fn(&[u8]) -> Vec<u8>,
    hmac: fn(&[u8], &[u8]) -> Vec<u8>,
}

fn of_crate<D: sha2::Digest + BlockSizeUser>() -> Oracle {
    Oracle {
        hash: |data| D::digest(data).to_vec(),
        hmac: |key, message| {
            let mac = SimpleHmac::<D>::new_from_slice(key).expect("takes keys of any length");
            mac.chain_update(message).finalize().into_bytes().to_vec()
        },
    }
}

fn rustcrypto(function: HashFunction) -> Option<Oracle> {
    Some(match (function.algorithm(), function.len()) {
        (Algorithm::Md5, _) => of_crate::<md5::Md5>(),
        (Algorithm::Sha1, _) => of_crate::<sha1::Sha1>(),
        (Algorithm::Sha224, _) => of_crate::<sha2::Sha224>(),
        (Algorithm::Sha256, _) => of_crate::<sha2::Sha256>(),
        (Algorithm::Sha384, _) => of_crate::<sha2::Sha384>(),
        (Algorithm::Sha512, _) => of_crate::<sha2::Sha512>(),
        (Algorithm::Sha512_224, _) => of_crate::<sha2::Sha512_224>(),
        (Algorithm::Sha512_256, _) => of_crate::<sha2::Sha512_256>(),
        (Algorithm::Sha3_224, _) => of_crate::<sha3::Sha3_224>(),
        (Algorithm::Sha3_256, _) => of_crate::<sha3::Sha3_256>(),
        (Algorithm::Sha3_384, _) => of_crate::<sha3::Sha3_384>(),
        (Algorithm::Sha3_512, _) => of_crate::<sha3::Sha3_512>(),
        (Algorithm::Sm3, _) => of_crate::<sm3::Sm3>(),
        (Algorithm::Blake2b, 64) => of_crate::<blake2::Blake2b512>(),
        (Algorithm::Blake2s, 32) => of_crate::<blake2::Blake2s256>(),
        (Algorithm::Blake2b | Algorithm::Blake2s | Algorithm::Blake3, _) => return None,
        (other, _) => panic!("{other} has no oracle: add one"),
    })
}

/// Computes the digest in one call, with RustCrypto's hasher or that of BLAKE's authors.
pub(crate) fn oracle(function: impl Into<HashFunction>, data: &[u8]) -> Vec<u8> {
    let function = function.into();
    let (algorithm, len) = (function.algorithm(), function.len());
    match algorithm {
        _ if algorithm.is_extendable() => oracle_xof(algorithm, data, len),
        Algorithm::Blake2b => {
            blake2b_simd::Params::new().hash_length(len).hash(data).as_bytes().to_vec()
        }
        Algorithm::Blake2s => {
            blake2s_simd::Params::new().hash_length(len).hash(data).as_bytes().to_vec()
        }
        Algorithm::Crc32c => crc(0x82f6_3b78, 32, data)[4..].to_vec(),
        Algorithm::Crc64Nvme => crc(0x9a6c_9329_ac4b_c9b5, 64, data).to_vec(),
        _ => (rustcrypto(function).expect("an oracle").hash)(data),
    }
}

/// Computes a reflected CRC of `width` bits, initially all ones and inverted at the end, bit by bit.
fn crc(polynomial: u64, width: u32, data: &[u8]) -> [u8; 8] {
    let ones = u64::MAX >> (64 - width);
    let shift = |crc: u64| (crc >> 1) ^ (polynomial * (crc & 1));
    let step = |crc, byte: &u8| (0..8).fold(crc ^ u64::from(*byte), |crc, _| shift(crc));
    (data.iter().fold(ones, step) ^ ones).to_be_bytes()
}

/// Computes the first `len` bytes of SHAKE's or BLAKE3's output in one call of its own crate.
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

/// Computes the HMAC with the `hmac` crate.
///
/// Returns `None` for functions that the crate does not support: BLAKE3, and BLAKE2 with digests
/// other than 64 bytes (BLAKE2b) and 32 bytes (BLAKE2s).
pub(crate) fn oracle_hmac(
    function: impl Into<HashFunction>,
    key: &[u8],
    message: &[u8],
) -> Option<Vec<u8>> {
    rustcrypto(function.into()).map(|oracle| (oracle.hmac)(key, message))
}

/// Computes the HMAC of any function by the definition in RFC 2104, section 2, with [`oracle`].
pub(crate) fn hmac_by_the_book(
    function: impl Into<HashFunction>,
    key: &[u8],
    message: &[u8],
) -> Vec<u8> {
    let function = function.into();
    let is_long = key.len() > block_len(function.algorithm());
    let mut block = if is_long { oracle(function, key) } else { key.to_vec() };
    block.resize(block_len(function.algorithm()), 0);
    let padded = |pad: u8, rest: &[u8]| {
        let mut text: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
        text.extend_from_slice(rest);
        oracle(function, &text)
    };
    padded(0x5c, &padded(0x36, message))
}
