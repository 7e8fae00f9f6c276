//! THE list of tiers, best first, with their detection; each is one file below.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "x86_64")]
pub(crate) mod pair;
pub(crate) mod portable;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sha512;
#[cfg(target_arch = "x86_64")]
pub(crate) mod shani;

use super::Word;

/// A set of instructions that kernels are written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // the names say it
#[non_exhaustive]
pub enum Tier {
    Avx512,
    ShaNi,
    Avx2,
    Portable,
}

impl Tier {
    /// Every tier, best first.
    pub const ALL: &'static [Self] = &[Self::Avx512, Self::ShaNi, Self::Avx2, Self::Portable];

    /// The name in `HSUM_TIER` and in listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::ShaNi => "shani",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// Whether this CPU, and the operating system, can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::is_x86_feature_detected!("avx2")
                    && std::is_x86_feature_detected!("bmi1")
                    && std::is_x86_feature_detected!("bmi2")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && std::is_x86_feature_detected!("avx512f")
                    && std::is_x86_feature_detected!("avx512bw")
                    && std::is_x86_feature_detected!("avx512dq")
                    && std::is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Self::ShaNi => {
                std::is_x86_feature_detected!("sha")
                    && std::is_x86_feature_detected!("sse4.1")
                    && std::is_x86_feature_detected!("ssse3")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// A kernel that advances several independent Merkle–Damgård streams at once.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<W: Word> {
    pub(crate) tier: Tier,
    /// Streams that it advances.
    pub(crate) lanes: usize,
    /// Cycles for one block in every lane, measured; to be divided by the lanes in use.
    pub(crate) cost: u32,
    /// One state and one input per lane; the inputs are of equal length.
    pub(crate) run: fn(states: &mut [[W; 8]], inputs: &[&[W::Block]]),
}

/// The same for sponges over Keccak-f[1600].
#[derive(Clone, Copy)]
pub(crate) struct SpongeLanes {
    pub(crate) tier: Tier,
    /// Streams that it advances.
    pub(crate) lanes: usize,
    /// Cycles for one permutation in every lane, measured.
    pub(crate) cost: u32,
    /// Absorbs inputs of equal length, a multiple of `rate` bytes, permuting after each `rate`.
    pub(crate) run: fn(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]),
}
