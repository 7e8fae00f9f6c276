//! Known answers: NIST, the RFCs and the BLAKE3 team, one-shot and in pieces, and no answer for a near miss.

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use common::{cut, pattern};
use hsum::{Algorithm, Digest, HashFunction, Hasher, Key, digest, hash_reader};
use vectors::{Case, FILES, What, cases};

impl Case {
    /// At the length of the answer.
    fn hash_function(&self) -> HashFunction {
        HashFunction::new(self.algorithm, self.expected.len())
            .unwrap_or_else(|| panic!("{}: {} bytes", self.name, self.expected.len()))
    }

    /// Ways to cut the message: whole, byte by byte, and in growing and in uneven pieces with
    /// empty ones among them.
    fn cuttings(&self) -> [Vec<&[u8]>; 4] {
        let message = &self.message;
        [
            vec![message],
            message.chunks(1).collect(),
            cut(message, 0..),
            cut(message, [64, 0, 1, 63, 65, 0, 128, 7, 127, 129].into_iter().cycle()),
        ]
    }

    /// The message with one bit changed, at the front, in the middle and at the end, and with a
    /// byte more and a byte less.
    fn near_misses(&self) -> Vec<Vec<u8>> {
        let bits = self.message.len() * 8;
        let mut places = BTreeSet::new();
        if bits > 0 {
            places.extend([0, bits / 2 - 1, bits - 1]);
        }
        let mut misses: Vec<Vec<u8>> = places.into_iter().map(|p| flip(&self.message, p)).collect();
        misses.push([&self.message[..], b"\0"].concat());
        if let Some((_, shorter)) = self.message.split_last() {
            misses.push(shorter.to_vec());
        }
        misses
    }
}

fn flip(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[bit / 8] ^= 1 << (bit % 8);
    flipped
}

#[test]
fn every_file_is_in_the_table_and_every_algorithm_has_one() {
    fn walk(root: &Path, below: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(root.join(below)).unwrap() {
            let entry = entry.unwrap();
            let path = below.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                walk(root, &path, found);
            } else if path != Path::new("README.md") && !path.starts_with("signing") {
                found.insert(path.to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&vectors::directory(), Path::new(""), &mut found);
    let listed: BTreeSet<String> = FILES.iter().map(|file| file.path.to_owned()).collect();
    assert_eq!(found, listed);
    assert_eq!(listed.len(), FILES.len(), "a file is listed twice");

    for algorithm in Algorithm::ALL {
        let here = |file: &&vectors::File| file.algorithm == *algorithm && file.what != What::Hmac;
        assert!(FILES.iter().any(|file| here(&file)), "{algorithm} has no known answers");
    }
}

#[test]
fn digests() {
    let cases = cases(What::Hash);
    assert_eq!(cases.len(), 1959);
    for case in &cases {
        let function = case.hash_function();
        let expected = Digest::from_bytes(function, &case.expected).unwrap();
        assert_eq!(digest(function, &case.message), expected, "{}", case.name);
        assert_eq!(hash_reader(function, &case.message[..]).unwrap(), expected, "{}", case.name);
        for (i, pieces) in case.cuttings().iter().enumerate() {
            let mut hasher = Hasher::new(function);
            pieces.iter().for_each(|piece| hasher.update(piece));
            assert_eq!(hasher.finalize(), expected, "{}, cutting {i}", case.name);
        }
        // A digest of one or two bytes may well be that of another message too.
        if case.expected.len() >= 8 {
            for miss in case.near_misses() {
                assert_ne!(digest(function, &miss), expected, "{}", case.name);
            }
        }
    }
}

#[test]
fn digests_in_text() {
    for case in cases(What::Hash) {
        let digest = digest(case.hash_function(), &case.message);
        let hex = hex::encode(&case.expected);
        assert_eq!(digest.to_string(), hex);
        assert_eq!(digest.to_hex(), hex);
        assert_eq!(Digest::from_hex(case.hash_function(), hex.to_uppercase()).unwrap(), digest);
        assert_eq!(Digest::from_base64(case.hash_function(), digest.to_base64()).unwrap(), digest);
        assert!(Digest::from_hex(case.hash_function(), &hex[1..]).is_err());
        assert!(Digest::from_hex(case.hash_function(), format!("{hex}00")).is_err());
    }
}

#[test]
fn blake3_extended_output() {
    let cases = cases(What::Blake3Json);
    for case in &cases {
        assert_eq!(case.expected.len(), 131);
        for pieces in case.cuttings() {
            let mut hasher = Hasher::new(Algorithm::Blake3);
            pieces.iter().for_each(|piece| hasher.update(piece));
            // The default digest and the longest are the front of it.
            for len in [1, 32, 64] {
                let function = HashFunction::new(Algorithm::Blake3, len).unwrap();
                let mut shorter = Hasher::new(function);
                pieces.iter().for_each(|piece| shorter.update(piece));
                assert_eq!(shorter.finalize().as_bytes(), &case.expected[..len], "{}", case.name);
            }
            for squeezed in [131, 1, 7, 64, 65] {
                let mut reader = hasher.clone().finalize_xof().unwrap();
                let mut out = [0; 131];
                out.chunks_mut(squeezed).for_each(|chunk| reader.fill(chunk));
                assert_eq!(out[..], case.expected[..], "{} by {squeezed}", case.name);
            }
        }
        for miss in case.near_misses() {
            assert_ne!(digest(Algorithm::Blake3, &miss).as_bytes(), &case.expected[..32]);
        }
    }
}

#[test]
fn shake_through_its_endless_output() {
    for case in cases(What::Hash) {
        let mut hasher = Hasher::new(case.hash_function());
        hasher.write_all(&case.message).unwrap();
        let Some(mut reader) = hasher.finalize_xof() else {
            assert!(!matches!(case.algorithm, Algorithm::Shake128 | Algorithm::Shake256));
            continue;
        };
        let mut out = vec![0; case.expected.len()];
        reader.fill(&mut out);
        assert_eq!(out, case.expected, "{}", case.name);
    }
}

#[test]
fn hmac_tags() {
    let cases = cases(What::Hmac);
    assert_eq!(cases.len(), 38);
    for case in &cases {
        let secret = case.key.as_deref().unwrap();
        let key = Key::new(case.hash_function(), secret).unwrap();
        assert_eq!(key.sign(&case.message).into_bytes(), case.expected, "{}", case.name);
        for (i, pieces) in case.cuttings().iter().enumerate() {
            let mut mac = hsum::Hmac::new(&key);
            pieces.iter().for_each(|piece| mac.update(piece));
            assert_eq!(mac.finalize().into_bytes(), case.expected, "{}, cutting {i}", case.name);
        }
        for miss in case.near_misses() {
            assert_ne!(key.sign(&miss).into_bytes(), case.expected, "{}", case.name);
        }
        for bit in [0, secret.len() * 4, secret.len() * 8 - 1] {
            let other = Key::new(case.hash_function(), &flip(secret, bit)).unwrap();
            assert_ne!(other.sign(&case.message).into_bytes(), case.expected, "{}", case.name);
        }
    }
}

/// The long example of FIPS 180-2 (appendices A.3 and B.3), and MD5 of the same by OpenSSL.
#[test]
fn a_million_times_a() {
    let answers = [
        (Algorithm::Md5, "7707d6ae4e027c70eea2a935c2296f21"),
        (Algorithm::Sha1, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
        (Algorithm::Sha256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ];
    let message = vec![b'a'; 1_000_000];
    for (algorithm, expected) in answers {
        assert_eq!(digest(algorithm, &message).to_string(), expected, "{algorithm}");
        let mut hasher = Hasher::new(algorithm);
        message.chunks(4093).for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.finalize().to_string(), expected, "{algorithm}");
    }
}

/// The period of the BLAKE3 vectors' input is part of the vectors.
#[test]
fn the_pattern_is_that_of_the_vectors() {
    assert_eq!(pattern(253)[249..], [249, 250, 0, 1]);
}
