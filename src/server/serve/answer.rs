//! The answer to a request for a name below the served directory.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_SECURITY_POLICY, VARY};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use bytes::Bytes;
use hsum::engine::StableFile;
use hsum::{Digest, Error, ErrorKind, HashFunction};
use tokio::task::spawn_blocking;

use crate::server::serve::content_type::TEXT;
use crate::server::serve::file::{self, OpenedFile};
use crate::server::serve::listing::{Listing, html, json};
use crate::server::serve::response::{
    error, later, message, methods, moved, set, text, wrong_method,
};
use crate::server::serve::site::Site;
use crate::server::serve::sums::{self, Sums};
use crate::server::serve::target::Target;

/// Answers a request.
pub(crate) async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response<Body> {
    let method = request.method();
    if method == Method::OPTIONS {
        return methods();
    }
    if method != Method::GET && method != Method::HEAD {
        return wrong_method();
    }
    let target = match Target::parse(request.uri().path(), site.hidden) {
        Ok(target) => target,
        Err(status) => return error(status),
    };
    let file = match open(&site, &target.name) {
        Ok(file) => file,
        Err(error) => return absent(site, request.headers(), target, &error).await,
    };
    match file.stamp() {
        None if target.has_slash => directory(site, request.headers(), target.name, file).await,
        None => moved(&with_slash(request.uri())),
        Some(_) if target.has_slash => error(StatusCode::NOT_FOUND),
        Some(stamp) => {
            let name = &target.name;
            let digests = site.digests.of_requested(&stamp);
            match wanted_digest(request.uri()) {
                Some(wanted) => digest(&site, request.headers(), name, wanted, digests),
                None => {
                    let digests = digests.unwrap_or_default();
                    let opened = OpenedFile { name, file, stamp, digests };
                    file::answer(method, request.headers(), opened)
                }
            }
        }
    }
}

fn open(site: &Site, name: &[u8]) -> Result<StableFile, Error> {
    let name = if name.is_empty() { b"." } else { name };
    site.directory.open(Path::new(OsStr::from_bytes(name)))
}

/// Answers for a name that cannot be opened; it may be that of a list.
async fn absent(
    site: Arc<Site>,
    request: &HeaderMap,
    target: Target,
    failure: &Error,
) -> Response<Body> {
    match failure.kind() {
        ErrorKind::Io(failure) if failure.kind() == io::ErrorKind::PermissionDenied => {
            return error(StatusCode::FORBIDDEN);
        }
        ErrorKind::Io(failure) if failure.kind() == io::ErrorKind::NotFound => {}
        ErrorKind::Io(failure) if is_server_error(failure) => {
            return error(StatusCode::INTERNAL_SERVER_ERROR);
        }
        // Also a FIFO, and a link that leads outside.
        _ => return error(StatusCode::NOT_FOUND),
    }
    if target.has_slash || !target.name.ends_with(b"SUMS") {
        return error(StatusCode::NOT_FOUND);
    }
    let list = spawn_blocking(move || site.sums.list(&site.digests, &target.name)).await;
    match list {
        Ok(Sums::Text(list)) => text(request, TEXT, list),
        Ok(Sums::Unfinished { hashed, files }) => {
            later(&format!("{hashed} of {files} files have been hashed; try again later"))
        }
        Ok(Sums::NotAList) => error(StatusCode::NOT_FOUND),
        Err(_) => error(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// Returns `true` if the name itself is not the reason why it cannot be opened.
fn is_server_error(failure: &io::Error) -> bool {
    let of_name =
        [rustix::io::Errno::LOOP, rustix::io::Errno::NAMETOOLONG, rustix::io::Errno::NOTDIR];
    !of_name.iter().any(|errno| failure.raw_os_error() == Some(errno.raw_os_error()))
}

/// Lists a directory.
async fn directory(
    site: Arc<Site>,
    request: &HeaderMap,
    name: Vec<u8>,
    directory: StableFile,
) -> Response<Body> {
    if !site.has_listings {
        return error(StatusCode::NOT_FOUND);
    }
    let is_json = prefers_json(request);
    let made = spawn_blocking(move || {
        let listing = Listing::read(&site, &name, &directory)?;
        io::Result::Ok(match is_json {
            true => json::text(&listing),
            false => html::page(&listing).into_bytes(),
        })
    });
    let Ok(Ok(page)) = made.await else { return error(StatusCode::INTERNAL_SERVER_ERROR) };
    let media_type = if is_json { "application/json" } else { "text/html; charset=utf-8" };
    let mut response = text(request, media_type, Bytes::from(page));
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    if !is_json {
        set(&mut response, CONTENT_SECURITY_POLICY, &html::POLICY);
    }
    response
}

/// Returns `true` if `Accept` names JSON, and not HTML before it.
fn prefers_json(request: &HeaderMap) -> bool {
    let fields = request.get_all(ACCEPT).iter().filter_map(|field| field.to_str().ok());
    let mut types = fields.flat_map(|field| field.split(',')).map(|media_type| {
        media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    });
    types
        .find(|name| matches!(&**name, "application/json" | "text/html"))
        .is_some_and(|name| name == "application/json")
}

/// Returns the value of `digest` in a query.
fn wanted_digest(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("digest="))
}

/// Answers with the digest of a file, as a line of a checksum file.
fn digest(
    site: &Site,
    request: &HeaderMap,
    name: &[u8],
    wanted: &str,
    digests: Option<Arc<[Digest]>>,
) -> Response<Body> {
    let functions = site.digests.functions();
    let function = wanted.parse::<HashFunction>().ok().filter(|f| functions.contains(f));
    let Some(function) = function else {
        let names: Vec<_> = functions.iter().map(HashFunction::to_string).collect();
        let text = format!("unknown algorithm; this server has {}", names.join(", "));
        return message(StatusCode::BAD_REQUEST, &text);
    };
    match digests.as_ref().and_then(|digests| sums::digest_of(digests, function)) {
        Some(digest) => text(request, TEXT, sums::line(digest, name).into()),
        None => later("the file has not been hashed yet; try again later"),
    }
}

/// Returns the path and query with a slash after the path.
fn with_slash(uri: &Uri) -> String {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{query}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_sent_to_those_who_prefer_it() {
        for (accept, is_json) in [
            ("application/json", true),
            ("Application/JSON; q=1", true),
            ("application/json, text/html", true),
            ("text/html, application/json", false),
            ("text/html,application/xhtml+xml,*/*;q=0.8", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(prefers_json(&headers), is_json, "{accept}");
        }
    }

    #[test]
    fn a_slash_is_added_to_the_path() {
        for (uri, path) in [("/a", "/a/"), ("/a%20b?c=d", "/a%20b/?c=d")] {
            assert_eq!(with_slash(&uri.parse().unwrap()), path);
        }
    }
}
