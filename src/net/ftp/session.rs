//! An FTP session: login, TLS (RFC 4217), data connections.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;

use crate::net::deadline::WatchedConnection;
use crate::net::dial::{Destination, Dialer, Stream, start_tls};
use crate::net::failure::Failure;
use crate::net::ftp::control::{Argument, Control};
use crate::net::ftp::reply::{Reply, ReplyClass};
use crate::net::handshake::{io_failure, remaining};
use crate::net::transport::Timeouts;

/// The port of implicit TLS; on other ports the client requests TLS.
const IMPLICIT_TLS: u16 = 990;

/// A session with a server.
pub(super) struct Session {
    control: Control,
    _watched: WatchedConnection,
    connector: Connector,
}

/// A connection for one transfer.
pub(super) struct DataConnection {
    pub(super) stream: Stream,
    _watched: WatchedConnection,
}

/// A command that makes the server listen for a data connection, and the parser of its reply.
type PassiveMode = (&'static str, fn(&Reply) -> Option<u16>);

const PASV: PassiveMode = ("PASV", Reply::passive_port);
const EPSV: PassiveMode = ("EPSV", Reply::extended_passive_port);

impl Session {
    /// Connects to a server, starts TLS if the scheme requires it, and logs in.
    pub(super) fn open(
        dialer: &Arc<Dialer>,
        timeouts: Timeouts,
        to: Destination<'_>,
        user: &Argument,
        password: &Argument,
    ) -> Result<Self, Failure> {
        let connector = Connector::new(dialer, timeouts, to)?;
        let is_encrypted = connector.tls.is_some();
        let requests_tls = is_encrypted && to.port != IMPLICIT_TLS;
        let deadline = connector.deadline();
        let (tcp, watched) = dialer.connect(to.host, to.port, deadline)?;
        let stream = match requests_tls {
            true => connector.plain(tcp)?,
            false => connector.protect(tcp, deadline)?,
        };
        let mut control = Control::new(stream);
        let mut greeting = control.reply()?;
        // A server that is not ready yet says so first.
        if greeting.is(ReplyClass::Preliminary) {
            greeting = control.reply()?;
        }
        greeting.require(ReplyClass::Completion)?;
        if requests_tls {
            control = request_tls(control, &connector)?;
        }
        let mut session = Self { control, _watched: watched, connector };
        session.log_in(user, password)?;
        if is_encrypted {
            session.protect_data(requests_tls)?;
        }
        session.control.call("TYPE I")?.require(ReplyClass::Completion)?;
        Ok(session)
    }

    fn log_in(&mut self, user: &Argument, password: &Argument) -> Result<(), Failure> {
        let mut reply = self.control.call_with("USER", user)?;
        if reply.code == 331 {
            reply = self.control.call_with("PASS", password)?;
        }
        reply.require(ReplyClass::Completion).map(drop)
    }

    /// Requests TLS for data connections. With implicit TLS that is the default, and servers need
    /// not know the commands.
    fn protect_data(&mut self, is_required: bool) -> Result<(), Failure> {
        for command in ["PBSZ 0", "PROT P"] {
            let reply = self.control.call(command)?;
            if is_required {
                reply.require(ReplyClass::Completion)?;
            }
        }
        Ok(())
    }

    /// Returns the size of a file.
    pub(super) fn size(&mut self, path: &Argument) -> Result<Reply, Failure> {
        self.control.call_with("SIZE", path)
    }

    /// Returns the modification time of a file.
    pub(super) fn modified(&mut self, path: &Argument) -> Result<Reply, Failure> {
        self.control.call_with("MDTM", path)
    }

    /// Starts a transfer at `offset`, or at 0 if the server does not support offsets. Returns the
    /// data connection and the offset.
    pub(super) fn retrieve(
        &mut self,
        path: &Argument,
        offset: u64,
    ) -> Result<(DataConnection, u64), Failure> {
        let (tcp, watched) = self.connect_passively()?;
        let offset = if offset == 0 { 0 } else { self.restart(offset)? };
        self.control.call_with("RETR", path)?.require(ReplyClass::Preliminary)?;
        let stream = self.connector.protect(tcp, self.connector.deadline())?;
        Ok((DataConnection { stream, _watched: watched }, offset))
    }

    /// Sends REST. Returns the offset, or 0 if the server does not support the command.
    fn restart(&mut self, offset: u64) -> Result<u64, Failure> {
        let reply = self.control.call(&format!("REST {offset}"))?;
        match reply.code {
            500..=599 => Ok(0),
            _ => reply.require(ReplyClass::Intermediate).map(|_| offset),
        }
    }

    /// Opens a data connection in the mode that suits the address family, or else in the other one.
    fn connect_passively(&mut self) -> Result<(TcpStream, WatchedConnection), Failure> {
        let peer = self.control.tcp().peer_addr().map_err(|error| io_failure(error, "FTP"))?;
        let modes = if peer.is_ipv6() { [EPSV, PASV] } else { [PASV, EPSV] };
        match self.connect_in(modes[0], peer)? {
            Ok(connected) => Ok(connected),
            Err(failure) => self.connect_in(modes[1], peer).flatten().map_err(|_| failure),
        }
    }

    /// Opens a data connection. The outer error is that of the control connection.
    fn connect_in(
        &mut self,
        (command, port): PassiveMode,
        mut peer: SocketAddr,
    ) -> Result<Result<(TcpStream, WatchedConnection), Failure>, Failure> {
        let reply = self.control.call(command)?;
        let Some(port) = port(&reply) else { return Ok(Err(reply.failure())) };
        peer.set_port(port);
        Ok(self.connector.connect_data(peer))
    }

    /// Reads the reply that follows the data. The data connection must be closed.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.control.reply()?.require(ReplyClass::Completion).map(drop)
    }

    /// Ends the session without waiting for the reply.
    pub(super) fn quit(&mut self) {
        let _ = self.control.send("QUIT");
    }
}

/// Starts TLS on a control connection, or fails: nothing is sent without it.
fn request_tls(mut control: Control, connector: &Connector) -> Result<Control, Failure> {
    let reply = control.call("AUTH TLS")?;
    if reply.code != 234 {
        return Err(reply.failure());
    }
    let stream = connector.protect(control.into_unencrypted()?, connector.deadline())?;
    Ok(Control::new(stream))
}

/// The options of the connections of one session.
struct Connector {
    dialer: Arc<Dialer>,
    timeouts: Timeouts,
    host: String,
    /// One configuration for all connections: servers may require that data connections resume the
    /// TLS session of the control connection.
    tls: Option<Arc<ClientConfig>>,
}

impl Connector {
    fn new(dialer: &Arc<Dialer>, timeouts: Timeouts, to: Destination<'_>) -> Result<Self, Failure> {
        let tls = to.scheme.is_encrypted.then(|| dialer.tls.config(to.origin)).transpose()?;
        let tls = tls.map(|config| {
            let mut config = ClientConfig::clone(&config);
            // A server that checks ALPN would reject `http/1.1`.
            config.alpn_protocols.clear();
            Arc::new(config)
        });
        Ok(Self { dialer: Arc::clone(dialer), timeouts, host: to.host.to_owned(), tls })
    }

    /// Returns the time by which a connection must be established, including TLS.
    fn deadline(&self) -> Instant {
        self.dialer.deadline.min(Instant::now() + self.timeouts.connect)
    }

    fn connect_data(&self, to: SocketAddr) -> Result<(TcpStream, WatchedConnection), Failure> {
        let failure = |error| io_failure(error, "data connection");
        let timeout = remaining(self.deadline())?;
        let tcp = TcpStream::connect_timeout(&to, timeout).map_err(failure)?;
        let watched = self.dialer.deadline.watch(&tcp).map_err(failure)?;
        Ok((tcp, watched))
    }

    /// Starts TLS if the session uses it.
    fn protect(&self, tcp: TcpStream, deadline: Instant) -> Result<Stream, Failure> {
        let Some(config) = &self.tls else { return self.plain(tcp) };
        let tls = start_tls(tcp, &self.host, Arc::clone(config), deadline)?;
        self.set_timeouts(&tls.sock)?;
        Ok(Stream::Tls(Box::new(tls)))
    }

    fn plain(&self, tcp: TcpStream) -> Result<Stream, Failure> {
        self.set_timeouts(&tcp)?;
        Ok(Stream::Plain(tcp))
    }

    fn set_timeouts(&self, tcp: &TcpStream) -> Result<(), Failure> {
        let stall = Some(self.timeouts.stall);
        let set = tcp.set_read_timeout(stall).and_then(|()| tcp.set_write_timeout(stall));
        set.map_err(|error| io_failure(error, "connection"))
    }
}
