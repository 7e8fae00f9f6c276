//! Structured fields (RFC 9651) as RFC 9421 uses them: dictionaries whose names differ.

use std::convert::Infallible;

use sfv::visitor::{DictionaryVisitor, EntryVisitor, Ignored};
use sfv::{BareItem, Dictionary, FieldType, InnerList, Item, KeyRef, List, ListEntry, Parser};

use super::headers::trim;
use super::message::Message;
use super::verdict::VerifyError;

/// A member of a dictionary: one of the two.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) list: Option<InnerList>,
    pub(super) item: Option<BareItem>,
}

/// Reads a header that is a dictionary, its lines taken together.
///
/// # Errors
/// Where it is missing or none, and where a name stands there twice: the standard has the last one
/// count, and not everybody keeps to that.
pub(super) fn dictionary(message: &Message<'_>, name: &str) -> Result<Vec<Member>, VerifyError> {
    let text = joined(message, name).ok_or_else(|| VerifyError::MissingHeader(name.to_owned()))?;
    let wrong = |why| VerifyError::malformed(name, why);
    let mut count = Count(0);
    let parsed = Parser::new(&text).parse::<Dictionary>();
    let parsed = parsed.map_err(|_| wrong("it is not a structured field, a dictionary"))?;
    let counted = Parser::new(&text).parse_dictionary_with_visitor(&mut count);
    if counted.is_err() || count.0 != parsed.len() {
        return Err(VerifyError::DuplicateHeader(format!("a member of {name}")));
    }
    let member = |(name, entry): (sfv::Key, ListEntry)| match entry {
        ListEntry::InnerList(list) => {
            Member { name: name.as_str().to_owned(), list: Some(list), item: None }
        }
        ListEntry::Item(item) => {
            Member { name: name.as_str().to_owned(), list: None, item: Some(item.bare_item) }
        }
    };
    Ok(parsed.into_iter().map(member).collect())
}

/// Counts the members, those that the standard drops too.
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

/// The lines of a header, unfolded and trimmed, with `, ` between (RFC 9421, section 2.1).
pub(super) fn joined(message: &Message<'_>, name: &str) -> Option<Vec<u8>> {
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

/// Replaces each obsolete line folding by one space (RFC 9112, section 5.2). Any other line end
/// stays, and is refused later.
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

pub(super) fn serialised(item: &Item) -> String {
    item.serialize()
}

pub(super) fn serialised_list(list: &InnerList) -> String {
    let list: List = vec![ListEntry::InnerList(list.clone())];
    list.serialize().unwrap_or_default()
}

/// A parameter that is a string.
pub(super) fn string_param<'l>(
    list: &'l InnerList,
    name: &str,
) -> Result<Option<&'l str>, VerifyError> {
    match KeyRef::from_str(name).ok().and_then(|name| list.params.get(name)) {
        None => Ok(None),
        Some(BareItem::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(VerifyError::malformed(name, "it is not a string")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folding_is_one_space() {
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
