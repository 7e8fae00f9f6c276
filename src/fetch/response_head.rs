//! The head of a response to a download request.

use url::Url;

use crate::digest::Digest;
use crate::fetch::coding::ContentCoding;
use crate::net::headers::HeaderFields;
use crate::net::redirect::Redirect;
use crate::net::transport::Framing;
use crate::trust::header_digests::{self, BodyShape};

/// A response without its body.
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) headers: HeaderFields,
    pub(super) url: Url,
    pub(super) redirects: Vec<Redirect>,
    pub(super) framing: Framing,
    /// The length of the whole file in bytes, if the server states it.
    pub(super) total: Option<u64>,
}

impl ResponseHead {
    pub(super) fn coding(&self) -> ContentCoding {
        ContentCoding::of(&self.headers)
    }

    /// Returns the value of `Content-Encoding`, unless that is `identity`.
    pub(super) fn content_encoding(&self) -> Option<&str> {
        self.headers.value("Content-Encoding").filter(|coding| *coding != "identity")
    }

    /// Returns the digests of the file that the server states.
    pub(super) fn stated_digests(&self) -> Vec<Digest> {
        let shape = match (self.status, self.content_encoding()) {
            (206 | 416, None) => BodyShape::Part,
            (206 | 416, Some(_)) => BodyShape::CodedPart,
            (_, None) => BodyShape::Whole,
            (_, Some(_)) => BodyShape::Coded,
        };
        let stated = header_digests::stated(self.headers.iter());
        stated.iter().filter_map(|stated| stated.of_file(shape)).collect()
    }
}
