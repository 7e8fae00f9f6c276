//! Forms: queries, `application/x-www-form-urlencoded` and `multipart/form-data`.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Cursor, Read};

use url::Url;

use crate::net::headers::InvalidHeader;
use crate::text::base_name;

/// Appends `NAME=VALUE` pairs to a URL's query, encoded.
///
/// A space becomes `%20`, not `+`: `+` is a space in forms but a plus in RFC 3986, so signatures
/// over the query would differ.
///
/// ```
/// use hsum::net::form;
///
/// let mut url = "https://example.org/find?lang=en".parse()?;
/// form::add_query(&mut url, [("q", "a&b c/ä")]);
/// assert_eq!(url.as_str(), "https://example.org/find?lang=en&q=a%26b%20c%2F%C3%A4");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn add_query<N: AsRef<str>, V: AsRef<str>>(
    url: &mut Url,
    pairs: impl IntoIterator<Item = (N, V)>,
) {
    let mut pairs = pairs.into_iter().peekable();
    // Without pairs, the URL must not gain a question mark.
    if pairs.peek().is_none() {
        return;
    }
    // A plus in a name or value has already become `%2B`.
    let added = urlencoded(pairs).replace('+', "%20");
    let query = match url.query() {
        Some(query) if !query.is_empty() => format!("{query}&{added}"),
        _ => added,
    };
    url.set_query(Some(&query));
}

/// The media type of [`urlencoded`].
pub const URLENCODED: &str = "application/x-www-form-urlencoded";

/// Encodes `NAME=VALUE` pairs as browsers send a plain form (WHATWG URL, section 5.2).
pub fn urlencoded<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Decodes the output of [`urlencoded`].
pub fn fields(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

/// A form with files (RFC 7578), read as one stream.
///
/// ```
/// use std::io::Read;
/// use hsum::net::form::{FilePart, Multipart};
///
/// let mut form = Multipart::new([7; 16]);
/// form.text("title", "A list");
/// form.file("list", FilePart::new("SHA256SUMS", &b"0123  a\n"[..], Some(8)));
/// let length = form.len().unwrap();
/// assert!(form.content_type().starts_with("multipart/form-data; boundary=hsum-0707"));
/// let mut body = Vec::new();
/// form.into_reader().read_to_end(&mut body)?;
/// assert_eq!(body.len() as u64, length);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Multipart<'r> {
    boundary: String,
    parts: Vec<Part<'r>>,
}

struct Part<'r> {
    head: Vec<u8>,
    body: Reader<'r>,
    len: Option<u64>,
}

type Reader<'r> = Box<dyn Read + Send + 'r>;

/// A file in a form.
pub struct FilePart<'r> {
    name: Vec<u8>,
    media_type: String,
    body: Reader<'r>,
    len: Option<u64>,
}

impl<'r> FilePart<'r> {
    /// Creates a file; only the last part of the path `name` is sent.
    ///
    /// With `len`, reading the form fails if `body` is shorter or longer.
    pub fn new(name: impl Into<Vec<u8>>, body: impl Read + Send + 'r, len: Option<u64>) -> Self {
        let name = base_name(&name.into()).to_vec();
        let media_type = "application/octet-stream".into();
        Self { name, media_type, body: Box::new(body), len }
    }

    /// Sets the media type; the default is `application/octet-stream`.
    ///
    /// # Errors
    /// If `media_type` is empty or contains control characters.
    pub fn media_type(mut self, media_type: &str) -> Result<Self, InvalidHeader> {
        if media_type.is_empty() || media_type.chars().any(char::is_control) {
            return Err(InvalidHeader);
        }
        self.media_type = media_type.into();
        Ok(self)
    }
}

impl<'r> Multipart<'r> {
    /// Creates an empty form with a boundary from `random` bytes.
    ///
    /// They must be unpredictable: otherwise the content of a part could contain the boundary.
    pub fn new(random: [u8; 16]) -> Self {
        Self { boundary: format!("hsum-{}", hex::encode(random)), parts: Vec::new() }
    }

    /// Returns the value of `Content-Type`.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    /// Appends a field.
    pub fn text(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        let value = value.into();
        let len = value.len() as u64;
        let field = escape_name(name.as_bytes());
        self.part(&[b"name=\"", &field, b"\""], None, Cursor::new(value), Some(len));
    }

    /// Appends a file.
    pub fn file(&mut self, name: &str, file: FilePart<'r>) {
        let field = escape_name(name.as_bytes());
        let filename = escape(&file.name);
        let disposition: [&[u8]; 5] = [b"name=\"", &field, b"\"; filename=\"", &filename, b"\""];
        let body = Exactly { inner: file.body, left: file.len };
        self.part(&disposition, Some(&file.media_type), body, file.len);
    }

    fn part(
        &mut self,
        disposition: &[&[u8]],
        media_type: Option<&str>,
        body: impl Read + Send + 'r,
        len: Option<u64>,
    ) {
        let start = format!("--{}\r\nContent-Disposition: form-data; ", self.boundary);
        let end = media_type.map_or(String::new(), |name| format!("\r\nContent-Type: {name}"));
        let head = [start.as_bytes(), &disposition.concat(), end.as_bytes(), b"\r\n\r\n"].concat();
        self.parts.push(Part { head, body: Box::new(body), len });
    }

    /// Returns the length in bytes, if the lengths of all files are known.
    #[allow(clippy::len_without_is_empty)] // a form is never empty
    pub fn len(&self) -> Option<u64> {
        let part = |part: &Part| Some(part.head.len() as u64 + part.len? + 2);
        let parts: u64 = self.parts.iter().map(part).sum::<Option<u64>>()?;
        Some(parts + self.end().len() as u64)
    }

    fn end(&self) -> String {
        format!("--{}--\r\n", self.boundary)
    }

    /// Returns a reader of the body, which reads the files as it goes.
    pub fn into_reader(self) -> impl Read + Send + 'r {
        let end: Reader<'r> = Box::new(Cursor::new(self.end()));
        let pieces = self.parts.into_iter().flat_map(|part| -> [Reader<'r>; 3] {
            [Box::new(Cursor::new(part.head)), part.body, Box::new(&b"\r\n"[..])]
        });
        Chain(pieces.chain([end]).collect())
    }
}

impl fmt::Debug for Multipart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for FilePart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Escapes a quoted string as browsers do (WHATWG HTML, "multipart/form-data encoding algorithm").
fn escape(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'"' => escaped.extend_from_slice(b"%22"),
            b'\r' => escaped.extend_from_slice(b"%0D"),
            b'\n' => escaped.extend_from_slice(b"%0A"),
            _ => escaped.push(*byte),
        }
    }
    escaped
}

/// Escapes the name of a field, in which every line break is CR LF.
fn escape_name(name: &[u8]) -> Vec<u8> {
    let mut ended = Vec::with_capacity(name.len());
    for (i, byte) in name.iter().enumerate() {
        match byte {
            b'\n' if i > 0 && name[i - 1] == b'\r' => {}
            b'\r' | b'\n' => ended.extend_from_slice(b"\r\n"),
            _ => ended.push(*byte),
        }
    }
    escape(&ended)
}

/// A reader that fails if the length of `inner` differs from the one stated.
struct Exactly<R> {
    inner: R,
    left: Option<u64>,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(left) = &mut self.left else { return self.inner.read(buffer) };
        let count = self.inner.read(buffer)?;
        let changed = || io::Error::other("the file's length changed while it was sent");
        match (count, *left) {
            (0, 0) => Ok(0),
            (0, _) if buffer.is_empty() => Ok(0),
            (0, _) => Err(changed()),
            (count, _) => {
                *left = left.checked_sub(count as u64).ok_or_else(changed)?;
                Ok(count)
            }
        }
    }
}

struct Chain<'r>(VecDeque<Reader<'r>>);

impl Read for Chain<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(first) = self.0.front_mut() {
            match first.read(buffer)? {
                0 => drop(self.0.pop_front()),
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn add_query_encodes_pairs() {
        let mut url: Url = "http://h/p".parse().unwrap();
        add_query(&mut url, [("", ""); 0]);
        assert_eq!(url.as_str(), "http://h/p");
        add_query(&mut url, [("a b", "1+1=2"), ("a b", "#?&")]);
        add_query(&mut url, [("c", "")]);
        assert_eq!(url.as_str(), "http://h/p?a%20b=1%2B1%3D2&a%20b=%23%3F%26&c=");
    }

    #[test]
    fn urlencoded_pairs() {
        assert_eq!(urlencoded([("", ""); 0]), "");
        let text = urlencoded([("user", "J\u{e4}s\u{f8}n Doe"), ("p*-._", "a\r\nb&c=~")]);
        assert_eq!(text, "user=J%C3%A4s%C3%B8n+Doe&p*-._=a%0D%0Ab%26c%3D%7E");
    }

    fn body(form: Multipart) -> String {
        let len = form.len();
        let mut body = Vec::new();
        form.into_reader().read_to_end(&mut body).unwrap();
        assert!(len.is_none_or(|len| len == body.len() as u64));
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn forms_with_files() {
        let mut form = Multipart::new([0xab; 16]);
        form.text("title", "two\nlines\r\n");
        form.file("f", FilePart::new("dir/a.txt", &b"hello"[..], Some(5)));
        let typed = FilePart::new("b", &b""[..], None).media_type("text/plain").unwrap();
        form.file("g", typed);
        assert_eq!(form.len(), None);
        let boundary = format!("hsum-{}", "ab".repeat(16));
        assert_eq!(form.content_type(), format!("multipart/form-data; boundary={boundary}"));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n\
             two\nlines\r\n\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\
             Content-Type: application/octet-stream\r\n\r\nhello\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"g\"; filename=\"b\"\r\n\
             Content-Type: text/plain\r\n\r\n\r\n--{boundary}--\r\n"
        );
        assert_eq!(body(form), expected);
    }

    #[test]
    fn an_empty_form() {
        let form = Multipart::new([0; 16]);
        assert_eq!(body(form), format!("--hsum-{}--\r\n", "00".repeat(16)));
    }

    #[test]
    fn names_are_escaped_as_browsers_do() {
        let mut form = Multipart::new([0; 16]);
        form.text("a\"b\nc\rd\r\ne\\", "");
        form.file("f", FilePart::new("q\"\r\nX-Evil: 1\n", &b""[..], Some(0)));
        let body = body(form);
        assert!(body.contains("name=\"a%22b%0D%0Ac%0D%0Ad%0D%0Ae\\\"\r\n"), "{body}");
        assert!(body.contains("filename=\"q%22%0D%0AX-Evil: 1%0A\"\r\n"), "{body}");
        assert_eq!(
            FilePart::new("a", &b""[..], None).media_type("a\r\nb").unwrap_err(),
            InvalidHeader
        );
    }

    #[test]
    fn a_file_with_a_different_length_fails() {
        for (text, len) in [(&b"short"[..], 6), (b"long", 3)] {
            let mut form = Multipart::new([0; 16]);
            form.file("f", FilePart::new("f", text, Some(len)));
            let error = form.into_reader().read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(error.to_string(), "the file's length changed while it was sent");
        }
    }
}
