//! Counters of a connection, for the limits of time.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The stage of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Before the end of the TLS handshake.
    #[default]
    Handshake,
    Http1,
    Http2,
    /// After the last response, until the client closes too.
    Closing,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Handshake, Self::Http1, Self::Http2, Self::Closing];
}

/// Counters of a connection, written by its tasks and read by the watch.
#[derive(Default, Debug)]
pub(crate) struct Meter {
    stage: AtomicU8,
    read: AtomicU64,
    written: AtomicU64,
    /// Requests that were begun, and those that are not answered yet.
    begun: AtomicU32,
    open: AtomicU32,
    /// Bodies that wait for the client.
    waiting: AtomicU32,
    /// Set while the socket takes no more bytes.
    is_full: AtomicBool,
    /// Set once the framing of a request is ambiguous.
    is_ambiguous: AtomicBool,
}

/// The counters at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Reading {
    pub(crate) stage: Stage,
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) begun: u32,
    pub(crate) open: u32,
    /// `true` if only the client can continue: it has to send or to take bytes.
    pub(crate) awaits_client: bool,
}

impl Meter {
    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Relaxed);
    }

    /// Records that the ends of requests are uncertain from now on.
    pub(crate) fn mark_ambiguous(&self) {
        self.is_ambiguous.store(true, Relaxed);
    }

    /// Returns `true` if the ends of requests are uncertain.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.is_ambiguous.load(Relaxed)
    }

    pub(crate) fn reading(&self) -> Reading {
        let stage = Stage::ALL.get(usize::from(self.stage.load(Relaxed)));
        Reading {
            stage: stage.copied().unwrap_or_default(),
            read: self.read.load(Relaxed),
            written: self.written.load(Relaxed),
            begun: self.begun.load(Relaxed),
            open: self.open.load(Relaxed),
            awaits_client: self.is_full.load(Relaxed) || self.waiting.load(Relaxed) > 0,
        }
    }
}

/// A request that is not answered yet.
#[derive(Debug)]
pub(crate) struct OpenRequest(Arc<Meter>);

impl OpenRequest {
    pub(crate) fn new(meter: &Arc<Meter>) -> Self {
        meter.open.fetch_add(1, Relaxed);
        meter.begun.fetch_add(1, Relaxed);
        Self(Arc::clone(meter))
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// A body, and whether it waits for the client.
#[derive(Debug)]
pub(crate) struct Turn {
    meter: Arc<Meter>,
    is_client: bool,
}

impl Turn {
    pub(crate) fn new(meter: &Arc<Meter>) -> Self {
        Self { meter: Arc::clone(meter), is_client: false }
    }

    /// Sets whether the body waits for the client.
    pub(crate) fn set_client(&mut self, is_client: bool) {
        match (self.is_client, is_client) {
            (false, true) => self.meter.waiting.fetch_add(1, Relaxed),
            (true, false) => self.meter.waiting.fetch_sub(1, Relaxed),
            _ => return,
        };
        self.is_client = is_client;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.set_client(false);
    }
}

/// A socket whose bytes are counted.
#[derive(Debug)]
pub(crate) struct Metered<S> {
    socket: S,
    meter: Arc<Meter>,
}

impl<S> Metered<S> {
    pub(crate) fn new(socket: S, meter: Arc<Meter>) -> Self {
        Self { socket, meter }
    }

    /// Counts the bytes of a write.
    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.meter.is_full.store(written.is_pending(), Relaxed);
        if let Poll::Ready(Ok(count)) = &written {
            self.meter.written.fetch_add(*count as u64, Relaxed);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buffer);
        let count = buffer.filled().len().saturating_sub(before);
        self.meter.read.fetch_add(count as u64, Relaxed);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, pieces);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
