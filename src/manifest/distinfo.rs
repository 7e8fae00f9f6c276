//! FreeBSD's and pkgsrc's distinfo: BSD lines with `SIZE (NAME) = N`; all of a file's must hold.

use super::fields::{self, Functions};
use super::list::Out;
use super::options::ListOptions;
use super::shape::Reader;
use super::{BadLine, Entry};
use crate::digest::Digest;

#[derive(Default)]
struct Distinfo {
    functions: Functions,
    file: File,
}

/// The file that the lines are about.
#[derive(Default)]
struct File {
    line: u64,
    name: Vec<u8>,
    digests: Vec<Digest>,
    size: Option<u64>,
    bad: Option<BadLine>,
    /// A digest that is broken: another one does not make up for it.
    broken: Option<BadLine>,
}

pub(super) fn sign(line: &[u8]) -> bool {
    line.starts_with(b"TIMESTAMP = ") || line.starts_with(b"$NetBSD")
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Distinfo::default())
}

impl Reader for Distinfo {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        if line.is_empty() || line.starts_with(b"#") || sign(line) {
            return;
        }
        let Some((tag, name, value)) = tagged(line) else {
            out.push(number, Err(BadLine::NoDigest));
            return;
        };
        if name != self.file.name {
            self.end(out);
            self.file = File { line: number, name: name.to_vec(), ..File::default() };
        }
        if tag.eq_ignore_ascii_case(b"SIZE") {
            self.file.size = size(value);
            return;
        }
        match self.functions.named(tag).map(|function| fields::hex(function, value)) {
            Ok(Ok(digest)) => fields::add(&mut self.file.digests, digest),
            Ok(Err(bad)) => self.file.broken = Some(bad),
            // RMD160, where others are there.
            Err(bad) => self.file.bad = Some(bad),
        }
    }

    fn end(&mut self, out: &mut Out) {
        let file = std::mem::take(&mut self.file);
        if !file.name.is_empty() {
            let (line, name) = (file.line, file.name.clone());
            out.named(line, &name, file.entry());
        }
    }
}

impl File {
    fn entry(self) -> Result<Entry, BadLine> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        match self.digests.is_empty() {
            true => Err(self.bad.unwrap_or(BadLine::NoDigest)),
            false => fields::entry(&self.name, self.digests, self.size),
        }
    }
}

/// Of `SIZE (NAME) = N`, which stands in lists of BSD lines too, the name and the size.
pub(super) fn named_size<'l>((tag, name, value): Tagged<'l>) -> Option<(&'l [u8], u64)> {
    Some((name, size(value)?)).filter(|_| tag.eq_ignore_ascii_case(b"SIZE"))
}

/// pkgsrc has `bytes` after the number.
fn size(value: &[u8]) -> Option<u64> {
    fields::words(value).next().and_then(fields::size)
}

/// A tag, a name and a value.
pub(super) type Tagged<'l> = (&'l [u8], &'l [u8], &'l [u8]);

/// `TAG (NAME) = VALUE`.
pub(super) fn tagged(line: &[u8]) -> Option<Tagged<'_>> {
    let open = line.windows(2).position(|pair| pair == b" (")?;
    let close = line.windows(4).rposition(|part| part == b") = ")?;
    let name = line.get(open + 2..close)?;
    Some((&line[..open], name, line[close + 4..].trim_ascii_end()))
}
