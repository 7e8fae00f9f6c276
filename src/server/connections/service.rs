//! The answer to each request: authentication, the application, the access log.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Version};
use tower::ServiceExt as _;

use crate::server::connections::auth::Gate;
use crate::server::connections::log::{Answered, LONGEST_METHOD, LONGEST_PATH, Log, logged};
use crate::server::connections::meter::{Meter, OpenRequest, Turn};
use crate::server::connections::peer::{Peer, User};

/// The parts of a server that all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) app: Router,
    pub(crate) gate: Option<Gate>,
    pub(crate) log: Log,
    pub(crate) requests: AtomicU64,
}

/// A connection whose requests are answered.
#[derive(Clone, Debug)]
pub(crate) struct Conversation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: Peer,
    pub(crate) meter: Arc<Meter>,
}

impl Conversation {
    /// Answers a request.
    pub(crate) async fn answer(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Infallible> {
        let (open, time, start) =
            (OpenRequest::new(&self.meter), SystemTime::now(), Instant::now());
        self.shared.requests.fetch_add(1, Relaxed);
        let (method, version) = (request.method().clone(), request.version());
        let path = logged(request.uri().path(), LONGEST_PATH);
        let (response, user) = self.respond(request).await;
        let (mut head, body) = response.into_parts();
        if head.status == StatusCode::NOT_MODIFIED {
            // axum sets the length of the empty body; RFC 9110, section 8.6 permits that of the file
            // only.
            head.headers.remove(CONTENT_LENGTH);
        }
        let has_body = method != Method::HEAD && head.status != StatusCode::NOT_MODIFIED;
        let size = http_body::Body::size_hint(&body).exact();
        let request = Answered {
            time,
            peer: self.peer,
            user,
            method: logged(method.as_str(), LONGEST_METHOD),
            path,
            protocol: protocol(version),
            status: head.status.as_u16(),
            bytes: 0,
            taken: start.elapsed(),
            is_complete: !has_body || size == Some(0),
        };
        let mut turn = Turn::new(&self.meter);
        // The head is ready: the client has to take it.
        turn.set_client(true);
        let log = self.shared.log.clone();
        let record = Record { log, request: Some(request), start, _open: open };
        Ok(Response::from_parts(head, Answer { body, size, turn, record }))
    }

    async fn respond(&self, request: Request<Incoming>) -> (Response<Body>, Option<User>) {
        if self.meter.is_ambiguous() || !has_valid_host(&request) {
            return (ambiguous(), None);
        }
        let turn = Turn::new(&self.meter);
        let mut request = request.map(|body| Body::new(Upload { body, turn }));
        let user = match &self.shared.gate {
            None => None,
            Some(gate) => match gate.admit(request.headers()).await {
                Ok(user) => Some(user),
                Err(refusal) => return (refusal.response(), None),
            },
        };
        request.extensions_mut().insert(self.peer.clone());
        if let Some(user) = &user {
            request.extensions_mut().insert(user.clone());
        }
        let Ok(response) = self.shared.app.clone().oneshot(request).await;
        (response, user)
    }
}

/// Returns `true` if there is one `Host` (RFC 9112, section 3.2). With several, a proxy in front of
/// the server may have taken the request for one to another site.
fn has_valid_host<B>(request: &Request<B>) -> bool {
    match request.headers().get_all(HOST).iter().count() {
        0 => request.version() != Version::HTTP_11,
        count => count == 1,
    }
}

/// Returns the answer to a request whose end or host is uncertain; it ends the connection.
fn ambiguous() -> Response<Body> {
    let mut response = Response::new(Body::from("ambiguous request framing or host\n"));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

/// The body of a request.
struct Upload {
    body: Incoming,
    turn: Turn,
}

impl http_body::Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.turn.set_client(polled.is_pending());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of a response, which logs the request at its end.
pub(crate) struct Answer {
    body: Body,
    size: Option<u64>,
    turn: Turn,
    record: Record,
}

/// The line of the access log, written when this is dropped.
struct Record {
    log: Log,
    request: Option<Answered>,
    start: Instant,
    _open: OpenRequest,
}

impl Drop for Record {
    fn drop(&mut self) {
        if let Some(mut request) = self.request.take() {
            request.taken = self.start.elapsed();
            self.log.answered(request);
        }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let (size, is_end) = (self.size, self.body.is_end_stream());
        self.turn.set_client(polled.is_ready());
        if let Some(request) = &mut self.record.request {
            match &polled {
                Poll::Ready(Some(Ok(frame))) => {
                    request.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                    request.is_complete = is_end || size == Some(request.bytes);
                }
                Poll::Ready(None) => request.is_complete = true,
                _ => {}
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
