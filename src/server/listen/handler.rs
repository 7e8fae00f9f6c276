//! The path of a request: admission, body, verification, replay, actions, answer.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use hsum::sign::{Clock, Component, SystemClock, VerifiedRequest, VerifyError};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::cli::colour::Status;
use crate::cli::sign::request::Request as SignedRequest;
use crate::server::connections::peer::Peer;
use crate::server::listen::actions::{Accepted, Actions};
use crate::server::listen::answer::Answer;
use crate::server::listen::budget::{Budget, Lease};
use crate::server::listen::challenge;
use crate::server::listen::gate::Gate;
use crate::server::listen::json;
use crate::server::listen::provider::{Provider, is_form};
use crate::server::listen::public_url::PublicUrl;
use crate::server::listen::received::{Arrival, Received};
use crate::server::listen::replay::{Claim, ReplayStore};
use crate::server::listen::report::{Line, Problem, Reporter};
use crate::server::listen::works::Works;

/// A receiver of webhooks.
pub(crate) struct Listener {
    pub(crate) gate: Gate,
    pub(crate) provider: Provider,
    /// The only path of requests, if there is one.
    pub(crate) path: Option<String>,
    pub(crate) url: PublicUrl,
    pub(crate) max_body: u64,
    pub(crate) timeout: Duration,
    pub(crate) budget: Arc<Budget>,
    /// The token of questions in GET requests.
    pub(crate) token: Option<Zeroizing<Vec<u8>>>,
    pub(crate) replays: ReplayStore,
    pub(crate) actions: Actions,
    pub(crate) reporter: Reporter,
    /// The requests that are being decided.
    pub(crate) works: Arc<Works>,
}

/// A refusal before verification.
struct Refusal {
    status: u16,
    reason: &'static str,
    text: String,
}

impl Refusal {
    fn new(status: u16, reason: &'static str, text: impl Into<String>) -> Self {
        Self { status, reason, text: text.into() }
    }
}

/// Answers a request.
pub(crate) async fn handle(State(listener): State<Arc<Listener>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(peer) = parts.extensions.get::<Peer>() else {
        return Answer::empty(500).into_response();
    };
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let arrival = Arrival::now(peer.address, parts.method.as_str(), target);
    if let Some(answer) = listener.challenge(&arrival, &parts) {
        return answer.into_response();
    }
    let received = match listener.admit(&parts) {
        Ok(()) => listener.receive(arrival.clone(), &parts, body).await,
        Err(refusal) => Err(refusal),
    };
    let answer = match received {
        // Printing waits for the reader of standard output.
        Err(refusal) => block_in_place(|| listener.refuse(&arrival, None, &refusal)),
        Ok(received) => decided(listener, received).await,
    };
    answer.into_response()
}

/// Decides on a request in a thread of its own, which goes on if the client leaves: an action is
/// never cut off.
async fn decided(listener: Arc<Listener>, received: Received) -> Answer {
    let (reply, answer) = oneshot::channel();
    let work = listener.works.start();
    let decide = move || {
        listener.decide(&received, |answer| _ = reply.send(answer));
        drop(work);
    };
    match thread::Builder::new().spawn(decide) {
        Ok(_) => answer.await.unwrap_or_else(|_| Answer::empty(500)),
        Err(_) => Answer::empty(503),
    }
}

impl Listener {
    /// Answers a question in the query of a GET request.
    fn challenge(&self, arrival: &Arrival, parts: &Parts) -> Option<Answer> {
        if parts.method != "GET" || self.is_elsewhere(parts) {
            return None;
        }
        let query = parts.uri.query()?;
        let token = self.token.as_ref().map(|token| &token[..]);
        let answer = challenge::of_query(query, self.provider.handshake, token)?;
        // Printing waits for the reader of standard output.
        block_in_place(|| self.reporter.print_challenge(arrival, answer.status, false));
        Some(answer)
    }

    fn is_elsewhere(&self, parts: &Parts) -> bool {
        self.path.as_ref().is_some_and(|path| path != parts.uri.path())
    }

    /// Refuses a request for what its head says.
    fn admit(&self, parts: &Parts) -> Result<(), Refusal> {
        if self.is_elsewhere(parts) {
            return Err(Refusal::new(404, "not-found", "another path than that of --path"));
        }
        let method = parts.method.as_str();
        if method != "POST" && !self.provider.methods.contains(&method) {
            return Err(Refusal::new(405, "method", "a method that the scheme does not sign"));
        }
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > self.max_body) {
            return Err(self.too_large());
        }
        Ok(())
    }

    fn too_large(&self) -> Refusal {
        let text = format!("a body of more than {} bytes (--max-body)", self.max_body);
        Refusal::new(413, "too-large", text)
    }

    /// Reads the body.
    async fn receive(
        &self,
        arrival: Arrival,
        parts: &Parts,
        body: Body,
    ) -> Result<Received, Refusal> {
        let mut lease = self.budget.lease();
        let read = timeout(self.timeout, self.read(body, &mut lease)).await;
        let slow = |_| Refusal::new(408, "timeout", "the body did not arrive in time (--timeout)");
        let body = read.map_err(slow)??;
        let mut request = self.signed_request(&arrival, parts);
        match self.provider.params(&request, &body) {
            Some(params) => request.params = params,
            None if self.gate.signs_params() => {
                let text = "the body is not in the format of its Content-Type";
                return Err(Refusal::new(400, "malformed", text));
            }
            None => {}
        }
        Ok(Received { arrival, request, body, _lease: lease })
    }

    async fn read(&self, mut body: Body, lease: &mut Lease) -> Result<Bytes, Refusal> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let incomplete = |_| Refusal::new(400, "incomplete", "the body ended early");
            let Ok(piece) = frame.map_err(incomplete)?.into_data() else { continue };
            if (bytes.len() + piece.len()) as u64 > self.max_body {
                return Err(self.too_large());
            }
            bytes.extend_from_slice(&piece);
            if !lease.extend(bytes.capacity()) {
                let text = "no memory for another large body now";
                return Err(Refusal::new(503, "busy", text));
            }
        }
        Ok(bytes.into())
    }

    /// Returns the request as its sender signed it, without parameters.
    fn signed_request(&self, arrival: &Arrival, parts: &Parts) -> SignedRequest {
        let headers = parts.headers.iter();
        let mut headers: Vec<(String, Vec<u8>)> =
            headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let authority = parts.uri.authority().map(|authority| authority.as_str());
        let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
        if let (None, Some(authority)) = (host, authority) {
            // HTTP/2 has a pseudo-header instead.
            headers.push(("host".to_owned(), authority.as_bytes().to_vec()));
        }
        let url = self.url.of(host.or(authority), &arrival.target);
        SignedRequest { method: arrival.method.clone(), url, headers, params: Vec::new() }
    }

    /// Verifies a request, and answers it with `reply`.
    fn decide(&self, received: &Received, reply: impl FnOnce(Answer)) {
        match self.gate.verify(received) {
            Ok(verified) => reply(self.accept(received, &verified)),
            Err(error) => {
                // The sender learns the status only, at once; the user learns the cause.
                let status = rejection_status(&error);
                reply(Answer::empty(status));
                self.report_rejection(received, &error, status);
            }
        }
    }

    fn report_rejection(&self, received: &Received, error: &VerifyError, status: u16) {
        let causes = self.gate.causes(received, error);
        let mut line = Line::new(&received.arrival, Status::Failed, status);
        line.size = Some(received.body.len());
        line.problem = Some(Problem::Rejected { error, causes: &causes });
        self.reporter.print(&line);
    }

    fn refuse(&self, arrival: &Arrival, received: Option<&Received>, refusal: &Refusal) -> Answer {
        let mut line = Line::new(arrival, Status::Refused, refusal.status);
        line.size = received.map(|received| received.body.len());
        line.problem = Some(Problem::Other { reason: refusal.reason, text: &refusal.text });
        self.reporter.print(&line);
        let answer = Answer::empty(refusal.status);
        match refusal.status {
            405 => {
                let methods = [&["POST"], self.provider.methods].concat();
                answer.with("allow", &methods.join(", "))
            }
            503 => answer.with("retry-after", "10"),
            _ => answer,
        }
    }

    /// Handles a verified request.
    fn accept(&self, received: &Received, verified: &VerifiedRequest) -> Answer {
        if received.request.method != "POST" && !covers_method(verified) {
            let refusal = Refusal::new(405, "method", "the signature does not cover the method");
            return self.refuse(&received.arrival, Some(received), &refusal);
        }
        let value = if is_form(&received.request) { None } else { json::parse(&received.body) };
        if let Some(answer) = self.handshake(received, verified, value.as_ref()) {
            return answer;
        }
        let event = self.provider.event(&received.request, value.as_ref());
        let accepted = Accepted { received, verified, event: event.as_ref() };
        drop(value);
        let fresh_until = verified.fresh_until();
        if fresh_until.is_none() && !self.replays.has_file() {
            return self.act(&accepted).0;
        }
        match self.replays.claim(verified.replay_keys().collect(), fresh_until, SystemClock.now()) {
            Claim::New(claimed) => {
                let (answer, is_handled) = self.act(&accepted);
                if is_handled {
                    claimed.confirm();
                }
                answer
            }
            Claim::Seen => self.repeated(&accepted, 200, "handled before"),
            Claim::Busy => self.repeated(&accepted, 409, "an equal request is being handled"),
            Claim::Full => {
                let refusal = Refusal::new(503, "busy", "too many replay keys to remember");
                self.refuse(&received.arrival, Some(received), &refusal)
            }
        }
    }

    /// Answers a question in a verified request.
    fn handshake(
        &self,
        received: &Received,
        verified: &VerifiedRequest,
        value: Option<&Value>,
    ) -> Option<Answer> {
        let answer = challenge::of_body(value?, self.provider.handshake, verified, &self.gate)?;
        self.reporter.print_challenge(&received.arrival, answer.status, true);
        Some(answer)
    }

    /// Runs the actions, and returns the answer and whether all succeeded.
    fn act(&self, accepted: &Accepted<'_>) -> (Answer, bool) {
        let acted = self.actions.run(accepted);
        let is_handled = acted.failure.is_none();
        let answer = acted.answer.unwrap_or_else(|| match self.provider.answer {
            (_, "") => Answer::empty(200),
            (media_type, body) => Answer::text(media_type, body),
        });
        let status = if is_handled { Status::Ok } else { Status::Failed };
        let mut line = line_of(accepted, status, answer.status);
        let failure = acted.failure.as_ref();
        line.problem =
            failure.map(|failure| Problem::Other { reason: failure.reason, text: &failure.text });
        line.output = acted.output.as_deref();
        line.saved = acted.saved.as_deref();
        self.reporter.print(&line);
        (answer, is_handled)
    }

    /// Answers a request that repeats another one.
    fn repeated(&self, accepted: &Accepted<'_>, status: u16, text: &str) -> Answer {
        let mut line = line_of(accepted, Status::Duplicate, status);
        line.problem = Some(Problem::Other { reason: "replay", text });
        self.reporter.print(&line);
        Answer::empty(status)
    }
}

fn line_of<'a>(accepted: &Accepted<'a>, status: Status, answer: u16) -> Line<'a> {
    let mut line = Line::new(&accepted.received.arrival, status, answer);
    line.size = Some(accepted.received.body.len());
    line.event = accepted.event;
    line.verified = Some(accepted.verified);
    line
}

/// Returns the HTTP status for a rejection. The library's reasons are stable.
fn rejection_status(error: &VerifyError) -> u16 {
    match error.reason() {
        "malformed" | "duplicate-header" => 400,
        _ => 401,
    }
}

fn covers_method(verified: &VerifiedRequest) -> bool {
    let is_method = |component: &Component| match component {
        Component::Method => true,
        Component::Identifier(name) => name == "@method",
        _ => false,
    };
    verified.coverage().components().iter().any(is_method)
}
