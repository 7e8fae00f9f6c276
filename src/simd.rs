//! Which SIMD kernels there are on this CPU, which of them run, and whether they are right.
//!
//! All this is chosen by itself. `HSUM_TIER`, an environment variable read once, restricts
//! everything to one tier: to test, to measure, to report a bug. What the tier has no kernel for,
//! an algorithm, or one message of an algorithm that it has lanes for only, runs on the portable one.

use std::fmt;

pub use crate::kernel::tier::Tier;

use crate::algorithm::Algorithm;
use crate::escape::escape;
use crate::hasher::digest;
use crate::hasher::fused::{MultiHasher, has_stitched_kernel};
use crate::kernel::tier;
use crate::lanes::{self, digest_many, select};

/// The tiers that this CPU can run, best first.
pub fn tiers() -> impl Iterator<Item = Tier> {
    Tier::ALL.iter().copied().filter(|tier| tier.is_available())
}

/// The tier that `HSUM_TIER` restricts this process to, if any.
///
/// # Errors
/// [`UnknownTier`] where the variable names no tier of this CPU; the library disregards it then.
pub fn forced() -> Result<Option<Tier>, UnknownTier> {
    tier::forced().clone().map_err(UnknownTier)
}

/// A name that no available tier has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownTier(String);

impl fmt::Display for UnknownTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no tier '{}' on this CPU; there are", escape(self.0.as_bytes(), &[]))?;
        for (i, tier) in tiers().enumerate() {
            write!(f, "{} {}", if i > 0 { "," } else { "" }, tier.name())?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownTier {}

/// The kernel that runs while so many messages of an algorithm are live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Choice {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Messages under way.
    pub live: usize,
    /// The kernel's tier.
    pub tier: Tier,
    /// Messages that it advances in one call; fewer than are live take turns, more are idle.
    pub lanes: usize,
    /// Cycles for one block in every lane, as measured where the kernel was written; for Arm's
    /// tiers derived from the instructions.
    pub cycles: u32,
}

/// What runs for 1, 4, 16 and 64 messages, for each algorithm that has kernels.
///
/// The kernel chosen is the one with the fewest cycles for each live message.
pub fn choices() -> impl Iterator<Item = Choice> {
    Algorithm::ALL.iter().flat_map(|algorithm| {
        [1, 4, 16, 64].into_iter().filter_map(|live| {
            let (tier, lanes, cycles) = lanes::chosen(*algorithm, live)?;
            Some(Choice { algorithm: *algorithm, live, tier, lanes, cycles })
        })
    })
}

/// The outcome of known answers put through one kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SelfTest {
    /// The kernel's tier.
    pub tier: Tier,
    /// The algorithm.
    pub algorithm: Algorithm,
    /// Messages that the kernel advances at once.
    pub lanes: usize,
    /// Whether every answer was right.
    pub passed: bool,
}

/// Puts known answers through every kernel that this CPU can run, tier by tier.
///
/// Every lane gets messages of lengths around the borders of blocks and padding. MD5 by SHA-NI is the
/// kernel that has SHA-1 and SHA-256 in common with it.
pub fn self_test() -> impl Iterator<Item = SelfTest> {
    tiers().flat_map(|tier| kernel_tests(tier).chain(stitched_test(tier)))
}

fn kernel_tests(tier: Tier) -> impl Iterator<Item = SelfTest> {
    let known = |algorithm: &Algorithm| algorithm.spec().self_test.map(|known| (*algorithm, known));
    Algorithm::ALL.iter().filter_map(known).flat_map(move |(algorithm, known)| {
        kernels(algorithm).into_iter().filter(move |kernel| kernel.0 == tier).map(
            move |(tier, lanes)| {
                let passed = with_kernel(tier, lanes, || answers(algorithm, lanes, known));
                SelfTest { tier, algorithm, lanes, passed }
            },
        )
    })
}

fn stitched_test(tier: Tier) -> Option<SelfTest> {
    let here = tier == Tier::ShaNi && has_stitched_kernel();
    here.then(|| {
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
        SelfTest { tier, algorithm: Algorithm::Md5, lanes: 1, passed }
    })
}

/// The first bytes of 0, 1, … 250, 0, 1, ….
fn pattern() -> Vec<u8> {
    (0..=250).cycle().take(1000).collect()
}

/// Twice as many messages as lanes, and at least one of each length.
fn answers(algorithm: Algorithm, lanes: usize, known: &str) -> bool {
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

/// The border cases of blocks of 64 and 128 bytes, of lengths of 8 and 16, and several blocks.
const LENGTHS: [usize; 13] = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000];

/// The tiers and lanes of the algorithm's kernels.
#[doc(hidden)]
pub fn kernels(algorithm: Algorithm) -> Vec<(Tier, usize)> {
    lanes::kernels(algorithm).into_iter().map(|(tier, lanes, _)| (tier, lanes)).collect()
}

/// Runs `f` with this thread's lanes restricted to a tier: for tests and benches.
#[doc(hidden)]
pub fn with_tier<T>(tier: Tier, f: impl FnOnce() -> T) -> T {
    select::within(select::Only { tier, lanes: None }, f)
}

/// Runs `f` with this thread's lanes restricted to one kernel: for tests and benches.
#[doc(hidden)]
pub fn with_kernel<T>(tier: Tier, lanes: usize, f: impl FnOnce() -> T) -> T {
    select::within(select::Only { tier, lanes: Some(lanes) }, f)
}
