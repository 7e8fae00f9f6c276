//! Wrappings of lists: UTF-16, OpenPGP's clear-signed text, and signify's header.

use crate::manifest::error::BadLine;

/// The wrapping of a list, which is removed line by line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Envelope {
    /// Only empty lines have been read.
    Unknown,
    /// The rest of the list is not wrapped.
    None,
    /// OpenPGP's cleartext signature framework (RFC 9580, section 7).
    ClearSigned(ClearSignedPart),
    /// signify's `untrusted comment:`; the next line is the signature, then comes the list.
    Signify,
}

/// A part of a clear-signed text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ClearSignedPart {
    /// `Hash: SHA512` and other headers, up to an empty line.
    Header,
    /// The signed text.
    Text,
    /// The signature, and anything else that is not signed.
    Unsigned,
}

use ClearSignedPart::{Header, Text, Unsigned};

const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";

impl Envelope {
    /// Returns the part of a line that belongs to the list.
    pub(crate) fn unwrap<'l>(&mut self, line: &'l [u8]) -> Option<&'l [u8]> {
        let text = line.trim_ascii_end();
        let (next, kept) = match *self {
            Self::Unknown if text.is_empty() => (Self::Unknown, Some(line)),
            Self::Unknown if text == BEGIN => (Self::ClearSigned(Header), None),
            Self::Unknown if text.starts_with(b"untrusted comment:") => (Self::Signify, None),
            Self::Unknown | Self::None => (Self::None, Some(line)),
            Self::Signify => (Self::None, None),
            Self::ClearSigned(Header) if text.is_empty() => (Self::ClearSigned(Text), None),
            Self::ClearSigned(Text) if text == SIGNATURE => (Self::ClearSigned(Unsigned), None),
            // A line that starts with a dash has `- ` before it.
            Self::ClearSigned(Text) => (*self, Some(line.strip_prefix(b"- ").unwrap_or(line))),
            Self::ClearSigned(Unsigned) if text == BEGIN => (Self::ClearSigned(Header), None),
            Self::ClearSigned(Header | Unsigned) => (*self, None),
        };
        *self = next;
        kept
    }

    /// Returns `true` if the list has a signature.
    pub(crate) fn is_signed(self) -> bool {
        matches!(self, Self::ClearSigned(_) | Self::Signify)
    }
}

/// Returns `true` if a list starts with a UTF-16 byte order mark.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Decodes UTF-16 with a byte order mark.
pub(crate) fn decode_utf16(bytes: &[u8]) -> Result<Vec<u8>, BadLine> {
    let unit = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        _ => u16::from_be_bytes,
    };
    let (pairs, []) = bytes[2..].as_chunks() else { return Err(BadLine::Syntax) };
    let decoded: Result<String, _> =
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    let text = decoded.map_err(|_| BadLine::Syntax)?;
    Ok(text.trim_start_matches('\u{feff}').as_bytes().to_vec())
}
