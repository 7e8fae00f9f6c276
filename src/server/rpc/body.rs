//! Bodies of requests: bounded in size, time and memory, and decoded. Bodies of responses: bounded in
//! memory.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The time in which a body must arrive.
const MAX_TIME: Duration = Duration::from_secs(30);
/// The most bytes of a refused body that are read.
const MAX_DISCARDED: usize = 16 << 20;
/// The size from which a response is compressed.
const MIN_COMPRESSED: usize = 1024;
/// The memory that responses may take until their clients have read them.
const MAX_RESPONSES: usize = 128 << 20;
/// The size up to which a response does not count.
const MIN_COUNTED: usize = 16 << 10;
/// The unit in which [`Limits`] counts memory.
const UNIT: usize = 1024;

/// A request that is refused before it is parsed.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) StatusCode, pub(crate) String);

/// The limits of bodies.
#[derive(Debug)]
pub(crate) struct Limits {
    /// The maximum size of a body in bytes, as sent and as decoded.
    max_body: usize,
    /// The memory that the bodies of all requests may take.
    memory: Arc<Semaphore>,
    responses: Arc<Semaphore>,
}

/// A response's body, and the part of the memory that it takes.
struct ResponseBody {
    bytes: Vec<u8>,
    _memory: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for ResponseBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body, and the part of the memory that it takes.
#[derive(Debug)]
pub(crate) struct RequestBody {
    bytes: Vec<u8>,
    is_gzip: bool,
    max_body: usize,
    _memory: OwnedSemaphorePermit,
}

impl Limits {
    /// Creates limits for bodies of `max_body` bytes, of which `count` may be in memory.
    pub(crate) fn new(max_body: usize, count: usize) -> Self {
        let units = units(max_body).saturating_mul(count).min(Semaphore::MAX_PERMITS);
        let responses = Arc::new(Semaphore::new(MAX_RESPONSES / UNIT));
        Self { max_body, memory: Arc::new(Semaphore::new(units)), responses }
    }

    /// Reads the body of a request with one of these media types.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        media_types: &[&str],
        body: Body,
    ) -> Result<RequestBody, Refusal> {
        let mut body = body;
        let read = timeout(MAX_TIME, async {
            match self.accept(headers, media_types, &mut body).await {
                Err(refusal) if !headers.contains_key(EXPECT) => {
                    discard(body).await;
                    Err(refusal)
                }
                read => read,
            }
        });
        read.await.unwrap_or_else(|_| {
            Err(Refusal(StatusCode::REQUEST_TIMEOUT, "the body is too slow".into()))
        })
    }

    async fn accept(
        &self,
        headers: &HeaderMap,
        media_types: &[&str],
        body: &mut Body,
    ) -> Result<RequestBody, Refusal> {
        check_media_type(headers, media_types)?;
        let is_gzip = is_gzip(headers)?;
        let declared =
            headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: u64| length > self.max_body as u64) {
            return Err(self.too_large());
        }
        let (bytes, memory) = self.collect(body).await?;
        Ok(RequestBody { bytes, is_gzip, max_body: self.max_body, _memory: memory })
    }

    async fn collect(&self, body: &mut Body) -> Result<(Vec<u8>, OwnedSemaphorePermit), Refusal> {
        let mut bytes = Vec::new();
        let mut memory = reserve(&self.memory, 0)?;
        while let Some(frame) = body.frame().await {
            let frame = frame
                .map_err(|_| Refusal(StatusCode::BAD_REQUEST, "the body is incomplete".into()))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > self.max_body {
                return Err(self.too_large());
            }
            bytes.extend_from_slice(&data);
            let missing = units(bytes.len()).saturating_sub(memory.num_permits());
            memory.merge(reserve(&self.memory, missing)?);
        }
        Ok((bytes, memory))
    }

    /// Counts the memory of a response until its client has read it.
    pub(crate) fn keep(&self, bytes: Vec<u8>) -> Result<Bytes, Refusal> {
        if bytes.len() <= MIN_COUNTED {
            return Ok(bytes.into());
        }
        let memory = reserve(&self.responses, units(bytes.len()))?;
        Ok(Bytes::from_owner(ResponseBody { bytes, _memory: memory }))
    }

    fn too_large(&self) -> Refusal {
        too_large(self.max_body)
    }
}

impl RequestBody {
    /// Decodes the body. To be called on a thread that may block.
    pub(crate) fn decode(&self) -> Result<Cow<'_, [u8]>, Refusal> {
        if !self.is_gzip {
            return Ok(Cow::Borrowed(&self.bytes));
        }
        let mut decoded = Vec::new();
        let mut decoder = MultiGzDecoder::new(&self.bytes[..]).take(self.max_body as u64 + 1);
        let read = decoder.read_to_end(&mut decoded);
        read.map_err(|_| Refusal(StatusCode::BAD_REQUEST, "invalid gzip data".into()))?;
        if decoded.len() > self.max_body {
            Err(too_large(self.max_body))
        } else {
            Ok(decoded.into())
        }
    }
}

/// Reads the rest of a refused body, up to a limit: most clients read the answer only once they have
/// sent everything.
async fn discard(mut body: Body) {
    let mut total = 0;
    while let Some(Ok(frame)) = body.frame().await {
        total += frame.data_ref().map_or(0, Bytes::len);
        if total > MAX_DISCARDED {
            return;
        }
    }
}

fn too_large(max_body: usize) -> Refusal {
    Refusal(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {max_body} bytes"))
}

fn reserve(memory: &Arc<Semaphore>, count: usize) -> Result<OwnedSemaphorePermit, Refusal> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Arc::clone(memory)
        .try_acquire_many_owned(count)
        .map_err(|_| Refusal(StatusCode::SERVICE_UNAVAILABLE, "too many calls at once".into()))
}

fn units(bytes: usize) -> usize {
    bytes.div_ceil(UNIT)
}

/// Requires one of the media types. A browser sends them to another origin only if that allows it,
/// so that no page calls methods in the name of its reader.
fn check_media_type(headers: &HeaderMap, allowed: &[&str]) -> Result<(), Refusal> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    match allowed.iter().any(|name| media_type.eq_ignore_ascii_case(name)) {
        true => Ok(()),
        false => {
            let text = format!("expected Content-Type: {}", allowed.join(" or "));
            Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
        }
    }
}

fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    let Some(value) = headers.get(CONTENT_ENCODING) else { return Ok(false) };
    let codings = [(&b"gzip"[..], true), (b"x-gzip", true), (b"identity", false)];
    let coding = value.as_bytes().trim_ascii();
    let known = codings.into_iter().find(|(name, _)| coding.eq_ignore_ascii_case(name));
    known.map(|(_, is_gzip)| is_gzip).ok_or_else(|| {
        let text = "expected Content-Encoding: gzip, or none";
        Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, text.into())
    })
}

/// Returns `true` if the client accepts gzip (RFC 9110, section 12.5.3).
pub(crate) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|element| {
        let (coding, parameter) = element.split_once(';').unwrap_or((element, ""));
        let weight = parameter.trim().strip_prefix("q=").unwrap_or("1");
        coding.trim().eq_ignore_ascii_case("gzip") && weight.parse().is_ok_and(|q: f32| q > 0.0)
    })
}

/// Compresses a response, unless it is short.
pub(crate) fn compress(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() < MIN_COMPRESSED {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, text).and_then(|()| encoder.finish()).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use tokio::runtime::Runtime;

    use super::*;

    #[test]
    fn bodies_are_counted_until_they_are_dropped() {
        let limits = Limits::new(4096, 2);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
        let runtime = Runtime::new().expect("a runtime");
        let read = |size: usize| {
            let body = Body::from(vec![b' '; size]);
            runtime
                .block_on(limits.read(&headers, &["text/xml"], body))
                .map_err(|refused| refused.0)
        };
        let held = [read(4096).expect("a body"), read(4096).expect("another")];
        assert_eq!(read(1).err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        drop(held);
        assert!(read(4096).is_ok());
        assert_eq!(read(4097).err(), Some(StatusCode::PAYLOAD_TOO_LARGE));
    }

    #[test]
    fn responses_are_counted_until_they_are_sent() {
        let limits = Limits::new(1, 1);
        let keep = |size: usize| limits.keep(vec![0; size]).map_err(|refused| refused.0);
        let held = keep(MAX_RESPONSES).expect("memory");
        let sending = held.slice(1..);
        drop(held);
        assert_eq!(keep(MIN_COUNTED + 1).err(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert!(keep(MIN_COUNTED).is_ok());
        drop(sending);
        assert!(keep(MAX_RESPONSES).is_ok());
    }
}
