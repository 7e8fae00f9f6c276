//! Metalink, version 4 (RFC 5854) and version 3: files, sizes and hashes of whole files.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use super::BadLine;
use super::entry::ListEntry;
use super::fields;
use crate::digest::Digest;

/// The files of a Metalink document.
pub(super) fn read(bytes: &[u8]) -> Vec<ListEntry> {
    let mut document = Document::default();
    let Ok(text) = str::from_utf8(bytes) else { return vec![bad(BadLine::Syntax)] };
    let mut reader = Reader::from_str(text);
    // Elements that have not ended: a document that was cut between two files has some.
    let mut open = 0usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                open += 1;
                let attribute = |name: &str| {
                    let mut all = tag.attributes().filter_map(Result::ok);
                    let found = all.find(|one| one.key.local_name().as_ref() == name)?;
                    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
                };
                document.open(tag.local_name().as_ref(), attribute);
            }
            Ok(Event::Text(text)) => {
                document.text.push_str(&text);
            }
            Ok(Event::End(tag)) => {
                open -= 1;
                document.close(tag.local_name().as_ref());
            }
            Ok(Event::Eof) if open == 0 => return document.found,
            Ok(Event::Eof) | Err(_) => {
                document.found.push(bad(BadLine::Syntax));
                return document.found;
            }
            Ok(_) => {}
        }
        if document.text.len() > TEXT {
            document.text.clear();
        }
    }
}

/// Returns a bad item without a name, which is numbered later.
fn bad(bad: BadLine) -> ListEntry {
    ListEntry::new(0, Err(bad))
}

/// No size and no hash is longer, in bytes.
const TEXT: usize = 1024;

#[derive(Default)]
struct Document {
    found: Vec<ListEntry>,
    file: Option<File>,
    /// What the hash that is open is of; `None` within the hashes of pieces.
    hash: Option<String>,
    in_pieces: bool,
    text: String,
}

#[derive(Default)]
struct File {
    name: String,
    size: Option<u64>,
    digests: Vec<Digest>,
    bad: Option<BadLine>,
    /// A digest that is broken: another one does not make up for it.
    broken: Option<BadLine>,
}

impl Document {
    fn open(&mut self, tag: &str, attribute: impl Fn(&str) -> Option<String>) {
        self.text.clear();
        match tag {
            "file" => {
                let name = attribute("name").unwrap_or_default();
                if self.file.is_some() {
                    self.found.push(bad(BadLine::Syntax));
                }
                self.file = Some(File { name, ..File::default() });
            }
            "pieces" => self.in_pieces = true,
            "hash" if !self.in_pieces => self.hash = attribute("type"),
            _ => {}
        }
    }

    fn close(&mut self, tag: &str) {
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        match (tag, &mut self.file) {
            ("pieces", _) => self.in_pieces = false,
            ("size", Some(file)) => file.size = fields::size(text.as_bytes()),
            ("hash", Some(file)) => {
                let Some(kind) = self.hash.take() else { return };
                let function = fields::function(kind.as_bytes());
                match function.map(|function| fields::hex(function, text.as_bytes())) {
                    Ok(Ok(digest)) => file.digests.push(digest),
                    Ok(Err(bad)) => file.broken = Some(bad),
                    // Where there is another one, a hash that is not computed does not count.
                    Err(bad) => file.bad = Some(bad),
                }
            }
            ("file", file) => {
                let Some(file) = file.take() else { return };
                let name = file.name.as_bytes();
                let entry = match (file.broken, file.digests.is_empty()) {
                    (Some(broken), _) => Err(broken),
                    (None, true) => Err(file.bad.unwrap_or(BadLine::NoDigest)),
                    (None, false) => fields::entry(name, file.digests, file.size),
                };
                self.found.push(ListEntry::named(0, name, entry));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_was_cut_short_is_broken() {
        let file =
            "<file name=\"x\"><hash type=\"md5\">d41d8cd98f00b204e9800998ecf8427e</hash></file>";
        let whole = format!("<metalink>{file}{file}</metalink>");
        assert!(read(whole.as_bytes()).iter().all(|listed| listed.entry.is_ok()));
        let cut = format!("<metalink>{file}");
        assert_eq!(read(cut.as_bytes()).last(), Some(&bad(BadLine::Syntax)));
        let nested = format!("<metalink><file name=\"y\">{file}</file></metalink>");
        assert!(read(nested.as_bytes()).contains(&bad(BadLine::Syntax)));
    }
}
