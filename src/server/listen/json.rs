//! JSON without duplicate names: two programs must not read different values from one signed body.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The maximum length of a body that is parsed: a value takes many times its length in memory.
const LONGEST: usize = 1 << 20;

/// Parses a body; `None` if it is too long, not JSON, or has duplicate names.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    let text = str::from_utf8(body).ok().filter(|text| text.len() <= LONGEST)?;
    serde_json::from_str::<Unique>(text).ok().map(|unique| unique.0)
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without duplicate names")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, Unique(value))) = entries.next_entry::<String, Unique>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate name"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_names_are_refused_at_every_depth() {
        let text = br#"{"a":[1,-1,0.5,"x",null,true,{"b":{}}]}"#;
        assert_eq!(parse(text), serde_json::from_slice(text).ok());
        for text in [&br#"{"a":1,"a":2}"#[..], br#"[{"a":{"b":1,"b":1}}]"#, b"{", b"\xff", b""] {
            assert_eq!(parse(text), None, "{}", text.escape_ascii());
        }
        let deep = "[".repeat(100_000);
        assert_eq!(parse(deep.as_bytes()), None);
    }
}
