//! The list of SIMD tiers, best first: names, detection and tokens.
//!
//! A token is a value that only `detect()` makes. Kernels are built from the token of their tier,
//! so a kernel that exists can run.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use crate::text::escape;
use crate::text::serde::serde_as_text;

/// A proof that this CPU can run the kernels of a tier.
pub(crate) trait Token: Copy {
    const TIER: Tier;
}

/// Declares the tiers. Each row declares a variant of [`Tier`] and a token of the same name:
///
/// - `module` below [`crate::kernel::simd`] has its kernels, where `arch` holds;
/// - `features` are what the token proves, and how they are detected;
/// - `with` names the macro that compiles functions with these features;
/// - `includes` are the tiers whose tokens the token converts to.
macro_rules! tiers {
    ($dollar:tt $(
        #[doc = $doc:literal]
        $tier:ident {
            name: $name:literal, module: $module:ident, with: $with:ident, arch: $arch:meta,
            features: $detected:ident [$($feature:tt)*], includes: [$($included:ident)*],
        }
    )*) => {
        /// An instruction set that kernels are written for.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Tier {$(
            #[doc = $doc]
            $tier,
        )*}

        impl Tier {
            /// Every tier, best first.
            pub const ALL: &'static [Self] = &[$(Self::$tier),*];

            /// Returns the name used by `HSUM_TIER` and in listings.
            pub fn name(self) -> &'static str {
                match self {$(Self::$tier => $name,)*}
            }

            /// Returns `true` if this CPU and operating system can run the tier's kernels.
            pub fn is_available(self) -> bool {
                match self {
                    $(#[cfg($arch)] Self::$tier => $tier::detect().is_some(),)*
                    #[allow(unreachable_patterns)] // tiers of other architectures
                    _ => false,
                }
            }
        }

        impl fmt::Display for Tier {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        $(
            #[doc = concat!("The proof that this CPU has the tier's instructions: ", $doc)]
            #[cfg($arch)]
            #[derive(Clone, Copy)]
            pub(crate) struct $tier(());

            #[cfg($arch)]
            impl $tier {
                /// Returns the token if this CPU has every feature of the tier and of those that it includes.
                ///
                /// An unoptimized build has no features: its SIMD kernels would need too much stack.
                pub(crate) fn detect() -> Option<Self> {
                    const FEATURES: &[&str] = &[$($feature),*];
                    if cfg!(unoptimized) && !FEATURES.is_empty() {
                        return None;
                    }
                    let included = true $(&& $included::detect().is_some())*;
                    let has = included $(&& std::arch::$detected!($feature))*;
                    has.then_some(Self(()))
                }
            }

            #[cfg($arch)]
            impl Token for $tier {
                const TIER: Tier = Tier::$tier;
            }

            $(
                #[cfg($arch)]
                impl From<$tier> for $included {
                    fn from(_: $tier) -> Self {
                        Self(())
                    }
                }
            )*

            /// Compiles functions with the features that the token proves.
            #[cfg($arch)]
            macro_rules! $with {
                ($dollar($dollar function:item)*) => {
                    $dollar(
                        $(#[target_feature(enable = $feature)])*
                        $dollar function
                    )*
                };
            }
            #[cfg($arch)]
            pub(crate) use $with;
        )*

        /// Adds the kernels of the tiers that this CPU has to a table.
        macro_rules! add_kernels {
            ($dollar table:ident) => {$(
                #[cfg($arch)]
                if let Some(token) = tier::$tier::detect() {
                    simd::$module::add_kernels(token, &mut $dollar table);
                }
            )*};
        }
        pub(crate) use add_kernels;
    };
}
tiers! { $
    /// AVX-512 F, BW, DQ and VL.
    Avx512 {
        name: "avx512", module: avx512, with: with_avx512, arch: target_arch = "x86_64",
        features: is_x86_feature_detected
            ["avx512f" "avx512bw" "avx512dq" "avx512vl" "avx2" "bmi1" "bmi2"],
        includes: [Avx2 Portable],
    }
    /// SHA-NI.
    ShaNi {
        name: "shani", module: shani, with: with_shani, arch: target_arch = "x86_64",
        features: is_x86_feature_detected ["sha" "sse4.1" "ssse3"], includes: [Portable],
    }
    /// AVX2, BMI1 and BMI2.
    Avx2 {
        name: "avx2", module: avx2, with: with_avx2, arch: target_arch = "x86_64",
        features: is_x86_feature_detected ["avx2" "bmi1" "bmi2"], includes: [Portable],
    }
    /// Arm's SHA-512 and SHA-3 instructions, `FEAT_SHA512` and `FEAT_SHA3`.
    Sha3 {
        name: "sha3", module: arm_sha3, with: with_sha3,
        arch: all(target_arch = "aarch64", target_endian = "little"),
        features: is_aarch64_feature_detected ["sha3"], includes: [Neon],
    }
    /// Arm's SHA-1 and SHA-256 instructions, `FEAT_SHA1` and `FEAT_SHA256`.
    Sha2 {
        name: "sha2", module: arm_sha2, with: with_sha2,
        arch: all(target_arch = "aarch64", target_endian = "little"),
        features: is_aarch64_feature_detected ["sha2"], includes: [Neon],
    }
    /// NEON, which every 64-bit Arm CPU has.
    Neon {
        name: "neon", module: neon, with: with_neon,
        arch: all(target_arch = "aarch64", target_endian = "little"),
        features: is_aarch64_feature_detected ["neon"], includes: [Portable],
    }
    /// No particular instructions.
    Portable {
        name: "portable", module: portable, with: with_portable, arch: all(),
        features: is_x86_feature_detected [], includes: [],
    }
}

/// An error from naming a tier that this CPU does not have.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no tier '{}' on this CPU (available: {})", escape(name.as_bytes(), &[]), available())]
#[non_exhaustive]
pub struct UnknownTier {
    /// The name.
    pub name: String,
}

/// Returns the names of the tiers that this CPU has.
fn available() -> String {
    let available = Tier::ALL.iter().filter(|tier| tier.is_available());
    available.map(|tier| tier.name()).collect::<Vec<_>>().join(", ")
}

/// Parses the name of a tier, whether or not this CPU has it.
impl FromStr for Tier {
    type Err = UnknownTier;

    fn from_str(name: &str) -> Result<Self, UnknownTier> {
        let named = Self::ALL.iter().find(|tier| tier.name() == name);
        named.copied().ok_or_else(|| UnknownTier { name: name.into() })
    }
}

serde_as_text!(Tier, "{}");

/// Returns the tier that the environment variable `HSUM_TIER` restricts this process to, read once.
pub(crate) fn forced() -> &'static Result<Option<Tier>, UnknownTier> {
    static FORCED: OnceLock<Result<Option<Tier>, UnknownTier>> = OnceLock::new();
    FORCED.get_or_init(|| {
        let Some(name) = std::env::var_os("HSUM_TIER") else { return Ok(None) };
        let name = name.to_string_lossy();
        let tier = name.parse().ok().filter(|tier: &Tier| tier.is_available());
        tier.map(Some).ok_or_else(|| UnknownTier { name: name.into_owned() })
    })
}

/// Returns `true` if the environment lets kernels of this tier run.
pub(crate) fn is_allowed(tier: Tier) -> bool {
    !matches!(forced(), Ok(Some(only)) if *only != tier)
}
