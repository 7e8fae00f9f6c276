//! The body of a response with bytes of a file, which ends early if the file changes.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hsum::ErrorKind;
use hsum::engine::StableFile;
use http_body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

/// The size of a frame in bytes. Cached files are read as fast as with larger ones, which the L2
/// cache holds less well, and a slow client holds little memory.
const FRAME: usize = 64 * 1024;

/// Bytes of a file.
///
/// Each frame is handed over only after the file's metadata have been found unchanged. Otherwise
/// the body ends with an error, and the server closes the connection or resets the stream before
/// the length that it announced.
#[derive(Debug)]
pub(crate) struct FileBody {
    file: Arc<StableFile>,
    rest: Range<u64>,
    /// A read from the disk on another thread.
    reading: Option<JoinHandle<Result<Bytes, ErrorKind>>>,
}

impl FileBody {
    /// Creates the body of a range, which is within the file.
    pub(crate) fn new(file: StableFile, range: Range<u64>) -> Self {
        Self { file: Arc::new(file), rest: range, reading: None }
    }

    /// Returns the next frame if its bytes are in the page cache.
    fn cached(&self) -> Result<Option<Bytes>, ErrorKind> {
        let mut buffer = vec![0; frame(&self.rest)];
        // Fewer bytes than asked for may be cached.
        let count = self.file.read_cached_at(&mut buffer, self.rest.start)?;
        Ok(count.filter(|count| *count > 0).map(|count| {
            buffer.truncate(count);
            buffer.into()
        }))
    }

    /// Counts the bytes of a frame, which are all within the range.
    fn advance(&mut self, bytes: Bytes) -> Frame<Bytes> {
        self.rest.start += bytes.len() as u64;
        Frame::data(bytes)
    }
}

/// Returns the size of the next frame.
fn frame(rest: &Range<u64>) -> usize {
    usize::try_from(rest.end - rest.start).unwrap_or(FRAME).min(FRAME)
}

/// Reads at least one byte.
fn read(file: &StableFile, start: u64, length: usize) -> Result<Bytes, ErrorKind> {
    let mut buffer = vec![0; length];
    let count = file.read_at(&mut buffer, start)?;
    buffer.truncate(count);
    // The file is shorter than its metadata say.
    if count == 0 { Err(ErrorKind::Changed) } else { Ok(buffer.into()) }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.rest.is_empty() {
            return Poll::Ready(None);
        }
        if this.reading.is_none() {
            match this.cached() {
                Ok(Some(bytes)) => return Poll::Ready(Some(Ok(this.advance(bytes)))),
                Err(error) => return Poll::Ready(Some(Err(failed(error)))),
                Ok(None) => {}
            }
        }
        let reading = this.reading.get_or_insert_with(|| {
            let (file, start) = (Arc::clone(&this.file), this.rest.start);
            let length = frame(&this.rest);
            spawn_blocking(move || read(&file, start, length))
        });
        let result = ready!(Pin::new(reading).poll(context));
        this.reading = None;
        let bytes = result.map_err(io::Error::other)?.map_err(failed)?;
        Poll::Ready(Some(Ok(this.advance(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.end - self.rest.start)
    }
}

fn failed(kind: ErrorKind) -> io::Error {
    io::Error::other(kind.to_string())
}
