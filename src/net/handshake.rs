//! TLS handshakes, and the I/O of sockets with a deadline.

use std::io;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustls::{ConnectionCommon, Error, SideData};

use crate::net::failure::Failure;
use crate::net::tls_error::{self, Peer};

/// Performs a handshake in steps, so that the deadline holds even for a slow peer.
pub(crate) fn handshake<S: SideData>(
    tls: &mut ConnectionCommon<S>,
    tcp: &mut TcpStream,
    peer: Peer,
    deadline: Instant,
) -> Result<(), Failure> {
    let failed = |error| connection_failure(error, "TLS handshake", peer);
    while tls.is_handshaking() || tls.wants_write() {
        set_timeouts(tcp, deadline)?;
        let reads = !tls.wants_write();
        let moved = if reads { tls.read_tls(tcp) } else { tls.write_tls(tcp) };
        let moved = match moved {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            moved => moved,
        };
        moved.map_err(failed)?;
        if reads && let Err(error) = tls.process_new_packets() {
            // Send the alert that tells the peer the reason.
            let _ = tls.write_tls(tcp);
            return Err(tls_error::failure(&error, peer));
        }
    }
    Ok(())
}

/// Replaces the error of a failed write by the alert with which the peer closed the connection.
///
/// In TLS 1.3 a server may refuse the client's certificate only after the client has begun to
/// write (RFC 8446, appendix E.1). Its alert then waits to be read.
pub(crate) fn alert_or<S: SideData>(
    error: io::Error,
    tls: &mut ConnectionCommon<S>,
    tcp: &mut TcpStream,
) -> io::Error {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, InvalidData};
    if !matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset) {
        return error;
    }
    // The connection is closed, so no read blocks.
    while tls.read_tls(tcp).is_ok_and(|length| length > 0) {
        if let Err(alert) = tls.process_new_packets() {
            return io::Error::new(InvalidData, alert);
        }
    }
    error
}

/// Sets both timeouts of the socket to the time left.
pub(crate) fn set_timeouts(tcp: &TcpStream, deadline: Instant) -> Result<(), Failure> {
    let left = remaining(deadline)?;
    let set = tcp.set_read_timeout(Some(left)).and_then(|()| tcp.set_write_timeout(Some(left)));
    set.map_err(|error| io_failure(error, "connection"))
}

/// Returns the time left, or a failure if there is none.
pub(crate) fn remaining(deadline: Instant) -> Result<Duration, Failure> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Failure::network("connection timed out")) } else { Ok(left) }
}

/// Converts an I/O error of a connection with a server.
pub(crate) fn io_failure(error: io::Error, what: &str) -> Failure {
    connection_failure(error, what, Peer::Server)
}

/// Converts an I/O error of a connection.
pub(crate) fn connection_failure(error: io::Error, what: &str, peer: Peer) -> Failure {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        return tls_error::failure(tls, peer);
    }
    let text = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "timed out".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        _ => error.to_string(),
    };
    Failure::network(format!("{what}: {text}")).caused_by(error)
}
