//! Random messages, cut at random: the same answers as RustCrypto's hashers, `hmac`, and the programs found here.

mod common;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

use common::{authenticating, cut, hmac_by_the_book, noise, oracle, oracle_hmac, oracle_xof};
use hsum::{Algorithm, HashFunction, Hasher, Hmac, Key, MultiHasher, digest, hash_reader};
use proptest::prelude::*;

/// Any algorithm, at any of its lengths.
fn functions() -> impl Strategy<Value = HashFunction> {
    let every: Vec<HashFunction> = Algorithm::ALL
        .iter()
        .flat_map(|a| (1..=a.max_len()).filter_map(|len| HashFunction::new(*a, len)))
        .collect();
    // An algorithm first: else the ones with a choice of lengths crowd out the others.
    let of = move |a: Algorithm| -> Vec<HashFunction> {
        every.iter().copied().filter(|f| f.algorithm() == a).collect()
    };
    prop::sample::select(Algorithm::ALL).prop_flat_map(move |a| prop::sample::select(of(a)))
}

/// Small ones mostly, where the padding is; some that span many blocks and BLAKE3 chunks.
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
    fn digests(function in functions(), message in messages(), lengths in piece_lengths()) {
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
    fn several_at_once(
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
    fn hmacs(
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
    fn endless_output(
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

/// Messages in files: of every length up to 300, and some longer ones.
struct Files {
    messages: Vec<Vec<u8>>,
    /// Within the directory.
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

/// The digests that a program prints for the files, one line `hex name` for each; `None`, and
/// a note, where there is no such program or it does not know the function.
fn run(program: &str, arguments: &[String], files: &Files) -> Option<Vec<String>> {
    let call = |names: &[String]| {
        let mut command = Command::new(program);
        command.args(arguments).args(names).current_dir(files.directory.path());
        command.stdin(Stdio::null()).output()
    };
    match call(&files.names[..1]) {
        Ok(probe) if probe.status.success() => {}
        Ok(_) => {
            eprintln!("skipped: {program} {}: not supported here", arguments.join(" "));
            return None;
        }
        Err(error) => {
            eprintln!("skipped: {program}: {error}");
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
    let path = std::env::var_os("PATH").unwrap_or_default();
    let executable = OsString::from(format!("{program}{}", std::env::consts::EXE_SUFFIX));
    std::env::split_paths(&path).any(|directory| directory.join(&executable).is_file())
}

/// `openssl`'s name for the function and what else it must be told.
fn openssl_options(function: HashFunction) -> Option<Vec<String>> {
    let name = match (function.algorithm(), function.len()) {
        (Algorithm::Blake2b, 64) => "-blake2b512".to_owned(),
        (Algorithm::Blake2s, 32) => "-blake2s256".to_owned(),
        (Algorithm::Blake2b | Algorithm::Blake2s | Algorithm::Blake3, _) => return None,
        (algorithm, _) => format!("-{algorithm}"),
    };
    let mut options = vec!["dgst".into(), "-r".into(), name];
    if matches!(function.algorithm(), Algorithm::Shake128 | Algorithm::Shake256) {
        options.extend(["-xoflen".into(), function.len().to_string()]);
    }
    Some(options)
}

#[test]
fn openssl_agrees_on_digests() {
    if !is_installed("openssl") {
        eprintln!("skipped: openssl is not installed");
        return;
    }
    let files = files();
    let mut agreed = BTreeSet::new();
    for algorithm in Algorithm::ALL {
        let lengths: &[usize] = match algorithm {
            Algorithm::Shake128 | Algorithm::Shake256 => &[1, 16, 32, 64],
            _ => &[algorithm.default_len()],
        };
        for function in lengths.iter().map(|len| HashFunction::new(*algorithm, *len).unwrap()) {
            let Some(options) = openssl_options(function) else { continue };
            let Some(expected) = run("openssl", &options, &files) else { continue };
            for (message, expected) in files.messages.iter().zip(expected) {
                let len = message.len();
                assert_eq!(digest(function, message).to_string(), expected, "{function}: {len}");
            }
            agreed.insert(*algorithm);
        }
    }
    // Whatever else a build of it leaves out: if this one is skipped too, the call is wrong.
    assert!(agreed.contains(&Algorithm::Sha256), "{agreed:?}");
    eprintln!("openssl agreed on {agreed:?}");
}

#[test]
fn openssl_agrees_on_hmacs() {
    if !is_installed("openssl") {
        eprintln!("skipped: openssl is not installed");
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
                let len = message.len();
                assert_eq!(
                    key.sign(message).to_string(),
                    expected,
                    "{algorithm}: {key_len}, {len}"
                );
            }
            agreed.insert(algorithm);
        }
    }
    assert!(agreed.contains(&Algorithm::Sha256), "{agreed:?}");
    eprintln!("openssl agreed on HMAC with {agreed:?}");
}

/// `b2sum` of the GNU tools is another implementation, and takes every length.
#[test]
fn b2sum_agrees_at_every_length() {
    if !is_installed("b2sum") {
        eprintln!("skipped: b2sum is not installed");
        return;
    }
    let files = files();
    for len in [1, 2, 16, 20, 31, 32, 33, 48, 63, 64] {
        let function = HashFunction::new(Algorithm::Blake2b, len).unwrap();
        let Some(expected) = run("b2sum", &["-l".into(), (len * 8).to_string()], &files) else {
            continue;
        };
        for (message, expected) in files.messages.iter().zip(expected) {
            assert_eq!(digest(function, message).to_string(), expected, "{function}");
        }
    }
}

/// `b3sum` of the BLAKE3 team.
#[test]
fn b3sum_agrees_at_every_length() {
    if !is_installed("b3sum") {
        eprintln!("skipped: b3sum is not installed");
        return;
    }
    let files = files();
    for len in [1, 31, 32, 33, 64] {
        let function = HashFunction::new(Algorithm::Blake3, len).unwrap();
        let Some(expected) = run("b3sum", &["-l".into(), len.to_string()], &files) else {
            continue;
        };
        for (message, expected) in files.messages.iter().zip(expected) {
            assert_eq!(digest(function, message).to_string(), expected, "{function}");
        }
    }
}
