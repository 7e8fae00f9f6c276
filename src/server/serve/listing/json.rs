//! Listings in JSON.

use crate::cli::json::Object;
use crate::server::serve::listing::{EntryContent, Listing, ListingEntry};
use crate::server::serve::time::iso_8601;

/// The end of an object's line.
const END: &[u8] = b"}\n";

/// Returns the listing as one object.
pub(crate) fn text(listing: &Listing) -> Vec<u8> {
    let entries: Vec<_> = listing.entries.iter().map(entry).collect();
    let mut object = Object::new("listing");
    object.set("schema", 1).name("path", &[b"/", &*listing.directory].concat());
    let mut text = object.line();
    text.truncate(text.len() - END.len());
    text.extend_from_slice(b",\"entries\":[");
    text.extend_from_slice(&entries.join(&b','));
    text.push(b']');
    text.extend_from_slice(END);
    text
}

fn entry(entry: &ListingEntry) -> Vec<u8> {
    let mut object = match &entry.content {
        EntryContent::Directory => Object::new("directory"),
        EntryContent::File { .. } => Object::new("file"),
    };
    object.name("path", &entry.name);
    if let EntryContent::File { size, modified, digests } = &entry.content {
        object.set("size", size).set("modified", iso_8601(modified.seconds));
        if let Some(digests) = digests {
            object.digests(digests);
        }
    }
    let mut line = object.line();
    line.pop();
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsum::Algorithm;
    use hsum::engine::Timestamp;

    #[test]
    fn listings_are_one_object() {
        let digests = [hsum::digest(Algorithm::Md5, b"")].into();
        let modified = Timestamp { seconds: 1_440_938_160, nanoseconds: 5 };
        let file = |digests| EntryContent::File { size: 3, modified, digests };
        let entry = |name: &[u8], content| ListingEntry { name: name.to_vec(), content };
        let listing = Listing {
            directory: b"a/".to_vec(),
            entries: vec![
                entry(b"d", EntryContent::Directory),
                entry(b"\"\xff", file(None)),
                entry(b"f", file(Some(digests))),
            ],
            functions: Vec::new(),
        };
        let expected = "{\"type\":\"listing\",\"schema\":1,\"path\":\"/a/\",\"entries\":[\
            {\"type\":\"directory\",\"path\":\"d\"},\
            {\"type\":\"file\",\"path_base64\":\"Iv8=\",\"size\":3,\
            \"modified\":\"2015-08-30T12:36:00Z\"},\
            {\"type\":\"file\",\"path\":\"f\",\"size\":3,\"modified\":\"2015-08-30T12:36:00Z\",\
            \"digests\":{\"md5\":\"d41d8cd98f00b204e9800998ecf8427e\"}}]}\n";
        assert_eq!(String::from_utf8(text(&listing)).unwrap(), expected);
        let empty = Listing { directory: Vec::new(), entries: Vec::new(), functions: Vec::new() };
        let expected = "{\"type\":\"listing\",\"schema\":1,\"path\":\"/\",\"entries\":[]}\n";
        assert_eq!(String::from_utf8(text(&empty)).unwrap(), expected);
    }
}
