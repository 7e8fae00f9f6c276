//! The URLs in Metalinks of version 4 (RFC 5854) and 3.
//!
//! [`crate::manifest`] reads the digests and sizes.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use url::Url;

use crate::net::failure::{Failure, FailureKind};
use crate::net::url::is_supported;
use crate::trust::file_name;

/// The maximum number of URLs per file; further ones are ignored.
const MAX_URLS: usize = 100;

/// A file in a Metalink.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MetalinkFile {
    /// The name, without directories.
    pub name: String,
    /// The http, https, ftp and ftps URLs, best first.
    pub urls: Vec<Url>,
}

/// Returns the files in a Metalink.
///
/// # Errors
/// [`FailureKind::Unverifiable`] if it is malformed; [`FailureKind::Policy`] if a name is unsafe or
/// occurs twice.
pub fn files(text: &[u8]) -> Result<Vec<MetalinkFile>, Failure> {
    let wrong = || Failure::new(FailureKind::Unverifiable, "not a Metalink");
    let mut reader = Reader::from_str(str::from_utf8(text).map_err(|_| wrong())?);
    let mut found = Vec::new();
    let mut file: Option<(String, Vec<(u64, Url)>)> = None;
    let mut open_url: Option<(u64, String)> = None;
    loop {
        match reader.read_event().map_err(|_| wrong())? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                "file" => {
                    let name = attribute(&tag, "name").ok_or_else(wrong)?;
                    file = Some((checked_name(name)?, Vec::new()));
                }
                "url" => open_url = Some((rank(&tag), String::new())),
                _ => {}
            },
            Event::Text(text) => {
                if let Some((_, url)) = &mut open_url {
                    url.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                if let Some((_, url)) = &mut open_url {
                    // `&amp;` is the only entity that occurs in URLs.
                    url.push(if &*name == "amp" { '&' } else { ' ' });
                }
            }
            Event::End(tag) => match tag.local_name().as_ref() {
                "url" => {
                    if let (Some((rank, text)), Some((_, urls))) = (open_url.take(), &mut file) {
                        let url = Url::parse(text.trim()).ok().filter(is_supported);
                        urls.extend(url.filter(|_| urls.len() < MAX_URLS).map(|url| (rank, url)));
                    }
                }
                "file" => {
                    if let Some((name, mut urls)) = file.take() {
                        // The second file would replace the first.
                        if found.iter().any(|other: &MetalinkFile| other.name == name) {
                            let text = format!("the Metalink has two files named '{name}'");
                            return Err(Failure::new(FailureKind::Policy, text));
                        }
                        urls.sort_by_key(|(rank, _)| *rank);
                        let urls = urls.into_iter().map(|(_, url)| url).collect();
                        found.push(MetalinkFile { name, urls });
                    }
                }
                _ => {}
            },
            Event::Eof if found.is_empty() || file.is_some() => return Err(wrong()),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut all = tag.attributes().filter_map(Result::ok);
    let found = all.find(|one| one.key.local_name().as_ref() == name)?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
}

/// Returns the rank of a URL, lower being better: `priority` in version 4, and 100 minus
/// `preference` in version 3.
fn rank(tag: &BytesStart<'_>) -> u64 {
    let number = |name| attribute(tag, name)?.trim().parse::<u64>().ok();
    number("priority").or(number("preference").map(|p| 100u64.saturating_sub(p))).unwrap_or(999_999)
}

fn checked_name(name: String) -> Result<String, Failure> {
    match file_name::from_list(&name) {
        Ok(_) => Ok(name),
        Err(why) => {
            let text = format!("the Metalink has an unsafe name, '{name}': {why}");
            Err(Failure::new(FailureKind::Policy, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_ranked_and_unsafe_names_rejected() {
        let text = r#"<metalink xmlns="urn:ietf:params:xml:ns:metalink"><file name="a.iso">
            <url priority="2">https://b.example/a?x&amp;y</url><url priority="1">http://a.example/a</url>
            <url>gopher://c.example/a</url></file></metalink>"#;
        let found = files(text.as_bytes()).unwrap();
        assert_eq!(found[0].name, "a.iso");
        let urls: Vec<_> = found[0].urls.iter().map(Url::as_str).collect();
        assert_eq!(urls, ["http://a.example/a", "https://b.example/a?x&y"]);
        for name in ["../a.iso", ".bashrc", "-rf", "a\u{202e}gpj.exe", "..", ""] {
            let hostile = text.replace("a.iso", name);
            let failure = files(hostile.as_bytes()).unwrap_err();
            assert_eq!(failure.kind(), FailureKind::Policy, "{name}");
        }
        let file = "<file name='a.iso'><url>http://h/a</url></file>";
        let twice = files(format!("<metalink>{file}{file}</metalink>").as_bytes());
        assert_eq!(twice.unwrap_err().kind(), FailureKind::Policy);
        assert!(files(b"<html>").is_err());
        assert!(files(b"<metalink><file name='a'>").is_err());
    }
}
