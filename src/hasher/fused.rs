//! Several hashes of the same message, some of which share a kernel.

use std::borrow::BorrowMut;
use std::ptr;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::hasher::{Hasher, State};
use crate::kernel::functions::{MD5, SHA1, SHA256};
#[cfg(target_arch = "x86_64")]
use crate::kernel::simd::stitched::StitchedKernel;

/// Several hashes of one message, computed in one pass.
///
/// ```
/// use hsum::{Algorithm, MultiHasher};
///
/// let mut hasher = MultiHasher::new([Algorithm::Md5, Algorithm::Sha256]);
/// hasher.update(b"abc");
/// let digests = hasher.finalize();
/// assert_eq!(digests[0].to_string(), "900150983cd24fb0d6963f7d28e17f72");
/// ```
#[derive(Clone, Debug)]
pub struct MultiHasher {
    hashers: Vec<Hasher>,
}

impl MultiHasher {
    /// Creates a hasher for each function.
    pub fn new<F: Into<HashFunction>>(functions: impl IntoIterator<Item = F>) -> Self {
        Self { hashers: functions.into_iter().map(Hasher::new).collect() }
    }

    /// Appends `data` to the message.
    ///
    /// The functions take turns at pieces that fit the L1 cache. On CPUs with SHA-NI, MD5, SHA-1
    /// and SHA-256 share a kernel and together take the time of the slowest.
    pub fn update(&mut self, data: &[u8]) {
        for piece in data.chunks(16 * 1024) {
            update_all(&mut self.hashers, piece);
        }
    }

    /// Returns the digests, in the order of the functions.
    pub fn finalize(self) -> Vec<Digest> {
        self.hashers.into_iter().map(Hasher::finalize).collect()
    }
}

/// The number of functions that share the kernel: MD5, SHA-1, and SHA-256 or SHA-224.
const PARTS: usize = 3;

/// Returns the index of the hasher's function among those that share the kernel.
fn part(hasher: &Hasher) -> Option<usize> {
    let State::Narrow(stream) = &hasher.state else { return None };
    let kernels = stream.hash.kernels;
    [&MD5, &SHA1, &SHA256].iter().position(|known| ptr::eq(known.kernels, kernels))
}

/// Appends `data` to the message of each hasher.
pub(crate) fn update_all<H: BorrowMut<Hasher>>(hashers: &mut [H], data: &[u8]) {
    let done = update_stitched(hashers, data);
    for (i, hasher) in hashers.iter_mut().enumerate() {
        if !done.contains(&Some(i)) {
            hasher.borrow_mut().update(data);
        }
    }
}

/// Appends `data` to hashers that share the kernel, and returns their indices.
fn update_stitched<H: BorrowMut<Hasher>>(hashers: &mut [H], data: &[u8]) -> [Option<usize>; PARTS] {
    let mut indices = [None; PARTS];
    let mut streams = [const { None }; PARTS];
    let mut unfinished = None;
    for (i, hasher) in hashers.iter_mut().enumerate() {
        let hasher = hasher.borrow_mut();
        let Some(part) = part(hasher) else { continue };
        let State::Narrow(stream) = &mut hasher.state else { continue };
        // Their blocks begin together if they have hashed the same bytes, as they usually have.
        let len = stream.unfinished().len();
        let same = len == *unfinished.get_or_insert(len);
        if same && indices[part].is_none() {
            indices[part] = Some(i);
            streams[part] = Some(stream);
        }
    }
    let head = unfinished.map_or(0, |len| len.wrapping_neg() % 64).min(data.len());
    let (head, rest) = data.split_at(head);
    let (blocks, tail) = rest.as_chunks();
    if streams.iter().flatten().count() < 2 || blocks.is_empty() {
        return [None; PARTS];
    }
    let Some(kernel) = StitchedKernel::detect() else { return [None; PARTS] };
    streams.iter_mut().flatten().for_each(|stream| stream.update(head));
    let states = streams.each_mut().map(|stream| stream.as_mut().map(|stream| &mut stream.state));
    kernel.run(states, blocks);
    for stream in streams.iter_mut().flatten() {
        stream.skip(blocks.as_flattened().len());
        stream.update(tail);
    }
    indices
}

/// Returns `true` if this CPU has the kernel that MD5, SHA-1 and SHA-256 share.
pub(crate) fn has_stitched_kernel() -> bool {
    StitchedKernel::detect().is_some()
}

/// Groups the hashers that are faster in one [`update_all`] than on a thread each.
#[cfg(feature = "fs")]
pub(crate) fn teams(hashers: &mut [Hasher]) -> Vec<Vec<&mut Hasher>> {
    let can_share = |a: &Hasher, b: &Hasher| match (part(a), part(b)) {
        (Some(a), Some(b)) => a != b && has_stitched_kernel(),
        _ => false,
    };
    let mut teams: Vec<Vec<&mut Hasher>> = Vec::new();
    for hasher in hashers {
        match teams.iter_mut().find(|team| team.iter().all(|member| can_share(member, hasher))) {
            Some(team) => team.push(hasher),
            None => teams.push(vec![hasher]),
        }
    }
    teams
}

/// The kernel, which only x86 CPUs have.
#[cfg(not(target_arch = "x86_64"))]
enum StitchedKernel {}

#[cfg(not(target_arch = "x86_64"))]
impl StitchedKernel {
    fn detect() -> Option<Self> {
        None
    }

    fn run(self, _: [Option<&mut [u32; 8]>; PARTS], _: &[[u8; 64]]) {
        match self {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm::{self, Blake2s, Md5, Sha1, Sha224, Sha256, Sha512};

    #[test]
    fn each_digest_is_that_of_a_hasher_alone() {
        let data: Vec<u8> = (0..5000u32).map(|i| ((i * i) >> 5) as u8).collect();
        let sets: [&[Algorithm]; 7] = [
            &[Md5, Sha1, Sha256],
            &[Sha256, Sha512, Md5],
            &[Sha1, Md5],
            &[Sha224, Sha256, Sha1, Sha1],
            &[Md5, Md5],
            &[Blake2s, Sha224, Md5],
            &[Sha512],
        ];
        for set in sets {
            for step in [1, 63, 64, 65, 200, 1024, 5000] {
                for apart in [0, 1, 64, 70] {
                    let mut hashers: Vec<Hasher> = set.iter().map(|a| Hasher::new(*a)).collect();
                    // The first hasher is ahead of the others.
                    hashers[0].update(&data[..apart]);
                    data.chunks(step).for_each(|piece| update_all(&mut hashers, piece));
                    for (i, (hasher, algorithm)) in hashers.into_iter().zip(set).enumerate() {
                        let mut alone = Hasher::new(*algorithm);
                        alone.update(if i == 0 { &data[..apart] } else { &[] });
                        alone.update(&data);
                        assert_eq!(hasher.finalize(), alone.finalize(), "{set:?} {step} {apart}");
                    }
                }
            }
        }
    }

    #[cfg(feature = "fs")]
    #[test]
    fn every_hasher_is_in_one_team() {
        let set = [Sha512, Md5, Sha256, Sha224, Sha1, Md5];
        let mut hashers = set.map(Hasher::new);
        let teams = teams(&mut hashers);
        let mut found: Vec<Algorithm> = teams.iter().flatten().map(|h| h.algorithm()).collect();
        let mut all = set.to_vec();
        found.sort_by_key(|algorithm| algorithm.to_string());
        all.sort_by_key(|algorithm| algorithm.to_string());
        assert_eq!(found, all);
        assert!(teams.iter().all(|team| !team.is_empty()));
    }
}
