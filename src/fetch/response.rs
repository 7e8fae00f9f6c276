//! What a response says of the file, before and besides its bytes.

use url::Url;

use crate::digest::Digest;
use crate::net::client::Reply;
use crate::net::failure::{Failure, FailureKind};
use crate::net::headers::HeaderFields;
use crate::net::redirect::Redirect;
use crate::net::transport::Framing;
use crate::net::url::redacted;
use crate::trust::header_digests::{self, BodyShape};

/// What a response says of the file.
pub(super) struct Answer {
    pub(super) headers: HeaderFields,
    pub(super) url: Url,
    pub(super) chain: Vec<Redirect>,
    pub(super) shape: BodyShape,
    pub(super) framing: Framing,
    /// All the file's bytes, where they are told.
    pub(super) total: Option<u64>,
}

impl Answer {
    pub(super) fn of(headers: HeaderFields, url: Url, chain: Vec<Redirect>, status: u16) -> Self {
        let coded = headers.value("Content-Encoding").is_some_and(|coding| coding != "identity");
        let shape = match (status, coded) {
            (206 | 416, false) => BodyShape::Part,
            (206 | 416, true) => BodyShape::CodedPart,
            (_, false) => BodyShape::Whole,
            (_, true) => BodyShape::Coded,
        };
        Self { headers, url, chain, shape, framing: Framing::UntilClose, total: None }
    }

    /// The digests of the file that the response states.
    pub(super) fn stated(&self) -> Vec<Digest> {
        let stated = header_digests::stated(self.headers.iter());
        stated.iter().filter_map(|stated| stated.of_file(self.shape)).collect()
    }
}

/// A status that is no file.
pub(super) fn refusal(reply: &Reply) -> Failure {
    let status = reply.response.status;
    let text = match reason(status) {
        Some(reason) => format!("{}: the server answers {status} {reason}", redacted(&reply.url)),
        None => format!("{}: the server answers {status}", redacted(&reply.url)),
    };
    // The client has tried again already.
    Failure::new(FailureKind::Status(status), text)
}

/// The phrase for a status, from the list that the protocol's crate has.
fn reason(status: u16) -> Option<&'static str> {
    ureq::http::StatusCode::from_u16(status).ok()?.canonical_reason()
}
