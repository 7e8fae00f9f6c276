//! The body of an FTP response.

use std::io::{self, Read};

use crate::net::failure::Failure;
use crate::net::ftp::session::{DataConnection, Session};
use crate::net::handshake::io_failure;

/// The data of a transfer. Its size and the reply after it show whether it is complete.
pub(super) struct FtpBody {
    session: Session,
    transfer: Transfer,
    /// The length from the offset on, if the server states the size.
    expected: Option<u64>,
    received: u64,
}

enum Transfer {
    Open(DataConnection),
    Complete,
    Failed,
}

impl FtpBody {
    pub(super) fn new(session: Session, data: DataConnection, expected: Option<u64>) -> Self {
        Self { session, transfer: Transfer::Open(data), expected, received: 0 }
    }

    /// Checks that the data which ended with `result` is complete.
    fn end(&mut self, result: io::Result<usize>) -> io::Result<()> {
        match result {
            // Some servers omit close_notify: the size and the reply decide.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                let kind = error.kind();
                return Err(io::Error::new(kind, io_failure(error, "data connection")));
            }
            _ => {}
        }
        let received = self.received;
        if let Some(expected) = self.expected.filter(|expected| *expected > received) {
            return Err(truncated(format!("truncated: received {received} of {expected} bytes")));
        }
        self.session.finish().map_err(|failure| truncated(format!("incomplete: {failure}")))?;
        self.session.quit();
        Ok(())
    }
}

impl Read for FtpBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let data = match &mut self.transfer {
            Transfer::Open(data) => data,
            Transfer::Complete => return Ok(0),
            Transfer::Failed => return Err(truncated("incomplete".to_owned())),
        };
        match data.stream.read(buffer) {
            Ok(count) if count > 0 || buffer.is_empty() => {
                self.received += count as u64;
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            result => {
                // This closes the data connection, which the server may be waiting for.
                self.transfer = Transfer::Failed;
                self.end(result)?;
                self.transfer = Transfer::Complete;
                Ok(0)
            }
        }
    }
}

impl Drop for FtpBody {
    /// Aborts an open transfer: closes the data connection, and waits for the reply.
    fn drop(&mut self) {
        if let Transfer::Open(_) = self.transfer {
            self.transfer = Transfer::Failed;
            let _ = self.session.finish();
        }
    }
}

fn truncated(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, Failure::network(why))
}
