//! Verification accepts the tag that RFC 2104 defines for the message, and no other.
#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use hsum::{Algorithm, HashFunction, Hmac, Key};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    algorithm: u8,
    len: u8,
    key: &'a [u8],
    pieces: Vec<&'a [u8]>,
    claim: Claim<'a>,
}

/// The tag to verify.
#[derive(Arbitrary, Debug)]
enum Claim<'a> {
    Own,
    Anything(&'a [u8]),
    Flipped(u16),
    Truncated(u8),
    Extended(&'a [u8]),
    OfOtherKey(&'a [u8]),
    OfOtherMessage(&'a [u8]),
}

fuzz_target!(|input: Input| {
    let algorithm = Algorithm::ALL[usize::from(input.algorithm) % Algorithm::ALL.len()];
    let len = usize::from(input.len) % algorithm.max_len() + 1;
    let function = HashFunction::new(algorithm, len).unwrap_or(algorithm.into());
    let Ok(key) = Key::new(function, input.key) else {
        assert!(algorithm.block_len().is_none());
        return;
    };
    let message = input.pieces.concat();
    let own = common::hmac_by_the_book(function, input.key, &message);
    if let Some(other) = common::oracle_hmac(function, input.key, &message) {
        assert_eq!(own, other);
    }
    let claim = match input.claim {
        Claim::Own => own.clone(),
        Claim::Anything(bytes) => bytes.to_vec(),
        Claim::Flipped(bit) => {
            let mut tag = own.clone();
            let bit = usize::from(bit) % (tag.len() * 8);
            tag[bit / 8] ^= 1 << (bit % 8);
            tag
        }
        Claim::Truncated(len) => own[..usize::from(len) % own.len()].to_vec(),
        Claim::Extended(more) => [&own[..], more].concat(),
        Claim::OfOtherKey(secret) => common::hmac_by_the_book(function, secret, &message),
        Claim::OfOtherMessage(other) => common::hmac_by_the_book(function, input.key, other),
    };
    let mut mac = Hmac::new(&key);
    input.pieces.iter().for_each(|piece| mac.update(piece));
    assert_eq!(mac.clone().finalize().into_bytes(), own);
    assert_eq!(mac.verify(&claim).is_ok(), claim == own);
    assert_eq!(key.verify(&message, &claim).is_ok(), claim == own);
});
