//! Connections: name resolution, TCP, proxies and TLS.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use zeroize::Zeroizing;

use crate::fs::bounded::read_some;
use crate::net::deadline::{Deadline, WatchedConnection, run_on_thread};
use crate::net::failure::{Failure, FailureKind};
use crate::net::handshake::{alert_or, handshake, io_failure, remaining, set_timeouts};
use crate::net::headers::HeaderFields;
use crate::net::proxy::{MAX_CHALLENGES, Proxies, Proxy};
use crate::net::tls::LazyTls;
use crate::net::tls_error::{self, Peer};
use crate::net::transport::{Body, Origin};
use crate::net::url::{UrlScheme, is_localhost};

/// The maximum length of the head of a proxy's response, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// A dialer, which opens connections to servers.
#[derive(Debug, Default)]
pub(crate) struct Dialer {
    pub(crate) proxies: Proxies,
    pub(crate) tls: LazyTls,
    pub(crate) deadline: Deadline,
}

/// The server to connect to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) scheme: &'static UrlScheme,
    /// The host; an IPv6 address has no brackets.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) origin: Origin,
}

/// A connection with or without TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// An open connection.
pub(crate) struct Connection {
    pub(crate) stream: Stream,
    /// Set if a proxy reads the requests: their targets must then be absolute URLs.
    pub(crate) ends_at_proxy: bool,
    pub(crate) watched: WatchedConnection,
}

impl Dialer {
    pub(crate) fn dial(
        &self,
        to: Destination<'_>,
        timeout: Duration,
    ) -> Result<Connection, Failure> {
        let deadline = self.deadline.min(Instant::now() + timeout);
        let proxy = self.proxies.proxy_for(to.scheme, to.host, to.port)?;
        let (tcp, watched) = match proxy {
            None => self.connect(to.host, to.port, deadline)?,
            Some(proxy) => self
                .connect_to_proxy(proxy, to, deadline)
                .map_err(|failure| failure.during(proxy.name()))?,
        };
        if !to.scheme.is_encrypted {
            let ends_at_proxy = proxy.is_some();
            return Ok(Connection { stream: Stream::Plain(tcp), ends_at_proxy, watched });
        }
        let tls = start_tls(tcp, to.host, self.tls.config(to.origin)?, deadline)?;
        let stream = Stream::Tls(Box::new(tls));
        Ok(Connection { stream, ends_at_proxy: false, watched })
    }

    /// Connects without a proxy.
    pub(crate) fn connect(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<(TcpStream, WatchedConnection), Failure> {
        let tcp = connect(host, port, deadline)?;
        let watched = self.deadline.watch(&tcp);
        let watched = watched.map_err(|error| io_failure(error, "connection"))?;
        Ok((tcp, watched))
    }

    /// Connects to the proxy, and opens a tunnel if the server needs TLS.
    fn connect_to_proxy(
        &self,
        proxy: &Proxy,
        to: Destination<'_>,
        deadline: Instant,
    ) -> Result<(TcpStream, WatchedConnection), Failure> {
        let mut challenged = 0;
        loop {
            let (tcp, watched) = self.connect(&proxy.host, proxy.port, deadline)?;
            if !to.scheme.is_encrypted {
                return Ok((tcp, watched));
            }
            if open_tunnel(&tcp, proxy, to, deadline)? {
                return Ok((tcp, watched));
            }
            // The next request uses a new connection, so this response need not be read.
            if challenged == MAX_CHALLENGES {
                return Err(proxy.refusal());
            }
            challenged += 1;
        }
    }
}

/// Performs a TLS handshake with `host`.
pub(crate) fn start_tls(
    mut tcp: TcpStream,
    host: &str,
    config: Arc<ClientConfig>,
    deadline: Instant,
) -> Result<StreamOwned<ClientConnection, TcpStream>, Failure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::new(FailureKind::Usage, "invalid host name"))?;
    let mut tls = ClientConnection::new(config, name)
        .map_err(|error| tls_error::failure(&error, Peer::Server))?;
    // The default limit holds fewer records than one read returns.
    tls.set_buffer_limit(None);
    handshake(&mut tls, &mut tcp, Peer::Server, deadline)?;
    Ok(StreamOwned::new(tls, tcp))
}

/// Connects to the first of the host's addresses that accepts.
pub(crate) fn connect(host: &str, port: u16, deadline: Instant) -> Result<TcpStream, Failure> {
    let addresses = resolve(host, port, deadline)?;
    let mut last = None;
    let count = addresses.len();
    for (i, address) in addresses.into_iter().enumerate() {
        // Each address gets an equal share of the time left.
        let timeout = remaining(deadline)? / u32::try_from(count - i).unwrap_or(1);
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(tcp) => {
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => io_failure(error, "cannot connect"),
        None => Failure::network(format!("{host}: the name has no address")),
    })
}

/// Resolves a name on another thread, because the system's resolver has no timeout.
fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // A DNS server must not decide where requests for this machine go.
    if is_localhost(host) {
        let here = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
        return Ok(here.map(|address| SocketAddr::new(address, port)).to_vec());
    }
    let name = host.to_owned();
    let found =
        run_on_thread(move || (&*name, port).to_socket_addrs().map(|found| found.collect()));
    match found.recv_timeout(remaining(deadline)?) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(Failure::network(format!("{host}: {error}"))),
        Err(_) => Err(Failure::network(format!("{host}: name resolution timed out"))),
    }
}

/// Sends CONNECT (RFC 9110, section 9.3.6). Returns `false` if it should be sent again with an
/// answer to a new challenge.
fn open_tunnel(
    mut tcp: &TcpStream,
    proxy: &Proxy,
    to: Destination<'_>,
    deadline: Instant,
) -> Result<bool, Failure> {
    let host = if to.host.contains(':') { format!("[{}]", to.host) } else { to.host.to_owned() };
    let target = format!("{host}:{}", to.port);
    let (authorization, accepted) = proxy.authorization("CONNECT", &target, &Body::Empty)?;
    let mut request = Zeroizing::new(Vec::with_capacity(2048));
    request
        .extend_from_slice(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").as_bytes());
    if let Some(authorization) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    set_timeouts(tcp, deadline)?;
    tcp.write_all(&request).map_err(|error| io_failure(error, "CONNECT"))?;
    let (status, headers) = read_head(tcp, deadline)?;
    match status {
        200..=299 => Ok(true),
        407 if proxy.accept_challenge(accepted, &headers) => Ok(false),
        407 => Err(proxy.refusal()),
        code => Err(Failure::new(
            FailureKind::Status(code),
            format!("refuses the connection (status {code})"),
        )),
    }
}

/// Reads the head of the proxy's response, byte by byte, because the server's bytes follow it.
fn read_head(mut tcp: &TcpStream, deadline: Instant) -> Result<(u16, HeaderFields), Failure> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        set_timeouts(tcp, deadline)?;
        match read_some(&mut tcp, &mut byte) {
            Ok(0) => return Err(Failure::network("closed the connection")),
            Ok(_) if head.len() < MAX_HEAD => head.push(byte[0]),
            Ok(_) => return Err(Failure::network("the head of the response is too long")),
            Err(error) => return Err(io_failure(error, "CONNECT")),
        }
    }
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next().and_then(|line| line.split(|&b| b == b' ').nth(1));
    let status = status.and_then(|s| str::from_utf8(s).ok()).and_then(|s| s.parse().ok());
    let status = status.ok_or_else(|| Failure::network("the response is not HTTP"))?;
    let mut headers = HeaderFields::new();
    for line in lines {
        let Some(colon) = line.iter().position(|&b| b == b':') else { continue };
        if let Ok(name) = str::from_utf8(&line[..colon]) {
            let _ = headers.push(name, line[colon + 1..].trim_ascii());
        }
    }
    Ok((status, headers))
}

impl Stream {
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        }
    }

    /// Returns `true` if the connection can be used for another request.
    pub(crate) fn is_idle(&mut self) -> bool {
        if self.tcp().set_nonblocking(true).is_err() {
            return false;
        }
        let idle = match self {
            Self::Plain(tcp) => is_silent(tcp.peek(&mut [0]).map(drop)),
            Self::Tls(tls) => {
                // Session tickets may arrive after the handshake.
                let quiet = loop {
                    match tls.conn.read_tls(&mut tls.sock) {
                        Ok(0) => break false,
                        Ok(_) => match tls.conn.process_new_packets() {
                            Ok(state) if state.plaintext_bytes_to_read() == 0 => {}
                            _ => break false,
                        },
                        Err(error) => break is_silent(Err(error)),
                    }
                };
                let closed = tls.conn.process_new_packets().map(|state| state.peer_has_closed());
                quiet && closed.is_ok_and(|closed| !closed)
            }
        };
        self.tcp().set_nonblocking(false).is_ok() && idle
    }
}

fn is_silent(result: io::Result<()>) -> bool {
    result.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(buffer),
            // An end without close_notify is an UnexpectedEof, as the body may be truncated.
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => {
                tls.write(bytes).map_err(|error| alert_or(error, &mut tls.conn, &mut tls.sock))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => {
                tls.flush().map_err(|error| alert_or(error, &mut tls.conn, &mut tls.sock))
            }
        }
    }
}
