//! Request framing that other programs may read differently (RFC 9112, section 11.2).
//!
//! A proxy in front of the server may find other ends of requests than the server does, and so let
//! a request pass within another. hyper rejects most such requests; [`Framed`] finds those that it
//! accepts: a `Transfer-Encoding` beside a `Content-Length`, a repeated `Content-Length`, and lines
//! that end with LF alone. A repeated `Host` is rejected too (section 3.2): a signature may cover the
//! other one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::server::connections::meter::Meter;

/// The bytes of a line that are kept: those of the longest name, and of a length.
const KEPT: usize = 64;

/// The stream of an HTTP/1 connection, whose requests are marked in the meter if their framing is
/// ambiguous.
#[derive(Debug)]
pub(crate) struct Framed<S> {
    stream: S,
    meter: Arc<Meter>,
    scan: Scan,
}

impl<S> Framed<S> {
    pub(crate) fn new(stream: S, meter: Arc<Meter>) -> Self {
        Self { stream, meter, scan: Scan::default() }
    }
}

/// The part of a request that the next byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Part {
    #[default]
    Head,
    /// A body, and the bytes that are missing of it.
    Body(u64),
    /// After chunks or an ambiguous request, where ends are not followed.
    Unknown,
}

/// The ends of requests in a stream.
#[derive(Default, Debug)]
struct Scan {
    part: Part,
    /// The beginning of the line, and its length.
    line: Vec<u8>,
    length: usize,
    ends_with_cr: bool,
    has_request_line: bool,
    body: Option<u64>,
    is_chunked: bool,
    has_host: bool,
}

impl Scan {
    /// Scans bytes; returns `true` if they make the framing ambiguous.
    fn finds_ambiguity(&mut self, mut bytes: &[u8]) -> bool {
        while let Some((&byte, rest)) = bytes.split_first() {
            bytes = match self.part {
                Part::Unknown => return false,
                Part::Body(missing) => {
                    let count = bytes.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
                    let left = missing - count as u64;
                    self.part = if left == 0 { Part::Head } else { Part::Body(left) };
                    bytes.get(count..).unwrap_or_default()
                }
                Part::Head if byte == b'\n' => {
                    if !self.ends_with_cr || !self.accepts_line() {
                        self.part = Part::Unknown;
                        return true;
                    }
                    self.line.clear();
                    (self.length, self.ends_with_cr) = (0, false);
                    rest
                }
                Part::Head => {
                    self.ends_with_cr = byte == b'\r';
                    self.length += 1;
                    if self.line.len() < KEPT {
                        self.line.push(byte);
                    }
                    rest
                }
            };
        }
        false
    }

    /// Takes a line that ends with CR; returns `false` if it makes the framing ambiguous.
    fn accepts_line(&mut self) -> bool {
        if self.length <= 1 {
            // Empty lines before a request are ignored (RFC 9112, 2.2).
            return !std::mem::take(&mut self.has_request_line) || self.end_head();
        }
        if !std::mem::replace(&mut self.has_request_line, true) {
            return true;
        }
        let Some(at) = self.line.iter().position(|byte| *byte == b':') else { return true };
        let (name, value) = self.line.split_at(at);
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_chunked = true;
        }
        if name.eq_ignore_ascii_case(b"host") {
            return !std::mem::replace(&mut self.has_host, true);
        }
        if !name.eq_ignore_ascii_case(b"content-length") {
            return true;
        }
        let digits = value.get(1..).unwrap_or_default().trim_ascii();
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        let length = str::from_utf8(digits).ok().filter(|_| is_number).and_then(|d| d.parse().ok());
        length.is_some() && self.length <= KEPT && self.body.replace(length.unwrap_or(0)).is_none()
    }

    fn end_head(&mut self) -> bool {
        let (body, is_chunked) = (self.body.take(), std::mem::take(&mut self.is_chunked));
        self.has_host = false;
        self.part = match body {
            _ if is_chunked => Part::Unknown,
            None | Some(0) => Part::Head,
            Some(length) => Part::Body(length),
        };
        !(is_chunked && body.is_some())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        if self.scan.finds_ambiguity(read) {
            self.meter.mark_ambiguous();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns `true` if a stream is ambiguous, which must not depend on how it arrives.
    fn is_ambiguous(stream: &str) -> bool {
        let at_once = Scan::default().finds_ambiguity(stream.as_bytes());
        let mut scan = Scan::default();
        let by_bytes = stream.as_bytes().chunks(1).any(|byte| scan.finds_ambiguity(byte));
        assert_eq!(at_once, by_bytes, "{stream:?}");
        at_once
    }

    #[test]
    fn plain_requests_are_followed() {
        let head = "GET / HTTP/1.1\r\nHost: h\r\n";
        for stream in [
            format!("{head}\r\n{head}\r\n"),
            format!("\r\n\r\n{head}Content-Length: 3\r\n\r\na\nb{head}\r\n"),
            format!("{head}content-length:0\r\n\r\n{head}\r\n"),
            format!("{head}X: {}\r\n\r\n", "a".repeat(9999)),
            format!("{head}Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n"),
        ] {
            assert!(!is_ambiguous(&stream), "{stream:?}");
        }
    }

    #[test]
    fn ambiguous_requests_are_found() {
        let head = "GET / HTTP/1.1\r\nHost: h\r\n";
        for stream in [
            format!("{head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
            format!("{head}transfer-encoding: x\r\ncontent-length: 3\r\n\r\n"),
            format!("{head}Content-Length: 3\r\nContent-Length: 3\r\n\r\n"),
            format!("{head}Content-Length: 3, 3\r\n\r\n"),
            format!("{head}Content-Length: +3\r\n\r\n"),
            format!("{head}Content-Length:\r\n\r\n"),
            format!("{head}Content-Length: {}\r\n\r\n", "0".repeat(80)),
            format!("{head}A: b\nC: d\r\n\r\n"),
            format!("{head}HOST: other\r\n\r\n"),
            format!("{head}Host: h\r\n\r\n"),
            format!("{head}\n"),
            "GET / HTTP/1.1\n".to_owned(),
            format!("{head}Content-Length: 2\r\n\r\nab{head}\n"),
        ] {
            assert!(is_ambiguous(&stream), "{stream:?}");
        }
    }
}
