//! FTP and FTPS downloads with the interface of HTTP. No command changes files on the server.

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};

use rustls::ClientConfig;
use suppaftp::types::FileType;
use suppaftp::{FtpError, FtpResult, Mode, RustlsConnector, RustlsFtpStream, Status, TlsConnector};
use url::Url;

use crate::fs::lock::lock;
use crate::net::deadline::{Deadline, WatchedConnection, run_on_thread, until};
use crate::net::dial::{Dialer, connect, io_failure, remaining};
use crate::net::failure::{Failure, FailureKind, Retry};
use crate::net::headers::HeaderFields;
use crate::net::secret::Credentials;
use crate::net::transport::{Framing, Origin, Request, Response, Timeouts, Transport};
use crate::net::url::{UrlScheme, bare_host, is_encrypted, percent_decoded};

/// The port of implicit TLS; on other ports the client requests TLS (RFC 4217).
const IMPLICIT_TLS: u16 = 990;

/// The transport for `ftp:` and `ftps:` URLs.
#[derive(Debug)]
pub(crate) struct Ftp {
    dialer: Arc<Dialer>,
    timeouts: Timeouts,
}

impl Ftp {
    pub(crate) fn new(dialer: Arc<Dialer>, timeouts: Timeouts) -> Self {
        Self { dialer, timeouts }
    }

    fn log_in(&self, request: &Request) -> Result<(RustlsFtpStream, Arc<Sockets>), Failure> {
        let url = &request.url;
        let secure = is_encrypted(url);
        let host = bare_host(url).to_owned();
        let port = url
            .port()
            .or(UrlScheme::of(url).map(|scheme| scheme.default_port))
            .unwrap_or(IMPLICIT_TLS);
        self.dialer.proxies.check_ftp(&host, port)?;
        let deadline = self.dialer.deadline.min(Instant::now() + self.timeouts.connect);
        let sockets = Arc::new(Sockets {
            timeouts: self.timeouts,
            deadline: self.dialer.deadline.clone(),
            watched: Mutex::default(),
        });
        let mut ftp = if secure && port == IMPLICIT_TLS {
            connect_implicit_tls(&host, self.tls(request.origin, &sockets)?, deadline)?
        } else {
            let tcp = connect(&host, port, deadline)?;
            sockets.watch(&tcp).map_err(|error| io_failure(error, "connection"))?;
            RustlsFtpStream::connect_with_stream(tcp).map_err(failure)?
        };
        let data = Arc::clone(&sockets);
        ftp = ftp.passive_stream_builder(move |address| data.open(address));
        ftp.set_passive_nat_workaround(true);
        if matches!(host.parse(), Ok(std::net::IpAddr::V6(_))) {
            ftp.set_mode(Mode::ExtendedPassive);
        }
        if secure && port != IMPLICIT_TLS {
            let tls = self.tls(request.origin, &sockets)?;
            ftp = ftp.into_secure(tls, &host).map_err(failure)?;
        }
        let user = match request.origin {
            Origin::Own => Credentials::in_url(url)?,
            Origin::Foreign => None,
        };
        let user = user.unwrap_or_else(|| Credentials::new("anonymous", "anonymous@"));
        let argument = |bytes: &[u8]| {
            let text = str::from_utf8(bytes).ok().filter(|text| !text.contains(['\r', '\n', '\0']));
            let invalid = "the user name or password is not UTF-8 or contains a line break";
            text.map(str::to_owned).ok_or_else(|| Failure::new(FailureKind::Usage, invalid))
        };
        let password = zeroize::Zeroizing::new(argument(user.password.as_bytes())?);
        ftp.login(argument(&user.user)?.as_str(), password.as_str()).map_err(failure)?;
        ftp.transfer_type(FileType::Binary).map_err(failure)?;
        Ok((ftp, sockets))
    }

    fn tls(&self, origin: Origin, sockets: &Arc<Sockets>) -> Result<FtpTls, Failure> {
        let mut config = ClientConfig::clone(&*self.dialer.tls.config(origin)?);
        // A server that checks ALPN would reject `http/1.1`.
        config.alpn_protocols.clear();
        let tls = RustlsConnector::from(Arc::new(config));
        Ok(FtpTls { tls, sockets: Arc::clone(sockets) })
    }
}

/// Connects with implicit TLS on another thread: suppaftp opens this connection without a timeout.
fn connect_implicit_tls(
    host: &str,
    tls: FtpTls,
    deadline: Instant,
) -> Result<RustlsFtpStream, Failure> {
    let name = host.to_owned();
    let connected = run_on_thread(move || {
        RustlsFtpStream::connect_secure_implicit((&*name, IMPLICIT_TLS), tls, &name)
            .map_err(failure)
    });
    let late = |_| Failure::network("connection timed out");
    connected.recv_timeout(remaining(deadline)?).map_err(late)?
}

/// The connections of one session.
#[derive(Debug)]
struct Sockets {
    timeouts: Timeouts,
    deadline: Deadline,
    watched: Mutex<Vec<WatchedConnection>>,
}

impl Sockets {
    /// Sets the timeouts of an open connection.
    fn watch(&self, tcp: &TcpStream) -> io::Result<()> {
        let stall = Some(self.timeouts.stall);
        tcp.set_read_timeout(stall)?;
        tcp.set_write_timeout(stall)?;
        let watched = self.deadline.watch(tcp)?;
        self.watched().push(watched);
        Ok(())
    }

    /// Stops watching the data connection. It would stay open, and after an aborted transfer the
    /// server does not reply until it is closed.
    fn release_data(&self) {
        self.watched().truncate(1);
    }

    fn watched(&self) -> MutexGuard<'_, Vec<WatchedConnection>> {
        lock(&self.watched)
    }

    /// Opens a data connection.
    fn open(&self, address: SocketAddr) -> Result<TcpStream, FtpError> {
        let open = || {
            let wait = until(self.deadline.instant(), self.timeouts.connect);
            let late = || io::Error::from(io::ErrorKind::TimedOut);
            let wait = Some(wait).filter(|wait| !wait.is_zero()).ok_or_else(late)?;
            let tcp = TcpStream::connect_timeout(&address, wait)?;
            self.watch(&tcp)?;
            Ok(tcp)
        };
        open().map_err(FtpError::ConnectionError)
    }
}

/// TLS for connections with timeouts.
#[derive(Debug)]
struct FtpTls {
    tls: RustlsConnector,
    sockets: Arc<Sockets>,
}

impl TlsConnector for FtpTls {
    type Stream = <RustlsConnector as TlsConnector>::Stream;

    fn connect(&self, domain: &str, tcp: TcpStream) -> FtpResult<Self::Stream> {
        self.sockets.watch(&tcp).map_err(FtpError::ConnectionError)?;
        self.tls.connect(domain, tcp)
    }
}

impl Transport for Ftp {
    fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        if !matches!(&*request.method, "GET" | "HEAD") || !request.body.is_empty() {
            return Err(Failure::new(FailureKind::Usage, "FTP is supported for downloads only"));
        }
        let path = path(&request.url)?;
        let (mut ftp, sockets) = self.log_in(request)?;
        let size = match ftp.size(&path) {
            // HEAD sends no RETR, so only this reply reports an absent file.
            Err(FtpError::UnexpectedResponse(reply))
                if request.method == "HEAD" && reply.status == Status::FileUnavailable =>
            {
                return Err(failure(FtpError::UnexpectedResponse(reply)));
            }
            size => optional(size)?.map(|size| size as u64),
        };
        let changed = optional(ftp.mdtm(&path))?;
        let changed = changed.and_then(|at| u64::try_from(at.and_utc().timestamp()).ok());
        let mut headers = HeaderFields::new();
        if let Some(seconds) = changed {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            headers.set("Last-Modified", httpdate::fmt_http_date(at))?;
            headers.set("Date", httpdate::fmt_http_date(SystemTime::now()))?;
        }
        headers.set("Accept-Ranges", "bytes")?;
        let same = request.headers.value("If-Range") == headers.value("Last-Modified");
        let offset = request.headers.value("Range").filter(|_| same).and_then(offset);
        let (offset, status) = match (offset, size) {
            (Some(offset), Some(size)) if offset < size => {
                headers.set("Content-Range", format!("bytes {offset}-{}/{size}", size - 1))?;
                (offset, 206)
            }
            _ => (0, 200),
        };
        let expected = size.map(|size| size - offset);
        if let Some(expected) = expected {
            headers.set("Content-Length", expected.to_string())?;
        }
        if request.method == "HEAD" {
            let _ = ftp.quit();
            let framing = Framing::Length(0);
            return Ok(Response { status, headers, framing, body: Box::new(io::empty()) });
        }
        if offset > 0 {
            let offset = usize::try_from(offset);
            let offset = offset.map_err(|_| Failure::network("the offset is too large"))?;
            ftp.resume_transfer(offset).map_err(failure)?;
        }
        let data = ftp.retr_as_stream(&path).map_err(failure)?;
        // The reply after the data confirms that it is complete.
        let framing = expected.map_or(Framing::Chunked, Framing::Length);
        let body = Box::new(FtpBody { data: Some(data), ftp, sockets, expected, received: 0 });
        Ok(Response { status, headers, framing, body })
    }
}

/// Returns the reply, or `None` if the server does not support the command.
fn optional<T>(answer: FtpResult<T>) -> Result<Option<T>, Failure> {
    match answer {
        Err(FtpError::UnexpectedResponse(_) | FtpError::BadResponse) => Ok(None),
        answer => answer.map(Some).map_err(failure),
    }
}

/// Returns the decoded path, relative to the directory after login (RFC 1738, section 3.2.2).
fn path(url: &Url) -> Result<String, Failure> {
    let usage = |why| Failure::new(FailureKind::Usage, why);
    let path = percent_decoded(url.path().strip_prefix('/').unwrap_or(""));
    let path = path.ok_or_else(|| usage("the URL's path is not UTF-8"))?;
    match path.contains(['\r', '\n', '\0']) {
        true => Err(usage("the URL's path contains a line break or a NUL")),
        false if path.is_empty() || path.ends_with('/') => {
            Err(usage("the URL's path is a directory"))
        }
        false => Ok(path),
    }
}

/// Parses `bytes=N-`.
fn offset(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}

/// The body of a response. Its size and the reply after the data show whether it is complete.
struct FtpBody {
    data: Option<suppaftp::TransferStream<<RustlsConnector as TlsConnector>::Stream>>,
    ftp: RustlsFtpStream,
    sockets: Arc<Sockets>,
    /// The length from the offset on, if the server states the size.
    expected: Option<u64>,
    received: u64,
}

impl Drop for FtpBody {
    fn drop(&mut self) {
        self.sockets.release_data();
    }
}

impl Read for FtpBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(data) = &mut self.data else { return Ok(0) };
        let truncated =
            |why: String| io::Error::new(io::ErrorKind::UnexpectedEof, Failure::network(why));
        match data.read(buffer) {
            Ok(count) if count > 0 => {
                self.received += count as u64;
                return Ok(count);
            }
            Ok(_) => {}
            // Some servers omit close_notify: the size and the reply decide.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => {
                let kind = error.kind();
                return Err(match kind {
                    io::ErrorKind::Interrupted => error,
                    _ => io::Error::new(kind, io_failure(error, "data connection")),
                });
            }
        }
        if let Some(expected) = self.expected.filter(|expected| *expected > self.received) {
            return Err(truncated(format!(
                "truncated: received {} of {expected} bytes",
                self.received
            )));
        }
        if let Some(data) = self.data.take() {
            self.sockets.release_data();
            data.finish().map_err(|error| truncated(format!("incomplete: {}", failure(error))))?;
            let _ = self.ftp.quit();
        }
        Ok(0)
    }
}

/// Converts an error of suppaftp.
fn failure(error: FtpError) -> Failure {
    match error {
        FtpError::ConnectionError(error) => io_failure(error, "FTP"),
        FtpError::UnexpectedResponse(reply) => {
            let text = String::from_utf8_lossy(&reply.body);
            let text = format!("the server replied: {}", text.trim().escape_debug());
            let failure = Failure::new(FailureKind::Status(reply.status.code() as u16), text);
            match reply.status {
                // "Service not available", "cannot open data connection", "connection closed".
                Status::NotAvailable
                | Status::CannotOpenDataConnection
                | Status::TransferAborted => failure.retrying(Retry::Later),
                _ => failure,
            }
        }
        other => Failure::network(other.to_string()),
    }
}
