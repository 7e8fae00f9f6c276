//! TLS connections as streams, for either end.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{
    ClientConnection, CommonState, ProtocolVersion, ServerConfig, ServerConnection, StreamOwned,
};

use crate::net::dial;
use crate::net::failure::Failure;
use crate::net::handshake::{alert_or, handshake, io_failure, set_timeouts};
use crate::net::tls::{TlsOptions, TlsVersion};
use crate::net::tls_error::{self, Peer};
use crate::net::transport::Timeouts;

/// The time for which a closed connection waits for the other end to close it too.
const LINGER: Duration = Duration::from_secs(1);

/// The number of reads for which it waits.
const LINGER_READS: usize = 64;

/// A deadline for timeouts that exceed the clock's range.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A TLS connection (RFC 8446 and RFC 5246).
///
/// A read that ends without the other end's close_notify fails with
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), because an attacker in between can cut a TCP
/// connection, but cannot forge close_notify (RFC 8446, section 6.1). Call [`close`](Self::close)
/// to send this end's.
///
/// ```no_run
/// use std::io::{Read, Write};
/// use hsum::net::{Timeouts, TlsOptions, TlsStream};
///
/// let options = TlsOptions { authorities: Some("ca.crt".into()), ..TlsOptions::default() };
/// let mut server = TlsStream::connect("localhost", 10443, &options, Timeouts::default())?;
/// server.write_all(b"hello\n")?;
/// let mut answer = [0; 1024];
/// let length = server.read(&mut answer)?;
/// server.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TlsStream {
    side: Side,
    /// The limits of a handshake that is not complete.
    pending: Option<ServerTimeouts>,
}

#[derive(Debug)]
enum Side {
    Client(Box<StreamOwned<ClientConnection, TcpStream>>),
    Server(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// The timeouts of a server's connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerTimeouts {
    /// For the whole handshake.
    pub(crate) handshake: Duration,
    /// For each later read or write.
    pub(crate) idle: Duration,
}

/// Calls the same method on the stream of either side.
macro_rules! on_either {
    ($side:expr, $tls:ident => $call:expr) => {
        match $side {
            Side::Client($tls) => $call,
            Side::Server($tls) => $call,
        }
    };
}

impl TlsStream {
    /// Connects to a server, and performs the handshake.
    ///
    /// The server's certificate must be valid for `host`, a name or an address without brackets,
    /// and meet `options`. `timeouts.connect` limits the connection with its handshake, and
    /// `timeouts.stall` each later read or write.
    ///
    /// # Errors
    /// If a file of `options` cannot be used, there is no connection, or the server's certificate
    /// is not accepted. A server that refuses the client's certificate may say so only at the
    /// first read (RFC 8446, appendix E.1).
    pub fn connect(
        host: &str,
        port: u16,
        options: &TlsOptions,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        let deadline = deadline_after(timeouts.connect);
        let tcp = dial::connect(host, port, deadline)?;
        Self::start_client(tcp, host, options, deadline, timeouts.stall)
    }

    /// Performs the handshake with a server over an open connection, such as a proxy's tunnel.
    ///
    /// # Errors
    /// Returns the errors of [`TlsStream::connect`].
    pub fn over(
        tcp: TcpStream,
        host: &str,
        options: &TlsOptions,
        timeouts: Timeouts,
    ) -> Result<Self, Failure> {
        Self::start_client(tcp, host, options, deadline_after(timeouts.connect), timeouts.stall)
    }

    fn start_client(
        tcp: TcpStream,
        host: &str,
        options: &TlsOptions,
        deadline: Instant,
        stall: Duration,
    ) -> Result<Self, Failure> {
        let mut config = options.build(options.identity.as_ref())?;
        // The bytes on this stream are not HTTP.
        config.alpn_protocols.clear();
        let tls = dial::start_tls(tcp, host, Arc::new(config), deadline)?;
        set_idle_timeout(&tls.sock, stall).map_err(|error| io_failure(error, "connection"))?;
        Ok(Self { side: Side::Client(Box::new(tls)), pending: None })
    }

    /// Returns the server's end of a connection, whose handshake has not begun.
    pub(crate) fn server(
        tcp: TcpStream,
        config: Arc<ServerConfig>,
        timeouts: ServerTimeouts,
    ) -> io::Result<Self> {
        let tls = ServerConnection::new(config).map_err(io::Error::other)?;
        let side = Side::Server(Box::new(StreamOwned::new(tls, tcp)));
        Ok(Self { side, pending: Some(timeouts) })
    }

    /// Completes the handshake; reads and writes do it as well.
    ///
    /// # Errors
    /// If the handshake fails or takes too long. The failure says what the client did wrong.
    pub fn handshake(&mut self) -> Result<(), Failure> {
        let (Some(timeouts), Side::Server(tls)) = (self.pending, &mut self.side) else {
            return Ok(());
        };
        let StreamOwned { conn, sock } = &mut **tls;
        let deadline = deadline_after(timeouts.handshake);
        if let Err(failure) = handshake(conn, sock, Peer::Client, deadline) {
            // The alert must arrive before the connection is reset.
            linger(sock);
            return Err(failure);
        }
        set_idle_timeout(sock, timeouts.idle).map_err(|error| io_failure(error, "connection"))?;
        self.pending = None;
        Ok(())
    }

    /// Sends close_notify, and waits up to a second for the other end to close the connection.
    ///
    /// # Errors
    /// If close_notify, or data written before, cannot be sent.
    pub fn close(mut self) -> io::Result<()> {
        if self.pending.is_some() {
            return Ok(());
        }
        on_either!(&mut self.side, tls => {
            tls.conn.send_close_notify();
            while tls.conn.wants_write() {
                tls.conn.write_tls(&mut tls.sock)?;
            }
            linger(&tls.sock);
        });
        Ok(())
    }

    /// Returns the socket, such as to set its timeouts or to find its address.
    ///
    /// Bytes that are read from it or written to it directly break the connection.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        on_either!(&self.side, tls => &tls.sock)
    }

    /// Returns the verified certificate (DER) of the other end.
    ///
    /// It is `None` if the other end has sent none, or the handshake is not complete.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        Some(self.state().peer_certificates()?.first()?.as_ref())
    }

    /// Returns the application protocol that both ends have agreed on (RFC 7301).
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.state().alpn_protocol()
    }

    /// Returns the version of TLS; `None` before the handshake.
    #[must_use]
    pub fn version(&self) -> Option<TlsVersion> {
        match self.state().protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some(TlsVersion::V1_2),
            ProtocolVersion::TLSv1_3 => Some(TlsVersion::V1_3),
            _ => None,
        }
    }

    /// Returns the name of the cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    ///
    /// It is `None` before the handshake.
    #[must_use]
    pub fn cipher_suite(&self) -> Option<&'static str> {
        self.state().negotiated_cipher_suite()?.suite().as_str()
    }

    /// Returns the host name that the client has asked for (RFC 6066, section 3).
    ///
    /// It is `None` at the client's end, and for a client that connects by address.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        match &self.side {
            Side::Client(_) => None,
            Side::Server(tls) => tls.conn.server_name(),
        }
    }

    fn state(&self) -> &CommonState {
        on_either!(&self.side, tls => &tls.conn)
    }

    fn ready(&mut self) -> io::Result<()> {
        self.handshake().map_err(|failure| io::Error::new(io::ErrorKind::InvalidData, failure))
    }

    /// Replaces the text of errors that only readers of rustls's documentation understand.
    fn in_words(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        let peer = match &self.side {
            Side::Client(_) => Peer::Server,
            Side::Server(_) => Peer::Client,
        };
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(tls) => io::Error::new(kind, tls_error::failure(tls, peer)),
            None if kind == io::ErrorKind::UnexpectedEof => {
                io::Error::new(kind, "the connection was cut: the data may be incomplete")
            }
            None => error,
        }
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.ready()?;
        let read = on_either!(&mut self.side, tls => tls.read(buffer));
        read.map_err(|error| self.in_words(error))
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.ready()?;
        let written = on_either!(&mut self.side, tls => {
            tls.write(bytes).map_err(|error| alert_or(error, &mut tls.conn, &mut tls.sock))
        });
        written.map_err(|error| self.in_words(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.ready()?;
        let flushed = on_either!(&mut self.side, tls => {
            tls.flush().map_err(|error| alert_or(error, &mut tls.conn, &mut tls.sock))
        });
        flushed.map_err(|error| self.in_words(error))
    }
}

/// Closes the writing half, and reads until the other end closes the connection.
///
/// Closing a socket that has unread bytes resets the connection, and the other end may then lose the
/// last bytes that this end has sent.
fn linger(mut tcp: &TcpStream) {
    let deadline = deadline_after(LINGER);
    let _ = tcp.shutdown(Shutdown::Write);
    for _ in 0..LINGER_READS {
        if set_timeouts(tcp, deadline).is_err() || !tcp.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {
            break;
        }
    }
}

fn deadline_after(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or(now + FAR)
}

fn set_idle_timeout(tcp: &TcpStream, idle: Duration) -> io::Result<()> {
    tcp.set_read_timeout(Some(idle))?;
    tcp.set_write_timeout(Some(idle))
}
