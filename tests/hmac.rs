//! HMAC: verification accepts only the whole, unchanged tag, and `Debug` shows no secret.

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::collections::BTreeSet;
use std::io::Write;

use common::{authenticating, block_len, hmac_by_the_book, noise, oracle_hmac};
use hsum::{Algorithm, HashFunction, Hmac, Key, TagMismatch};
use vectors::{Kind, cases};

/// Verifies with [`Key::verify`] and [`Hmac::verify`], which must agree.
fn verify(key: &Key, message: &[u8], tag: &[u8]) -> Result<(), TagMismatch> {
    let mut mac = Hmac::new(key);
    mac.update(message);
    let streamed = mac.verify(tag);
    assert_eq!(streamed, key.verify(message, tag));
    streamed
}

#[test]
fn tags_of_the_rfcs_verify_for_their_own_message_only() {
    let cases = cases(Kind::Hmac);
    let mut rejected = 0;
    for case in &cases {
        let key = Key::new(case.algorithm, case.key.as_deref().unwrap()).unwrap();
        for other in &cases {
            let result = verify(&key, &case.message, &other.expected);
            assert_eq!(result.is_ok(), case.name == other.name, "{} {}", case.name, other.name);
            rejected += usize::from(result.is_err());
        }
    }
    assert_eq!(rejected, 38 * 37);
}

#[test]
fn a_tag_with_one_bit_changed_is_rejected() {
    for algorithm in authenticating() {
        let key = Key::new(algorithm, &noise(1, 20)).unwrap();
        let message = noise(2, 100);
        let mut tag = key.sign(&message).into_bytes();
        for bit in 0..tag.len() * 8 {
            tag[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&key, &message, &tag), Err(TagMismatch), "{algorithm}: bit {bit}");
            tag[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(verify(&key, &message, &tag), Ok(()), "{algorithm}");
    }
}

#[test]
fn a_truncated_or_extended_tag_is_rejected() {
    for algorithm in authenticating() {
        let key = Key::new(algorithm, &noise(1, 20)).unwrap();
        let message = noise(2, 100);
        let tag = key.sign(&message).into_bytes();
        let reject = |tag: &[u8]| {
            let len = tag.len();
            assert_eq!(verify(&key, &message, tag), Err(TagMismatch), "{algorithm}: {len}");
        };
        for len in 0..tag.len() {
            reject(&tag[..len]);
            reject(&tag[tag.len() - len..]);
        }
        // A `Digest` holds zeros beyond its own length.
        for filler in [0, 0x55, 0xff] {
            for extra in 1..=80 {
                reject(&[&tag[..], &vec![filler; extra]].concat());
            }
        }
        reject(&[&tag[..], &tag].concat());
    }
}

#[test]
fn keys_of_every_length_sign_as_the_rfc_says() {
    let message = noise(3, 200);
    for algorithm in authenticating() {
        let longest = 2 * block_len(algorithm) + 1;
        let secret = noise(algorithm as u64, longest);
        for len in 0..=longest {
            let key = Key::new(algorithm, &secret[..len]).unwrap();
            let tag = key.sign(&message);
            let expected = hmac_by_the_book(algorithm, &secret[..len], &message);
            assert_eq!(tag.into_bytes(), expected, "{algorithm}: {len}");
            if let Some(oracle) = oracle_hmac(algorithm, &secret[..len], &message) {
                assert_eq!(oracle, expected, "{algorithm}: {len}: the oracles differ");
            } else {
                assert_eq!(algorithm, Algorithm::Blake3);
            }
        }
    }
}

/// RFC 2104 pads short keys with zeros and hashes long ones, which makes some keys equivalent.
#[test]
fn only_padded_and_hashed_keys_are_equivalent() {
    for algorithm in authenticating() {
        let block = block_len(algorithm);
        let sign = |secret: &[u8]| Key::new(algorithm, secret).unwrap().sign(b"message");
        let short = noise(4, 10);
        let mut padded = short.clone();
        padded.resize(block, 0);
        assert_eq!(sign(&short), sign(&padded), "{algorithm}");
        padded.push(0);
        assert_ne!(sign(&short), sign(&padded), "{algorithm}");
        let long = noise(5, block + 1);
        assert_eq!(sign(&long), sign(hsum::digest(algorithm, &long).as_bytes()), "{algorithm}");
        let whole = noise(6, block);
        assert_ne!(sign(&whole), sign(hsum::digest(algorithm, &whole).as_bytes()), "{algorithm}");
        assert_ne!(sign(&whole), sign(&whole[..block - 1]), "{algorithm}");
    }
}

#[test]
fn tags_of_every_length_verify() {
    for algorithm in authenticating() {
        for len in 1..=algorithm.max_len() {
            let Some(function) = HashFunction::new(algorithm, len) else { continue };
            let key = Key::new(function, b"key").unwrap();
            let tag = key.sign(b"message");
            let bytes = tag.into_bytes();
            assert_eq!(bytes, hmac_by_the_book(function, b"key", b"message"));
            assert_eq!(verify(&key, b"message", &bytes), Ok(()), "{function}");
            assert_eq!(tag.to_string(), hex::encode(bytes));
            assert_eq!(tag.to_hex(), tag.to_string());
        }
    }
}

#[test]
fn shake_and_crcs_have_no_hmac() {
    let without: BTreeSet<_> =
        Algorithm::ALL.iter().copied().filter(|a| Key::new(*a, b"key").is_err()).collect();
    use Algorithm::{Crc32c, Crc64Nvme, Shake128, Shake256};
    assert_eq!(without, BTreeSet::from([Shake128, Shake256, Crc32c, Crc64Nvme]));
    let error = Key::new(Algorithm::Shake128, b"hush").unwrap_err();
    assert_eq!(error.to_string(), "HMAC is not defined for shake128");
}

#[test]
fn a_key_signs_many_messages_independently() {
    for algorithm in authenticating() {
        let key = Key::new(algorithm, b"key").unwrap();
        let first = key.sign(b"one");
        key.sign(b"two");
        let mut half = Hmac::new(&key);
        half.update(b"o");
        let mut other = half.clone();
        other.update(b"xx");
        half.write_all(b"ne").unwrap();
        half.flush().unwrap();
        assert_eq!(half.finalize(), first, "{algorithm}");
        assert_ne!(other.finalize(), first, "{algorithm}");
        assert_eq!(key.clone().sign(b"one"), first, "{algorithm}");
        assert_eq!(key.hash_function(), algorithm.into());
    }
}

#[test]
fn debug_shows_no_secret() {
    for algorithm in authenticating() {
        let mut shown = BTreeSet::new();
        for seed in 0..20 {
            let secret = noise(seed, 5 + seed as usize * 16);
            let key = Key::new(algorithm, &secret).unwrap();
            let mut mac = Hmac::new(&key);
            mac.update(&secret);
            let tag = key.sign(&secret);
            let text = format!("{key:?} {mac:?} {tag:?} {key:#?} {mac:#?} {tag:#?}");
            assert!(!text.contains(&tag.to_hex()) && !text.contains(&tag.to_base64()), "{text}");
            assert!(text.contains(algorithm.name()), "{text}");
            shown.insert(text);
        }
        assert_eq!(shown.len(), 1, "{algorithm}: {shown:?}");
    }
    let key = Key::new(Algorithm::Sha256, b"key").unwrap();
    assert_eq!(format!("{key:?}"), "Key { function: sha256, .. }");
    assert_eq!(format!("{:?}", Hmac::new(&key)), "Hmac { function: sha256, .. }");
    assert_eq!(format!("{:?}", key.sign(b"")), "Tag(hmac-sha256)");
}
