//! Connections: the look-up of names, TCP, the proxy on the way, TLS.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use zeroize::Zeroizing;

use crate::fs::bounded::read_some;
use crate::net::deadline::{Deadline, Watched, aside};
use crate::net::failure::{Failure, FailureKind};
use crate::net::headers::HeaderFields;
use crate::net::proxy::{MAX_CHALLENGES, Proxies, Proxy};
use crate::net::tls::{self, LazyTls};
use crate::net::transport::{Body, Origin};
use crate::net::url::{UrlScheme, is_localhost};

/// The longest head of a proxy's answer, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// How to reach servers.
#[derive(Debug, Default)]
pub(crate) struct Dialer {
    pub(crate) proxies: Proxies,
    pub(crate) tls: LazyTls,
    pub(crate) deadline: Deadline,
}

/// Where a connection is to lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) scheme: &'static UrlScheme,
    /// Without brackets where it is an IPv6 address.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
    pub(crate) origin: Origin,
}

/// An open connection.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// A connection.
pub(crate) struct Dialled {
    pub(crate) stream: Stream,
    /// Whether it ends at a proxy, so that its requests are to name the server in full.
    pub(crate) form: Form,
    pub(crate) watched: Watched,
}

/// What stands on a request's first line (RFC 9112, section 3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Path and query.
    Origin,
    /// The URL, for a proxy.
    Absolute,
}

impl Dialer {
    /// Opens a connection, within `patience`.
    pub(crate) fn dial(&self, to: Destination<'_>, patience: Duration) -> Result<Dialled, Failure> {
        let deadline = self.deadline.or(Instant::now() + patience);
        let proxy = self.proxies.proxy_for(to.scheme, to.host, to.port)?;
        let (tcp, watched) = match proxy {
            None => self.connect(to.host, to.port, deadline)?,
            Some(proxy) => {
                self.through(proxy, to, deadline).map_err(|failure| failure.during(proxy.name()))?
            }
        };
        if !to.scheme.is_encrypted {
            let form = if proxy.is_some() { Form::Absolute } else { Form::Origin };
            return Ok(Dialled { stream: Stream::Plain(tcp), form, watched });
        }
        let stream = Stream::Tls(Box::new(self.secure(tcp, to, deadline)?));
        Ok(Dialled { stream, form: Form::Origin, watched })
    }

    fn connect(
        &self,
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> Result<(TcpStream, Watched), Failure> {
        let tcp = connect(host, port, deadline)?;
        let watched = self.deadline.watch(&tcp);
        let watched = watched.map_err(|error| io_failure(&error, "connection"))?;
        Ok((tcp, watched))
    }

    /// A connection to the proxy; through it, where it is to carry TLS.
    fn through(
        &self,
        proxy: &Proxy,
        to: Destination<'_>,
        deadline: Instant,
    ) -> Result<(TcpStream, Watched), Failure> {
        let mut challenged = 0;
        loop {
            let (tcp, watched) = self.connect(&proxy.host, proxy.port, deadline)?;
            if !to.scheme.is_encrypted {
                return Ok((tcp, watched));
            }
            match tunnel(&tcp, proxy, to, deadline)? {
                Tunnel::Open => return Ok((tcp, watched)),
                // Over another connection: where its answer ends does not matter then.
                Tunnel::AskAgain if challenged < MAX_CHALLENGES => challenged += 1,
                Tunnel::AskAgain => return Err(proxy.refusal()),
            }
        }
    }

    /// Speaks TLS over the connection, up to the end of the handshake.
    fn secure(
        &self,
        mut tcp: TcpStream,
        to: Destination<'_>,
        deadline: Instant,
    ) -> Result<StreamOwned<ClientConnection, TcpStream>, Failure> {
        let config = self.tls.config(to.origin)?;
        let name = ServerName::try_from(to.host.to_owned())
            .map_err(|_| Failure::new(FailureKind::Usage, "the host's name is not valid"))?;
        let mut tls = ClientConnection::new(config, name).map_err(|e| tls::failure(&e))?;
        // Records of 16 KiB come in greater numbers at once.
        tls.set_buffer_limit(None);
        shake_hands(&mut tls, &mut tcp, deadline)?;
        Ok(StreamOwned::new(tls, tcp))
    }
}

/// Goes through the handshake step by step: the deadline holds however little comes at once.
fn shake_hands(
    tls: &mut ClientConnection,
    tcp: &mut TcpStream,
    deadline: Instant,
) -> Result<(), Failure> {
    while tls.is_handshaking() || tls.wants_write() {
        limit(tcp, deadline)?;
        let reads = !tls.wants_write();
        let moved = if reads { tls.read_tls(tcp) } else { tls.write_tls(tcp) };
        let moved = match moved {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            moved => moved,
        };
        moved.map_err(|error| io_failure(&error, "TLS handshake"))?;
        if reads && let Err(error) = tls.process_new_packets() {
            // The server is told why.
            let _ = tls.write_tls(tcp);
            return Err(tls::failure(&error));
        }
    }
    Ok(())
}

/// What is left until then, as both timeouts of the socket.
fn limit(tcp: &TcpStream, deadline: Instant) -> Result<(), Failure> {
    let left = remaining(deadline)?;
    let set = tcp.set_read_timeout(Some(left)).and_then(|()| tcp.set_write_timeout(Some(left)));
    set.map_err(|error| io_failure(&error, "connection"))
}

pub(crate) fn remaining(deadline: Instant) -> Result<Duration, Failure> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(Failure::network("no connection in time")) } else { Ok(left) }
}

/// Connects to the first of the host's addresses that answers.
pub(crate) fn connect(host: &str, port: u16, deadline: Instant) -> Result<TcpStream, Failure> {
    let addresses = look_up(host, port, deadline)?;
    let mut last = None;
    let count = addresses.len();
    for (i, address) in addresses.into_iter().enumerate() {
        // The last one may have all that is left, each before it a fair share.
        let patience = remaining(deadline)? / u32::try_from(count - i).unwrap_or(1);
        match TcpStream::connect_timeout(&address, patience) {
            Ok(tcp) => {
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => io_failure(&error, "cannot connect"),
        None => Failure::network(format!("{host}: the name has no address")),
    })
}

/// On a thread of its own: the system's look-up knows no timeout.
fn look_up(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // Others could answer for it, and be sent what must not leave this machine.
    if is_localhost(host) {
        let here = [Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
        return Ok(here.map(|address| SocketAddr::new(address, port)).to_vec());
    }
    let name = host.to_owned();
    let found = aside(move || (&*name, port).to_socket_addrs().map(|found| found.collect()));
    match found.recv_timeout(remaining(deadline)?) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(Failure::network(format!("{host}: {error}"))),
        Err(_) => Err(Failure::network(format!("{host}: no answer about the name in time"))),
    }
}

/// What a proxy says to CONNECT.
enum Tunnel {
    Open,
    /// It wants to know who the user is, and that can be said.
    AskAgain,
}

/// Asks the proxy for a way through (RFC 9110, section 9.3.6).
fn tunnel(
    mut tcp: &TcpStream,
    proxy: &Proxy,
    to: Destination<'_>,
    deadline: Instant,
) -> Result<Tunnel, Failure> {
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
    limit(tcp, deadline)?;
    tcp.write_all(&request).map_err(|error| io_failure(&error, "CONNECT"))?;
    let (status, headers) = read_head(tcp, deadline)?;
    match status {
        200..=299 => Ok(Tunnel::Open),
        407 if proxy.accept_challenge(accepted, &headers) => Ok(Tunnel::AskAgain),
        407 => Err(proxy.refusal()),
        code => Err(Failure::new(FailureKind::Status(code), format!("it answers {code}"))),
    }
}

/// The proxy's answer up to where the server's bytes begin.
fn read_head(mut tcp: &TcpStream, deadline: Instant) -> Result<(u16, HeaderFields), Failure> {
    let mut head = Vec::new();
    // Byte by byte: what follows the head is the server's.
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        limit(tcp, deadline)?;
        match read_some(&mut tcp, &mut byte) {
            Ok(0) => return Err(Failure::network("it closed the connection")),
            Ok(_) if head.len() < LONGEST_HEAD => head.push(byte[0]),
            Ok(_) => return Err(Failure::network("its answer has no end")),
            Err(error) => return Err(io_failure(&error, "CONNECT")),
        }
    }
    let mut lines = head.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    let status = lines.next().and_then(|line| line.split(|&b| b == b' ').nth(1));
    let status = status.and_then(|s| str::from_utf8(s).ok()).and_then(|s| s.parse().ok());
    let status = status.ok_or_else(|| Failure::network("what it answers is no HTTP"))?;
    let mut headers = HeaderFields::new();
    for line in lines {
        let Some(colon) = line.iter().position(|&b| b == b':') else { continue };
        if let Ok(name) = str::from_utf8(&line[..colon]) {
            // One that is none says nothing.
            headers.push(name, line[colon + 1..].trim_ascii());
        }
    }
    Ok((status, headers))
}

/// What an error of a connection means.
pub(crate) fn io_failure(error: &io::Error, what: &str) -> Failure {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls::failure(tls);
    }
    let text = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "nothing came in time".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection ended early".to_owned(),
        _ => error.to_string(),
    };
    Failure::network(format!("{what}: {text}"))
}

impl Stream {
    pub(crate) fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        }
    }

    /// Whether another request may go over it: nothing unasked-for has come.
    pub(crate) fn is_idle(&mut self) -> bool {
        if self.tcp().set_nonblocking(true).is_err() {
            return false;
        }
        let idle = match self {
            Self::Plain(tcp) => is_silent(tcp.peek(&mut [0]).map(drop)),
            Self::Tls(tls) => {
                // Tickets for later sessions come after the handshake, and are no data.
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
            // An end without close_notify is an error of kind UnexpectedEof: it may be a cut.
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}
