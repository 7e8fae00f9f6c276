//! Listings in HTML, without scripts.

use std::fmt::Write;
use std::sync::LazyLock;

use hsum::internals::escape;
use hsum::{Algorithm, Digest};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::cli::summary;
use crate::server::serve::listing::{EntryContent, Listing, ListingEntry};
use crate::server::serve::sums;
use crate::server::serve::time::minute;

/// Everything but the unreserved characters of URLs (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const STYLE: &str = include_str!("listing.css");

/// The value of `Content-Security-Policy`: only the style of this page is used.
pub(crate) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = hsum::digest(Algorithm::Sha256, STYLE.as_bytes()).to_base64();
    format!("default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'")
});

/// Returns the listing as a page.
pub(crate) fn page(listing: &Listing) -> String {
    let mut page = String::with_capacity(4096 + 256 * listing.entries.len());
    let title = text(&[b"/", &*listing.directory].concat());
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n<table>\n<thead><tr>\
         <th>Name</th><th class=\"size\">Size</th><th class=\"time\">Modified (UTC)</th>\
         <th>{}</th></tr></thead>\n<tbody>\n",
        algorithm(listing),
    );
    if !listing.directory.is_empty() {
        page.push_str(
            "<tr class=\"directory\"><td colspan=\"4\"><a href=\"../\">../</a></td></tr>\n",
        );
    }
    listing.entries.iter().for_each(|entry| row(&mut page, entry));
    page.push_str("</tbody>\n</table>\n");
    footer(&mut page, listing);
    page.push_str("</body>\n</html>\n");
    page
}

/// Returns the name of the algorithm whose digests are shown.
fn algorithm(listing: &Listing) -> String {
    let function = listing.functions.first();
    function.map(|function| text(function.tag().to_string().as_bytes())).unwrap_or_default()
}

fn row(page: &mut String, entry: &ListingEntry) {
    let (name, link) = (text(&entry.name), percent_encode(&entry.name, RESERVED));
    let _ = match &entry.content {
        EntryContent::Directory => {
            writeln!(
                page,
                "<tr class=\"directory\"><td colspan=\"4\"><a href=\"{link}/\">{name}/</a></td></tr>"
            )
        }
        EntryContent::File { size, modified, digests } => {
            let digest = digests.as_ref().and_then(|digests| digests.first());
            let digest = digest.map_or_else(|| "not known yet".to_owned(), Digest::to_string);
            let class = if digests.is_some() { "digest" } else { "none" };
            let (bytes, time) = (summary::size(*size), minute(modified.seconds));
            writeln!(
                page,
                "<tr><td><a href=\"{link}\">{name}</a></td><td class=\"size\" \
                 title=\"{size}\">{bytes}</td><td class=\"time\">{time}</td>\
                 <td class=\"{class}\">{digest}</td></tr>"
            )
        }
    };
}

/// Links the checksum files, and counts the files.
fn footer(page: &mut String, listing: &Listing) {
    let sizes = listing.entries.iter().filter_map(|entry| match entry.content {
        EntryContent::File { size, .. } => Some(size),
        EntryContent::Directory => None,
    });
    let (count, bytes) = sizes.fold((0, 0_u64), |(n, sum), size| (n + 1, sum.saturating_add(size)));
    let (count, bytes) = (summary::files(count), summary::size(bytes));
    let _ = write!(page, "<p>{count}, {bytes}. Verify with");
    for (number, function) in listing.functions.iter().enumerate() {
        let name = text(sums::file_name(*function).as_bytes());
        let separator = if number == 0 { " " } else { ", " };
        let _ = write!(page, "{separator}<a href=\"{name}\">{name}</a>");
    }
    page.push_str(".</p>\n");
}

/// Escapes bytes for HTML, with hostile characters as escapes of a string.
fn text(bytes: &[u8]) -> String {
    let shown = escape(bytes, &[]);
    let mut text = String::with_capacity(shown.len() + 16);
    for c in shown.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            c => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsum::engine::Timestamp;

    #[test]
    fn names_cannot_become_markup_or_leave_the_directory() {
        let names: [&[u8]; 5] = [
            b"<script>alert(1)</script>",
            b"\"onclick=\"x",
            b"javascript:x",
            b"a\xff\n",
            b"\xe2\x80\xae",
        ];
        let content = EntryContent::File { size: 1, modified: Timestamp::default(), digests: None };
        let entries =
            names.iter().map(|name| ListingEntry { name: name.to_vec(), content: content.clone() });
        let page = page(&Listing {
            directory: b"<b>/".to_vec(),
            entries: entries.collect(),
            functions: vec![Algorithm::Sha256.into()],
        });
        for shown in [
            "<h1>/&lt;b&gt;/</h1>",
            "href=\"%3Cscript%3Ealert%281%29%3C%2Fscript%3E\">&lt;script&gt;alert(1)&lt;/script&gt;<",
            "href=\"%22onclick%3D%22x\">&quot;onclick=&quot;x<",
            "href=\"javascript%3Ax\">",
            "href=\"a%FF%0A\">a\\xff\\x0a<",
            "href=\"%E2%80%AE\">\\u{202e}<",
            "<a href=\"SHA256SUMS\">SHA256SUMS</a>.",
            "<p>5 files, 5 bytes.",
        ] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
        assert!(!page.contains("<script"));
    }
}
