//! Arguments of a call as words of the command line: `int:5`, `base64:@FILE`, `nil`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use dxr::Value;

use crate::cli::exit::Usage;
use crate::cli::quote::quote_text;
use crate::cli::sign::request::read_body;
use crate::server::rpc::json;

/// A type of arguments: the prefix, the parser, and what it expects.
struct Row {
    prefix: &'static str,
    parse: fn(&OsStr) -> Result<Value, ValueError>,
    expected: &'static str,
}

/// The reason why a value cannot be parsed.
enum ValueError {
    /// It is not of its type.
    Invalid,
    /// Another, such as an unreadable file.
    Other(anyhow::Error),
}

impl From<anyhow::Error> for ValueError {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

const ROWS: &[Row] = &[
    Row { prefix: "int", parse: int, expected: "a whole number of 32 bits" },
    Row { prefix: "i8", parse: i8, expected: "a whole number of 64 bits" },
    Row { prefix: "bool", parse: bool, expected: "true, false, 1 or 0" },
    Row { prefix: "double", parse: double, expected: "a number such as 1.5" },
    Row { prefix: "date", parse: date, expected: "a time such as 20260101T12:00:00" },
    Row { prefix: "base64", parse: base64, expected: "base64 with its padding, or @FILE" },
    Row { prefix: "string", parse: string, expected: "text in UTF-8, or @FILE" },
    Row { prefix: "json", parse: any, expected: "JSON" },
];

/// Parses an argument. Without one of the prefixes, it is a string.
pub(crate) fn parse(word: &OsStr) -> Result<Value> {
    if word == "nil" {
        return Ok(Value::Nil);
    }
    let bytes = word.as_bytes();
    let row = ROWS.iter().find_map(|row| {
        let rest = bytes.strip_prefix(row.prefix.as_bytes())?.strip_prefix(b":")?;
        Some((row, OsStr::from_bytes(rest)))
    });
    let (parsed, expected) = match row {
        Some((row, rest)) => ((row.parse)(rest), row.expected),
        None => (literal(word), "text in UTF-8"),
    };
    parsed.map_err(|error| match error {
        ValueError::Invalid => {
            Usage(format!("{}: invalid (expected {expected})", quote_text(bytes))).into()
        }
        ValueError::Other(error) => error,
    })
}

/// Returns the files that arguments name.
pub(crate) fn files(words: &[OsString]) -> impl Iterator<Item = &Path> {
    words.iter().filter_map(|word| {
        let bytes = word.as_bytes();
        let rest = bytes.strip_prefix(b"base64:@").or_else(|| bytes.strip_prefix(b"string:@"))?;
        Some(Path::new(OsStr::from_bytes(rest)))
    })
}

fn text(word: &OsStr) -> Result<&str, ValueError> {
    word.to_str().ok_or(ValueError::Invalid)
}

fn number<T: std::str::FromStr>(word: &OsStr) -> Result<T, ValueError> {
    text(word)?.parse().map_err(|_| ValueError::Invalid)
}

fn int(word: &OsStr) -> Result<Value, ValueError> {
    number(word).map(Value::Integer)
}

fn i8(word: &OsStr) -> Result<Value, ValueError> {
    number(word).map(Value::Long)
}

fn double(word: &OsStr) -> Result<Value, ValueError> {
    // XML-RPC has no notation for NaN and infinities.
    let number: f64 = number(word)?;
    if number.is_finite() { Ok(Value::Double(number)) } else { Err(ValueError::Invalid) }
}

fn date(word: &OsStr) -> Result<Value, ValueError> {
    number(word).map(Value::DateTime)
}

fn bool(word: &OsStr) -> Result<Value, ValueError> {
    let words = [("true", true), ("1", true), ("false", false), ("0", false)];
    let known = words.into_iter().find(|(name, _)| word == *name);
    known.map(|(_, value)| Value::Boolean(value)).ok_or(ValueError::Invalid)
}

fn base64(word: &OsStr) -> Result<Value, ValueError> {
    let decoded = match named_file(word) {
        Some(path) => return Ok(Value::Base64(read_body(path)?)),
        None => json::decode(text(word)?),
    };
    decoded.map(Value::Base64).map_err(|_| ValueError::Invalid)
}

fn string(word: &OsStr) -> Result<Value, ValueError> {
    let Some(path) = named_file(word) else { return literal(word) };
    let text = String::from_utf8(read_body(path)?).map_err(|_| {
        let path = quote_text(path.as_os_str().as_bytes());
        let text = format!("{path}: not text in UTF-8; send it with base64:@FILE");
        ValueError::Other(Usage(text).into())
    });
    text.map(Value::String)
}

fn literal(word: &OsStr) -> Result<Value, ValueError> {
    text(word).map(|text| Value::String(text.to_owned()))
}

fn any(word: &OsStr) -> Result<Value, ValueError> {
    let json = serde_json::from_str(text(word)?).map_err(|_| ValueError::Invalid)?;
    json::to_value(&json).map_err(|text| ValueError::Other(Usage(format!("json: {text}")).into()))
}

fn named_file(word: &OsStr) -> Option<&Path> {
    word.as_bytes().strip_prefix(b"@").map(|path| Path::new(OsStr::from_bytes(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_types() {
        for (word, value) in [
            ("", Value::String("".into())),
            ("sha256:00", Value::String("sha256:00".into())),
            ("string:nil", Value::String("nil".into())),
            ("nil", Value::Nil),
            ("int:-2147483648", Value::Integer(i32::MIN)),
            ("i8:2147483648", Value::Long(1 << 31)),
            ("bool:1", Value::Boolean(true)),
            ("double:-1.5", Value::Double(-1.5)),
            ("base64:YQ==", Value::Base64(b"a".into())),
            (
                "json:[1,4294967296,1e3,null]",
                Value::Array(vec![
                    Value::Integer(1),
                    Value::Long(1 << 32),
                    Value::Double(1000.0),
                    Value::Nil,
                ]),
            ),
            ("json:{\"base64\":\"YQ==\"}", Value::Base64(b"a".into())),
            ("json:{\"a\":true}", Value::Struct([("a".into(), Value::Boolean(true))].into())),
        ] {
            assert_eq!(parse(OsStr::new(word)).expect(word), value, "{word}");
        }
        let date = parse(OsStr::new("date:20260101T12:00:00")).expect("a date");
        assert!(matches!(date, Value::DateTime(_)));
    }

    #[test]
    fn values_of_another_type_are_refused() {
        let words = "int:|int:2147483648|int:1.5|i8:x|bool:yes|double:inf|double:nan|date:2026|\
            base64:!|base64:YQ|json:|json:18446744073709551615|base64:@/nonexistent";
        for word in words.split('|') {
            assert!(parse(OsStr::new(word)).is_err(), "{word}");
        }
        assert!(parse(OsStr::from_bytes(b"\xff")).is_err());
    }
}
