//! The methods over HTTP: XML-RPC at `/RPC2`, JSON below `/api`.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;
use tokio::task;

use crate::server::rpc::body::{Limits, Refusal, RequestBody, accepts_gzip, compress};
use crate::server::rpc::dispatch;
use crate::server::rpc::json;
use crate::server::rpc::methods::{METHODS, Method};
use crate::server::rpc::parameters::Parameter;
use crate::server::rpc::problem::{Problem, ProblemKind};
use crate::server::rpc::state::State;
use crate::server::rpc::weight::check_size;
use crate::server::rpc::xml::{self, Call};

const XML: &str = "text/xml; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// The number of the largest bodies that may be in memory.
const MAX_BODIES: usize = 32;

/// The methods, and the limits of their requests.
#[derive(Debug)]
pub(crate) struct Service {
    state: State,
    limits: Limits,
    /// Keeps cores free for downloads.
    workers: Arc<Semaphore>,
}

impl Service {
    /// Creates a service that takes bodies of up to `max_body` bytes.
    pub(crate) fn new(state: State, max_body: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let limits = Limits::new(max_body, MAX_BODIES);
        Self { state, limits, workers: Arc::new(Semaphore::new(cores)) }
    }
}

/// Returns the routes of the methods.
pub(crate) fn router(service: Service) -> Router {
    Router::new()
        .route("/RPC2", post(xml_rpc))
        .route("/api", get(describe))
        .route("/api/", get(describe))
        .route("/api/{method}", post(json_call))
        .with_state(Arc::new(service))
}

/// A response before it is compressed.
struct Answer {
    status: StatusCode,
    media_type: &'static str,
    text: Vec<u8>,
}

impl Answer {
    fn refusal(Refusal(status, text): Refusal) -> Self {
        Self { status, media_type: TEXT, text: (text + "\n").into_bytes() }
    }

    fn json(status: StatusCode, json: &Json) -> Self {
        Self { status, media_type: JSON, text: format!("{json}\n").into_bytes() }
    }

    fn failure(status: StatusCode, reason: &str, text: &str) -> Self {
        Self::json(status, &json!({ "reason": reason, "error": text }))
    }

    fn problem(problem: &Problem) -> Self {
        let status = StatusCode::from_u16(problem.kind.status());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::failure(status, problem.kind.reason(), &problem.text)
    }

    /// Compresses the answer if the client accepts that.
    fn response(self, limits: &Limits, headers: &HeaderMap) -> Response {
        let compressed = if accepts_gzip(headers) { compress(&self.text) } else { None };
        let is_compressed = compressed.is_some();
        let body = match limits.keep(compressed.unwrap_or(self.text)) {
            Ok(body) => body,
            // Short enough to be kept.
            Err(refusal) => return Self::refusal(refusal).response(limits, &HeaderMap::new()),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let fields = response.headers_mut();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        fields.insert(VARY, HeaderValue::from_static("accept-encoding"));
        fields.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if is_compressed {
            fields.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

async fn xml_rpc(
    Shared(service): Shared<Arc<Service>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let body = service.limits.read(&headers, &["text/xml", "application/xml"], body).await;
    let answer = |service: &Service, body: RequestBody| match body.decode() {
        Ok(message) => {
            let result =
                Call::parse(&message).and_then(|call| dispatch::answer(&service.state, call));
            let text = xml::write_response(result).into_bytes();
            Answer { status: StatusCode::OK, media_type: XML, text }
        }
        Err(refusal) => Answer::refusal(refusal),
    };
    match body {
        Ok(body) => work(service, headers, move |service| answer(service, body)).await,
        Err(refusal) => Answer::refusal(refusal).response(&service.limits, &headers),
    }
}

async fn json_call(
    Shared(service): Shared<Arc<Service>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(method) = METHODS.iter().find(|method| method.name == name) else {
        let text = "no such method; GET /api/ describes the methods";
        let problem = Problem::new(ProblemKind::NoMethod, text);
        return Answer::problem(&problem).response(&service.limits, &headers);
    };
    let refused = |Refusal(status, text)| Answer::failure(status, "refused", &text);
    let answer = move |service: &Service, body: RequestBody| match body.decode() {
        Ok(message) => match call(method, &service.state, &message) {
            Ok(result) => Answer::json(StatusCode::OK, &json!({ "result": result })),
            Err(problem) => Answer::problem(&problem),
        },
        Err(refusal) => refused(refusal),
    };
    match service.limits.read(&headers, &[JSON], body).await {
        Ok(body) => work(service, headers, move |service| answer(service, body)).await,
        Err(refusal) => refused(refusal).response(&service.limits, &headers),
    }
}

/// Calls a method with JSON.
fn call(method: &'static Method, state: &State, message: &[u8]) -> Result<Json, Problem> {
    let message = serde_json::from_slice(message)
        .map_err(|_| Problem::new(ProblemKind::Malformed, "the body is not valid JSON"))?;
    let result = dispatch::run(method, state, json::arguments(method.parameters, message)?)?;
    check_size(&result)?;
    Ok(json::without_null(json::from_value(&result)))
}

/// Answers on a thread that may block, as many requests at once as there are cores.
async fn work(
    service: Arc<Service>,
    headers: HeaderMap,
    answer: impl FnOnce(&Service) -> Answer + Send + 'static,
) -> Response {
    let permit = Arc::clone(&service.workers).acquire_owned().await;
    let working = Arc::clone(&service);
    let response = task::spawn_blocking(move || {
        // Held until the end of the work, even if the client has gone.
        let _permit = permit;
        answer(&working).response(&working.limits, &headers)
    });
    response.await.unwrap_or_else(|_| {
        let text = "the method failed".to_owned();
        let refusal = Refusal(StatusCode::INTERNAL_SERVER_ERROR, text);
        Answer::refusal(refusal).response(&service.limits, &HeaderMap::new())
    })
}

async fn describe(Shared(service): Shared<Arc<Service>>, headers: HeaderMap) -> Response {
    let describe = |method: &Method| {
        let parameter = |parameter: &Parameter| {
            let (name, kind) = (parameter.name, parameter.kind.name());
            json!({ "name": name, "type": kind, "optional": parameter.is_optional })
        };
        let parameters: Vec<_> = method.parameters.iter().map(parameter).collect();
        let (name, help, result) = (method.name, method.help, method.result.name());
        json!({ "name": name, "help": help, "parameters": parameters, "result": result })
    };
    let methods: Vec<_> = METHODS.iter().map(describe).collect();
    let answer = Answer::json(StatusCode::OK, &json!({ "methods": methods }));
    answer.response(&service.limits, &headers)
}
