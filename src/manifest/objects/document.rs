//! One document: its objects, from the innermost to the outermost.

use std::collections::HashMap;

use crate::manifest::error::BadLine;
use crate::manifest::objects::keys::{Field, KeyAlgorithm, field, is_unrelated};
use crate::manifest::objects::object::{Fallback, NamedEntry, Object, Value};
use crate::manifest::reader::Sink;

/// The maximum number of keys in the cache.
const MAX_CACHED: usize = 256;

/// The entries of the objects of one document.
#[derive(Default)]
pub(crate) struct Document {
    pub(crate) found: Vec<NamedEntry>,
    fields: HashMap<Box<str>, Field>,
}

impl Document {
    fn field(&mut self, key: &str) -> Field {
        if let Some(field) = self.fields.get(key) {
            return field.clone();
        }
        let field = field(key);
        if self.fields.len() < MAX_CACHED {
            self.fields.insert(key.into(), field.clone());
        }
        field
    }

    pub(crate) fn add(&mut self, object: &mut Object, key: &str, value: Value) {
        object.has_fields = true;
        object.has_taken |= matches!(value, Value::Taken | Value::Object(_));
        object.has_files |= key == "files" && matches!(value, Value::Taken);
        match (self.field(key), value) {
            (field @ (Field::Path | Field::Name), Value::Taken | Value::Nothing) => {
                object.set(key, field, Value::Other);
            }
            (_, Value::Taken) => {}
            (Field::Part(_, field), Value::Nothing) if !matches!(*field, Field::Digest(_)) => {}
            (field, Value::Nothing)
                if !matches!(field, Field::Digest(_) | Field::Part(..) | Field::Unknown) => {}
            (Field::Digest(kind), value) => object.digest(kind, value),
            (Field::Part(_, field), value)
                if value.has_object() && matches!(*field, Field::Digest(_)) =>
            {
                object.digest(KeyAlgorithm::Any, value);
            }
            (_, Value::Object(inner)) => self.under_key(*inner, key),
            (field, Value::List(list)) => {
                let (objects, rest) = list.into_iter().partition::<Vec<_>, _>(Value::has_object);
                if !objects.is_empty() {
                    let mut all = Object::default();
                    all.digest(KeyAlgorithm::Any, Value::List(objects));
                    self.under_key(all, key);
                }
                object.set(key, field, Value::List(rest));
            }
            (field, value) => object.set(key, field, value),
        }
    }

    fn under_key(&mut self, object: Object, key: &str) {
        if !is_unrelated(key) {
            self.finish(object, Fallback::Key(key));
        }
    }

    /// Ends the object of `key`: takes its entries, or returns it to the object around it.
    pub(crate) fn end(&mut self, mut object: Object, key: &str) -> Value {
        let kind = match self.field(key) {
            Field::Digest(kind) => Some(kind),
            _ => None,
        };
        object.settle(kind);
        self.parts(&mut object);
        if object.has_digest && !object.is_named() {
            return Value::Object(Box::new(object));
        }
        if !object.has_fields && kind.is_some() {
            return Value::List(Vec::new());
        }
        let found = self.found.len();
        let is_taken = object.has_taken || object.is_named();
        self.map(&mut object, key, kind);
        self.finish(object, Fallback::Key(key));
        if is_taken || self.found.len() > found { Value::Taken } else { Value::Nothing }
    }

    /// Ends a table with a heading of its own, whose last key is `key`, and returns it if a name or
    /// a digest is left.
    pub(crate) fn end_table(&mut self, mut object: Object, key: &str) -> Value {
        if !object.is_named() || !object.has_digest {
            return self.end(object, key);
        }
        self.parts(&mut object);
        Value::Object(Box::new(object))
    }

    /// Returns `true` if `key` names an algorithm or a digest.
    pub(crate) fn is_digest_like(&mut self, key: &str) -> bool {
        matches!(self.field(key), Field::Digest(_))
    }

    /// Takes the entries of a map from names to digests.
    ///
    /// Under `files` and under a digest-like key, every object without a digest-like field is such
    /// a map. Elsewhere one of its values must be a digest, and the others may be.
    fn map(&mut self, object: &mut Object, key: &str, kind: Option<KeyAlgorithm>) {
        let is_hashes = kind.is_some();
        let kind = kind.or((key == "files").then_some(KeyAlgorithm::Any));
        let mut values = object.others.iter().map(|(_, value)| value);
        let any = values.clone().any(Value::is_digest);
        let is_map = match kind {
            // `"hash": {"url": …}` is the URL of a digest.
            Some(_) => any || !object.is_named(),
            None => {
                let may_be = |v: &Value| v.may_be_digest() || matches!(v, Value::Nothing);
                any && !object.is_named() && values.all(may_be)
            }
        };
        if object.has_digest || !is_map || is_unrelated(key) {
            return;
        }
        for (name, value) in std::mem::take(&mut object.others) {
            // In Cargo's list of a vendored package, the digest of the package's archive.
            let is_archive = object.has_files && name == "package";
            let is_file = is_hashes || (kind.is_some() && any);
            if is_archive || (!is_file && matches!(value, Value::Nothing)) {
                continue;
            }
            let mut file = Object::default();
            file.digest(kind.unwrap_or(KeyAlgorithm::Any), value);
            self.finish(file, Fallback::Key(&name));
        }
    }

    /// Takes the files that fields with a prefix describe.
    ///
    /// Fields that name no file describe the object's own file, if it has no other digest.
    fn parts(&mut self, object: &mut Object) {
        for (_, mut part) in std::mem::take(&mut object.parts) {
            if !part.has_digest {
                continue;
            }
            if part.is_named() {
                self.finish(part, Fallback::Key(""));
                continue;
            }
            // `content_hash` of a document that names no file.
            if !object.is_named() {
                part.open.clear();
            }
            let is_digest =
                part.bad.is_some() || !(part.digests.is_empty() && part.open.is_empty());
            match object.has_digest {
                _ if !is_digest => {}
                false => object.adopt(part),
                true => {
                    let entry = Err(BadLine::Unpaired);
                    self.found.push(NamedEntry { name: Vec::new(), entry });
                }
            }
        }
    }

    /// Moves the entries to `sink`, as those of a line.
    pub(crate) fn flush(&mut self, line: u64, sink: &mut Sink) {
        for NamedEntry { name, entry } in self.found.drain(..) {
            sink.push_named(line, &name, entry);
        }
    }

    /// Takes the entry of an object, if it describes a file.
    pub(crate) fn finish(&mut self, mut object: Object, fallback: Fallback) {
        self.parts(&mut object);
        for (name, value) in std::mem::take(&mut object.others) {
            // A list with digests under its own key, as in bun.lock.
            if matches!(value, Value::List(_)) && value.holds_digest() {
                let entry = Err(BadLine::NoDigest);
                self.found.push(NamedEntry { name: name.into_bytes(), entry });
            }
        }
        self.found.extend(object.finish(fallback));
    }
}
