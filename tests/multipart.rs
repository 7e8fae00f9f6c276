//! Multipart forms: streams, lanes, and files whose parts are hashed side by side.

mod common;

use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use common::{cut, noise, oracle};
use hsum::engine::{self, HashOptions};
use hsum::{
    Algorithm, Digest, HashFunction, Hasher, Key, MultiHasher, digest, digest_many, update_many,
};

const FORMS: [Algorithm; 4] =
    [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Crc32c];
const PART_LENS: [usize; 4] = [1 << 10, 5000, 70_000, 1 << 20];

fn form(algorithm: Algorithm, part_len: usize) -> HashFunction {
    HashFunction::multipart(algorithm, part_len as u64).unwrap()
}

/// Computes the text of a digest by the definition, with an independent implementation.
fn by_definition(algorithm: Algorithm, part_len: usize, data: &[u8]) -> String {
    let (bytes, suffix) = match data.len() < part_len {
        true => (oracle(algorithm, data), String::new()),
        false => {
            let digests: Vec<_> = data.chunks(part_len).map(|p| oracle(algorithm, p)).collect();
            (oracle(algorithm, &digests.concat()), format!("-{}", digests.len()))
        }
    };
    let plain = Digest::from_bytes(algorithm, &bytes).unwrap();
    let text = if algorithm == Algorithm::Md5 { plain.to_hex() } else { plain.to_base64() };
    text + &suffix
}

/// Lengths around which the number of parts changes.
fn lengths(part_len: usize) -> [usize; 8] {
    let n = part_len;
    [0, 1, n - 1, n, n + 1, 3 * n, 3 * n + 1, 4 * n - 1]
}

#[test]
fn streams_agree_with_the_definition() {
    let data = noise(1, 5 << 20);
    for algorithm in FORMS {
        for part_len in PART_LENS {
            let function = form(algorithm, part_len);
            for len in lengths(part_len) {
                let data = &data[..len];
                let expected = by_definition(algorithm, part_len, data);
                assert_eq!(digest(function, data).to_string(), expected, "{function}: {len}");
                for piece in [part_len / 3 + 1, part_len, 2 * part_len + 1] {
                    let mut hashers = MultiHasher::new([function, algorithm.into()]);
                    cut(data, [piece; 3]).iter().for_each(|piece| hashers.update(piece));
                    let digests = hashers.finalize();
                    assert_eq!(digests[0].to_string(), expected, "{function}: {len}");
                    assert_eq!(digests[1], digest(algorithm, data));
                }
                let mut hasher = Hasher::new(function);
                hasher.update(b"something else");
                hasher.reset();
                hasher.update(data);
                let parsed = format!("{:?}", hasher.clone().finalize()).parse();
                assert_eq!(parsed, Ok(hasher.finalize()));
            }
        }
    }
}

#[test]
fn lanes_agree_with_streams() {
    let data = noise(2, 300_000);
    let functions = [form(Algorithm::Md5, 5000), form(Algorithm::Sha256, 70_000)];
    for function in functions {
        for lengths in [&[0, 1, 4999, 5000, 5001, 140_000, 300_000][..], &[100; 9], &[5000; 3]] {
            let messages: Vec<&[u8]> = lengths.iter().map(|len| &data[..*len]).collect();
            let expected: Vec<Digest> = messages.iter().map(|m| digest(function, m)).collect();
            let mut digests = vec![digest(function, b""); messages.len()];
            digest_many(function, &messages, &mut digests);
            assert_eq!(digests, expected, "{function}");
            let mut hashers = vec![Hasher::new(function); messages.len()];
            let mut plain = Hasher::new(function.algorithm());
            for halves in [0, 1] {
                let half = |message: &'_ [u8]| (message.len() / 2, halves);
                let mut batch: Vec<(&mut Hasher, &[u8])> = vec![(&mut plain, &data[..10_000])];
                batch.extend(hashers.iter_mut().zip(&messages).map(|(hasher, message)| {
                    let (middle, halves) = half(message);
                    (hasher, if halves == 0 { &message[..middle] } else { &message[middle..] })
                }));
                update_many(&mut batch);
            }
            let digests: Vec<Digest> = hashers.into_iter().map(Hasher::finalize).collect();
            assert_eq!(digests, expected, "{function}");
        }
    }
}

#[test]
fn files_agree_with_the_definition_for_any_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let data = noise(3, 5 << 20);
    for algorithm in [Algorithm::Md5, Algorithm::Sha256, Algorithm::Crc32c] {
        for part_len in PART_LENS {
            let function = form(algorithm, part_len);
            let lengths = lengths(part_len).into_iter().chain([data.len()]);
            let files: Vec<_> = lengths
                .map(|len| {
                    let path = directory.path().join(format!("{len:08}"));
                    fs::write(&path, &data[..len]).unwrap();
                    (path, by_definition(algorithm, part_len, &data[..len]))
                })
                .collect();
            for threads in [1, 2, 5] {
                let options = HashOptions::new([function]);
                let options = options.threads(NonZeroUsize::new(threads).unwrap());
                // One by one, and all at once.
                for files in files.chunks(1).chain([&files[..]]) {
                    let mut found = Vec::new();
                    engine::run(&options, files.iter().map(|(path, _)| path), |outcome| {
                        let hashed = outcome.result.unwrap();
                        found.push(hashed.digests[0].to_string());
                        ControlFlow::Continue(())
                    });
                    let expected: Vec<_> = files.iter().map(|(_, text)| text.clone()).collect();
                    assert_eq!(found, expected, "{function}, {threads} threads");
                }
            }
        }
    }
}

#[test]
fn only_stores_have_multipart_forms() {
    for algorithm in Algorithm::ALL {
        let function = HashFunction::multipart(*algorithm, 8 << 20);
        assert_eq!(function.is_some(), FORMS.contains(algorithm), "{algorithm}");
        let Some(function) = function else { continue };
        assert!(Key::new(function, b"key").is_err());
        assert_ne!(function, (*algorithm).into());
        assert!(function.to_string().parse::<Algorithm>().is_err());
        assert_ne!(digest(function, b"abc"), digest(*algorithm, b"abc"));
    }
    assert_eq!(digest(form(Algorithm::Md5, 1024), &[0; 2048]).parts(), Some(2));
    assert_eq!(digest(form(Algorithm::Md5, 1024), &[0; 1023]).parts(), None);
    assert_eq!(digest(Algorithm::Md5, &[0; 2048]).parts(), None);
}
