//! Responses without a file: errors, redirections and texts that the server makes.

use axum::body::Body;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use bytes::Bytes;

use crate::server::serve::conditions::{Decision, Validators, evaluate};
use crate::server::serve::content_type::TEXT;
use crate::server::serve::validators;

/// The methods that are answered.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");
/// The policy of all files: browsers load nothing for them, and run nothing of them.
pub(crate) const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'");
/// The seconds after which a client may ask again for a digest.
const RETRY: HeaderValue = HeaderValue::from_static("5");

/// Creates a response with the headers that all have.
pub(crate) fn response(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// Sets a field whose value the server has made.
pub(crate) fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Returns a response with a line of text.
pub(crate) fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = response(status, Body::from(format!("{text}\n")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    response
}

/// Returns the response to a request that fails.
pub(crate) fn error(status: StatusCode) -> Response<Body> {
    let reason = status.canonical_reason().unwrap_or_default();
    message(status, &format!("{} {reason}", status.as_u16()))
}

/// Returns 503 for a digest that will be known later.
pub(crate) fn later(text: &str) -> Response<Body> {
    let mut response = message(StatusCode::SERVICE_UNAVAILABLE, text);
    response.headers_mut().insert(RETRY_AFTER, RETRY);
    response
}

/// Returns the response to `OPTIONS`.
pub(crate) fn methods() -> Response<Body> {
    let mut response = response(StatusCode::NO_CONTENT, Body::empty());
    response.headers_mut().insert(ALLOW, METHODS);
    response
}

/// Returns the response to a method that is not answered.
pub(crate) fn wrong_method() -> Response<Body> {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(ALLOW, METHODS);
    response
}

/// Redirects to a path.
pub(crate) fn moved(path: &str) -> Response<Body> {
    let mut response = error(StatusCode::MOVED_PERMANENTLY);
    set(&mut response, LOCATION, path);
    response
}

/// Returns a text that the server has made, or 304 or 412 as the request's conditions say.
pub(crate) fn text(request: &HeaderMap, media_type: &str, text: Bytes) -> Response<Body> {
    let validators = validators::of_text(&text);
    let mut response = match evaluate(request, &validators) {
        Decision::Failed => return error(StatusCode::PRECONDITION_FAILED),
        Decision::NotModified => response(StatusCode::NOT_MODIFIED, Body::empty()),
        Decision::Send { .. } => {
            let mut response = response(StatusCode::OK, Body::from(text.clone()));
            set(&mut response, CONTENT_TYPE, media_type);
            response.headers_mut().insert(CONTENT_LENGTH, text.len().into());
            response
        }
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    tag(&mut response, &validators);
    response
}

/// Sets `ETag`.
pub(crate) fn tag(response: &mut Response<Body>, validators: &Validators) {
    if let Some(tag) = validators.tags.first() {
        set(response, ETAG, tag);
    }
}
