//! Hash functions, HMAC, checksum files and signed requests: exact, streaming and parallel.
//!
//! # Which entry point do I want?
//!
//! | task | entry point | feature |
//! |---|---|---|
//! | hash bytes in memory | [`digest`] | |
//! | hash bytes that arrive in pieces, or a reader | [`Hasher`], [`hash_reader`] | |
//! | several algorithms of one input | [`MultiHasher`] | |
//! | many messages, or many streams, at once | [`digest_many`], [`update_many`] | |
//! | authenticate messages | [`Key`], [`Hmac`], [`sign_many`] | |
//! | understand or write a digest in any notation | [`notation`] | |
//! | read and write checksum files | [`manifest`] | |
//! | sign or verify a request | [`sign`] | (`http` for the `http` crate's types) |
//! | hash a file, or a tree of files | `hash_file`, `engine` | `fs` |
//! | verify files with a checksum file | `check` | `fs` |
//! | record a tree and find what changed | `snapshot` | `fs` |
//! | download a file and verify it | `fetch` | `net` |
//! | accept TLS connections, or open one | `net::server`, `net::TlsStream` | `net` |
//! | hash through the traits of `digest`: `hmac`, `pbkdf2`, `rsa`, … | `rustcrypto` | `rustcrypto` |
//! | find out which SIMD kernels run | [`simd`] | |
//!
//! # Examples
//!
//! Hash bytes:
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
//! Authenticate bytes:
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
//! Hash a tree; the outcomes arrive in order:
//!
//! ```no_run
//! # #[cfg(feature = "fs")] {
//! use hsum::{Algorithm, engine};
//! use std::ops::ControlFlow;
//!
//! let plan = engine::HashOptions::new([Algorithm::Sha256]);
//! engine::run(&plan, ["photos"], |outcome| {
//!     println!("{outcome:?}");
//!     ControlFlow::Continue(())
//! });
//! # }
//! ```
//!
//! # Features
//!
//! | feature | adds | default |
//! |---|---|---|
//! | `cli` | the `hsum` program; implies `net` | yes |
//! | `fs` | `engine`, `check`, `snapshot` and `hash_file`, on Unix | through `cli` |
//! | `net` | `net`, `trust` and `fetch`; implies `fs` | through `cli` |
//! | `http` | signing and verifying requests of the `http` crate | no |
//! | `rustcrypto` | hashers for the traits of the `digest` crate | no |
//! | `server` | the `hsum-server` program, which `hsum serve`, `listen`, `rpc` and `cert` start | no |
//! | `serde` | `Serialize` and `Deserialize` for public data types | no |
//!
//! A library user normally wants `default-features = false`.
#![cfg_attr(docsrs, feature(doc_cfg))]
// What `internals` re-exports is unreachable without it.
#![cfg_attr(not(feature = "internals"), allow(unreachable_pub))]
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
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;
#[cfg(feature = "fs")]
mod setters;
pub mod sign;
pub mod simd;
// Parts of it serve only the program.
#[cfg_attr(not(feature = "internals"), allow(dead_code))]
mod text;

#[cfg(feature = "fs")]
pub mod check;
#[cfg(feature = "fs")]
pub mod engine;
#[cfg(feature = "net")]
pub mod fetch;
// Parts of it serve only the program.
#[cfg(feature = "fs")]
#[cfg_attr(not(feature = "cli"), allow(dead_code))]
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
pub use engine::{hash_file, hash_file_many};
pub use error::{Error, ErrorKind, SpecialFileType};
pub use hasher::fused::MultiHasher;
pub use hasher::xof::XofReader;
pub use hasher::{Hasher, digest, hash_reader};
pub use hmac::{Hmac, Key, Tag, TagMismatch, UnsupportedByHmac, sign_many};
pub use lanes::{digest_many, update_many};

/// The README's examples, run as doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The examples of the page on RustCrypto, run as doctests.
#[cfg(all(doctest, feature = "rustcrypto"))]
#[doc = include_str!("../docs/howto/rustcrypto.md")]
struct RustCryptoPage;
