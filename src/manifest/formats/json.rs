//! JSON: GitHub's releases, npm's lock, PyPI's files, hsum's own lines, and any document whose
//! objects have a file's name or URL beside its digests.

use crate::manifest::entry::ListEntry;
use crate::manifest::error::BadLine;
use crate::manifest::objects::document::Document;
use crate::manifest::objects::object::{Object, Value};

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The maximum number of elements of a list that are kept for the object around it.
const MAX_KEPT: usize = 2048;

/// Returns `true` if a list starts like JSON; `[package]` and `[[package]]` are TOML.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    match bytes {
        [b'[', rest @ ..] => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'"' | b']')),
        _ => bytes.starts_with(b"{"),
    }
}

/// Reads the entries of one or several JSON values.
pub(super) fn read(bytes: &[u8]) -> Vec<ListEntry> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut document = Document::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let (mut broken, mut unnamed) = (false, 0);
    while !broken && json.end().is_err() {
        let seed = Seed { document: &mut document, key: "" };
        match seed.deserialize(&mut json) {
            Ok(value) => unnamed += value.unnamed(),
            Err(_) => broken = true,
        }
    }
    let mut listed: Vec<ListEntry> = document
        .found
        .into_iter()
        .map(|found| ListEntry::named(0, &found.name, found.entry))
        .collect();
    listed.extend((0..unnamed).map(|_| ListEntry::new(0, Err(BadLine::NoName))));
    if broken {
        listed.push(ListEntry::new(0, Err(BadLine::Syntax)));
    }
    listed
}

/// A visitor of the value of `key`, whose entries go to `document`.
struct Seed<'r, 'k> {
    document: &'r mut Document,
    key: &'k str,
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (mut kept, mut taken, mut nothing) = (Vec::new(), false, false);
        loop {
            // The elements of a list do not belong to its key.
            match items.next_element_seed(Seed { document: &mut *self.document, key: "" })? {
                Some(Value::Taken) => taken = true,
                // One of these says as much as several.
                Some(Value::Nothing) if nothing => {}
                Some(value) if kept.len() < MAX_KEPT => {
                    nothing |= matches!(value, Value::Nothing);
                    kept.push(value);
                }
                Some(_) => {}
                None if taken && kept.is_empty() => return Ok(Value::Taken),
                None => return Ok(Value::List(kept)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Object::default();
        while let Some(key) = map.next_key::<Cow<str>>()? {
            let value = map.next_value_seed(Seed { document: &mut *self.document, key: &key })?;
            self.document.add(&mut object, &key, value);
        }
        Ok(self.document.end(object, self.key))
    }
}
