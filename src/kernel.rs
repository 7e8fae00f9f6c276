//! Compression functions: rounds, written once over vectors, and the kernels that run them on each tier.
//!
//! From the bottom up:
//! - [`word`] and [`vector`] are what rounds are written over: in [`md5`], [`sha1`], [`sha2`] and
//!   [`keccak`], beside the constants of their standards.
//! - [`tier`] is the list of instruction sets, with the tokens that prove that a CPU has them.
//! - [`table`] defines a kernel; each module of [`simd`] adds those of its tier to the table.
//! - [`functions`] has the hash functions as data, and their kernels on this CPU.

pub(crate) mod functions;
pub(crate) mod keccak;
pub(crate) mod md5;
pub(crate) mod sha1;
pub(crate) mod sha2;
pub(crate) mod simd;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod tier;
pub(crate) mod vector;
pub(crate) mod word;
