//! The error of a file: its path and the cause.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A failure to hash a file.
#[derive(Debug)]
pub struct Error {
    path: Option<PathBuf>,
    kind: ErrorKind,
}

/// The cause inside an [`Error`].
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A system call failed.
    Io(io::Error),
    /// The file was written to or replaced while it was read: the bytes read may never have been
    /// its contents.
    Changed,
    /// The file did not change, but holds more or fewer bytes than its size says.
    Length {
        /// The size in its metadata, in bytes.
        size: u64,
        /// Bytes that were read; if more than `size`, there may be more.
        read: u64,
    },
    /// The name leads out of the directory that it must be in.
    Outside,
    /// A symbolic link leads back to a directory above it.
    Loop,
    /// A special file, where only regular files are read.
    Special(SpecialFileType),
    /// A temporary file or directory of hsum's own, found during a walk.
    Temporary,
}

/// The type of a file that is neither a regular file nor a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SpecialFileType {
    /// A named pipe.
    Fifo,
    /// A Unix domain socket.
    Socket,
    /// A character device, such as a terminal.
    CharacterDevice,
    /// A block device, such as a disk.
    BlockDevice,
    /// A symbolic link.
    Symlink,
    /// An unknown type, or one that the file no longer has.
    Other,
}

impl fmt::Display for SpecialFileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fifo => "FIFO",
            Self::Socket => "socket",
            Self::CharacterDevice => "character device",
            Self::BlockDevice => "block device",
            Self::Symlink => "symbolic link",
            Self::Other => "special file",
        })
    }
}

impl Error {
    /// Creates an error about `path`.
    #[cfg(feature = "fs")]
    pub(crate) fn new(path: impl Into<PathBuf>, kind: ErrorKind) -> Self {
        Self { path: Some(path.into()), kind }
    }

    /// Creates an I/O error about `path`.
    #[cfg(feature = "fs")]
    pub(crate) fn io(path: impl Into<PathBuf>, cause: io::Error) -> Self {
        Self::new(path, ErrorKind::Io(cause))
    }

    #[cfg(feature = "fs")]
    pub(crate) fn without_path(kind: ErrorKind) -> Self {
        Self { path: None, kind }
    }

    /// Returns the file or directory, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the cause.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Returns `true` if a walk skipped the file by design.
    pub fn is_skipped(&self) -> bool {
        matches!(self.kind, ErrorKind::Special(_) | ErrorKind::Temporary)
    }

    /// Returns `true` if the file is a temporary file or directory of hsum.
    pub fn is_temporary(&self) -> bool {
        matches!(self.kind, ErrorKind::Temporary)
    }

    /// Returns `true` if the file does not exist (`ENOENT`).
    pub fn is_not_found(&self) -> bool {
        matches!(&self.kind, ErrorKind::Io(e) if e.kind() == io::ErrorKind::NotFound)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(cause) => f.write_str(&strerror(cause)),
            Self::Changed => f.write_str("Changed while reading"),
            Self::Length { size, read } if read < size => {
                write!(f, "Ends after {read} of {size} bytes")
            }
            Self::Length { size, .. } => write!(f, "Holds more than the {size} bytes of its size"),
            Self::Outside => f.write_str("Leads out of the directory"),
            Self::Loop => f.write_str("Symbolic link leads back to a directory above it"),
            Self::Special(kind) => write!(f, "not a regular file ({kind})"),
            Self::Temporary => f.write_str("left over from an interrupted hsum"),
        }
    }
}

impl ErrorKind {
    /// Returns the cause as a stable word, such as `not-found`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Io(cause) => io_reason(cause.kind()),
            Self::Changed => "changed",
            Self::Length { .. } => "wrong-length",
            Self::Outside => "outside",
            Self::Loop => "loop",
            Self::Special(SpecialFileType::Fifo) => "fifo",
            Self::Special(SpecialFileType::Socket) => "socket",
            Self::Special(SpecialFileType::CharacterDevice) => "character-device",
            Self::Special(SpecialFileType::BlockDevice) => "block-device",
            Self::Special(SpecialFileType::Symlink) => "symlink",
            Self::Special(SpecialFileType::Other) => "special",
            Self::Temporary => "temporary",
        }
    }
}

/// Returns the stable word for a system error.
pub fn io_reason(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "not-found",
        io::ErrorKind::PermissionDenied => "permission-denied",
        io::ErrorKind::AlreadyExists => "exists",
        io::ErrorKind::IsADirectory => "is-a-directory",
        io::ErrorKind::NotADirectory => "not-a-directory",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "no-space",
        io::ErrorKind::ReadOnlyFilesystem => "read-only",
        io::ErrorKind::InvalidFilename => "invalid-name",
        io::ErrorKind::TimedOut => "timed-out",
        io::ErrorKind::UnexpectedEof => "truncated",
        _ => "io",
    }
}

/// Returns the system's text without std's suffix " (os error 2)".
fn strerror(cause: &io::Error) -> String {
    let text = cause.to_string();
    match text.rfind(" (os error ") {
        Some(end) if cause.raw_os_error().is_some() => text[..end].to_owned(),
        _ => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(cause) => Some(cause),
            _ => None,
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match &error.kind {
            ErrorKind::Io(cause) => cause.kind(),
            _ => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
