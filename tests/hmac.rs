//! HMAC: a tag is accepted whole and unchanged or not at all, for keys of every length, and nothing shows secrets.

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::collections::BTreeSet;
use std::io::Write;

use common::{authenticating, block_len, hmac_by_the_book, noise, oracle_hmac};
use hsum::{Algorithm, HashFunction, Hmac, Key, TagMismatch};
use vectors::{What, cases};

/// Both doors to verification; they must agree.
fn verify(key: &Key, message: &[u8], tag: &[u8]) -> Result<(), TagMismatch> {
    let mut mac = Hmac::new(key);
    mac.update(message);
    let streamed = mac.verify(tag);
    assert_eq!(streamed, key.verify(message, tag));
    streamed
}

#[test]
fn the_rfcs_tags_verify_and_those_of_other_cases_do_not() {
    let cases = cases(What::Hmac);
    let mut refused = 0;
    for case in &cases {
        let key = Key::new(case.algorithm, case.key.as_deref().unwrap()).unwrap();
        for other in &cases {
            let verdict = verify(&key, &case.message, &other.expected);
            assert_eq!(verdict.is_ok(), case.name == other.name, "{} {}", case.name, other.name);
            refused += usize::from(verdict.is_err());
        }
    }
    assert_eq!(refused, 38 * 37);
}

#[test]
fn every_bit_of_the_tag_counts() {
    for algorithm in authenticating() {
        let key = Key::new(algorithm, &noise(1, 20)).unwrap();
        let message = noise(2, 100);
        let mut tag = key.sign(&message).as_bytes().to_vec();
        for bit in 0..tag.len() * 8 {
            tag[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&key, &message, &tag), Err(TagMismatch), "{algorithm}: bit {bit}");
            tag[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(verify(&key, &message, &tag), Ok(()), "{algorithm}");
    }
}

#[test]
fn every_byte_of_the_tag_must_be_there_and_no_more() {
    for algorithm in authenticating() {
        let key = Key::new(algorithm, &noise(1, 20)).unwrap();
        let message = noise(2, 100);
        let tag = key.sign(&message);
        for len in 0..tag.as_bytes().len() {
            let truncated = &tag.as_bytes()[..len];
            assert_eq!(verify(&key, &message, truncated), Err(TagMismatch), "{algorithm}: {len}");
            let end = &tag.as_bytes()[tag.as_bytes().len() - len..];
            assert_eq!(verify(&key, &message, end), Err(TagMismatch), "{algorithm}: last {len}");
        }
        // Zeros are what a digest of 64 bytes holds beyond its own length.
        for filler in [0, 0x55, 0xff] {
            for extra in 1..=80 {
                let mut longer = tag.as_bytes().to_vec();
                longer.resize(longer.len() + extra, filler);
                assert_eq!(
                    verify(&key, &message, &longer),
                    Err(TagMismatch),
                    "{algorithm}: {extra}"
                );
            }
        }
        let doubled = [tag.as_bytes(), tag.as_bytes()].concat();
        assert_eq!(verify(&key, &message, &doubled), Err(TagMismatch), "{algorithm}");
    }
}

#[test]
fn keys_of_every_length() {
    let message = noise(3, 200);
    for algorithm in authenticating() {
        let longest = 2 * block_len(algorithm) + 1;
        let secret = noise(algorithm as u64, longest);
        for len in 0..=longest {
            let key = Key::new(algorithm, &secret[..len]).unwrap();
            let tag = key.sign(&message);
            let expected = hmac_by_the_book(algorithm, &secret[..len], &message);
            assert_eq!(tag.as_bytes(), expected, "{algorithm}: {len}");
            if let Some(crates) = oracle_hmac(algorithm, &secret[..len], &message) {
                assert_eq!(crates, expected, "{algorithm}: {len}: the oracles differ");
            } else {
                assert_eq!(algorithm, Algorithm::Blake3);
            }
        }
    }
}

/// RFC 2104 pads with zeros and hashes what is longer than a block: so these keys are the same,
/// and no others are.
#[test]
fn only_the_keys_that_the_rfc_makes_equal_are() {
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
fn tags_of_every_length() {
    for algorithm in authenticating() {
        for len in 1..=algorithm.max_len() {
            let Some(function) = HashFunction::new(algorithm, len) else { continue };
            let key = Key::new(function, b"key").unwrap();
            let tag = key.sign(b"message");
            assert_eq!(tag.as_bytes(), hmac_by_the_book(function, b"key", b"message"));
            assert_eq!(verify(&key, b"message", tag.as_bytes()), Ok(()), "{function}");
            assert_eq!(tag.to_string(), hex::encode(tag.as_bytes()));
            assert_eq!(tag.to_hex(), tag.to_string());
        }
    }
}

#[test]
fn shake_has_no_hmac() {
    let without: BTreeSet<_> =
        Algorithm::ALL.iter().copied().filter(|a| Key::new(*a, b"key").is_err()).collect();
    assert_eq!(without, BTreeSet::from([Algorithm::Shake128, Algorithm::Shake256]));
    let error = Key::new(Algorithm::Shake128, b"hush").unwrap_err();
    assert_eq!(error.to_string(), "HMAC is not defined for shake128");
}

#[test]
fn a_key_signs_many_messages_and_none_touches_the_next() {
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

/// What Debug prints, whatever the key and the message: only the function.
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
