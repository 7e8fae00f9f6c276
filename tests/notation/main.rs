//! Notations of digests: a corpus, every notation written and parsed, and no text that panics.

#[cfg(feature = "fs")]
mod documents;
#[cfg(feature = "fs")]
mod formats;

use base64ct::{Base64UrlUnpadded, Encoding};
use hsum::notation::{Expected, Notation, ParseExpectedError};
use hsum::{Algorithm, Digest, HashFunction, Strength, digest};
use proptest::prelude::*;

/// A line of the corpus.
struct Case {
    line: usize,
    hint: Option<HashFunction>,
    /// The expected result: `ALGORITHM:HEX,…`, or `!` and the kind of error.
    meaning: String,
    text: String,
}

fn corpus() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/notation/digests.txt");
    let corpus = std::fs::read_to_string(path).expect("the corpus");
    let mut cases = Vec::new();
    for (i, line) in corpus.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut fields = line.splitn(3, " | ");
        let mut field = || fields.next().unwrap_or_else(|| panic!("line {}: {line}", i + 1));
        cases.push(Case {
            line: i + 1,
            hint: Some(field()).filter(|hint| *hint != "-").map(|hint| hint.parse().unwrap()),
            meaning: field().into(),
            text: unescape(field()),
        });
    }
    cases
}

fn unescape(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        plain += before;
        let (length, character) = match after.as_bytes()[0] {
            b'n' => (1, '\n'),
            b't' => (1, '\t'),
            b'\\' => (1, '\\'),
            b'u' => (5, '\u{feff}'),
            other => panic!("escape {other}"),
        };
        plain.push(character);
        rest = &after[length..];
    }
    plain + rest
}

fn kind(error: &ParseExpectedError) -> &'static str {
    match error {
        ParseExpectedError::Empty => "Empty",
        ParseExpectedError::TooLong => "TooLong",
        ParseExpectedError::Unrecognised => "Unrecognised",
        ParseExpectedError::UnknownLength { .. } => "UnknownLength",
        ParseExpectedError::UnknownAlgorithm(_) => "UnknownAlgorithm",
        ParseExpectedError::Unsupported(_) => "Unsupported",
        ParseExpectedError::Malformed(_) => "Malformed",
        ParseExpectedError::NotOfAFile(_) => "NotOfAFile",
        _ => "another",
    }
}

#[test]
fn the_corpus_is_parsed_as_written() {
    let cases = corpus();
    assert!(cases.len() > 190, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for Case { line, hint, meaning, text } in cases {
        let got = match Expected::parse(&text, hint) {
            Ok(expected) => {
                let digests = expected.digests().iter().map(|d| format!("{d:?}"));
                digests.collect::<Vec<_>>().join(",")
            }
            Err(error) => format!("!{}", kind(&error)),
        };
        if got != meaning {
            wrong.push(format!("line {line}: {text}\n  wanted {meaning}\n  got    {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_notation_parses_to_its_digest() {
    for algorithm in Algorithm::ALL {
        let function = HashFunction::from(*algorithm);
        let is = digest(function, b"abc");
        for &notation in Notation::ALL {
            let Ok(text) = notation.write(&is) else { continue };
            let bare = matches!(notation, Notation::Hex | Notation::Base64);
            let hint = if bare { Some(function) } else { None };
            let read = Expected::parse(&text, hint);
            assert_eq!(read, Ok(is.into()), "{}: {text}", notation.name());
        }
    }
}

#[test]
fn a_notation_without_a_name_for_the_function_is_an_error() {
    let sha3 = digest(Algorithm::Sha3_256, b"");
    assert!(Notation::Ni.write(&sha3).is_ok());
    for notation in [Notation::Sri, Notation::ReprDigest] {
        let error = notation.write(&sha3).unwrap_err().to_string();
        assert!(error.contains("SHA3-256 digests cannot be written as"), "{error}");
    }
    assert!(Notation::ReprDigest.write(&digest(Algorithm::Sha384, b"")).is_err());
}

#[test]
fn a_file_must_match_one_digest_of_each_function() {
    let [md5, sha256, sha512] =
        [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512].map(|a| digest(a, b"abc"));
    let other = digest(Algorithm::Sha256, b"other");
    let both = Expected::from_digests([sha256, sha512]).unwrap();
    assert!(both.is_met_by(&[sha512, md5, sha256]));
    assert!(!both.is_met_by(&[sha256]) && !both.is_met_by(&[other, sha512]));
    let either = Expected::from_digests([other, sha256]).unwrap();
    assert!(either.is_met_by(&[sha256]) && either.contains(&other) && !either.contains(&md5));
    assert_eq!(either.hash_functions(), [Algorithm::Sha256.into()]);
    assert_eq!(Expected::from(md5).strength(), Strength::Broken);
    assert_eq!(Expected::from_digests([md5, sha256]).unwrap().strength(), Strength::Sound);
    assert_eq!(Expected::from_digests([]), None);
}

#[test]
fn long_texts_are_rejected_quickly() {
    for character in ["a", "\"", " ", "sha256-", ":", "=", "0 ", "é", "urn:", "("] {
        let error = Expected::parse(character.repeat(1_000_000), None).unwrap_err();
        assert!(
            matches!(error, ParseExpectedError::TooLong | ParseExpectedError::Empty),
            "{character}: {error}"
        );
    }
}

fn any_digest() -> impl Strategy<Value = Digest> {
    (0..Algorithm::ALL.len(), prop::array::uniform32(any::<u8>())).prop_map(|(i, bytes)| {
        let function = HashFunction::from(Algorithm::ALL[i]);
        Digest::from_bytes(function, &[bytes, bytes].concat()[..function.len()]).unwrap()
    })
}

/// Digests whose base64 has few different digits, so that it looks like names, hex or paths.
fn odd_digest() -> impl Strategy<Value = Digest> {
    let digits = "[-AaF0]{86}|[-_9f]{86}|(sha|md5|crc|ni|-|_|0){44}";
    (0..Algorithm::ALL.len(), digits).prop_map(|(i, digits)| {
        let bytes = Base64UrlUnpadded::decode_vec(&digits[..digits.len().min(84) & !3]);
        let mut bytes = bytes.unwrap_or_default();
        bytes.resize(64, 0xf8);
        let function = HashFunction::from(Algorithm::ALL[i]);
        Digest::from_bytes(function, &bytes[..function.len()]).unwrap()
    })
}

proptest! {
    #[test]
    fn any_digest_in_any_notation_parses(digest in prop_oneof![any_digest(), odd_digest()]) {
        for &notation in Notation::ALL {
            let Ok(text) = notation.write(&digest) else { continue };
            let read = Expected::parse(&text, Some(digest.hash_function()));
            prop_assert_eq!(read, Ok(digest.into()), "{}", text);
        }
    }

    #[test]
    fn no_text_panics(text in "(sha(256|-512|1)?|ni:|urn:|md5|[-:=;,# (){}\"?/a-f0-9A-Z+_]){0,40}") {
        let _ = Expected::parse(&text, None);
        let _ = Expected::parse(&text, Some(Algorithm::Blake3.into()));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Expected::parse(&bytes, None);
    }
}

/// The base64 of one bits is slashes, which do not make it a URL.
#[test]
fn digests_that_begin_with_slashes_are_not_urls() {
    for algorithm in [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512] {
        let digest = Digest::from_hex(algorithm, "f".repeat(2 * algorithm.default_len())).unwrap();
        for &notation in Notation::ALL {
            let Ok(text) = notation.write(&digest) else { continue };
            let read = Expected::parse(&text, None).unwrap();
            assert_eq!(read.digests(), [digest], "{text}");
        }
        let text = format!("{algorithm}:{}", digest.to_base64());
        assert_eq!(Expected::parse(&text, None).unwrap().digests(), [digest], "{text}");
    }
}
