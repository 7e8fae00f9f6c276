//! Digests and HMACs of random messages agree with RustCrypto's and with installed programs.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use common::{authenticating, cut, hmac_by_the_book, noise, oracle, oracle_hmac, oracle_xof};
use hsum::{Algorithm, HashFunction, Hasher, Hmac, Key, MultiHasher, digest, hash_reader};
use proptest::prelude::*;

/// Any algorithm at any of its lengths.
fn functions() -> impl Strategy<Value = HashFunction> {
    // Choose the algorithm first, or those of many lengths would crowd out the others.
    prop::sample::select(Algorithm::ALL).prop_flat_map(|algorithm| {
        let lengths = 1..=algorithm.max_len();
        let all: Vec<_> = lengths.filter_map(|len| HashFunction::new(algorithm, len)).collect();
        prop::sample::select(all)
    })
}

/// Mostly short messages, for the padding; some of many blocks and BLAKE3 chunks.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..=300),
        2 => (any::<u64>(), 0..5_000usize).prop_map(|(seed, len)| noise(seed, len)),
        1 => (any::<u64>(), 0..150_000usize).prop_map(|(seed, len)| noise(seed, len)),
    ]
}

fn piece_lengths() -> impl Strategy<Value = Vec<usize>> {
    let length = prop_oneof![
        1 => Just(0),
        4 => 1..200usize,
        2 => prop::sample::select(vec![63, 64, 65, 127, 128, 129, 135, 136, 137, 1023, 1024, 1025]),
        1 => 0..20_000usize,
    ];
    prop::collection::vec(length, 0..40)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn digests_agree(function in functions(), message in messages(), lengths in piece_lengths()) {
        let expected = oracle(function, &message);
        let once = digest(function, &message);
        prop_assert_eq!(once.as_bytes(), &expected[..]);
        prop_assert_eq!(once.hash_function(), function);
        let mut hasher = Hasher::new(function);
        cut(&message, lengths.iter().copied()).into_iter().for_each(|piece| hasher.update(piece));
        prop_assert_eq!(hasher.finalize(), once);
        prop_assert_eq!(hash_reader(function, &message[..]).unwrap(), once);
    }

    #[test]
    fn digests_in_one_pass_agree(
        chosen in prop::collection::vec(functions(), 0..5),
        message in messages(),
        lengths in piece_lengths(),
    ) {
        let mut hasher = MultiHasher::new(chosen.clone());
        cut(&message, lengths).into_iter().for_each(|piece| hasher.update(piece));
        let digests = hasher.finalize();
        prop_assert_eq!(digests.len(), chosen.len());
        for (digest, function) in digests.iter().zip(chosen) {
            prop_assert_eq!(digest.hash_function(), function);
            prop_assert_eq!(digest.as_bytes(), &oracle(function, &message)[..]);
        }
    }

    #[test]
    fn hmacs_agree(
        function in functions(),
        key in prop::collection::vec(any::<u8>(), 0..300),
        message in messages(),
        lengths in piece_lengths(),
    ) {
        let Ok(prepared) = Key::new(function, &key) else {
            prop_assert!(function.algorithm().block_len().is_none());
            return Ok(());
        };
        let expected = hmac_by_the_book(function, &key, &message);
        if let Some(other) = oracle_hmac(function, &key, &message) {
            prop_assert_eq!(&other, &expected);
        }
        let mut mac = Hmac::new(&prepared);
        cut(&message, lengths).into_iter().for_each(|piece| mac.update(piece));
        prop_assert_eq!(&mac.clone().finalize().into_bytes(), &expected);
        prop_assert!(mac.verify(&expected).is_ok());
        prop_assert_eq!(&prepared.sign(&message).into_bytes(), &expected);
    }

    #[test]
    fn endless_output_agrees(
        algorithm in prop::sample::select(common::extendable().collect::<Vec<_>>()),
        message in messages(),
        reads in prop::collection::vec(0..500usize, 0..20),
    ) {
        let expected = oracle_xof(algorithm, &message, reads.iter().sum());
        let mut hasher = Hasher::new(algorithm);
        hasher.update(&message);
        let mut reader = hasher.finalize_xof().unwrap();
        let mut got = Vec::new();
        for len in reads {
            let mut piece = vec![0; len];
            reader.fill(&mut piece);
            got.extend(piece);
        }
        prop_assert!(got == expected);
    }
}

/// Messages of every length up to 300, and some longer ones, in files.
struct Files {
    messages: Vec<Vec<u8>>,
    /// The file names in the directory.
    names: Vec<String>,
    directory: tempfile::TempDir,
}

fn files() -> Files {
    let directory = tempfile::tempdir().unwrap();
    let lengths = (0..300usize).chain([1_000, 4_095, 4_096, 65_537, 1_000_003]);
    let messages: Vec<_> = lengths.map(|len| noise(len as u64, len)).collect();
    let names: Vec<_> = (0..messages.len()).map(|i| i.to_string()).collect();
    for (name, message) in names.iter().zip(&messages) {
        fs::write(directory.path().join(name), message).unwrap();
    }
    Files { messages, names, directory }
}

/// Returns the digests that a program prints for the files, in lines of `HEX NAME`; prints a note
/// and returns `None` if it is not installed or does not know the function.
fn run(program: &str, arguments: &[String], files: &Files) -> Option<Vec<String>> {
    let call = |names: &[String]| {
        let mut command = Command::new(program);
        command.args(arguments).args(names).current_dir(files.directory.path());
        command.stdin(Stdio::null()).output()
    };
    match call(&files.names[..1]) {
        Ok(probe) if probe.status.success() => {}
        result => {
            let reason = result.map_or_else(|e| e.to_string(), |_| "not supported".into());
            eprintln!("skipped: {program} {}: {reason}", arguments.join(" "));
            return None;
        }
    }
    let output = call(&files.names).unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", output.status);
    let text = String::from_utf8(output.stdout).unwrap();
    let first = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    let digests: Vec<String> = text.lines().map(first).collect();
    assert_eq!(digests.len(), files.names.len(), "{program} {arguments:?}");
    Some(digests)
}

fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// Asserts that `program` prints our digests; returns `false` if it does not know the function.
fn agrees(program: &str, arguments: &[String], function: HashFunction, files: &Files) -> bool {
    let Some(expected) = run(program, arguments, files) else { return false };
    for (message, expected) in files.messages.iter().zip(expected) {
        let len = message.len();
        assert_eq!(digest(function, message).to_string(), expected, "{function}: {len}");
    }
    true
}

/// Returns the arguments with which `openssl` computes the function.
fn openssl_options(function: HashFunction) -> Option<Vec<String>> {
    let name = match (function.algorithm(), function.len()) {
        (Algorithm::Blake2b, 64) => "-blake2b512".to_owned(),
        (Algorithm::Blake2s, 32) => "-blake2s256".to_owned(),
        (Algorithm::Blake2b | Algorithm::Blake2s | Algorithm::Blake3, _) => return None,
        (algorithm, _) => format!("-{algorithm}"),
    };
    let mut options = vec!["dgst".into(), "-r".into(), name];
    if function.algorithm().is_extendable() {
        options.extend(["-xoflen".into(), function.len().to_string()]);
    }
    Some(options)
}

#[test]
fn openssl_agrees_on_digests() {
    if !is_installed("openssl") {
        return;
    }
    let files = files();
    let mut agreed = BTreeSet::new();
    for algorithm in Algorithm::ALL {
        let lengths: &[usize] = match algorithm.is_extendable() {
            true => &[1, 16, 32, 64],
            false => &[algorithm.default_len()],
        };
        for function in lengths.iter().map(|len| HashFunction::new(*algorithm, *len).unwrap()) {
            let Some(options) = openssl_options(function) else { continue };
            if agrees("openssl", &options, function, &files) {
                agreed.insert(*algorithm);
            }
        }
    }
    // Every build of openssl has SHA-256: if it is skipped, the arguments are wrong.
    assert!(agreed.contains(&Algorithm::Sha256), "{agreed:?}");
    eprintln!("openssl agreed on {agreed:?}");
}

#[test]
fn openssl_agrees_on_hmacs() {
    if !is_installed("openssl") {
        return;
    }
    let files = files();
    let mut agreed = BTreeSet::new();
    for algorithm in authenticating() {
        let Some(digest_options) = openssl_options(algorithm.into()) else { continue };
        for key_len in [1, 63, 64, 65, 128, 129, 144, 145, 200] {
            let secret = noise(key_len as u64, key_len);
            let mut options = digest_options.clone();
            let key = format!("hexkey:{}", hex::encode(&secret));
            options.extend(["-mac", "HMAC", "-macopt", &key].map(String::from));
            let Some(expected) = run("openssl", &options, &files) else { break };
            let key = Key::new(algorithm, &secret).unwrap();
            for (message, expected) in files.messages.iter().zip(expected) {
                let tag = key.sign(message).to_string();
                assert_eq!(tag, expected, "{algorithm}: {key_len}, {}", message.len());
            }
            agreed.insert(algorithm);
        }
    }
    assert!(agreed.contains(&Algorithm::Sha256), "{agreed:?}");
    eprintln!("openssl agreed on HMAC with {agreed:?}");
}

#[test]
fn b2sum_agrees_at_every_length() {
    let files = files();
    for len in [1, 2, 16, 20, 31, 32, 33, 48, 63, 64] {
        let function = HashFunction::new(Algorithm::Blake2b, len).unwrap();
        agrees("b2sum", &["-l".into(), (len * 8).to_string()], function, &files);
    }
}

#[test]
fn b3sum_agrees_at_every_length() {
    let files = files();
    for len in [1, 31, 32, 33, 64] {
        let function = HashFunction::new(Algorithm::Blake3, len).unwrap();
        agrees("b3sum", &["-l".into(), len.to_string()], function, &files);
    }
}
