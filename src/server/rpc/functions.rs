//! The methods of hsum, without those called `system.…`.

use std::os::unix::ffi::OsStrExt;

use dxr::Value;
use hsum::manifest::{List, ListOptions};
use hsum::notation::Expected;
use hsum::{Algorithm, Digest, HashFunction, Key, Strength};

use crate::server::rpc::files::ServedFile;
use crate::server::rpc::parameters::{Arguments, wrong};
use crate::server::rpc::problem::{Problem, ProblemKind};
use crate::server::rpc::state::State;
use crate::server::rpc::weight::{MAX_RESULT, too_large, weight};
use crate::server::rpc::xml::is_writable;

/// The maximum number of files in one result of [`list`].
const MAX_LISTED: usize = 10_000;

pub(crate) type Outcome = Result<Value, Problem>;

pub(crate) fn digest(_: &State, arguments: &Arguments) -> Outcome {
    let function = arguments.function("alg")?;
    Ok(hex(&hsum::digest(function, arguments.bytes("bytes"))))
}

pub(crate) fn digest_many(_: &State, arguments: &Arguments) -> Outcome {
    let function = arguments.function("alg")?;
    let messages = arguments.byte_strings("messages")?;
    let mut digests = vec![hsum::digest(function, b""); messages.len()];
    hsum::digest_many(function, &messages, &mut digests);
    Ok(Value::Array(digests.iter().map(hex).collect()))
}

pub(crate) fn hmac_verify(state: &State, arguments: &Arguments) -> Outcome {
    let function = arguments.function("alg")?;
    let name = arguments.text("key_id");
    let key = state.keys.get(name).ok_or_else(|| {
        let text = format!("the server has no key named '{}'", name.escape_debug());
        Problem::new(ProblemKind::NoKey, text)
    })?;
    let tag = tag(function, arguments.bytes("tag"))?;
    let key = Key::new(function, key).map_err(|error| wrong(format!("alg: {error}")))?;
    let is_valid = key.verify(arguments.bytes("bytes"), tag.as_bytes()).is_ok();
    Ok(Value::Boolean(is_valid))
}

/// Parses a tag: its bytes, or their hexadecimal or base64 digits.
fn tag(function: HashFunction, given: &[u8]) -> Result<Digest, Problem> {
    if let Some(tag) = Digest::from_bytes(function, given) {
        return Ok(tag);
    }
    let text = str::from_utf8(given).unwrap_or_default();
    let parsed = Digest::from_hex(function, text);
    parsed.or_else(|_| Digest::from_base64(function, text)).map_err(|_| {
        let bytes = function.len();
        wrong(format!("tag: expected {bytes} bytes, or their hexadecimal or base64 digits"))
    })
}

pub(crate) fn file_digest(state: &State, arguments: &Arguments) -> Outcome {
    let function = arguments.function("alg")?;
    let file = find(state, arguments.bytes("name"))?;
    let digest = file.digests.iter().find(|digest| digest.hash_function() == function);
    digest.map(hex).ok_or_else(|| not_known(&file, &[function]))
}

pub(crate) fn list(state: &State, arguments: &Arguments) -> Outcome {
    let limit = arguments.count("limit")?.unwrap_or(MAX_LISTED).min(MAX_LISTED);
    let (prefix, after) = (arguments.bytes("prefix"), arguments.bytes("after"));
    if !state.files.is_complete() {
        let text = "the server does not know all files yet; call again later";
        return Err(Problem::new(ProblemKind::NoDigest, text));
    }
    // One more tells whether there are more.
    let mut files = state.files.list(prefix, after, limit + 1);
    let has_more = files.len() > limit;
    files.truncate(limit);
    let files = files.iter().map(listed).collect();
    Ok(structure([("files", Value::Array(files)), ("more", Value::Boolean(has_more))]))
}

fn listed(file: &ServedFile) -> Value {
    let digest = |digest: &Digest| (digest.hash_function().to_string(), hex(digest));
    let digests = match file.digests.is_empty() {
        true => Value::Nil,
        false => Value::Struct(file.digests.iter().map(digest).collect()),
    };
    let size = Value::Long(i64::try_from(file.size).unwrap_or(i64::MAX));
    structure([("name", name(&file.name)), ("size", size), ("digests", digests)])
}

pub(crate) fn verify(state: &State, arguments: &Arguments) -> Outcome {
    let expected = Expected::parse(arguments.bytes("digest"), None)
        .map_err(|error| wrong(format!("digest: {error}")))?;
    let file = find(state, arguments.bytes("name"))?;
    let is_same = compare(&file, &expected);
    is_same.map(Value::Boolean).ok_or_else(|| not_known(&file, &expected.hash_functions()))
}

/// Compares the known digests of a file; `None` if none is of one of the expected functions.
fn compare(file: &ServedFile, expected: &Expected) -> Option<bool> {
    let functions = expected.hash_functions();
    let known = file.digests.iter().filter(|digest| functions.contains(&digest.hash_function()));
    known.map(|digest| expected.contains(digest)).reduce(|all, is_same| all && is_same)
}

pub(crate) fn verify_list(state: &State, arguments: &Arguments) -> Outcome {
    let mut counts = [0; 5];
    let mut entries = Vec::new();
    let mut total = 0;
    for line in List::new(arguments.bytes("text"), ListOptions::new()) {
        let (name_of, verdict) = match &line.entry {
            Ok(entry) => (
                Some(&entry.path),
                verdict(state, entry.path.as_os_str().as_bytes(), &entry.expected()),
            ),
            Err(_) => (line.name.as_ref(), Verdict::Bad),
        };
        counts[verdict as usize] += 1;
        let name = name_of.map_or(Value::Nil, |path| name(path.as_os_str().as_bytes()));
        let number = Value::Integer(i32::try_from(line.line).unwrap_or(i32::MAX));
        let status = Value::String(verdict.name().into());
        let entry = structure([("line", number), ("name", name), ("status", status)]);
        // The shortest line is far smaller than its entry.
        total += weight(&entry);
        if total > MAX_RESULT {
            return Err(too_large());
        }
        entries.push(entry);
    }
    let counted = Verdict::ALL
        .into_iter()
        .map(|verdict| (verdict.member(), Value::Integer(counts[verdict as usize])));
    Ok(structure(counted.chain([("entries", Value::Array(entries))])))
}

/// The result for an entry of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Verdict {
    Matches,
    Differs,
    Missing,
    Unknown,
    Bad,
}

impl Verdict {
    const ALL: [Self; 5] = [Self::Matches, Self::Differs, Self::Missing, Self::Unknown, Self::Bad];

    /// Returns the word that an entry has.
    fn name(self) -> &'static str {
        ["OK", "FAILED", "MISSING", "UNKNOWN", "BAD"][self as usize]
    }

    /// Returns the name of the count.
    fn member(self) -> &'static str {
        ["ok", "failed", "missing", "unknown", "bad"][self as usize]
    }
}

fn verdict(state: &State, name: &[u8], expected: &Expected) -> Verdict {
    // As `sha256sum` writes names that it was given with it.
    let name = name.strip_prefix(b"./").unwrap_or(name);
    let Some(file) = state.files.find(name) else { return Verdict::Missing };
    match compare(&file, expected) {
        Some(true) => Verdict::Matches,
        Some(false) => Verdict::Differs,
        None => Verdict::Unknown,
    }
}

pub(crate) fn algorithms(_: &State, _: &Arguments) -> Outcome {
    let describe = |algorithm: &Algorithm| {
        let bits = |bytes: usize| Value::Integer(i32::try_from(bytes * 8).unwrap_or(i32::MAX));
        let has_variable_len = algorithm.has_variable_len();
        let is_sound = algorithm.strength() == Strength::Sound;
        structure([
            ("name", Value::String(algorithm.name().into())),
            ("bits", bits(algorithm.default_len())),
            ("max_bits", if has_variable_len { bits(algorithm.max_len()) } else { Value::Nil }),
            ("hmac", Value::Boolean(algorithm.block_len().is_some())),
            ("sound", Value::Boolean(is_sound)),
        ])
    };
    Ok(Value::Array(Algorithm::ALL.iter().map(describe).collect()))
}

fn find(state: &State, name: &[u8]) -> Result<ServedFile, Problem> {
    state.files.find(name).ok_or_else(|| {
        let name = String::from_utf8_lossy(name);
        Problem::new(ProblemKind::NoFile, format!("no file '{}' is served", name.escape_debug()))
    })
}

fn not_known(file: &ServedFile, functions: &[HashFunction]) -> Problem {
    let known: Vec<_> = file.digests.iter().map(|d| d.hash_function().to_string()).collect();
    let wanted: Vec<_> = functions.iter().map(ToString::to_string).collect();
    let text = match known.is_empty() {
        true => "the file has not been hashed yet; call again later".to_owned(),
        false => format!(
            "the server has no {} digest of it, only {}",
            wanted.join(" or "),
            known.join(", ")
        ),
    };
    Problem::new(ProblemKind::NoDigest, text)
}

fn hex(digest: &Digest) -> Value {
    Value::String(digest.to_string())
}

/// Returns a name as a string, or as base64 if a string cannot hold it.
fn name(bytes: &[u8]) -> Value {
    match str::from_utf8(bytes) {
        Ok(text) if is_writable(text) => Value::String(text.to_owned()),
        _ => Value::Base64(bytes.to_vec()),
    }
}

/// Returns a struct; members that are nil are left out of the response, unless its client knows nil.
fn structure(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Struct(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
