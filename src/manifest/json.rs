//! JSON: a release of GitHub, npm's lock, PyPI's files, hsum's own lines; whatever object tells a
//! file by name or URL beside its digests.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::record::{Fallback, Record};
use super::{BadLine, Entry};

type Entries = Vec<Result<Entry, BadLine>>;

/// The entries of one JSON value, or of several, one after the other.
pub(super) fn read(bytes: &[u8]) -> Entries {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut entries = Vec::new();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    while json.end().is_err() {
        let seed = Seed { entries: &mut entries, key: "" };
        if seed.deserialize(&mut json).is_err() {
            entries.push(Err(BadLine::Syntax));
            break;
        }
    }
    entries
}

/// Reads a value that stands under `key`; entries go to `entries`.
struct Seed<'e, 'k> {
    entries: &'e mut Entries,
    key: &'k str,
}

/// What the object around a value wants to know of it.
enum Seen {
    Text(String),
    Number(u64),
    /// An object without a name of its own: perhaps the digests of the one around it.
    Nameless(Record),
    Nothing,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Seen, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Seen, E> {
        Ok(Seen::Text(text.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Seen, E> {
        Ok(Seen::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Seen, E> {
        Ok(Seen::Nothing)
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Seen, A::Error> {
        loop {
            // What is in a list does not stand under a key.
            let seed = Seed { entries: &mut *self.entries, key: "" };
            match items.next_element_seed(seed)? {
                Some(Seen::Nameless(record)) => finish(self.entries, record, ""),
                Some(_) => {}
                None => return Ok(Seen::Nothing),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
        let mut record = Record::default();
        while let Some(key) = map.next_key::<Cow<str>>()? {
            match map.next_value_seed(Seed { entries: &mut *self.entries, key: &key })? {
                Seen::Text(text) => record.text(&key, &text),
                Seen::Number(number) => record.number(&key, number),
                Seen::Nameless(inner) => match &*key {
                    "digests" | "hashes" | "checksums" | "hash" => record.adopt(inner),
                    key => finish(self.entries, inner, key),
                },
                Seen::Nothing => {}
            }
        }
        if !record.is_named() {
            return Ok(Seen::Nameless(record));
        }
        finish(self.entries, record, self.key);
        Ok(Seen::Nothing)
    }
}

fn finish(entries: &mut Entries, record: Record, key: &str) {
    entries.extend(record.finish(Fallback::Key(key)));
}
