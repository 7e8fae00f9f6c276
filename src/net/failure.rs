//! Why a request or a download failed: the kind, the exit code, a sentence without secrets.
//!
//! The sentence may quote a server, a certificate or another program: hostile characters are escaped
//! in it here, for all of them.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::text::escape;

/// What kept bytes from being fetched, or from being put in place.
#[derive(Debug)]
pub struct Failure {
    kind: FailureKind,
    text: String,
    again: Again,
}

/// The kinds of [`Failure`], by what the user can do about them.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureKind {
    /// Digest, size or signature are others than expected.
    Mismatch,
    /// A request that cannot be made: a bad URL, notation or option.
    Usage,
    /// There is nothing to verify against.
    Unverifiable,
    /// The server answered with this status (of FTP, its reply code).
    Status(u16),
    /// The network, TLS, a stall, a truncated body.
    Network,
    /// A file could not be read or written.
    Local,
    /// Something that is refused unless it is asked for.
    Policy,
}

/// Whether the same request may fare better later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    /// It will not.
    Never,
    /// It may, after a pause.
    Later,
    /// It may, after the pause that the server asked for.
    After(Duration),
}

impl Failure {
    /// A failure that another try will not mend.
    pub fn new(kind: FailureKind, text: impl Into<String>) -> Self {
        Self { kind, text: line(text.into()), again: Again::Never }
    }

    /// The network failed; another try may mend it.
    pub fn network(text: impl Into<String>) -> Self {
        Self::new(FailureKind::Network, text).again(Again::Later)
    }

    /// The system refused something about a file here.
    pub fn local(path: &Path, cause: io::Error) -> Self {
        Error::io(path, cause).into()
    }

    /// Says whether another try may mend it.
    pub fn again(mut self, again: Again) -> Self {
        self.again = again;
        self
    }

    /// Puts words before the sentence: what was being done.
    pub fn during(mut self, what: impl fmt::Display) -> Self {
        self.text = format!("{}: {}", line(what.to_string()), self.text);
        self
    }

    /// Appends a sentence.
    pub fn adding(mut self, more: impl fmt::Display) -> Self {
        self.text = format!("{}\n  {}", self.text, line(more.to_string()));
        self
    }

    /// Changes the kind to one that a retry cannot fix.
    pub(crate) fn become_final(mut self, kind: FailureKind) -> Self {
        (self.kind, self.again) = (kind, Again::Never);
        self
    }

    /// The kind.
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// Whether another try may mend it.
    pub fn is_worth_another_try(&self) -> Again {
        self.again
    }

    /// The exit code of `hsum get`: 1 to 7.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            FailureKind::Mismatch => 1,
            FailureKind::Usage => 2,
            FailureKind::Unverifiable => 3,
            FailureKind::Status(_) => 4,
            FailureKind::Network => 5,
            FailureKind::Local => 6,
            FailureKind::Policy => 7,
        }
    }
}

/// Escapes a sentence, or a part of one, so that it is one line.
fn line(text: String) -> String {
    escape(text.as_bytes(), &[]).into_owned()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let text = match (error.path(), error.kind()) {
            (Some(path), ErrorKind::Io(_)) => format!("{path:?}: {}", error.kind()),
            _ => error.to_string(),
        };
        Self::new(FailureKind::Local, text)
    }
}
