//! The response with a file, or with a part of one.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LAST_MODIFIED, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use hsum::Digest;
use hsum::engine::{FileStamp, StableFile, Timestamp};

use crate::server::serve::body::FileBody;
use crate::server::serve::conditions::{Decision, Validators, evaluate, http_date};
use crate::server::serve::ranges::{Selection, select};
use crate::server::serve::response::{error, response, set, tag};
use crate::server::serve::{content_type, repr_digest, validators};

/// RFC 9530, section 3.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// A file that was opened for a request.
pub(crate) struct OpenedFile<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) file: StableFile,
    pub(crate) stamp: FileStamp,
    /// Empty if they are not known yet.
    pub(crate) digests: Arc<[Digest]>,
}

/// Returns the response to a GET or HEAD request for a file.
pub(crate) fn answer(method: &Method, request: &HeaderMap, opened: OpenedFile) -> Response<Body> {
    let (size, digests) = (opened.stamp.size, Arc::clone(&opened.digests));
    let validators = validators::of_file(&opened.stamp, &digests, Timestamp::now());
    let mut response = match evaluate(request, &validators) {
        Decision::Failed => error(StatusCode::PRECONDITION_FAILED),
        Decision::NotModified => response(StatusCode::NOT_MODIFIED, Body::empty()),
        Decision::Send { permits_range } => {
            // RFC 9110 defines ranges for GET only.
            let field = request.get(RANGE).filter(|_| permits_range && method == Method::GET);
            let several = request.get_all(RANGE).iter().count() > 1;
            let text = field.filter(|_| !several).and_then(|field| field.to_str().ok());
            match text.map_or(Selection::Whole, |text| select(text, size)) {
                Selection::Whole => whole(method, opened),
                Selection::Part(range) => part(opened, range),
                Selection::Unsatisfiable => unsatisfiable(size),
            }
        }
    };
    // The text of an error has none of the file's validators and digests.
    if !response.status().is_client_error() {
        describe(&mut response, request, &validators, &digests);
    }
    response
}

/// Sets the fields that describe the whole file, whatever part of it is sent.
fn describe(
    response: &mut Response<Body>,
    request: &HeaderMap,
    validators: &Validators,
    digests: &[Digest],
) {
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    tag(response, validators);
    if let Some(modified) = validators.modified {
        set(response, LAST_MODIFIED, &http_date(modified));
    }
    if let Some(value) = repr_digest::field(request, digests) {
        set(response, REPR_DIGEST, &value);
    }
}

fn whole(method: &Method, opened: OpenedFile) -> Response<Body> {
    let size = opened.stamp.size;
    let body = match method == Method::HEAD {
        true => Body::empty(),
        false => Body::new(FileBody::new(opened.file, 0..size)),
    };
    contents(StatusCode::OK, opened.name, body, size)
}

fn part(opened: OpenedFile, range: Range<u64>) -> Response<Body> {
    let (length, size) = (range.end - range.start, opened.stamp.size);
    let field = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    let body = Body::new(FileBody::new(opened.file, range));
    let mut response = contents(StatusCode::PARTIAL_CONTENT, opened.name, body, length);
    set(&mut response, CONTENT_RANGE, &field);
    response
}

fn contents(status: StatusCode, name: &[u8], body: Body, length: u64) -> Response<Body> {
    let mut response = response(status, body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type::of(name)));
    headers.insert(CONTENT_LENGTH, length.into());
    response
}

fn unsatisfiable(size: u64) -> Response<Body> {
    let mut response = error(StatusCode::RANGE_NOT_SATISFIABLE);
    set(&mut response, CONTENT_RANGE, &format!("bytes */{size}"));
    response
}
