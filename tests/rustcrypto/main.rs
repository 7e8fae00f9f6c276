//! The hashers of `hsum::rustcrypto`, against RustCrypto's own and as parameters of its crates.
// The macros pass the type of the other crate to every function.
#![allow(clippy::extra_unused_type_parameters)]

#[path = "../common/mod.rs"]
mod common;
mod hashes;
mod keyed;
mod states;
#[path = "../common/vectors.rs"]
mod vectors;

/// Calls `$function::<OURS, THEIRS>(ALGORITHM)` for each hasher with digests of one length.
macro_rules! for_each_fixed {
    ($function:ident) => {
        for_each_fixed! { $function:
            Md5 md5; Sha1 sha1; Sha224 sha2; Sha256 sha2; Sha384 sha2; Sha512 sha2; Sha512_224 sha2;
            Sha512_256 sha2; Sha3_224 sha3; Sha3_256 sha3; Sha3_384 sha3; Sha3_512 sha3; Sm3 sm3;
        }
    };
    ($function:ident: $($name:ident $of:ident;)*) => {$(
        $function::<hsum::rustcrypto::$name, $of::$name>(hsum::Algorithm::$name);
    )*};
}
pub(crate) use for_each_fixed;

/// Calls `$function::<OURS, THEIRS>(ALGORITHM)` for each hasher with an endless output.
macro_rules! for_each_extendable {
    ($function:ident) => {
        $function::<hsum::rustcrypto::Shake128, shake::Shake128>(hsum::Algorithm::Shake128);
        $function::<hsum::rustcrypto::Shake256, shake::Shake256>(hsum::Algorithm::Shake256);
    };
}
pub(crate) use for_each_extendable;
