//! The tiers, one file each with its vectors and kernels, and code that several tiers share.
//!
//! `unsafe` code is confined to these modules. Every block relies on a token of
//! [`crate::kernel::tier`], or on a vector that was made with one.
#![allow(unsafe_code)]

mod cost;
// Parts of it serve only the program.
#[cfg_attr(not(feature = "internals"), allow(dead_code))]
pub(crate) mod cpu;
mod operations;
mod pair;
pub(crate) mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_quads;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "x86_64")]
mod sha256_asm;
#[cfg(target_arch = "x86_64")]
mod sha512_five;
#[cfg(target_arch = "x86_64")]
mod sha512_split;
#[cfg(target_arch = "x86_64")]
pub(crate) mod shani;
#[cfg(target_arch = "x86_64")]
mod shani_rounds;
#[cfg(target_arch = "x86_64")]
pub(crate) mod stitched;

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(crate) mod arm_sha2;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(crate) mod arm_sha3;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(crate) mod neon;
