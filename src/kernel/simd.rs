//! THE list of tiers, best first, with their detection; each is one file below.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) mod pair;
pub(crate) mod portable;
#[cfg(target_arch = "aarch64")]
pub(crate) mod sha2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sha256;
#[cfg(target_arch = "aarch64")]
pub(crate) mod sha3;
#[cfg(target_arch = "x86_64")]
pub(crate) mod sha512;
#[cfg(target_arch = "x86_64")]
pub(crate) mod shani;
#[cfg(target_arch = "x86_64")]
pub(crate) mod stitched;

use std::sync::OnceLock;

use super::Word;

/// A set of instructions that kernels are written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Tier {
    /// AVX-512 F, BW, DQ and VL.
    Avx512,
    /// SHA-NI.
    ShaNi,
    /// AVX2, BMI1 and BMI2.
    Avx2,
    /// Arm's SHA-512 and SHA-3 instructions, `FEAT_SHA512` and `FEAT_SHA3`.
    Sha3,
    /// Arm's SHA-1 and SHA-256 instructions, `FEAT_SHA1` and `FEAT_SHA256`.
    Sha2,
    /// NEON, as every 64-bit Arm CPU has it.
    Neon,
    /// No instructions in particular.
    Portable,
}

impl Tier {
    /// Every tier, best first.
    pub const ALL: &'static [Self] = &[
        Self::Avx512,
        Self::ShaNi,
        Self::Avx2,
        Self::Sha3,
        Self::Sha2,
        Self::Neon,
        Self::Portable,
    ];

    /// The name in `HSUM_TIER` and in listings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::ShaNi => "shani",
            Self::Avx2 => "avx2",
            Self::Sha3 => "sha3",
            Self::Sha2 => "sha2",
            Self::Neon => "neon",
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
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Sha3 => std::arch::is_aarch64_feature_detected!("sha3"),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Sha2 => std::arch::is_aarch64_feature_detected!("sha2"),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            // Of other architectures; the Arm kernels are not written for big-endian systems.
            _ => false,
        }
    }
}

/// What the environment variable `HSUM_TIER` asks for, read once; a name that no tier of this CPU
/// has is an error.
pub(crate) fn forced() -> &'static Result<Option<Tier>, String> {
    static FORCED: OnceLock<Result<Option<Tier>, String>> = OnceLock::new();
    FORCED.get_or_init(|| {
        let Some(name) = std::env::var_os("HSUM_TIER") else { return Ok(None) };
        let named = Tier::ALL.iter().find(|tier| name.to_str() == Some(tier.name()));
        match named {
            Some(tier) if tier.is_available() => Ok(Some(*tier)),
            _ => Err(name.to_string_lossy().into_owned()),
        }
    })
}

/// Whether the environment lets kernels of this tier run.
pub(crate) fn is_allowed(tier: Tier) -> bool {
    !matches!(forced(), Ok(Some(only)) if *only != tier)
}

/// Of the kernels for one stream that the environment allows, the fastest; `facts` are a kernel's
/// tier, lanes and cost. What the tier has no such kernel for runs on the portable one.
pub(super) fn single<K: Copy>(kernels: &[K], facts: impl Fn(&K) -> (Tier, usize, u32)) -> K {
    let single = || kernels.iter().filter(|kernel| facts(kernel).1 == 1);
    let best = single().filter(|kernel| is_allowed(facts(kernel).0)).min_by_key(|k| facts(k).2);
    let portable = || single().find(|kernel| facts(kernel).0 == Tier::Portable);
    *best.or_else(portable).expect("there is always a portable kernel")
}

/// What a kernel costs: cycles for one block in every lane.
///
/// The same code meets different bottlenecks, so the figures are by family. Zen 4's (and Zen
/// 3's) are measured, by `benches/kernels.rs` at 3.7 GHz with 16 KiB in every lane. Zen 5's are
/// those measured of the rounds alone, with 38 cycles for each transpose of sixteen lanes; where
/// they end in 0, they are derived from the instructions' throughput. The last column is for
/// other CPUs, derived for two 512-bit or three 256-bit units as Intel's servers have them.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) zen4: u32,
    pub(crate) zen5: u32,
    pub(crate) other: u32,
}

#[cfg(target_arch = "x86_64")]
impl Cost {
    /// On this CPU.
    pub(crate) fn here(self) -> u32 {
        match family() {
            0x19 => self.zen4,
            0x1a => self.zen5,
            _ => self.other,
        }
    }
}

/// The same on Arm, derived and not measured: from the throughput and latency of the instructions,
/// counted in the compiled kernels. Apple's cores are taken to have four NEON units, all with the
/// SHA-3 instructions and one with the other SHA instructions; other cores two NEON units, of which
/// one has the shifts and all SHA instructions, as in Neoverse N1 and N2.
#[cfg(target_arch = "aarch64")]
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) apple: u32,
    pub(crate) other: u32,
}

#[cfg(target_arch = "aarch64")]
impl Cost {
    /// On this CPU.
    pub(crate) fn here(self) -> u32 {
        if cfg!(target_vendor = "apple") { self.apple } else { self.other }
    }
}

/// AMD's family number; 0 for other vendors.
#[cfg(target_arch = "x86_64")]
fn family() -> u32 {
    use std::arch::x86_64::{__cpuid, CpuidResult};
    static FAMILY: OnceLock<u32> = OnceLock::new();
    *FAMILY.get_or_init(|| {
        #[allow(unused_unsafe)] // safe since Rust 1.94 or so
        // SAFETY: every x86-64 CPU has the instruction and its leaves 0 and 1.
        let (vendor, version) = unsafe { (__cpuid(0), __cpuid(1).eax) };
        let CpuidResult { ebx, ecx, edx, .. } = vendor;
        let name = [ebx, edx, ecx].map(u32::to_le_bytes);
        if name.as_flattened() != b"AuthenticAMD" {
            return 0;
        }
        (version >> 8 & 0xf) + (version >> 20 & 0xff)
    })
}

/// A kernel that advances several independent Merkle–Damgård streams at once.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<W: Word> {
    pub(crate) tier: Tier,
    /// Streams that it advances.
    pub(crate) lanes: usize,
    /// Cycles for one block in every lane, as [`Cost`] has them; to be divided by the lanes in use.
    pub(crate) cost: u32,
    pub(crate) run: Run<W>,
}

/// Takes one state and one input per lane; the inputs are of equal length.
pub(crate) type Run<W> = fn(states: &mut [[W; 8]], inputs: &[&[<W as Word>::Block]]);

/// The same for sponges over Keccak-f[1600].
#[derive(Clone, Copy)]
pub(crate) struct SpongeLanes {
    pub(crate) tier: Tier,
    /// Streams that it advances.
    pub(crate) lanes: usize,
    /// Cycles for one permutation in every lane, as [`Cost`] has them.
    pub(crate) cost: u32,
    /// Absorbs inputs of equal length, a multiple of `rate` bytes, permuting after each `rate`.
    #[allow(clippy::type_complexity)] // as above
    pub(crate) run: fn(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]),
}
