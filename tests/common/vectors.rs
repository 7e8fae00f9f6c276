//! The list of the files in `tests/vectors`, and parsers for their formats.

use std::path::{Path, PathBuf};

use crate::common::pattern;
use hsum::Algorithm;

/// A file of known answers.
pub(crate) struct File {
    pub(crate) path: &'static str,
    pub(crate) algorithm: Algorithm,
    pub(crate) kind: Kind,
    /// The number of answers in the file.
    pub(crate) count: usize,
}

/// The kind of answers in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Hash,
    Hmac,
    /// The first bytes of endless output, in BLAKE3's own JSON.
    Blake3Json,
}

use Algorithm::*;
use Kind::{Blake3Json, Hash, Hmac};

#[rustfmt::skip]
pub(crate) const FILES: &[File] = &[
    file("rfc/rfc-1321.txt",              Md5,        Hash, 7),
    file("nist/SHA1ShortMsg.rsp",         Sha1,       Hash, 65),
    file("nist/SHA224ShortMsg.rsp",       Sha224,     Hash, 65),
    file("nist/SHA256ShortMsg.rsp",       Sha256,     Hash, 65),
    file("nist/SHA384ShortMsg.rsp",       Sha384,     Hash, 129),
    file("nist/SHA512ShortMsg.rsp",       Sha512,     Hash, 129),
    file("nist/SHA512_224ShortMsg.rsp",   Sha512_224, Hash, 129),
    file("nist/SHA512_256ShortMsg.rsp",   Sha512_256, Hash, 129),
    file("nist/SHA3_224ShortMsg.rsp",     Sha3_224,   Hash, 145),
    file("nist/SHA3_256ShortMsg.rsp",     Sha3_256,   Hash, 137),
    file("nist/SHA3_384ShortMsg.rsp",     Sha3_384,   Hash, 105),
    file("nist/SHA3_512ShortMsg.rsp",     Sha3_512,   Hash, 73),
    file("nist/SHAKE128ShortMsg.rsp",     Shake128,   Hash, 337),
    file("nist/SHAKE256ShortMsg.rsp",     Shake256,   Hash, 273),
    file("rfc/rfc-7693-blake2b.txt",      Blake2b,    Hash, 1),
    file("rfc/rfc-7693-blake2s.txt",      Blake2s,    Hash, 1),
    file("blake2/blake2b.txt",            Blake2b,    Hash, 90),
    file("blake2/blake2s.txt",            Blake2s,    Hash, 77),
    file("gbt/gbt-32905-sm3.txt",         Sm3,        Hash, 2),
    file("crc/crc32c.txt",                Crc32c,     Hash, 7),
    file("crc/crc64nvme.txt",             Crc64Nvme,  Hash, 6),
    file("blake3.json",                   Blake3,     Blake3Json, 35),
    file("rfc/rfc-2202-md5.txt",          Md5,        Hmac, 7),
    file("rfc/rfc-2202-sha1.txt",         Sha1,       Hmac, 7),
    file("rfc/rfc-4231-sha224.txt",       Sha224,     Hmac, 6),
    file("rfc/rfc-4231-sha256.txt",       Sha256,     Hmac, 6),
    file("rfc/rfc-4231-sha384.txt",       Sha384,     Hmac, 6),
    file("rfc/rfc-4231-sha512.txt",       Sha512,     Hmac, 6),
];

const fn file(path: &'static str, algorithm: Algorithm, kind: Kind, count: usize) -> File {
    File { path, algorithm, kind, count }
}

/// One known answer.
pub(crate) struct Case {
    /// The name in messages, such as `nist/SHA1ShortMsg.rsp #12`.
    pub(crate) name: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) message: Vec<u8>,
    pub(crate) expected: Vec<u8>,
}

pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// Reads all known answers of one kind.
pub(crate) fn cases(kind: Kind) -> Vec<Case> {
    FILES.iter().filter(|file| file.kind == kind).flat_map(read).collect()
}

/// Reads the answers in a file and checks their number, so that an empty file cannot pass.
fn read(file: &File) -> Vec<Case> {
    let path = directory().join(file.path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", file.path));
    let cases = match file.kind {
        Kind::Blake3Json => blake3(&text),
        Kind::Hash | Kind::Hmac => lines(&text, file.algorithm),
    };
    assert_eq!(cases.len(), file.count, "answers in {}", file.path);
    let named = |(i, case): (usize, Case)| Case { name: format!("{} #{i}", file.path), ..case };
    let cases: Vec<Case> = cases.into_iter().enumerate().map(named).collect();
    for case in &cases {
        assert!(!case.expected.is_empty(), "{}: no answer", case.name);
        assert_eq!(case.key.is_some(), file.kind == Kind::Hmac, "{}: key", case.name);
    }
    cases
}

/// Parses lines of `NAME = HEX` as in NIST's response files. `MD` or `Output` ends a case; `Len`
/// is the message's length in bits, since an empty message is written as `00`.
fn lines(text: &str, algorithm: Algorithm) -> Vec<Case> {
    let mut cases = Vec::new();
    let (mut len, mut key, mut message) = (None, None, None);
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') || line.starts_with('[') {
            continue;
        }
        let (name, value) =
            line.split_once('=').unwrap_or_else(|| panic!("malformed line: {line}"));
        let (name, value) = (name.trim(), value.trim());
        let bytes = || hex::decode(value).unwrap_or_else(|e| panic!("{line}: {e}"));
        match name {
            "Len" => len = Some(value.parse::<usize>().expect("a number of bits")),
            "Key" => key = Some(bytes()),
            "Msg" => message = Some(bytes()),
            "MD" | "Output" => {
                let bits = len.take().expect("Len before the answer");
                assert_eq!(bits % 8, 0, "whole bytes only");
                let mut message: Vec<u8> = message.take().expect("Msg before the answer");
                assert_eq!(message.len(), (bits / 8).max(1), "Len against Msg");
                message.truncate(bits / 8);
                cases.push(Case {
                    name: String::new(),
                    algorithm,
                    key: key.take(),
                    message,
                    expected: bytes(),
                });
            }
            other => panic!("unknown field {other}"),
        }
    }
    assert!(len.is_none() && message.is_none(), "the last case has no answer");
    cases
}

fn blake3(text: &str) -> Vec<Case> {
    let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let case = |case: &serde_json::Value| Case {
        name: String::new(),
        algorithm: Blake3,
        key: None,
        message: pattern(case["input_len"].as_u64().expect("a length") as usize),
        expected: hex::decode(case["hash"].as_str().expect("hex")).expect("hex"),
    };
    json["cases"].as_array().expect("a list of cases").iter().map(case).collect()
}
