//! The output of results: standard output, or a file that appears once it is complete.

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

use crate::cli::args::shared::ColourChoice;
use crate::cli::colour::{self, Status};
use crate::cli::progress::screen;
use crate::cli::quote::{for_terminal, quote};
use crate::cli::signals;

/// The size in bytes up to which writes to a pipe are atomic (PIPE_BUF).
const PIPE_WRITE: usize = 4096;

/// A sink for whole lines.
pub(crate) struct Output {
    target: Target,
    /// Lines that are not written yet.
    pending: Vec<u8>,
    status_first: bool,
    coloured: bool,
}

/// A result as one line of text.
pub(crate) struct StatusLine<'a> {
    pub(crate) status: Status,
    /// The name of the file, quoted.
    pub(crate) name: &'a str,
    /// The text after the name in the plain layout: the status word, and details.
    pub(crate) text: &'a str,
    /// The part of `text` that is coloured.
    pub(crate) word: &'a str,
    /// The details after the name on a terminal, such as `(from old)`; may be empty.
    pub(crate) note: &'a str,
}

enum Target {
    Terminal(File),
    /// A pipe, or a file that another program opened.
    Stream(File),
    /// A file that replaces the one at `path` once it is complete.
    Replacement {
        file: AtomicFile,
        /// The path that the user gave.
        path: PathBuf,
    },
}

impl Target {
    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let written = match self {
            Self::Terminal(file) => screen::print(|| file.write_all(bytes)),
            Self::Stream(file) => file.write_all(bytes),
            Self::Replacement { file, .. } => file.write_all(bytes),
        };
        written.map_err(|error| self.error(error))
    }

    /// Returns the error of a failed write, with the file that was not replaced.
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

/// An output file that a failed run did not replace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unwritten(PathBuf);

impl std::fmt::Display for Unwritten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = if self.0.exists() { "kept as it was" } else { "not written" };
        write!(f, "{}: {state}", quote(&self.0))
    }
}

/// A failure to write the output.
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

    /// Ends the program silently if the reader of the pipe has closed it.
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
    pub(crate) fn stdout() -> Result<Self, WriteError> {
        let file = io::stdout().as_fd().try_clone_to_owned().map_err(WriteError::new)?;
        Ok(Self::opened(file.into()))
    }

    /// Opens standard output without special treatment of a terminal.
    pub(crate) fn plain_stdout() -> Result<Self, WriteError> {
        let file = io::stdout().as_fd().try_clone_to_owned().map_err(WriteError::new)?;
        Ok(Self::new(Target::Stream(file.into())))
    }

    /// Opens a file whose old contents [`Output::finish`] replaces.
    pub(crate) fn replacing(path: &Path) -> Result<Self> {
        let opened = Self::open(path).map_err(|error| anyhow!("{}", ErrorKind::Io(error)));
        opened.with_context(|| quote(path))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let real = resolve_links(path);
        match fs::metadata(&real) {
            // A device or a pipe, which a rename would replace, or another user's link.
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

    /// Wraps an open file.
    fn opened(file: File) -> Self {
        Self::new(match file.is_terminal() {
            true => Target::Terminal(file),
            false => Target::Stream(file),
        })
    }

    fn new(target: Target) -> Self {
        Self { target, pending: Vec::new(), status_first: false, coloured: false }
    }

    /// Prints the status words first if this is a terminal, and coloured as the user chose.
    pub(crate) fn for_people(mut self, choice: ColourChoice) -> Self {
        self.status_first = self.is_terminal();
        self.coloured = colour::is_coloured(choice, self.is_terminal());
        self
    }

    /// Returns the file that is not replaced if the run stops now; `None` for other outputs.
    pub(crate) fn unwritten(&self) -> Option<Unwritten> {
        match &self.target {
            Target::Replacement { path, .. } => Some(Unwritten(path.clone())),
            _ => None,
        }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.target, Target::Terminal(_))
    }

    /// Returns the files that are written or replaced, which must not be hashed.
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

    /// Appends one or several lines with their line ends.
    pub(crate) fn line(&mut self, line: &[u8]) -> Result<(), WriteError> {
        if self.is_terminal() {
            return self.append(for_terminal(line).as_bytes());
        }
        self.append(line)
    }

    /// Adds whole lines that need no escapes; writes them at once to a terminal.
    fn append(&mut self, line: &[u8]) -> Result<(), WriteError> {
        if self.is_terminal() {
            return self.target.write(line);
        }
        if self.pending.len() + line.len() > PIPE_WRITE {
            self.flush()?;
        }
        self.pending.extend_from_slice(line);
        Ok(())
    }

    /// Writes a result: `FAILED    NAME` on a terminal, `NAME: FAILED` otherwise.
    pub(crate) fn status(&mut self, line: &StatusLine) -> Result<(), WriteError> {
        let StatusLine { status, name, text, word, note } = line;
        if !self.status_first && !self.coloured {
            return self.line(format!("{name}: {text}\n").as_bytes());
        }
        let mut painted = Vec::with_capacity(name.len() + text.len() + 32);
        let escape = |text: &str| match self.is_terminal() {
            true => for_terminal(text.as_bytes()),
            false => text.to_owned(),
        };
        if self.status_first {
            status.paint(&mut painted, status.word(), self.coloured);
            painted.resize(painted.len() + Status::COLUMN - status.word().len(), b' ');
            painted.extend_from_slice(escape(name).as_bytes());
            if !note.is_empty() {
                painted.extend_from_slice(b"  ");
                painted.extend_from_slice(escape(note).as_bytes());
            }
        } else {
            let (before, after) = text.split_once(word).unwrap_or(("", text));
            painted.extend_from_slice(escape(&format!("{name}: {before}")).as_bytes());
            status.paint(&mut painted, word, self.coloured);
            painted.extend_from_slice(escape(after).as_bytes());
        }
        painted.push(b'\n');
        self.append(&painted)
    }

    /// Writes a line that begins with the word of `status`, in every layout.
    pub(crate) fn verdict(&mut self, status: Status, line: &str) -> Result<(), WriteError> {
        let (_, rest) = line.split_at(status.word().len());
        self.painted("", status, rest)
    }

    /// Writes a line with the word of `status` between two texts, in every layout.
    pub(crate) fn painted(
        &mut self,
        before: &str,
        status: Status,
        after: &str,
    ) -> Result<(), WriteError> {
        let escape = |text: &str| match self.is_terminal() {
            true => for_terminal(text.as_bytes()),
            false => text.to_owned(),
        };
        let mut painted = escape(before).into_bytes();
        status.paint(&mut painted, status.word(), self.coloured);
        painted.extend_from_slice(escape(after).as_bytes());
        self.append(&painted)
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.flush()?;
        self.target.write(bytes)
    }

    /// Writes the pending lines.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        self.target.write(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Writes the pending lines, and puts a new file in place.
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

    /// Ends the output of a failed run: writes the pending lines to a pipe or terminal; does not
    /// replace a file, but returns it.
    pub(crate) fn give_up(mut self) -> Result<Option<Unwritten>, WriteError> {
        match self.unwritten() {
            Some(file) => Ok(Some(file)),
            None => self.flush().map(|()| None),
        }
    }
}
