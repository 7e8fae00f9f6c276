//! Debian's control files: Release, Packages, Sources, `.dsc` and `.changes`.

use std::collections::HashMap;

use crate::algorithm::{Algorithm, HashFunction};
use crate::manifest::entry::{self, Entry};
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, Digests, words};
use crate::manifest::parser::LineParser;
use crate::manifest::reader::{Reader, Sink};
use crate::manifest::tagged::plain_name;

/// The maximum number of files in one paragraph whose digests are joined.
const MAX_FILES: usize = 50_000;

#[derive(Default)]
pub(super) struct Debian {
    /// The hash function of the indented lines that follow.
    section: Option<HashFunction>,
    /// The files of this paragraph's sections, and their positions by name.
    files: Vec<File>,
    positions: HashMap<Vec<u8>, usize>,
    package: Package,
    /// A parser of GNU lines, which some lists contain below `SHA256:`.
    plain: LineParser,
}

/// A file of the sections: its first line, its name, and its joined entry.
struct File {
    line: u64,
    name: Vec<u8>,
    entry: Result<Entry, BadLine>,
}

/// A paragraph of Packages, about one file.
#[derive(Default)]
struct Package {
    line: u64,
    name: Vec<u8>,
    size: Option<u64>,
    digests: Digests,
    /// The directory of the files, with a slash, in a paragraph of Sources.
    directory: Vec<u8>,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    let Some((name, value)) = field(line) else { return false };
    match name {
        b"Package" | b"Origin" | b"Suite" | b"Codename" | b"Filename" => !value.is_empty(),
        b"Format" => value.first().is_some_and(u8::is_ascii_digit),
        b"Files" => value.is_empty(),
        _ => function(name).is_some() && value.is_empty(),
    }
}

impl Reader for Debian {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        if line.trim_ascii().is_empty() {
            self.flush(sink);
        } else if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some(function) = self.section {
                self.file(number, function, line, sink);
            }
        } else if let Some((name, value)) = field(line) {
            self.section = None;
            self.field(number, name, value);
        } else {
            match (self.plain.parse_line(line), plain_name(line, None)) {
                (Ok(Some(entry)), _) => sink.push(number, Ok(entry)),
                (Err(bad), Some(name)) => sink.push_named(number, name, Err(bad)),
                _ => {}
            }
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        self.flush(sink);
    }
}

impl Debian {
    fn field(&mut self, number: u64, name: &[u8], value: &[u8]) {
        match name {
            b"Filename" => (self.package.line, self.package.name) = (number, value.to_vec()),
            b"Package" => self.package.line = number,
            b"Size" => self.package.size = fields::size(value),
            b"Directory" => self.package.directory = [value, b"/"].concat(),
            _ => match function(name) {
                Some(function) if value.is_empty() => self.section = Some(function),
                // `Files` has no value on its own line.
                Some(_) if name == b"Files" => {}
                Some(function) => self.package.digests.add_hex(Ok(function), value),
                None => {}
            },
        }
    }

    /// Reads ` DIGEST SIZE NAME`; in `.changes` the section and the priority precede the name.
    fn file(&mut self, number: u64, function: HashFunction, line: &[u8], sink: &mut Sink) {
        let mut words = words(line);
        let digest = fields::hex(function, words.next().unwrap_or_default());
        let size = words.next().and_then(fields::size);
        let (Some(size), Some(name)) = (size, words.last()) else {
            sink.push(number, Err(digest.err().unwrap_or(BadLine::NoName)));
            return;
        };
        let entry = digest.and_then(|digest| fields::entry(name, [digest], Some(size)));
        if let Some(&position) = self.positions.get(name) {
            // A good section does not outweigh a bad one.
            let known = &mut self.files[position].entry;
            *known = known.clone().and_then(|known| fields::join(known, entry?));
            return;
        }
        self.positions.insert(name.to_vec(), self.files.len());
        self.files.push(File { line: number, name: name.to_vec(), entry });
        if self.files.len() >= MAX_FILES {
            self.flush_files(sink);
        }
    }

    fn flush_files(&mut self, sink: &mut Sink) {
        self.positions.clear();
        for File { line, name, entry } in self.files.drain(..) {
            let name = [&*self.package.directory, &*name].concat();
            let entry = entry.and_then(|entry| Ok(Entry { path: entry::path(&name)?, ..entry }));
            sink.push_named(line, &name, entry);
        }
    }

    fn flush(&mut self, sink: &mut Sink) {
        self.section = None;
        self.flush_files(sink);
        let package = std::mem::take(&mut self.package);
        if !package.name.is_empty() {
            let entry = package.digests.entry(&package.name, package.size);
            sink.push_named(package.line, &package.name, entry);
        } else if !package.digests.is_empty() {
            sink.push(package.line, Err(BadLine::NoName));
        }
    }
}

/// Splits `Name: value`.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    (!name.is_empty() && name.iter().all(is_name)).then_some((name, value))
}

/// Returns the hash function of a field's digests.
fn function(name: &[u8]) -> Option<HashFunction> {
    let name = name.strip_prefix(b"Checksums-").unwrap_or(name);
    let algorithm = match name.to_ascii_lowercase().as_slice() {
        b"files" | b"md5sum" | b"md5" => Algorithm::Md5,
        b"sha1" => Algorithm::Sha1,
        b"sha256" => Algorithm::Sha256,
        b"sha512" => Algorithm::Sha512,
        _ => return None,
    };
    Some(algorithm.into())
}
