//! Hashers for the traits of the [`digest`] crate, over the kernels of this crate.
//!
//! The types have the names of those in RustCrypto's `md-5`, `sha1`, `sha2`, `sha3`, `shake` and `sm3`, and
//! the same traits, so that `hmac`, `pbkdf2`, `hkdf`, `rsa`, `ecdsa` and others accept them.
//!
//! ```
//! use hmac::{Hmac, KeyInit, Mac};
//! use hsum::rustcrypto::{Digest, Sha256};
//!
//! let digest = Sha256::digest(b"hello world");
//! assert_eq!(hex::encode(digest), "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
//!
//! let mut mac = Hmac::<Sha256>::new_from_slice(b"It's a Secret to Everybody")?;
//! mac.update(b"Hello, World!");
//! let received = hex::decode("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")?;
//! assert!(mac.verify_slice(&received).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! SHAKE has no fixed digest length: read its output.
//!
//! ```
//! use hsum::rustcrypto::Shake128;
//! use hsum::rustcrypto::digest::{ExtendableOutput, Update, XofReader};
//!
//! let mut out = [0; 200];
//! Shake128::default().chain(b"abc").finalize_xof().read(&mut out);
//! assert_eq!(hex::encode(&out[..4]), "5881092d");
//! ```
//!
//! All types implement `Clone`, [`Reset`](digest::Reset), [`SerializableState`], [`ZeroizeOnDrop`] and
//! [`AssociatedOid`], the object identifier for certificates and signatures. A serialized state can be restored on
//! any CPU; it contains the message's unfinished block. Dropping a hasher wipes it.
//!
//! BLAKE2 and BLAKE3 come from the crates `blake2` and `blake3`, which implement the traits themselves.
//! [`Hasher`](crate::Hasher) and [`digest_many`](crate::digest_many) have a different API, which takes the
//! algorithm at run time and hashes many messages side by side.
//!
//! [`AssociatedOid`]: digest::const_oid::AssociatedOid
//! [`SerializableState`]: digest::common::hazmat::SerializableState
//! [`ZeroizeOnDrop`]: digest::zeroize::ZeroizeOnDrop

mod block;
mod sm3;

pub use ::digest::{self, Digest};

pub use self::block::{DigestLength, HashCore, Lengths, ReaderCore};
pub use self::sm3::Sm3;

use ::digest::consts::*;
use ::digest::zeroize::ZeroizeOnDrop;
use ::digest::{CollisionResistance, buffer_fixed, buffer_xof};

use crate::algorithm::{SHA3_224, SHA3_256, SHA3_384, SHA3_512, SHAKE128, SHAKE256, Sponge};
use crate::kernel::functions::{
    MD5, Merkle, SHA1, SHA224, SHA256, SHA384, SHA512, SHA512_224, SHA512_256,
};
use crate::rustcrypto::block::Function;

macro_rules! function {
    ($name:ident: $hash:ty = $parameters:ident, $block:ty, $saved:ty) => {
        impl Lengths for $name {
            type Block = $block;
            type Saved = $saved;
        }

        impl Function for $name {
            type Hash = $hash;
            const NAME: &'static str = stringify!($name);

            #[inline]
            fn hash() -> &'static $hash {
                &$parameters
            }
        }
    };
}

/// Declares hashers with digests of fixed length. A row has the parameters, the lengths of a block, a serialized
/// core and a digest in bytes, and the object identifier.
macro_rules! fixed {
    ($(
        $(#[$doc:meta])*
        $name:ident: $hash:ty = $parameters:ident, $block:ty, $saved:ty, $output:ty, $oid:literal;
    )*) => {$(
        function!($name: $hash = $parameters, $block, $saved);

        impl DigestLength for $name {
            type Digest = $output;
        }

        buffer_fixed!(
            $(#[$doc])*
            pub struct $name(HashCore<$name>);
            oid: $oid;
            impl: FixedHashTraits;
        );
    )*};
}
fixed! {
    /// MD5 (RFC 1321). Collisions can be constructed; HMAC is still secure.
    Md5: Merkle<u32> = MD5, U64, U24, U16, "1.2.840.113549.2.5";
    /// SHA-1 (FIPS 180-4). Collisions can be constructed; HMAC is still secure.
    Sha1: Merkle<u32> = SHA1, U64, U28, U20, "1.3.14.3.2.26";
    /// SHA-224 (FIPS 180-4).
    Sha224: Merkle<u32> = SHA224, U64, U40, U28, "2.16.840.1.101.3.4.2.4";
    /// SHA-256 (FIPS 180-4).
    Sha256: Merkle<u32> = SHA256, U64, U40, U32, "2.16.840.1.101.3.4.2.1";
    /// SHA-384 (FIPS 180-4).
    Sha384: Merkle<u64> = SHA384, U128, U80, U48, "2.16.840.1.101.3.4.2.2";
    /// SHA-512 (FIPS 180-4).
    Sha512: Merkle<u64> = SHA512, U128, U80, U64, "2.16.840.1.101.3.4.2.3";
    /// SHA-512/224 (FIPS 180-4).
    Sha512_224: Merkle<u64> = SHA512_224, U128, U80, U28, "2.16.840.1.101.3.4.2.5";
    /// SHA-512/256 (FIPS 180-4).
    Sha512_256: Merkle<u64> = SHA512_256, U128, U80, U32, "2.16.840.1.101.3.4.2.6";
    /// SHA3-224 (FIPS 202).
    Sha3_224: Sponge = SHA3_224, U144, U200, U28, "2.16.840.1.101.3.4.2.7";
    /// SHA3-256 (FIPS 202).
    Sha3_256: Sponge = SHA3_256, U136, U200, U32, "2.16.840.1.101.3.4.2.8";
    /// SHA3-384 (FIPS 202).
    Sha3_384: Sponge = SHA3_384, U104, U200, U48, "2.16.840.1.101.3.4.2.9";
    /// SHA3-512 (FIPS 202).
    Sha3_512: Sponge = SHA3_512, U72, U200, U64, "2.16.840.1.101.3.4.2.10";
}

/// Declares hashers with an endless output, and their readers. A row has the parameters, the length of a block
/// in bytes, the collision resistance in bytes, and the object identifier.
macro_rules! extendable {
    ($(
        $(#[$doc:meta])*
        $name:ident, $reader:ident: $parameters:ident, $block:ty, $resistance:ty, $oid:literal;
    )*) => {$(
        function!($name: Sponge = $parameters, $block, U200);

        buffer_xof!(
            $(#[$doc])*
            pub struct $name(HashCore<$name>);
            oid: $oid;
            impl: XofHasherTraits;
            #[doc = concat!("The endless output of [`", stringify!($name), "`].")]
            pub struct $reader(ReaderCore<$name>);
            impl: XofReaderTraits;
        );

        impl CollisionResistance for $name {
            type CollisionResistance = $resistance;
        }

        // The fields are wiped on drop.
        impl ZeroizeOnDrop for $name {}
        impl ZeroizeOnDrop for $reader {}
    )*};
}
extendable! {
    /// SHAKE128 (FIPS 202).
    Shake128, Shake128Reader: SHAKE128, U168, U16, "2.16.840.1.101.3.4.2.11";
    /// SHAKE256 (FIPS 202).
    Shake256, Shake256Reader: SHAKE256, U136, U32, "2.16.840.1.101.3.4.2.12";
}
