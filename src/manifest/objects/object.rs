//! One object: the fields that have been read, and the entry that they make.

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, is_usual_hex, url_name};
use crate::manifest::objects::keys::{Field, KeyAlgorithm};

/// The maximum number of digests of one file; a list with more is a bad entry.
const MAX_DIGESTS: usize = 1024;
/// The maximum number of files that one object describes by prefix; with more it is a bad entry.
const MAX_PARTS: usize = 64;

/// A value, reduced to what matters to the object around it.
#[derive(Debug)]
pub(crate) enum Value {
    Null,
    Text(String),
    Number(u64),
    List(Vec<Value>),
    /// An object with digests and no name of its own.
    Object(Box<Object>),
    /// An object whose entries have been taken.
    Taken,
    /// An object without anything digest-like.
    Nothing,
    /// A value of any other type.
    Other,
}

/// An entry, good or bad, and the name of its file.
#[derive(Debug)]
pub(crate) struct NamedEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) entry: Result<Entry, BadLine>,
}

/// The fields of one object that have been seen.
#[derive(Default, Debug)]
pub(crate) struct Object {
    /// The path, and its key.
    path: Option<(String, Vec<u8>)>,
    /// The best URL, after the rank of its key and the name of its file.
    url: Option<(usize, Vec<u8>, Box<str>)>,
    name: Option<String>,
    version: Option<String>,
    id: Option<String>,
    /// The value of a name's key that is not a valid name.
    odd: Option<Vec<u8>>,
    size: Option<u64>,
    algorithm: Option<Result<HashFunction, BadLine>>,
    /// Digests whose algorithm another field may name.
    pub(super) open: Vec<Value>,
    /// The value of `value` or `content`.
    value: Option<Value>,
    pub(super) digests: Vec<Digest>,
    alternatives: Vec<Digest>,
    pub(super) bad: Option<BadLine>,
    /// Set if there is a digest-like field.
    pub(super) has_digest: bool,
    /// Set if a digest-like field is null or empty.
    has_null: bool,
    /// Set if there is an error message.
    has_error: bool,
    pub(super) parts: Vec<(Box<str>, Object)>,
    /// Fields with unknown keys.
    pub(super) others: Vec<(String, Value)>,
    pub(super) has_fields: bool,
    /// Set if entries have been taken from its fields.
    pub(super) has_taken: bool,
    /// Set if entries have been taken from `files`.
    pub(super) has_files: bool,
}

/// The name for an object without one.
#[derive(Clone, Copy)]
pub(crate) enum Fallback<'a> {
    /// The object's key.
    Key(&'a str),
    /// The crate's name and version, or the object's key.
    Crate(&'a str),
}

impl Value {
    /// Returns `true` if this is certainly a digest, or a list of such digests.
    pub(super) fn is_digest(&self) -> bool {
        match self {
            Self::Text(text) => is_sure(text),
            Self::List(list) => !list.is_empty() && list.iter().all(Self::is_digest),
            _ => false,
        }
    }

    /// Returns `true` if this may be a digest, or one that is cut short, empty or missing.
    pub(super) fn may_be_digest(&self) -> bool {
        match self {
            Self::Text(text) => is_sure(text) || text.bytes().all(|byte| byte.is_ascii_hexdigit()),
            Self::List(list) => list.iter().all(Self::may_be_digest),
            Self::Null | Self::Number(_) => true,
            _ => false,
        }
    }

    /// Returns `true` if this is a digest or contains one.
    pub(super) fn holds_digest(&self) -> bool {
        self.any(|value| matches!(value, Self::Text(text) if is_sure(text)))
    }

    /// Returns `true` if this is an object with digests or contains one.
    pub(super) fn has_object(&self) -> bool {
        self.any(|value| matches!(value, Self::Object(_)))
    }

    fn any(&self, test: fn(&Self) -> bool) -> bool {
        match self {
            Self::List(list) => list.iter().any(|value| value.any(test)),
            value => test(value),
        }
    }

    /// Counts the objects and lists with digests but no name, at the top of a document.
    pub(crate) fn unnamed(&self) -> usize {
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

    /// Returns a text for a value that cannot be a name.
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

/// Returns `true` if a text is certainly a digest: hex of a common length, or with a prefix.
fn is_sure(text: &str) -> bool {
    is_usual_hex(text.as_bytes()) || (is_prefixed(text) && fields::notation(text, None).is_ok())
}

/// Returns `true` if a text starts with the name of an algorithm and `:` or `-`.
fn is_prefixed(text: &str) -> bool {
    let name = |separator| text.split_once(separator).map(|(name, _)| name);
    let is_name = |name: &str| name.parse::<HashFunction>().is_ok();
    name(':').is_some_and(is_name) || name('-').is_some_and(is_name)
}

impl Object {
    pub(super) fn set(&mut self, key: &str, field: Field, value: Value) {
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
            Field::Error => self.has_error |= matches!(value, Value::Text(_)),
            Field::Version => self.version = value.into_text(),
            Field::Algorithm => {
                let text = value.into_text().unwrap_or_default();
                let function = fields::function(text.as_bytes());
                // `type` has other meanings too.
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

    /// Adds a name; `None` if the text cannot be one.
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

    /// Adds the value of a digest-like field.
    pub(super) fn digest(&mut self, kind: KeyAlgorithm, value: Value) {
        self.has_digest = true;
        match (kind, value) {
            (_, Value::Null) => self.has_null = true,
            (_, Value::List(list)) if list.is_empty() => self.has_null = true,
            (_, Value::Object(inner)) => self.adopt(*inner),
            (KeyAlgorithm::Unsupported, _) => self.worsen(BadLine::Unsupported),
            (KeyAlgorithm::Any, value) => self.open.push(value),
            (KeyAlgorithm::Of(function), value) => self.read(value, Some(function)),
        }
    }

    /// Parses a digest or a list of digests; of several of one function any may match.
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
            Value::List(list) if list.len() <= MAX_DIGESTS => {
                let mut first: Vec<Digest> = Vec::new();
                for value in list {
                    let digests = match value {
                        Value::Text(text) => fields::notation(&text, function),
                        Value::Object(inner) => {
                            self.adopt(*inner);
                            Ok(Vec::new())
                        }
                        _ => Err(BadLine::BadDigest),
                    };
                    for digest in digests.map_err(|bad| self.worsen(bad)).unwrap_or_default() {
                        let is_known = |d: &Digest| d.hash_function() == digest.hash_function();
                        match first.iter().any(is_known) {
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

    /// Adds the digests of an object below this one, such as `"digests": {…}`.
    pub(super) fn adopt(&mut self, mut inner: Self) {
        inner.resolve();
        self.has_digest |= inner.has_digest;
        self.has_null |= inner.has_null;
        inner.digests.into_iter().for_each(|digest| fields::add(&mut self.digests, digest));
        self.alternatives.extend(inner.alternatives);
        inner.bad.into_iter().for_each(|bad| self.worsen(bad));
    }

    /// Adds `value` as a digest if another field, or the object's key, is digest-like.
    pub(super) fn settle(&mut self, kind: Option<KeyAlgorithm>) {
        if let Some(KeyAlgorithm::Of(function)) = kind {
            self.algorithm.get_or_insert(Ok(function));
        }
        if !self.has_digest
            && (kind.is_some() || self.algorithm.is_some())
            && let Some(value) = self.value.take()
        {
            self.has_digest = true;
            self.open.push(value);
        }
    }

    /// Parses the digests whose algorithm another field may name.
    fn resolve(&mut self) {
        self.settle(None);
        for value in std::mem::take(&mut self.open) {
            match self.algorithm {
                Some(Err(bad)) => self.worsen(bad),
                function => self.read(value, function.and_then(Result::ok)),
            }
        }
    }

    fn worsen(&mut self, bad: BadLine) {
        if self.bad.is_none_or(|known| !is_broken(known)) {
            self.bad = Some(bad);
        }
    }

    fn part(&mut self, prefix: Box<str>, key: &str, field: Field, value: Value) {
        if let Some((_, part)) = self.parts.iter_mut().find(|(known, _)| *known == prefix) {
            part.set(key, field, value);
        } else if self.parts.len() < MAX_PARTS {
            let mut part = Self::default();
            part.set(key, field, value);
            self.parts.push((prefix, part));
        } else if matches!(field, Field::Digest(_)) {
            self.has_digest = true;
            self.worsen(BadLine::BadDigest);
        }
    }

    pub(crate) fn is_named(&self) -> bool {
        let text = self.name.is_some() || self.id.is_some();
        self.path.is_some() || self.url.is_some() || text || self.odd.is_some()
    }

    /// Returns the entry, if the object describes a file.
    pub(super) fn finish(mut self, fallback: Fallback) -> Option<NamedEntry> {
        self.resolve();
        if !self.has_digest {
            // hsum's JSON has such lines for files that could not be read.
            let (_, name) = self.path.filter(|_| self.has_error)?;
            return Some(NamedEntry { name, entry: Err(BadLine::NotRead) });
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
            return self.odd.map(|name| NamedEntry { name, entry: Err(BadLine::NoName) });
        };
        let entry = match (self.digests.is_empty(), self.bad) {
            (true, None) if self.has_null => Err(BadLine::WithoutDigest),
            (true, None | Some(BadLine::NoDigest)) => Err(BadLine::BadDigest),
            (true, Some(bad)) => Err(bad),
            // A malformed digest makes the entry bad even if another is valid.
            (false, Some(bad)) if is_broken(bad) => Err(bad),
            (false, _) => fields::entry(&name, self.digests, self.size),
        };
        let alternatives = self.alternatives;
        let entry = entry.map(|entry| Entry { url, alternatives, ..entry });
        Some(NamedEntry { name, entry })
    }
}

/// Returns `true` if a defect makes the entry bad even if another digest is valid.
fn is_broken(bad: BadLine) -> bool {
    matches!(bad, BadLine::BadDigest | BadLine::Conflict)
}
