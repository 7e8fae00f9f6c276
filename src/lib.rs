//! Hash functions, HMAC and the files they are taken of: exact, streaming, parallel.
//!
//! One example for each door.
//!
//! **Hash bytes.** [`digest`] for what is in memory, [`Hasher`] for what arrives in pieces.
//!
//! ```
//! use hsum::{Algorithm, Hasher};
//!
//! let once = hsum::digest(Algorithm::Sha256, b"hello world");
//! let mut hasher = Hasher::new(Algorithm::Sha256);
//! hasher.update(b"hello ");
//! hasher.update(b"world");
//! assert_eq!(hasher.finalize(), once);
//! assert_eq!(once.to_string(), "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
//! ```
//!
//! **Authenticate bytes.** [`Key`] holds an HMAC key, [`Hmac`] streams a message through it.
//!
//! ```
//! use hsum::{Algorithm, Hmac, Key};
//!
//! let key = Key::new(Algorithm::Sha256, b"It's a Secret to Everybody")?;
//! let mut mac = Hmac::new(&key);
//! mac.update(b"Hello, World!");
//! let received = hex::decode("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")?;
//! assert!(mac.verify(&received).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! **Hash a tree** (feature `fs`). [`engine::run`] walks, reads and hashes in parallel, and
//! hands over the outcomes in order.
//!
//! ```no_run
//! # #[cfg(feature = "fs")] {
//! use hsum::{Algorithm, engine};
//! use std::ops::ControlFlow;
//!
//! let plan = engine::Plan::new([Algorithm::Sha256]);
//! engine::run(&plan, ["photos"], |outcome| {
//!     println!("{outcome:?}");
//!     ControlFlow::Continue(())
//! });
//! # }
//! ```
//!
//! **Check a list** (feature `fs`). [`check::run`] verifies what `sha256sum` and its kin wrote,
//! [`check::run_entries`] checksum files of any shape.
//!
//! **Understand a digest**, in whatever notation: [`notation::Expected`].
//!
//! **Watch over a tree** (feature `fs`). [`snapshot`] records what a tree is, and says later what
//! became of each file.
//!
//! **Sign a request, or verify one**: [`sign`], by some twenty schemes.
//!
//! **Download a file** (feature `net`) that is either verified or not there: [`fetch::Download`].
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(unsafe_code)]

mod algorithm;
mod digest;
mod error;
mod external;
mod hasher;
mod hmac;
mod kernel;
mod lanes;
pub mod manifest;
pub mod notation;
mod serde_text;
pub mod sign;
pub mod simd;
// Parts of it serve only the program.
#[cfg_attr(not(feature = "internals"), allow(dead_code, unreachable_pub))]
mod text;

#[cfg(feature = "fs")]
pub mod check;
#[cfg(feature = "fs")]
pub mod engine;
#[cfg(feature = "net")]
pub mod fetch;
// Parts of it serve only the program.
#[cfg(feature = "fs")]
#[cfg_attr(not(feature = "internals"), allow(dead_code, unreachable_pub))]
mod fs;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
#[cfg(feature = "net")]
pub mod net;
#[cfg(feature = "fs")]
pub mod snapshot;
#[cfg(feature = "net")]
pub mod trust;

pub use algorithm::names::UnknownAlgorithm;
pub use algorithm::{Algorithm, HashFunction, Strength};
pub use digest::{Digest, ParseDigestError};
#[cfg(feature = "fs")]
pub use engine::hash_file;
pub use error::{Error, ErrorKind};
pub use hasher::fused::MultiHasher;
pub use hasher::{Hasher, XofReader, digest, hash_reader};
pub use hmac::{Hmac, Key, Tag, TagMismatch, UnsupportedByHmac, sign_many};
pub use lanes::{digest_many, update_many};

/// Keeps the README's examples true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
