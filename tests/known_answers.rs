//! Known answers by NIST, the RFCs and the BLAKE3 team, for messages at once and in pieces.

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use common::{cut, pattern};
use hsum::{Algorithm, Digest, HashFunction, Hasher, Key, digest, hash_reader};
use vectors::{Case, FILES, Kind, cases};

impl Case {
    /// Returns the algorithm at the length of the answer.
    fn hash_function(&self) -> HashFunction {
        HashFunction::new(self.algorithm, self.expected.len())
            .unwrap_or_else(|| panic!("{}: {} bytes", self.name, self.expected.len()))
    }

    /// Divides the message: whole, byte by byte, in growing pieces, and in uneven ones of which some
    /// are empty.
    fn cuttings(&self) -> [Vec<&[u8]>; 4] {
        let message = &self.message;
        [
            vec![message],
            message.chunks(1).collect(),
            cut(message, 0..),
            cut(message, [64, 0, 1, 63, 65, 0, 128, 7, 127, 129].into_iter().cycle()),
        ]
    }

    /// Returns the message with one bit changed at the front, in the middle and at the end, and with
    /// one byte more or less.
    fn near_misses(&self) -> Vec<Vec<u8>> {
        let bits = self.message.len() * 8;
        let places = [0, (bits / 2).wrapping_sub(1), bits.wrapping_sub(1)];
        let places = BTreeSet::from(places).into_iter().filter(|place| *place < bits);
        let mut misses: Vec<Vec<u8>> = places.map(|place| flip(&self.message, place)).collect();
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
fn every_file_is_listed_and_every_algorithm_has_one() {
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
        let has = |file: &vectors::File| file.algorithm == *algorithm && file.kind != Kind::Hmac;
        assert!(FILES.iter().any(has), "{algorithm} has no known answers");
    }
}

#[test]
fn digests_are_known_and_those_of_changed_messages_differ() {
    let cases = cases(Kind::Hash);
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
        // Short digests may collide.
        if case.expected.len() >= 8 {
            for miss in case.near_misses() {
                assert_ne!(digest(function, &miss), expected, "{}", case.name);
            }
        }
    }
}

#[test]
fn digests_are_written_and_parsed_as_text() {
    for case in cases(Kind::Hash) {
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
fn blake3_output_of_every_length_is_known() {
    let cases = cases(Kind::Blake3Json);
    for case in &cases {
        assert_eq!(case.expected.len(), 131);
        for pieces in case.cuttings() {
            let mut hasher = Hasher::new(Algorithm::Blake3);
            pieces.iter().for_each(|piece| hasher.update(piece));
            // Digests are prefixes of the output.
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
fn shake_output_is_known() {
    for case in cases(Kind::Hash) {
        let mut hasher = Hasher::new(case.hash_function());
        hasher.write_all(&case.message).unwrap();
        let Some(mut reader) = hasher.finalize_xof() else {
            assert!(!case.algorithm.is_extendable());
            continue;
        };
        let mut out = vec![0; case.expected.len()];
        reader.fill(&mut out);
        assert_eq!(out, case.expected, "{}", case.name);
    }
}

#[test]
fn hmac_tags_are_known_and_those_of_changed_keys_and_messages_differ() {
    let cases = cases(Kind::Hmac);
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

/// The long example of FIPS 180-2 (appendices A.3 and B.3); its MD5 is OpenSSL's.
#[test]
fn a_million_letters_have_the_known_digests() {
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

/// The messages of the BLAKE3 vectors follow this pattern.
#[test]
fn the_pattern_has_a_period_of_251_bytes() {
    assert_eq!(pattern(253)[249..], [249, 250, 0, 1]);
}
