//! The lines of lists, from which the parser recovers every name exactly.

use std::fmt::Display;
use std::io::Write;

use crate::digest::Digest;

/// The style of the lines of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct LineStyle {
    /// The format of a line.
    pub format: LineFormat,
    /// The encoding of the digest.
    pub encoding: DigestEncoding,
    /// The end of a line.
    pub terminator: Terminator,
}

impl LineStyle {
    /// Creates a style with digests in hex and lines that end in LF.
    pub fn new(format: LineFormat) -> Self {
        Self { format, ..Self::default() }
    }

    /// Sets the encoding of the digest.
    pub fn encoding(mut self, encoding: DigestEncoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets the end of a line.
    pub fn terminator(mut self, terminator: Terminator) -> Self {
        self.terminator = terminator;
        self
    }
}

/// The format of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LineFormat {
    /// `DIGEST  NAME`, as GNU `sha256sum` writes it.
    #[default]
    Untagged,
    /// `DIGEST *NAME`, as GNU `sha256sum --binary` writes it.
    Binary,
    /// `SHA256 (NAME) = DIGEST`, as the BSD tools and `--tag` write it.
    Tagged,
}

/// The encoding of a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DigestEncoding {
    /// Lower-case hex.
    #[default]
    Hex,
    /// Padded base64 (RFC 4648, section 4).
    Base64,
}

/// The end of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Terminator {
    /// LF; a line whose name contains a backslash, LF or CR is escaped and starts with a backslash.
    #[default]
    Newline,
    /// NUL; names are not escaped.
    Nul,
}

impl Terminator {
    /// Returns the last byte of a line.
    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Newline => b'\n',
            Self::Nul => 0,
        }
    }
}

/// Appends the line for the file called `name`.
///
/// ```
/// use hsum::{Algorithm, digest, manifest};
///
/// let mut list = Vec::new();
/// manifest::write_line(&mut list, &digest(Algorithm::Md5, b""), b"a\nb", Default::default());
/// assert_eq!(list, b"\\d41d8cd98f00b204e9800998ecf8427e  a\\nb\n");
/// ```
pub fn write_line(out: &mut Vec<u8>, digest: &Digest, name: &[u8], style: LineStyle) {
    let base64;
    let text: &dyn Display = match style.encoding {
        DigestEncoding::Hex => digest,
        DigestEncoding::Base64 => {
            base64 = digest.to_base64();
            &base64
        }
    };
    write_fields(out, &digest.hash_function().tag(), text, name, style);
}

/// Appends a line with any tag and value, such as `HMAC-SHA256 (NAME) = TAG`.
#[cfg_attr(not(feature = "internals"), allow(unreachable_pub))]
pub fn write_fields(
    out: &mut Vec<u8>,
    tag: &dyn Display,
    text: &dyn Display,
    name: &[u8],
    style: LineStyle,
) {
    let escaped = match style.terminator {
        Terminator::Newline => escape(name),
        Terminator::Nul => None,
    };
    if escaped.is_some() {
        out.push(b'\\');
    }
    let name = escaped.as_deref().unwrap_or(name);
    match style.format {
        LineFormat::Untagged | LineFormat::Binary => {
            let binary = style.format == LineFormat::Binary;
            write!(out, "{text}").expect("writing to memory cannot fail");
            out.extend_from_slice(if binary { b" *" } else { b"  " });
            out.extend_from_slice(name);
        }
        LineFormat::Tagged => {
            write!(out, "{tag} (").expect("writing to memory cannot fail");
            out.extend_from_slice(name);
            write!(out, ") = {text}").expect("writing to memory cannot fail");
        }
    }
    out.push(style.terminator.byte());
}

/// Escapes backslash, LF and CR; `None` if the name contains none of them.
fn escape(name: &[u8]) -> Option<Vec<u8>> {
    let escaped = name.iter().flat_map(|byte| match byte {
        b'\\' => b"\\\\",
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        byte => std::slice::from_ref(byte),
    });
    let is_special = |byte: &u8| matches!(byte, b'\\' | b'\n' | b'\r');
    // Without an early exit, so that the compiler vectorizes the search.
    let has_special = name.iter().fold(false, |found, byte| found | is_special(byte));
    has_special.then(|| escaped.copied().collect())
}
