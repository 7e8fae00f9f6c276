//! The control connection: commands and their replies.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use zeroize::Zeroizing;

use crate::net::dial::Stream;
use crate::net::failure::Failure;
use crate::net::ftp::reply::Reply;
use crate::net::handshake::io_failure;

/// An argument that fits in one line. It may be a password, so it is wiped when dropped.
pub(super) struct Argument(Zeroizing<Vec<u8>>);

impl Argument {
    /// Returns `None` if `bytes` contain a line break or a NUL, which would end the command.
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        let is_line = !bytes.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
        is_line.then(|| Self(Zeroizing::new(bytes.to_vec())))
    }
}

/// A control connection.
pub(super) struct Control(BufReader<Stream>);

impl Control {
    pub(super) fn new(stream: Stream) -> Self {
        Self(BufReader::new(stream))
    }

    pub(super) fn tcp(&self) -> &TcpStream {
        self.0.get_ref().tcp()
    }

    /// Returns the stream for TLS.
    pub(super) fn into_unencrypted(self) -> Result<TcpStream, Failure> {
        // Whoever can inject a reply must not speak for the server once TLS protects it.
        match (self.0.buffer().is_empty(), self.0.into_inner()) {
            (true, Stream::Plain(tcp)) => Ok(tcp),
            _ => Err(Failure::network("FTP: unexpected data before TLS")),
        }
    }

    /// Reads the next reply.
    pub(super) fn reply(&mut self) -> Result<Reply, Failure> {
        Reply::read(&mut self.0)
    }

    /// Sends a command, and reads its reply.
    pub(super) fn call(&mut self, command: &str) -> Result<Reply, Failure> {
        self.send(command)?;
        self.reply()
    }

    /// Sends a command with an argument, and reads its reply.
    pub(super) fn call_with(&mut self, verb: &str, argument: &Argument) -> Result<Reply, Failure> {
        let mut line = Zeroizing::new(Vec::with_capacity(verb.len() + 2 * argument.0.len() + 3));
        line.extend_from_slice(verb.as_bytes());
        line.push(b' ');
        for byte in argument.0.iter() {
            line.push(*byte);
            // Telnet's escape character is sent twice (RFC 854).
            if *byte == 0xff {
                line.push(0xff);
            }
        }
        line.extend_from_slice(b"\r\n");
        self.write(&line)?;
        self.reply()
    }

    /// Sends a command without waiting for the reply.
    pub(super) fn send(&mut self, command: &str) -> Result<(), Failure> {
        self.write(format!("{command}\r\n").as_bytes())
    }

    fn write(&mut self, line: &[u8]) -> Result<(), Failure> {
        let stream = self.0.get_mut();
        let written = stream.write_all(line).and_then(|()| stream.flush());
        written.map_err(|error| io_failure(error, "FTP"))
    }
}
