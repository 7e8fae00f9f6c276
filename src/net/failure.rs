//! The error of requests and downloads.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use url::Url;

use crate::error::{Error, ErrorKind};
use crate::net::url::redacted;
use crate::text::escape;

/// The error of a request or a download.
///
/// Its text may quote a server, a certificate or another program: control characters in it are
/// escaped.
#[derive(Debug)]
pub struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: FailureKind,
    reason: Option<FailureReason>,
    retry: Retry,
    summary: String,
    details: Vec<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of a [`Failure`].
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureKind {
    /// Digest, size or signature differ from the expected ones.
    Mismatch,
    /// The request cannot be made: an invalid URL, notation or option.
    Usage,
    /// There is no usable evidence to verify the file against.
    Unverifiable,
    /// The server answered with this HTTP status or FTP reply code.
    Status(u16),
    /// The connection failed or stalled, or the body was truncated.
    Network,
    /// A file could not be read or written.
    Local,
    /// The options of the client or the download do not allow it.
    Policy,
}

/// A reason for a [`Failure`] that an option of the client or the download can change.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FailureReason {
    /// A redirect leads from https to an unencrypted URL.
    #[error("redirects from https to {to}, which is not encrypted")]
    Downgrade {
        /// The redacted URL.
        to: String,
    },
    /// The server redirected more often than allowed.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// The number of redirects allowed.
        limit: u32,
    },
    /// A password or token would be sent unencrypted to another machine.
    #[error("a password or token would be sent over {scheme}, which is not encrypted")]
    PlaintextAuth {
        /// The scheme of the URL: `http` or `ftp`.
        scheme: String,
    },
    /// A proxy is configured for an FTP URL, but only HTTP can use one.
    #[error("a proxy cannot be used for FTP")]
    FtpProxy {
        /// The environment variable that names the proxy; `None` if the client's options do.
        variable: Option<&'static str>,
    },
    /// The client's deadline has passed.
    #[error("timed out: the deadline has passed")]
    DeadlineExceeded,
    /// The file is longer than the maximum.
    #[error("larger than the maximum of {limit} bytes")]
    TooLarge {
        /// The maximum in bytes.
        limit: u64,
    },
    /// A file that must not be replaced exists at the path.
    #[error("{} already exists", if *.is_different { "a different file" } else { "a file of this name" })]
    FileExists {
        /// Set if the existing file was compared with the expected one.
        is_different: bool,
    },
    /// There is no evidence to verify the file against.
    #[error("nothing to verify the file against")]
    NoEvidence,
    /// Every expected digest is a CRC, which anyone can forge, or of a multipart form.
    #[error("a CRC or a multipart digest is not enough to verify a download")]
    ChecksumsOnly,
    /// Every expected digest is of an algorithm with known collisions.
    #[error("every expected digest is of an algorithm with known collisions")]
    WeakDigests,
    /// The body is gzip, and was not decoded.
    #[error("the body is gzip, and was not decoded")]
    NotDecoded,
}

impl FailureKind {
    /// Returns the kind as a stable word, such as `mismatch`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Mismatch => "mismatch",
            Self::Usage => "usage",
            Self::Unverifiable => "unverifiable",
            Self::Status(_) => "status",
            Self::Network => "network",
            Self::Local => "local",
            Self::Policy => "policy",
        }
    }
}

impl FailureReason {
    /// Returns the reason as a stable word, such as `too-large`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Downgrade { .. } => "downgrade",
            Self::TooManyRedirects { .. } => "too-many-redirects",
            Self::PlaintextAuth { .. } => "plaintext-auth",
            Self::FtpProxy { .. } => "ftp-proxy",
            Self::DeadlineExceeded => "timed-out",
            Self::TooLarge { .. } => "too-large",
            Self::FileExists { .. } => "exists",
            Self::NoEvidence => "no-evidence",
            Self::ChecksumsOnly => "checksums-only",
            Self::WeakDigests => "weak",
            Self::NotDecoded => "not-decoded",
        }
    }

    fn kind(&self) -> FailureKind {
        match self {
            Self::DeadlineExceeded => FailureKind::Network,
            Self::NoEvidence | Self::ChecksumsOnly => FailureKind::Unverifiable,
            Self::NotDecoded => FailureKind::Mismatch,
            _ => FailureKind::Policy,
        }
    }
}

/// Advice on sending the same request again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// The result would be the same.
    Never,
    /// It may succeed after a pause.
    Later,
    /// It may succeed after the pause that the server asked for.
    After(Duration),
}

impl Failure {
    /// Creates a failure that a retry cannot fix.
    pub fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            reason: None,
            retry: Retry::Never,
            summary: line(text),
            details: Vec::new(),
            source: None,
        }))
    }

    /// Creates a failure of the network that a retry may fix.
    pub fn network(text: impl Into<String>) -> Self {
        Self::new(FailureKind::Network, text).retrying(Retry::Later)
    }

    /// Creates the failure of a response from `url` with an unsuccessful status.
    pub fn status(url: &Url, status: u16) -> Self {
        let phrase = ureq::http::StatusCode::from_u16(status).ok();
        let phrase = phrase.and_then(|status| status.canonical_reason()).unwrap_or_default();
        let text = format!("{}: the server answered {status} {phrase}", redacted(url));
        Self::new(FailureKind::Status(status), text.trim_end())
    }

    /// Creates a failure to read or write a file.
    pub fn local(path: &Path, cause: io::Error) -> Self {
        Error::io(path, cause).into()
    }

    /// Sets the advice on retries.
    pub fn retrying(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Prefixes the summary with `what`, such as the URL of the request.
    pub fn during(mut self, what: impl fmt::Display) -> Self {
        self.0.summary = format!("{}: {}", line(what.to_string()), self.0.summary);
        self
    }

    /// Appends a line of details.
    pub fn adding(mut self, detail: impl fmt::Display) -> Self {
        self.0.details.push(line(detail.to_string()));
        self
    }

    /// Sets the [source](StdError::source).
    pub fn caused_by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    pub(crate) fn because(mut self, reason: FailureReason) -> Self {
        self.0.reason = Some(reason);
        self
    }

    /// Changes the kind, and advises against retries.
    pub(crate) fn become_final(mut self, kind: FailureKind) -> Self {
        (self.0.kind, self.0.retry) = (kind, Retry::Never);
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> FailureKind {
        self.0.kind
    }

    /// Returns the reason, if it is one that an option can change.
    pub fn reason(&self) -> Option<&FailureReason> {
        self.0.reason.as_ref()
    }

    /// Returns the most precise reason that is known as a stable word, such as `not-found`.
    pub fn reason_code(&self) -> &'static str {
        let file = || self.0.source.as_ref()?.downcast_ref::<Error>();
        match (&self.0.reason, self.0.kind) {
            (Some(reason), _) => reason.reason(),
            (None, FailureKind::Local) => file().map_or("local", |error| error.kind().reason()),
            (None, kind) => kind.reason(),
        }
    }

    /// Returns the advice on retries.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// Returns the text without its details.
    pub fn summary(&self) -> &str {
        &self.0.summary
    }

    /// Returns the lines of details.
    pub fn details(&self) -> &[String] {
        &self.0.details
    }
}

/// Escapes control characters, so that the text is one line.
fn line(text: impl Into<String>) -> String {
    escape(text.into().as_bytes(), &[]).into_owned()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.summary)?;
        self.0.details.iter().try_for_each(|detail| write!(f, "\n  {detail}"))
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<FailureReason> for Failure {
    fn from(reason: FailureReason) -> Self {
        let mut failure = Self::new(reason.kind(), reason.to_string());
        failure.0.reason = Some(reason);
        failure
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = match (error.path(), error.kind()) {
            (Some(path), ErrorKind::Io(_)) => {
                let path = escape(path.as_os_str().as_bytes(), &[]);
                format!("{path}: {}", error.kind())
            }
            _ => error.to_string(),
        };
        Self::new(FailureKind::Local, text).caused_by(error)
    }
}
