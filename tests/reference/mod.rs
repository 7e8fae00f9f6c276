//! Digests by the RustCrypto and BLAKE3 crates, and pseudo-random inputs.

use hsum::Algorithm;
use sha3::digest::{Digest, ExtendableOutput, Update};

/// The digest of `data`, of the default length, as others compute it.
pub(crate) fn reference(algorithm: Algorithm, data: &[u8]) -> Vec<u8> {
    fn fixed<D: Digest>(data: &[u8]) -> Vec<u8> {
        D::digest(data).to_vec()
    }
    fn extendable<D: Default + Update + ExtendableOutput>(data: &[u8], len: usize) -> Vec<u8> {
        let mut hasher = D::default();
        hasher.update(data);
        let mut out = vec![0; len];
        hasher.finalize_xof_into(&mut out);
        out
    }
    match algorithm {
        Algorithm::Md5 => fixed::<md5::Md5>(data),
        Algorithm::Sha1 => fixed::<sha1::Sha1>(data),
        Algorithm::Sha224 => fixed::<sha2::Sha224>(data),
        Algorithm::Sha256 => fixed::<sha2::Sha256>(data),
        Algorithm::Sha384 => fixed::<sha2::Sha384>(data),
        Algorithm::Sha512 => fixed::<sha2::Sha512>(data),
        Algorithm::Sha512_224 => fixed::<sha2::Sha512_224>(data),
        Algorithm::Sha512_256 => fixed::<sha2::Sha512_256>(data),
        Algorithm::Sha3_224 => fixed::<sha3::Sha3_224>(data),
        Algorithm::Sha3_256 => fixed::<sha3::Sha3_256>(data),
        Algorithm::Sha3_384 => fixed::<sha3::Sha3_384>(data),
        Algorithm::Sha3_512 => fixed::<sha3::Sha3_512>(data),
        Algorithm::Shake128 => extendable::<shake::Shake128>(data, algorithm.default_len()),
        Algorithm::Shake256 => extendable::<shake::Shake256>(data, algorithm.default_len()),
        Algorithm::Blake2b => fixed::<blake2::Blake2b512>(data),
        Algorithm::Blake2s => fixed::<blake2::Blake2s256>(data),
        Algorithm::Blake3 => blake3::hash(data).as_bytes().to_vec(),
        other => panic!("no reference for {other}"),
    }
}

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}
