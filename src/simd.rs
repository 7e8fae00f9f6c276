//! The SIMD kernels of this CPU: the choice among them, and a self-test.
//!
//! Kernels are chosen automatically. The environment variable `HSUM_TIER`, read once, restricts the
//! process to one tier, for tests, measurements and bug reports. For an algorithm of which the tier has no
//! kernel, or only kernels of several lanes, the portable kernel runs.

pub use crate::kernel::table::CostBasis;
pub use crate::kernel::tier::{Tier, UnknownTier};

use crate::algorithm::Algorithm;
use crate::hasher::digest;
use crate::hasher::fused::{MultiHasher, has_stitched_kernel};
use crate::kernel::tier;
use crate::lanes::select::{Restriction, with_restriction};
use crate::lanes::{self, digest_many};

/// Returns the tiers that this CPU can run, best first.
pub fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.iter().copied().filter(|tier| tier.is_available())
}

/// Returns the tier that `HSUM_TIER` restricts this process to, if any.
///
/// # Errors
/// [`UnknownTier`] if the variable names no tier of this CPU; the library then ignores it.
pub fn forced() -> Result<Option<Tier>, UnknownTier> {
    tier::forced().clone()
}

/// The kernel that runs for a number of live messages of an algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct KernelChoice {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The number of messages in progress.
    pub live: usize,
    /// The kernel's tier.
    pub tier: Tier,
    /// Messages that the kernel advances in one call; if fewer are live, lanes are idle.
    pub lanes: usize,
    /// Cycles for one block in every lane.
    pub cycles: u32,
    /// The basis of `cycles`.
    pub basis: CostBasis,
}

/// Returns the kernels that run for 1, 4, 16 and 64 messages of each algorithm that has kernels.
///
/// The kernel with the fewest cycles per live message is chosen.
pub fn choices() -> impl Iterator<Item = KernelChoice> {
    Algorithm::ALL.iter().flat_map(|algorithm| {
        [1, 4, 16, 64].into_iter().filter_map(|live| {
            let kernel = lanes::chosen(*algorithm, live)?;
            let lanes::KernelInfo { tier, lanes, cycles, basis } = kernel;
            Some(KernelChoice { algorithm: *algorithm, live, tier, lanes, cycles, basis })
        })
    })
}

/// The result of testing one kernel with known answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct KernelTest {
    /// The kernel's tier.
    pub tier: Tier,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Messages that the kernel advances at once.
    pub lanes: usize,
    /// `true` if every digest was right.
    pub passed: bool,
}

/// Tests every kernel that this CPU can run with known answers, tier by tier.
///
/// Every lane gets messages of lengths around the borders of blocks and padding. The result for MD5 by
/// SHA-NI is that of the kernel that hashes a message by MD5, SHA-1 and SHA-256 together.
pub fn self_test() -> impl Iterator<Item = KernelTest> {
    tiers().flat_map(|tier| kernel_tests(tier).chain(stitched_test(tier)))
}

fn kernel_tests(tier: Tier) -> impl Iterator<Item = KernelTest> {
    let known = |algorithm: &Algorithm| algorithm.spec().self_test.map(|known| (*algorithm, known));
    Algorithm::ALL.iter().filter_map(known).flat_map(move |(algorithm, known)| {
        let kernels = lanes::kernels(algorithm).into_iter();
        kernels.filter(move |kernel| kernel.tier == tier).map(move |kernel| {
            let lanes = kernel.lanes;
            let restriction = Restriction { tier, lanes: Some(lanes) };
            let passed = with_restriction(restriction, || has_answer(algorithm, lanes, known));
            KernelTest { tier, algorithm, lanes, passed }
        })
    })
}

fn stitched_test(tier: Tier) -> Option<KernelTest> {
    if tier != Tier::ShaNi || !has_stitched_kernel() {
        return None;
    }
    let functions = [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256];
    let mut outputs = [const { Vec::new() }; 3];
    for length in LENGTHS {
        let mut hasher = MultiHasher::new(functions);
        hasher.update(&pattern()[..length]);
        for (output, digest) in outputs.iter_mut().zip(hasher.finalize()) {
            output.extend_from_slice(digest.as_bytes());
        }
    }
    let passed = functions.iter().zip(outputs).all(|(algorithm, output)| {
        Some(&*digest(Algorithm::Sha256, &output).to_hex()) == algorithm.spec().self_test
    });
    Some(KernelTest { tier, algorithm: Algorithm::Md5, lanes: 1, passed })
}

/// Returns a message of 0, 1, … 250, 0, 1, ….
fn pattern() -> Vec<u8> {
    (0..=250).cycle().take(1000).collect()
}

/// Returns `true` if the digests of messages of all lengths, at least two per lane, are right.
fn has_answer(algorithm: Algorithm, lanes: usize, known: &str) -> bool {
    let pattern = pattern();
    let messages: Vec<&[u8]> =
        LENGTHS.iter().cycle().take(LENGTHS.len().max(2 * lanes)).map(|n| &pattern[..*n]).collect();
    let mut digests = vec![digest(algorithm, b""); messages.len()];
    digest_many(algorithm, &messages, &mut digests);
    let (once, again) = digests.split_at(LENGTHS.len());
    let all: Vec<u8> = once.iter().flat_map(|digest| digest.as_bytes()).copied().collect();
    digest(Algorithm::Sha256, &all).to_hex() == known
        && again.iter().zip(once.iter().cycle()).all(|(a, b)| a == b)
}

/// Lengths around the borders of blocks of 64 and 128 bytes with length fields of 8 and 16, and one of
/// several blocks.
const LENGTHS: [usize; 13] = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000];
