//! Where results go: standard output, or a file that appears only when everything is in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use hsum::ErrorKind;
use hsum::engine::FileId;
use hsum::internals::{AtomicFile, NotSynced, resolve_links};
use rustix::fs::OFlags;

use super::quote::{for_terminal, quote};
use super::signals;

/// Up to this many bytes, a write to a pipe is not mixed with those of other processes (PIPE_BUF).
const PIPE_WRITE: usize = 4096;

/// A sink for whole lines.
pub(crate) struct Output {
    target: Target,
    /// Lines that are not written yet.
    pending: Vec<u8>,
}

enum Target {
    Terminal(File),
    /// A pipe, or a file that another program opened.
    Stream(File),
    /// A file that replaces the one at `path` at the end.
    Replacement {
        file: AtomicFile,
        /// The path that the user gave.
        path: PathBuf,
    },
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let written = match self {
            Self::Terminal(file) | Self::Stream(file) => file.write_all(bytes),
            Self::Replacement { file, .. } => file.write_all(bytes),
        };
        written.map_err(|error| self.error(error))
    }

    /// Returns the error of a failed write; that of a file says that it was not replaced.
    fn error(&self, cause: io::Error) -> WriteError {
        let error = WriteError::new(cause);
        match self {
            Self::Replacement { path, .. } => {
                WriteError { file: Some(Unwritten(path.clone())), ..error }
            }
            _ => error,
        }
    }
}

/// The output file of a failed run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unwritten(PathBuf);

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fate = if self.0.exists() { "kept as it was" } else { "not written" };
        write!(f, "{}: {fate}", quote(&self.0))
    }
}

/// The output could not be written.
#[derive(Debug)]
pub(crate) struct WriteError {
    cause: ErrorKind,
    broken_pipe: bool,
    file: Option<Unwritten>,
}

impl WriteError {
    pub(super) fn new(cause: io::Error) -> Self {
        let broken_pipe = cause.kind() == io::ErrorKind::BrokenPipe;
        Self { cause: ErrorKind::Io(cause), broken_pipe, file: None }
    }

    /// Ends the program in silence if the reader of a pipe is gone.
    pub(crate) fn end_if_pipe_is_closed(&self) {
        if self.broken_pipe {
            signals::end_by_closed_pipe();
        }
    }
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{file}, because of a write error: {}", self.cause),
            None => write!(f, "write error: {}", self.cause),
        }
    }
}

impl std::error::Error for WriteError {}

impl Output {
    /// Standard output.
    pub(crate) fn stdout() -> Result<Self, WriteError> {
        let file = io::stdout().as_fd().try_clone_to_owned().map_err(WriteError::new)?;
        Ok(Self::opened(file.into()))
    }

    /// Standard output, to which a terminal is nothing special.
    pub(crate) fn plain_stdout() -> Result<Self, WriteError> {
        let file = io::stdout().as_fd().try_clone_to_owned().map_err(WriteError::new)?;
        Ok(Self::new(Target::Stream(file.into())))
    }

    /// A file, whose old contents stay until [`Output::finish`].
    pub(crate) fn replacing(path: &Path) -> Result<Self> {
        let opened = Self::open(path).map_err(|error| anyhow!("{}", ErrorKind::Io(error)));
        opened.with_context(|| quote(path))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let real = resolve_links(path);
        match fs::metadata(&real) {
            // A device or a pipe: a rename would put a file in its place. A link is another user's.
            Ok(metadata) if !metadata.is_file() => {
                let mut options = OpenOptions::new();
                options.write(true).custom_flags(OFlags::NOFOLLOW.bits() as i32);
                return Ok(Self::opened(options.open(&real)?));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = AtomicFile::create_like_old(real)?;
        Ok(Self::new(Target::Replacement { file, path: path.to_owned() }))
    }

    /// Wraps a file that is open already.
    fn opened(file: File) -> Self {
        Self::new(match file.is_terminal() {
            true => Target::Terminal(file),
            false => Target::Stream(file),
        })
    }

    fn new(target: Target) -> Self {
        Self { target, pending: Vec::new() }
    }

    /// Whether people see it at once.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.target, Target::Terminal(_))
    }

    /// The file that is written, where it is one: not to be hashed on the way.
    pub(crate) fn files(&self) -> Vec<FileId> {
        let (new, old) = match &self.target {
            Target::Terminal(file) | Target::Stream(file) => (file.metadata(), None),
            Target::Replacement { file, .. } => {
                (file.file().metadata(), fs::metadata(file.path()).ok())
            }
        };
        let files = new.ok().into_iter().chain(old);
        files.filter(|m| m.is_file()).map(|m| FileId::of(&m)).collect()
    }

    /// Appends a line or several, the last end included.
    pub(crate) fn line(&mut self, line: &[u8]) -> Result<(), WriteError> {
        if self.is_terminal() {
            return self.target.write(for_terminal(line).as_bytes());
        }
        if self.pending.len() + line.len() > PIPE_WRITE {
            self.flush()?;
        }
        self.pending.extend_from_slice(line);
        Ok(())
    }

    /// Writes bytes that are no text.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.flush()?;
        self.target.write(bytes)
    }

    /// Hands all lines so far to the system.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        self.target.write(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Completes the output: a file appears under its name.
    pub(crate) fn finish(self) -> Result<(), WriteError> {
        Self::finish_all(vec![self])
    }

    /// Completes several outputs; if one cannot be written, none of the files is replaced.
    pub(crate) fn finish_all(mut outputs: Vec<Self>) -> Result<(), WriteError> {
        outputs.iter_mut().try_for_each(Self::flush)?;
        let mut files = Vec::new();
        let mut paths = Vec::new();
        for output in outputs {
            if let Target::Replacement { file, path } = output.target {
                files.push(file);
                paths.push(path);
            }
        }
        AtomicFile::commit_all(files).map_err(|error| {
            let untouched = !NotSynced::is_in(&error);
            let file = paths.into_iter().next().filter(|_| untouched).map(Unwritten);
            WriteError { file, ..WriteError::new(error) }
        })
    }

    /// Ends the output of a run that failed. A file is not replaced, and is returned; a pipe or a
    /// terminal gets what there is.
    pub(crate) fn give_up(mut self) -> Result<Option<Unwritten>, WriteError> {
        match self.target {
            Target::Replacement { path, .. } => Ok(Some(Unwritten(path))),
            _ => self.flush().map(|()| None),
        }
    }
}
