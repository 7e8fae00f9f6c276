//! The objects that verbs print with `--json`, one per line; docs/json.md describes them.

pub(crate) mod stopped;

use std::fmt::{Display, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use base64ct::{Base64, Encoding};
use hsum::internals::is_hostile;
use hsum::{Digest, Error};
use serde::Serialize;

/// The version of the schema. Fields are added to objects without raising it.
const SCHEMA: u32 = 1;

/// An object under construction.
pub(crate) struct Object {
    line: Vec<u8>,
}

impl Object {
    /// Starts an object of a type, such as `file`.
    pub(crate) fn new(kind: &str) -> Self {
        let mut line = Vec::with_capacity(256);
        line.extend_from_slice(b"{\"type\":");
        push_value(&mut line, kind);
        Self { line }
    }

    /// Starts the last object of a verb.
    pub(crate) fn summary(verb: &str) -> Self {
        let mut object = Self::new("summary");
        object.set("schema", SCHEMA).set("verb", verb);
        object
    }

    /// Creates the object of a file that could not be read, or that a walk skipped.
    pub(crate) fn unread(name: &Path, error: &Error) -> Self {
        let (reason, text) = (error.kind().reason(), error.kind());
        match error.is_skipped() {
            true => Self::skipped(name, reason, text),
            false => Self::error(name, reason, text),
        }
    }

    /// Creates the object of a file that could not be read.
    pub(crate) fn error(name: &Path, reason: &str, text: impl Display) -> Self {
        let mut object = Self::new("error");
        object.path(name).problem(reason, text);
        object
    }

    /// Creates the object of a file that was skipped by design. The text is no `error`, which would
    /// make the file a failed one for readers of lists.
    pub(crate) fn skipped(name: &Path, reason: &str, text: impl Display) -> Self {
        let mut object = Self::new("skipped");
        object.path(name).set("reason", reason).set("note", text.to_string());
        object
    }

    /// Adds a field.
    pub(crate) fn set(&mut self, key: &str, value: impl Serialize) -> &mut Self {
        self.line.push(b',');
        push_value(&mut self.line, key);
        self.line.push(b':');
        push_value(&mut self.line, value);
        self
    }

    /// Adds the bytes of a name under `key`, or under `key` with `_base64` if they are not UTF-8.
    pub(crate) fn name(&mut self, key: &str, name: &[u8]) -> &mut Self {
        match str::from_utf8(name) {
            Ok(text) => self.set(key, text),
            Err(_) => self.set(&format!("{key}_base64"), Base64::encode_string(name)),
        }
    }

    /// Adds `path`, or `path_base64`.
    pub(crate) fn path(&mut self, path: &Path) -> &mut Self {
        self.name("path", path.as_os_str().as_bytes())
    }

    /// Adds `digests`: hexadecimal digits by the name of the algorithm.
    pub(crate) fn digests(&mut self, digests: &[Digest]) -> &mut Self {
        self.digests_as("digests", digests)
    }

    /// Adds digests under `key`, a word that needs no escapes.
    pub(crate) fn digests_as(&mut self, key: &str, digests: &[Digest]) -> &mut Self {
        self.line.extend_from_slice(format!(",\"{key}\":{{").as_bytes());
        for (i, digest) in digests.iter().enumerate() {
            // Names of algorithms and hexadecimal digits need no escapes.
            let comma = if i > 0 { "," } else { "" };
            let text = format!("{comma}\"{}\":\"{digest}\"", digest.hash_function());
            self.line.extend_from_slice(text.as_bytes());
        }
        self.line.push(b'}');
        self
    }

    /// Adds `reason`, for programs, and `error`, for people.
    pub(crate) fn problem(&mut self, reason: &str, text: impl Display) -> &mut Self {
        self.set("reason", reason).set("error", text.to_string())
    }

    /// Adds `bytes` and `seconds` to a summary.
    pub(crate) fn work(&mut self, bytes: u64, time: Duration) -> &mut Self {
        let seconds = (time.as_secs_f64() * 1e3).round() / 1e3;
        self.set("bytes", bytes).set("seconds", seconds)
    }

    /// Adds the exit status to a summary, and returns its line.
    pub(crate) fn exit(&mut self, status: u8) -> Vec<u8> {
        self.set("exit", status).line()
    }

    /// Ends the object, and returns its line.
    pub(crate) fn line(&mut self) -> Vec<u8> {
        self.line.extend_from_slice(b"}\n");
        std::mem::take(&mut self.line)
    }
}

/// Returns a value as a line, for formats that are older than [`Object`].
pub(crate) fn line(value: impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    push_value(&mut line, value);
    line.push(b'\n');
    line
}

/// Appends a value, with JSON escapes for hostile characters, which occur only in strings.
fn push_value(line: &mut Vec<u8>, value: impl Serialize) {
    let start = line.len();
    serde_json::to_writer(&mut *line, &value).expect("the value is valid JSON");
    // JSON itself escapes the control characters below the space.
    if line[start..].iter().all(|byte| byte.is_ascii() && *byte != 0x7f) {
        return;
    }
    let text = String::from_utf8(line.split_off(start)).expect("JSON is UTF-8");
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_hostile(c) {
            true => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(escaped, "\\u{unit:04x}");
            }),
            false => escaped.push(c),
        }
    }
    line.extend_from_slice(escaped.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_begin_with_their_type_and_escape_hostile_characters() {
        let mut object = Object::new("file");
        object.path(Path::new("a\u{202e}\u{7f}\n\"é")).set("size", 3u64);
        object.name("from", b"\xff").set("id", None::<&str>);
        object.digests(&[hsum::digest(hsum::Algorithm::Md5, b"")]);
        let line = String::from_utf8(object.line()).unwrap();
        let expected = "{\"type\":\"file\",\"path\":\"a\\u202e\\u007f\\n\\\"é\",\"size\":3,\
            \"from_base64\":\"/w==\",\"id\":null,\
            \"digests\":{\"md5\":\"d41d8cd98f00b204e9800998ecf8427e\"}}\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn summaries_end_with_the_exit_status() {
        let time = Duration::from_micros(1_234_567);
        let line = Object::summary("sum").set("files", 1).work(2, time).exit(1);
        let expected = "{\"type\":\"summary\",\"schema\":1,\"verb\":\"sum\",\"files\":1,\
            \"bytes\":2,\"seconds\":1.235,\"exit\":1}\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }
}
