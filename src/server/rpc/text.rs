//! Results as text for people.

use base64ct::{Base64, Encoding};
use dxr::Value;
use hsum::internals::escape;

/// The most characters of one line for bytes; more are counted only.
const MAX_SHOWN: usize = 4096;

/// Returns the lines of a result. A string alone is printed as it is.
pub(crate) fn lines(value: &Value) -> String {
    let mut lines = String::new();
    match value {
        Value::String(text) => lines.push_str(text),
        value => write(value, 0, &mut lines),
    }
    if !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines
}

/// Appends the lines of a value, indented; the first one continues the current line.
fn write(value: &Value, indent: usize, lines: &mut String) {
    match value {
        Value::Array(values) if !values.is_empty() => {
            for (i, value) in values.iter().enumerate() {
                start_line(i, indent, lines);
                // A list of single lines needs no marks.
                if is_nested(value) || indent > 0 {
                    lines.push_str("- ");
                    write(value, indent + 2, lines);
                } else {
                    write(value, indent, lines);
                }
            }
        }
        Value::Struct(members) if !members.is_empty() => {
            for (i, (name, value)) in members.iter().enumerate() {
                start_line(i, indent, lines);
                lines.push_str(&escape(name.as_bytes(), &[]));
                lines.push(':');
                if is_nested(value) {
                    lines.push('\n');
                    lines.extend(std::iter::repeat_n(' ', indent + 2));
                } else {
                    lines.push(' ');
                }
                write(value, indent + 2, lines);
            }
        }
        value => lines.push_str(&scalar(value)),
    }
}

fn start_line(index: usize, indent: usize, lines: &mut String) {
    if index > 0 {
        lines.push('\n');
        lines.extend(std::iter::repeat_n(' ', indent));
    }
}

fn is_nested(value: &Value) -> bool {
    match value {
        Value::Array(values) => !values.is_empty(),
        Value::Struct(members) => !members.is_empty(),
        _ => false,
    }
}

/// Returns a value on one line.
fn scalar(value: &Value) -> String {
    match value {
        Value::Integer(number) => number.to_string(),
        Value::Long(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::String(text) => escape(text.as_bytes(), &[]).into_owned(),
        Value::Double(number) => number.to_string(),
        Value::DateTime(date) => date.to_string(),
        Value::Base64(bytes) if bytes.len() > MAX_SHOWN => format!("{} bytes", bytes.len()),
        Value::Base64(bytes) => Base64::encode_string(bytes),
        Value::Array(_) => "[]".to_owned(),
        Value::Struct(_) => "{}".to_owned(),
        _ => "nil".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Value {
        Value::String(text.into())
    }

    fn structure<const N: usize>(members: [(&str, Value); N]) -> Value {
        Value::Struct(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    #[test]
    fn results_are_indented_text() {
        let digests = structure([("md5", string("00")), ("sha1", string("11"))]);
        let file = structure([
            ("digests", digests),
            ("name", string("a\nb")),
            ("tags", Value::Array(vec![])),
        ]);
        let files = Value::Array(vec![file, structure([("name", Value::Base64(vec![0xff]))])]);
        let value = structure([("files", files), ("more", Value::Boolean(false))]);
        let expected = "\
files:
  - digests:
      md5: 00
      sha1: 11
    name: a\\x0ab
    tags: []
  - name: /w==
more: false
";
        assert_eq!(lines(&value), expected);
        let list = Value::Array(vec![string("a"), Value::Integer(-1), Value::Nil]);
        assert_eq!(lines(&list), "a\n-1\nnil\n");
        assert_eq!(lines(&string("two\nlines")), "two\nlines\n");
        assert_eq!(lines(&Value::Array(vec![])), "[]\n");
        let nested = Value::Array(vec![Value::Array(vec![Value::Integer(1), Value::Integer(2)])]);
        assert_eq!(lines(&nested), "- - 1\n  - 2\n");
    }
}
