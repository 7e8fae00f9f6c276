//! Objects of JSON and tables of TOML: which of their fields name a file, and which give its digest.
//!
//! One rule holds for both. A field is digest-like if its key names an algorithm (`sha256`,
//! `md5sum`, `sha256Hash`) or a digest (`digest`, `hashes`, `integrity`). An object with a
//! digest-like field is an entry of the file that it names; without a name of its own, of the file
//! that its key names. If the digest is not understood, the entry is bad; it is never dropped.

use std::collections::HashMap;

use super::fields::{self, is_usual_hex, url_name};
use super::{BadLine, Entry};
use crate::algorithm::HashFunction;
use crate::digest::Digest;

/// Digests of one file; a list with more of them is a bad entry.
const MOST: usize = 1024;
/// Files that one object describes by prefix; one with more of them is a bad entry.
const PARTS: usize = 64;

/// Keys that are remembered with their meaning.
const REMEMBERED: usize = 256;

/// Keys of URLs, the best first: what GitHub calls `url` is its API's.
const URLS: [&str; 8] = [
    "browser_download_url",
    "download_url",
    "resolved",
    "tarball",
    "archive",
    "href",
    "uri",
    "url",
];

/// Keys whose objects describe no file of the list, though their fields look like digests: the
/// metadata beside a wheel (PEP 714), SPDX's digest of digests, and names of packages and commands,
/// such as `md5`.
const OTHER: [&str; 14] = [
    "core-metadata",
    "data-dist-info-metadata",
    "dist-info-metadata",
    "packageVerificationCode",
    "dependencies",
    "devDependencies",
    "dev-dependencies",
    "optionalDependencies",
    "optional-dependencies",
    "peerDependencies",
    "requires",
    "extras",
    "bin",
    "scripts",
];

/// The meaning of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Field {
    Path,
    PathBase64,
    /// A URL, and its place in [`URLS`].
    Url(usize),
    Name,
    Version,
    Id,
    Algorithm,
    Size,
    Error,
    /// A digest, if another field names its algorithm.
    Value,
    Digest(Kind),
    /// A field of another file in the same object, by prefix: `xz_url`, `xz_hash`.
    Part(Box<str>, Box<Field>),
    Unknown,
}

/// The algorithm of a digest-like field, as far as its key tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The digest itself or another field tells.
    Any,
    Of(HashFunction),
    NotComputed,
}

/// A value, as far as it matters to the object around it.
#[derive(Debug)]
pub(super) enum Value {
    /// TOML has none.
    #[cfg_attr(not(feature = "fs"), allow(dead_code))]
    Null,
    Text(String),
    Number(u64),
    List(Vec<Value>),
    /// An object with digests and no name of its own.
    Object(Box<Record>),
    /// An object whose entries have been taken.
    Taken,
    /// An object that holds nothing digest-like.
    Nothing,
    /// A value of any other type.
    Other,
}

/// An entry, good or bad, and the name of its file.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: Vec<u8>,
    pub(super) entry: Result<Entry, BadLine>,
}

/// The fields of one object that have been seen.
#[derive(Default, Debug)]
pub(super) struct Record {
    /// The path, and its key.
    path: Option<(String, Vec<u8>)>,
    /// The best URL: the rank of its key, the name of its file, and itself.
    url: Option<(usize, Vec<u8>, Box<str>)>,
    name: Option<String>,
    version: Option<String>,
    id: Option<String>,
    /// The value of a key for names, if it cannot be a name.
    odd: Option<Vec<u8>>,
    size: Option<u64>,
    algorithm: Option<Result<HashFunction, BadLine>>,
    /// Digests whose algorithm another field may tell.
    open: Vec<Value>,
    /// Under `value` or `content`.
    value: Option<Value>,
    digests: Vec<Digest>,
    alternatives: Vec<Digest>,
    bad: Option<BadLine>,
    /// There is a digest-like field.
    stated: bool,
    /// One of them gives no digest.
    null: bool,
    /// There is an error message.
    error: bool,
    parts: Vec<(Box<str>, Record)>,
    others: Vec<(String, Value)>,
    /// There is a field.
    filled: bool,
    /// Entries have been taken from its fields.
    holds: bool,
    /// They stand under `files`.
    has_files: bool,
}

/// The name of a record that has none.
#[derive(Clone, Copy)]
pub(super) enum Fallback<'a> {
    /// The key that the record stands under.
    Key(&'a str),
    /// A crate's name and version, or that key.
    Crate(&'a str),
}

/// Reads the objects of one document.
#[derive(Default)]
pub(super) struct Records {
    pub(super) found: Vec<Named>,
    fields: HashMap<Box<str>, Field>,
}

impl Records {
    fn field(&mut self, key: &str) -> Field {
        if let Some(field) = self.fields.get(key) {
            return field.clone();
        }
        let field = field(key);
        if self.fields.len() < REMEMBERED {
            self.fields.insert(key.into(), field.clone());
        }
        field
    }

    /// Adds a field to a record.
    pub(super) fn add(&mut self, record: &mut Record, key: &str, value: Value) {
        record.filled = true;
        record.holds |= matches!(value, Value::Taken | Value::Object(_));
        record.has_files |= key == "files" && matches!(value, Value::Taken);
        match (self.field(key), value) {
            (field @ (Field::Path | Field::Name), Value::Taken | Value::Nothing) => {
                record.set(key, field, Value::Other);
            }
            (_, Value::Taken) => {}
            (Field::Part(_, field), Value::Nothing) if !matches!(*field, Field::Digest(_)) => {}
            (field, Value::Nothing)
                if !matches!(field, Field::Digest(_) | Field::Part(..) | Field::Unknown) => {}
            (Field::Digest(kind), value) => record.digest(kind, value),
            (Field::Part(_, field), value)
                if value.has_object() && matches!(*field, Field::Digest(_)) =>
            {
                record.digest(Kind::Any, value);
            }
            (_, Value::Object(inner)) => self.under_key(*inner, key),
            (field, Value::List(list)) => {
                let (objects, rest) = list.into_iter().partition::<Vec<_>, _>(Value::has_object);
                if !objects.is_empty() {
                    let mut all = Record::default();
                    all.digest(Kind::Any, Value::List(objects));
                    self.under_key(all, key);
                }
                record.set(key, field, Value::List(rest));
            }
            (field, value) => record.set(key, field, value),
        }
    }

    fn under_key(&mut self, record: Record, key: &str) {
        if !is_other(key) {
            self.finish(record, Fallback::Key(key));
        }
    }

    /// Ends the object of `key`: takes its entries, or returns it for the object around it.
    pub(super) fn end(&mut self, mut record: Record, key: &str) -> Value {
        let kind = match self.field(key) {
            Field::Digest(kind) => Some(kind),
            _ => None,
        };
        record.settle(kind);
        self.parts(&mut record);
        if record.stated && !record.is_named() {
            return Value::Object(Box::new(record));
        }
        if !record.filled && kind.is_some() {
            return Value::List(Vec::new());
        }
        let found = self.found.len();
        let holds = record.holds || record.is_named();
        self.map(&mut record, key, kind);
        self.finish(record, Fallback::Key(key));
        if holds || self.found.len() > found { Value::Taken } else { Value::Nothing }
    }

    /// Ends a table with a heading of its own, whose last key is `key`, and returns it if a name or
    /// a digest is left.
    pub(super) fn end_table(&mut self, mut record: Record, key: &str) -> Value {
        if !record.is_named() || !record.stated {
            return self.end(record, key);
        }
        self.parts(&mut record);
        Value::Object(Box::new(record))
    }

    /// Returns `true` if `key` names an algorithm or a digest.
    pub(super) fn is_digest_like(&mut self, key: &str) -> bool {
        matches!(self.field(key), Field::Digest(_))
    }

    /// Takes the entries of a map from names to digests. Under `files` and under a digest-like key
    /// every object without a digest-like field is one, elsewhere one with a digest whose other
    /// values may be meant as one.
    fn map(&mut self, record: &mut Record, key: &str, kind: Option<Kind>) {
        let is_hashes = kind.is_some();
        let kind = kind.or((key == "files").then_some(Kind::Any));
        let mut values = record.others.iter().map(|(_, value)| value);
        let any = values.clone().any(Value::is_digest);
        let is_map = match kind {
            // `"hash": {"url": …}` says where one is.
            Some(_) => any || !record.is_named(),
            None => {
                let is_meant = |value: &Value| value.is_meant() || matches!(value, Value::Nothing);
                any && !record.is_named() && values.all(is_meant)
            }
        };
        if record.stated || !is_map || is_other(key) {
            return;
        }
        for (name, value) in std::mem::take(&mut record.others) {
            // In Cargo's list of a vendored package: the digest of the archive that it came in.
            let is_archive = record.has_files && name == "package";
            let is_file = is_hashes || (kind.is_some() && any);
            if is_archive || (!is_file && matches!(value, Value::Nothing)) {
                continue;
            }
            let mut file = Record::default();
            file.digest(kind.unwrap_or(Kind::Any), value);
            self.finish(file, Fallback::Key(&name));
        }
    }

    /// Takes the files that fields with a prefix are about. Those that name none are about the
    /// record's own file, if it has no other digest.
    fn parts(&mut self, record: &mut Record) {
        for (_, mut part) in std::mem::take(&mut record.parts) {
            if !part.stated {
                continue;
            }
            if part.is_named() {
                self.finish(part, Fallback::Key(""));
                continue;
            }
            // `content_hash` of a document that names no file.
            if !record.is_named() {
                part.open.clear();
            }
            let is_digest =
                part.bad.is_some() || !(part.digests.is_empty() && part.open.is_empty());
            match record.stated {
                _ if !is_digest => {}
                false => record.adopt(part),
                true => {
                    let entry = Err(BadLine::Unpaired);
                    self.found.push(Named { name: Vec::new(), entry });
                }
            }
        }
    }

    /// Takes the entry of a record, if it is one of a file.
    pub(super) fn finish(&mut self, mut record: Record, fallback: Fallback) {
        self.parts(&mut record);
        for (name, value) in std::mem::take(&mut record.others) {
            // A list that holds digests under a key of its own, such as bun.lock's.
            if matches!(value, Value::List(_)) && value.holds_digest() {
                let entry = Err(BadLine::NoDigest);
                self.found.push(Named { name: name.into_bytes(), entry });
            }
        }
        self.found.extend(record.finish(fallback));
    }
}

impl Value {
    /// Returns `true` for a digest that cannot be taken for anything else, and for a list of them.
    fn is_digest(&self) -> bool {
        match self {
            Self::Text(text) => is_sure(text),
            Self::List(list) => !list.is_empty() && list.iter().all(Self::is_digest),
            _ => false,
        }
    }

    /// Returns `true` for what may be meant as a digest: one, or one that is cut short, empty or
    /// missing.
    fn is_meant(&self) -> bool {
        match self {
            Self::Text(text) => is_sure(text) || text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::List(list) => list.iter().all(Self::is_meant),
            Self::Null | Self::Number(_) => true,
            _ => false,
        }
    }

    /// Returns `true` if a digest is somewhere in it.
    fn holds_digest(&self) -> bool {
        match self {
            Self::Text(text) => is_sure(text),
            Self::List(list) => list.iter().any(Self::holds_digest),
            _ => false,
        }
    }

    /// Returns `true` for an object with digests, and for a list with one.
    fn has_object(&self) -> bool {
        match self {
            Self::Object(_) => true,
            Self::List(list) => list.iter().any(Self::has_object),
            _ => false,
        }
    }

    /// Counts the objects and lists with digests that nothing gives a name to, at the top of a
    /// document.
    #[cfg(feature = "fs")]
    pub(super) fn unnamed(&self) -> usize {
        match self {
            Self::List(list) => list.iter().filter(|v| v.has_object() || v.holds_digest()).count(),
            Self::Object(_) => 1,
            _ => 0,
        }
    }

    fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Returns a text to show for a value that cannot be a name.
    fn shown(&self, key: &str) -> String {
        match self {
            Self::List(list) => {
                let texts: Vec<_> = list.iter().map(|value| value.shown(key)).collect();
                texts.join(", ")
            }
            Self::Text(text) => text.clone(),
            _ => key.into(),
        }
    }
}

/// Returns `true` for the key of an object that describes no file of the list.
pub(super) fn is_other(key: &str) -> bool {
    OTHER.contains(&key)
}

/// Hexadecimal digits of a usual length, or a digest after an algorithm's name.
fn is_sure(text: &str) -> bool {
    is_usual_hex(text.as_bytes()) || (is_prefixed(text) && fields::notation(text, None).is_ok())
}

/// Returns `true` if the text begins with the name of an algorithm and `:` or `-`.
fn is_prefixed(text: &str) -> bool {
    let name = |separator| text.split_once(separator).map(|(name, _)| name);
    let is_name = |name: &str| name.parse::<HashFunction>().is_ok();
    name(':').is_some_and(is_name) || name('-').is_some_and(is_name)
}

impl Record {
    fn set(&mut self, key: &str, field: Field, value: Value) {
        if let Field::Unknown = field {
            self.others.push((key.into(), value));
            return;
        }
        if matches!(value, Value::Null) && !matches!(field, Field::Part(..)) {
            return;
        }
        match field {
            Field::Part(prefix, field) => self.part(prefix, key, *field, value),
            Field::Digest(kind) => self.digest(kind, value),
            Field::Size => match value {
                Value::Number(size) => self.size = Some(size),
                Value::Text(text) => self.size = fields::size(text.as_bytes()).or(self.size),
                _ => {}
            },
            Field::Value => self.value = Some(value),
            Field::Error => self.error |= matches!(value, Value::Text(_)),
            Field::Version => self.version = value.into_text(),
            Field::Algorithm => {
                let text = value.into_text().unwrap_or_default();
                let function = fields::function(text.as_bytes());
                // `type` says many things.
                if !key.eq_ignore_ascii_case("type") || function.is_ok() {
                    self.algorithm = Some(function);
                }
            }
            Field::Path | Field::PathBase64 | Field::Url(_) | Field::Name | Field::Id => {
                let shown = value.shown(key);
                if self.name_by(key, &field, value.into_text()).is_none() {
                    self.odd = Some(shown.into_bytes());
                }
            }
            Field::Unknown => {}
        }
    }

    /// Takes a name; `None` if the text cannot be one.
    fn name_by(&mut self, key: &str, field: &Field, text: Option<String>) -> Option<()> {
        let text = text.filter(|text| !text.is_empty())?;
        let contradicts = match field {
            Field::Url(rank) => {
                let name = url_name(&text);
                if !text.contains('/') {
                    self.id.get_or_insert(text);
                    return Some(());
                }
                if name.is_empty() {
                    return None;
                }
                let known = self.url.as_ref();
                let again = known.is_some_and(|(old, _, url)| old == rank && **url != *text);
                if known.is_none_or(|(old, ..)| rank < old) {
                    self.url = Some((*rank, name, text.into()));
                }
                again
            }
            Field::Path | Field::PathBase64 => {
                use base64ct::{Base64, Encoding};
                let path = match field {
                    Field::PathBase64 => Base64::decode_vec(&text).ok()?,
                    _ => text.into_bytes(),
                };
                let known = self.path.replace((key.into(), path.clone()));
                known.is_some_and(|(old, value)| old == key && value != path)
            }
            Field::Name => self.name.replace(text.clone()).is_some_and(|known| known != text),
            _ => {
                self.id = Some(text);
                false
            }
        };
        // The same key twice, with two names.
        if contradicts {
            self.worsen(BadLine::Conflict);
        }
        Some(())
    }

    /// Takes the value of a digest-like field.
    fn digest(&mut self, kind: Kind, value: Value) {
        self.stated = true;
        match (kind, value) {
            (_, Value::Null) => self.null = true,
            (_, Value::List(list)) if list.is_empty() => self.null = true,
            (_, Value::Object(inner)) => self.adopt(*inner),
            (Kind::NotComputed, _) => self.worsen(BadLine::NotComputed),
            (Kind::Any, value) => self.open.push(value),
            (Kind::Of(function), value) => self.read(value, Some(function)),
        }
    }

    /// Reads one digest, or a list of them; of several of one function in a list any may match.
    fn read(&mut self, value: Value, function: Option<HashFunction>) {
        match value {
            Value::Text(text) => match fields::notation(&text, function) {
                Ok(digests) => {
                    digests.into_iter().for_each(|digest| fields::add(&mut self.digests, digest));
                }
                // `sha512-abc`
                Err(BadLine::NoDigest) if is_prefixed(&text) => self.worsen(BadLine::BadDigest),
                Err(bad) => self.worsen(bad),
            },
            Value::List(list) if list.len() <= MOST => {
                let mut first: Vec<Digest> = Vec::new();
                for value in list {
                    let digests = match value {
                        Value::Text(text) => fields::notation(&text, function),
                        Value::Object(inner) => {
                            self.adopt(*inner);
                            continue;
                        }
                        _ => Err(BadLine::BadDigest),
                    };
                    let Ok(digests) = digests else {
                        self.worsen(digests.err().unwrap_or(BadLine::BadDigest));
                        continue;
                    };
                    for digest in digests {
                        match first
                            .iter()
                            .any(|known| known.hash_function() == digest.hash_function())
                        {
                            true => self.alternatives.push(digest),
                            false => first.push(digest),
                        }
                    }
                }
                first.into_iter().for_each(|digest| fields::add(&mut self.digests, digest));
            }
            _ => self.worsen(BadLine::BadDigest),
        }
    }

    /// Takes the digests of an object below this one, such as `"digests": {…}`.
    fn adopt(&mut self, mut inner: Self) {
        inner.resolve();
        self.stated |= inner.stated;
        self.null |= inner.null;
        inner.digests.into_iter().for_each(|digest| fields::add(&mut self.digests, digest));
        self.alternatives.extend(inner.alternatives);
        inner.bad.into_iter().for_each(|bad| self.worsen(bad));
    }

    /// Takes the field `value` for a digest if another field names an algorithm, or if the key of
    /// the object is digest-like.
    fn settle(&mut self, kind: Option<Kind>) {
        if let Some(Kind::Of(function)) = kind {
            self.algorithm.get_or_insert(Ok(function));
        }
        if !self.stated
            && (kind.is_some() || self.algorithm.is_some())
            && let Some(value) = self.value.take()
        {
            self.stated = true;
            self.open.push(value);
        }
    }

    /// Reads the digests whose algorithm was open.
    fn resolve(&mut self) {
        self.settle(None);
        for value in std::mem::take(&mut self.open) {
            match self.algorithm {
                Some(Err(bad)) => self.worsen(bad),
                Some(Ok(function)) => self.read(value, Some(function)),
                None => self.read(value, None),
            }
        }
    }

    fn worsen(&mut self, bad: BadLine) {
        if self.bad.is_none_or(|known| !is_broken(known)) {
            self.bad = Some(bad);
        }
    }

    fn part(&mut self, prefix: Box<str>, key: &str, field: Field, value: Value) {
        let at = self.parts.iter().position(|(known, _)| *known == prefix);
        let at = match at {
            Some(at) => at,
            None if self.parts.len() == PARTS => {
                if matches!(field, Field::Digest(_)) {
                    self.stated = true;
                    self.worsen(BadLine::BadDigest);
                }
                return;
            }
            None => {
                self.parts.push((prefix, Self::default()));
                self.parts.len() - 1
            }
        };
        self.parts[at].1.set(key, field, value);
    }

    /// Returns `true` if it has a name of its own.
    pub(super) fn is_named(&self) -> bool {
        let text = self.name.is_some() || self.id.is_some();
        self.path.is_some() || self.url.is_some() || text || self.odd.is_some()
    }

    /// Returns the entry, if it is one of a file.
    fn finish(mut self, fallback: Fallback) -> Option<Named> {
        self.resolve();
        if !self.stated {
            // A line of `hsum sum --json` for a file that could not be read.
            let (_, name) = self.path.filter(|_| self.error)?;
            return Some(Named { name, entry: Err(BadLine::NotRead) });
        }
        let (key, is_crate) = match fallback {
            Fallback::Key(key) => (key, false),
            Fallback::Crate(key) => (key, true),
        };
        let (own, mut url) = self.url.map(|(_, name, url)| (name, url)).unzip();
        let named = match (self.name, self.version) {
            (Some(name), Some(version)) if is_crate => Some(format!("{name}-{version}.crate")),
            (name, _) => name,
        };
        let by_key = || match key.contains("://") {
            true => {
                url = Some(key.into());
                url_name(key)
            }
            false => key.as_bytes().to_vec(),
        };
        let id = self.id.map(|id| url_name(&id));
        let name = self.path.map(|(_, path)| path).or(own).or(named.map(String::into_bytes));
        let name = name.or_else(|| (!key.is_empty()).then(by_key)).or(id);
        let Some(name) = name else {
            return self.odd.map(|name| Named { name, entry: Err(BadLine::NoName) });
        };
        let entry = match (self.digests.is_empty(), self.bad) {
            (true, None) if self.null => Err(BadLine::WithoutDigest),
            (true, None | Some(BadLine::NoDigest)) => Err(BadLine::BadDigest),
            (true, Some(bad)) => Err(bad),
            // One that is broken is not made good by another one.
            (false, Some(bad)) if is_broken(bad) => Err(bad),
            (false, _) => fields::entry(&name, self.digests, self.size),
        };
        let alternatives = self.alternatives;
        let entry = entry.map(|entry| Entry { url, alternatives, ..entry });
        Some(Named { name, entry })
    }
}

/// Returns `true` for a defect that another digest beside it does not make up for.
fn is_broken(bad: BadLine) -> bool {
    matches!(bad, BadLine::BadDigest | BadLine::Conflict)
}

/// Returns the meaning of a key.
fn field(key: &str) -> Field {
    if let Some(rank) = URLS.iter().position(|known| *known == key) {
        return Field::Url(rank);
    }
    // npm's private fields (`_shasum`, `_integrity`), and names of files, most of which have a dot.
    if key.starts_with('_') || key.contains('.') || key.len() > 64 {
        return Field::Unknown;
    }
    let words = words(key);
    // What Git calls a hash is of no file: `git_commit_hash`.
    let is_git = words.iter().any(|word| matches!(&**word, "git" | "commit" | "tree"));
    for at in 0..words.len().min(8) {
        let (prefix, rest) = (words[..at].join("_"), words[at..].concat());
        let found = match (at, &*rest) {
            (0, rest) => whole(rest),
            (_, "url" | "uri" | "href") => Field::Url(0),
            (_, "filename" | "file" | "path") => Field::Path,
            (_, rest) => kind(rest).map_or(Field::Unknown, Field::Digest),
        };
        match (at, found) {
            (_, Field::Unknown) => {}
            (0, found) => return found,
            (_, Field::Digest(Kind::Any)) if is_git => {
                return Field::Part(prefix.into(), Box::new(Field::Version));
            }
            (_, found) => return Field::Part(prefix.into(), Box::new(found)),
        }
    }
    Field::Unknown
}

fn whole(key: &str) -> Field {
    match key {
        "filename" | "path" | "file" | "filepath" | "relativepath" | "rfilename" => Field::Path,
        "pathbase64" => Field::PathBase64,
        "name" => Field::Name,
        "version" => Field::Version,
        // `{"keyid": HEX, "sig": HEX}` is a signature, and no map.
        "id" | "keyid" => Field::Id,
        "algorithm" | "algo" | "alg" | "type" | "hashalgorithm" | "digestalgorithm"
        | "checksumalgorithm" | "hashtype" | "checksumtype" => Field::Algorithm,
        "size" | "length" | "filesize" | "bytes" => Field::Size,
        "error" => Field::Error,
        "value" | "content" => Field::Value,
        _ => kind(key).map_or(Field::Unknown, Field::Digest),
    }
}

/// Splits a key into words in lower case: `sha256_hash`, `sha256Hash` and `SHA256-Hash` give the same.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in key.chars() {
        let begins =
            c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if matches!(c, '-' | '_' | ' ') || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !matches!(c, '-' | '_' | ' ')) {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the algorithm of a digest-like key: an algorithm's name, words for a digest, or both.
fn kind(key: &str) -> Option<Kind> {
    const WORDS: [&str; 8] =
        ["checksums", "checksum", "digests", "digest", "hashes", "hash", "sums", "sum"];
    if matches!(key, "integrity" | "sri") {
        return Some(Kind::Any);
    }
    let (mut rest, mut stripped) = (key.strip_prefix("file").unwrap_or(key), false);
    rest = rest.strip_prefix("hex").unwrap_or(rest);
    for end in ["value", "hex", "base64", "b64"] {
        rest = rest.strip_suffix(end).unwrap_or(rest);
    }
    while let Some(shorter) =
        WORDS.iter().find_map(|word| rest.strip_suffix(word).or(rest.strip_prefix(word)))
    {
        (rest, stripped) = (shorter, true);
    }
    match rest {
        "" => stripped.then_some(Kind::Any),
        // `shasum`: of SHA-1 to npm, of SHA-256 to Zig; the length tells.
        "sha" => stripped.then_some(Kind::Any),
        _ => match fields::function(rest.as_bytes()) {
            Ok(function) => Some(Kind::Of(function)),
            Err(BadLine::NotComputed) => Some(Kind::NotComputed),
            Err(_) => None,
        },
    }
}
