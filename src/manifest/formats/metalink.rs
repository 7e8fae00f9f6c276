//! Metalink, versions 4 (RFC 5854) and 3: files with their sizes and hashes, not those of pieces.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use crate::manifest::entry::ListEntry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, Digests};
use crate::text::looks_like_html;

/// Returns `true` if a list starts like XML or HTML.
pub(super) fn is_start(bytes: &[u8]) -> bool {
    matches!(bytes, [b'<', next, ..] if matches!(next, b'?' | b'!') || next.is_ascii_alphabetic())
}

/// Reads the files of a Metalink document.
pub(super) fn read(bytes: &[u8]) -> Vec<ListEntry> {
    if looks_like_html(bytes) {
        return vec![bad(BadLine::Html)];
    }
    let mut document = Document::default();
    let Ok(text) = str::from_utf8(bytes) else { return vec![bad(BadLine::Syntax)] };
    let mut reader = Reader::from_str(text);
    // The number of open elements, which is not 0 if the document was cut between two files.
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
        if document.text.len() > MAX_TEXT {
            document.text.clear();
        }
    }
}

/// Creates a bad entry without a name; it is numbered later.
fn bad(bad: BadLine) -> ListEntry {
    ListEntry::new(0, Err(bad))
}

/// The maximum length of a size or a hash in bytes.
const MAX_TEXT: usize = 1024;

#[derive(Default)]
struct Document {
    found: Vec<ListEntry>,
    file: Option<File>,
    /// The type of the open hash, if it is not that of a piece.
    hash: Option<String>,
    in_pieces: bool,
    text: String,
}

#[derive(Default)]
struct File {
    name: String,
    size: Option<u64>,
    digests: Digests,
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
                file.digests.add_hex(fields::function(kind.as_bytes()), text.as_bytes());
            }
            ("file", file) => {
                let Some(file) = file.take() else { return };
                let name = file.name.as_bytes();
                let entry = file.digests.entry(name, file.size);
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
    fn truncated_documents_are_malformed() {
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
