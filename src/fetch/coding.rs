//! The content coding of a response.

use crate::net::headers::HeaderFields;

/// The content coding of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ContentCoding {
    /// No coding, or one that this library does not decode.
    Identity,
    Gzip,
}

impl ContentCoding {
    /// Returns the coding that a response declares.
    pub(super) fn of(headers: &HeaderFields) -> Self {
        let mut codings = headers.values("Content-Encoding");
        match (codings.next(), codings.next()) {
            (Some(one), None) if ["gzip", "x-gzip"].iter().any(|g| g.eq_ignore_ascii_case(one)) => {
                Self::Gzip
            }
            _ => Self::Identity,
        }
    }

    /// Declares this coding in the headers of a response that omits it.
    pub(super) fn declare(self, headers: &mut HeaderFields) {
        if self == Self::Gzip {
            let _ = headers.set("Content-Encoding", "gzip");
        }
    }
}
