//! JSON: a release of GitHub, npm's lock, PyPI's files, hsum's own lines; whatever object tells a
//! file by name or URL beside its digests.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::BadLine;
use super::entry::ListEntry;
use super::record::{Record, Records, Value};

/// Elements of a list that are kept for the object around it.
const KEPT: usize = 2048;

/// Reads the entries of one JSON value, or of several, one after the other.
pub(super) fn read(bytes: &[u8]) -> Vec<ListEntry> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut records = Records::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let (mut broken, mut unnamed) = (false, 0);
    while !broken && json.end().is_err() {
        let seed = Seed { records: &mut records, key: "" };
        match seed.deserialize(&mut json) {
            Ok(value) => unnamed += value.unnamed(),
            Err(_) => broken = true,
        }
    }
    let mut listed: Vec<ListEntry> = records
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

/// Reads the value of `key`; entries go to `records`.
struct Seed<'r, 'k> {
    records: &'r mut Records,
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
            match items.next_element_seed(Seed { records: &mut *self.records, key: "" })? {
                Some(Value::Taken) => taken = true,
                // One tells as much as many.
                Some(Value::Nothing) if nothing => {}
                Some(value) if kept.len() < KEPT => {
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
        let mut record = Record::default();
        while let Some(key) = map.next_key::<Cow<str>>()? {
            let value = map.next_value_seed(Seed { records: &mut *self.records, key: &key })?;
            self.records.add(&mut record, &key, value);
        }
        Ok(self.records.end(record, self.key))
    }
}
