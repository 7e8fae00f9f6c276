//! A server of signed webhooks. A layer refuses forgeries and replays; the handler never sees them.
//!
//! `WEBHOOK_SECRET=whsec_… cargo run --features http --example webhook_server -- 127.0.0.1:8080`

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use hsum::sign::{Scheme, SecretKey, VerifiedRequest, Verifier};

/// The longest accepted body.
const LONGEST_BODY: usize = 1 << 20;
/// The time for which replay keys are remembered: twice the tolerance.
const REMEMBERED: Duration = Duration::from_secs(600);

#[derive(Clone)]
struct Gate {
    verifier: Verifier,
    seen: Arc<Mutex<HashMap<[u8; 32], Instant>>>,
}

impl Gate {
    fn new(key: SecretKey) -> Result<Self, Box<dyn std::error::Error>> {
        let verifier = Verifier::new(Scheme::StandardWebhooks, vec![key])?;
        Ok(Self { verifier, seen: Arc::default() })
    }

    /// Returns `true` if the request has not been seen before, and remembers it.
    fn is_new(&self, verified: &VerifiedRequest) -> bool {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        seen.retain(|_, time| now.duration_since(*time) < REMEMBERED);
        seen.insert(verified.replay_key(), now).is_none()
    }
}

/// Passes authentic requests on, once each.
async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let refuse = |reason: &str| (StatusCode::UNAUTHORIZED, reason.to_owned()).into_response();
    // A request that cannot be authentic is refused before its body is read.
    let mut verifying = match gate.verifier.begin_parts(&parts, "") {
        Ok(verifying) => verifying,
        Err(error) => return refuse(error.reason()),
    };
    let Ok(bytes) = to_bytes(body, LONGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    verifying.update(&bytes);
    match verifying.finish() {
        Ok(verified) if gate.is_new(&verified) => {
            parts.extensions.insert(verified);
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Ok(_) => refuse("replay"),
        Err(error) => refuse(error.reason()),
    }
}

/// Handles authentic requests.
async fn hook(Extension(verified): Extension<VerifiedRequest>, body: axum::body::Bytes) -> String {
    format!("{}: {} bytes\n", verified.id().unwrap_or_default(), body.len())
}

fn app(gate: Gate) -> Router {
    Router::new().route("/hook", post(hook)).layer(from_fn_with_state(gate, admit))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = SecretKey::from_whsec(std::env::var("WEBHOOK_SECRET")?)?;
    let gate = Gate::new(key)?;
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(&address).await?;
        println!("listening on {}", listener.local_addr()?);
        axum::serve(listener, app(gate)).await?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsum::sign::{Message, RequestSigner, SignOptions};
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn key() -> SecretKey {
        SecretKey::from_whsec(KEY).expect("a key")
    }

    fn send(address: SocketAddr, headers: &[(String, String)], body: &str) -> String {
        let mut text = format!(
            "POST /hook HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        let mut stream = TcpStream::connect(address).expect("the server listens");
        stream.write_all(format!("{text}\r\n{body}").as_bytes()).expect("the server reads");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("the server responds");
        response
    }

    #[test]
    fn forgeries_and_replays_do_not_reach_the_handler() {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
                sender.send(listener.local_addr().expect("an address")).expect("the test waits");
                axum::serve(listener, app(Gate::new(key()).expect("a gate"))).await
            })
        });
        let address = receiver.recv().expect("the server starts");
        let signer = RequestSigner::new(Scheme::StandardWebhooks, vec![key()]).expect("a signer");
        let sign = |id| {
            let options = SignOptions::new().id(id);
            signer.sign(&Message::empty(), &options, b"{}").expect("signed").headers().to_vec()
        };
        let response = send(address, &sign("msg_1"), "{}");
        assert!(
            response.starts_with("HTTP/1.1 200") && response.ends_with("msg_1: 2 bytes\n"),
            "{response}"
        );
        let headers = sign("msg_2");
        assert!(send(address, &headers, "{} ").ends_with("mismatch"));
        assert!(send(address, &headers, "{}").starts_with("HTTP/1.1 200"));
        assert!(send(address, &headers, "{}").ends_with("replay"));
        assert!(send(address, &[], "{}").ends_with("missing-header"));
    }
}
