//! Structured fields (RFC 9651) as RFC 9421 uses them: dictionaries without duplicate names.

use std::convert::Infallible;

use sfv::visitor::{DictionaryVisitor, EntryVisitor, Ignored};
use sfv::{BareItem, Dictionary, FieldType, InnerList, Item, KeyRef, List, ListEntry, Parser};

use crate::sign::component::Component;
use crate::sign::error::RequestError;
use crate::sign::headers::trim;
use crate::sign::message::Message;

/// A member of a dictionary: an inner list or an item.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) list: Option<InnerList>,
    pub(crate) item: Option<BareItem>,
}

/// Parses a header that is a dictionary, with all its lines joined.
///
/// Duplicate names are refused: the standard uses the last member, but not every implementation
/// does.
pub(crate) fn dictionary(message: &Message<'_>, name: &str) -> Result<Vec<Member>, RequestError> {
    let text = joined(message, name).ok_or_else(|| RequestError::missing_header(name))?;
    let parsed = Parser::new(&text).parse::<Dictionary>();
    let parsed = parsed.map_err(|_| {
        RequestError::malformed_header(name, "not a dictionary (a structured field of RFC 9651)")
    })?;
    let mut count = Count(0);
    let counted = Parser::new(&text).parse_dictionary_with_visitor(&mut count);
    if counted.is_err() || count.0 != parsed.len() {
        return Err(RequestError::Duplicate(Component::header(name)));
    }
    let member = |(name, entry): (sfv::Key, ListEntry)| {
        let (list, item) = match entry {
            ListEntry::InnerList(list) => (Some(list), None),
            ListEntry::Item(item) => (None, Some(item.bare_item)),
        };
        Member { name: name.as_str().to_owned(), list, item }
    };
    Ok(parsed.into_iter().map(member).collect())
}

/// The number of members, counting those that the standard replaces.
struct Count(usize);

impl<'de> DictionaryVisitor<'de> for &mut Count {
    type Out = ();
    type Error = Infallible;
    fn entry(&mut self, _: &'de KeyRef) -> Result<impl EntryVisitor<'de>, Infallible> {
        self.0 += 1;
        Ok(Ignored)
    }
    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Returns the lines of a header, unfolded, trimmed and joined by `, ` (RFC 9421, section 2.1).
pub(crate) fn joined(message: &Message<'_>, name: &str) -> Option<Vec<u8>> {
    let mut text: Option<Vec<u8>> = None;
    message.headers.values(name, &mut |line| {
        let line = unfolded(trim(line));
        match &mut text {
            None => text = Some(line),
            Some(text) => {
                text.extend_from_slice(b", ");
                text.extend_from_slice(&line);
            }
        }
    });
    text
}

/// Replaces each obsolete line folding with one space (RFC 9112, section 5.2). Other line ends are
/// kept, and refused later.
fn unfolded(line: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(line.len());
    for (number, piece) in line.split(|&byte| byte == b'\n').enumerate() {
        if number > 0 {
            if !text.ends_with(b"\r") || !piece.starts_with(b" ") && !piece.starts_with(b"\t") {
                return line.to_vec();
            }
            text.pop();
            text.truncate(trim(&text).len());
            text.push(b' ');
        }
        text.extend_from_slice(if number > 0 { trim(piece) } else { piece });
    }
    text
}

pub(crate) fn serialized(item: &Item) -> String {
    item.serialize()
}

pub(crate) fn serialized_list(list: &InnerList) -> String {
    let list: List = vec![ListEntry::InnerList(list.clone())];
    list.serialize().unwrap_or_default()
}

pub(crate) fn list_param<'l>(list: &'l InnerList, name: &str) -> Option<&'l BareItem> {
    KeyRef::from_str(name).ok().and_then(|name| list.params.get(name))
}

pub(crate) fn item_param<'i>(item: &'i Item, name: &str) -> Option<&'i BareItem> {
    KeyRef::from_str(name).ok().and_then(|name| item.params.get(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_folding_becomes_one_space() {
        for (lines, expected) in [
            (&["a b"][..], "a b"),
            (&[" a\tb \t"], "a\tb"),
            (&["a \r\n \t b"], "a b"),
            (&["a\r\n\tb\t \r\n  c ", "d"], "a b c, d"),
            (&["", "a"], ", a"),
            (&["a\r\nb"], "a\r\nb"),
            (&["a\n b"], "a\n b"),
        ] {
            let headers: Vec<_> = lines.iter().map(|line| ("X", *line)).collect();
            let joined = joined(&Message::new(&headers), "x").unwrap();
            assert_eq!(joined, expected.as_bytes(), "{lines:?}");
        }
    }
}
