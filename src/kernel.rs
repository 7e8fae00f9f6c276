//! Compression functions: rounds, written once over vectors, and the kernels that run them on each tier.
//!
//! From the bottom up:
//! - [`word`] and [`vector`] define the words that rounds are generic over.
//! - [`md5`], [`sha1`], [`sha2`] and [`keccak`] have the rounds and the constants of their standards.
//! - [`tier`] lists the instruction sets, and has the tokens that prove that a CPU has one.
//! - [`table`] defines a kernel; each module of [`simd`] adds those of its tier to the table.
//! - [`tuning`] has the costs that were measured on this machine.
//! - [`functions`] lists the hash functions as data, with their kernels on this CPU.

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
// Parts of it serve only the program.
#[cfg_attr(not(feature = "internals"), allow(dead_code))]
pub(crate) mod tuning;
pub(crate) mod vector;
pub(crate) mod word;
