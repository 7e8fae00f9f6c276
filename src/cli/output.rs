//! Where results go: standard output, or a file that appears only when everything is in it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, anyhow};
use hsum::ErrorKind;
use hsum::engine::FileId;
use hsum::snapshot::through_links;
use rustix::fs::OFlags;
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tempfile::TempPath;

use super::quote::{for_terminal, quote};

/// Up to this many bytes, a write to a pipe is not mixed with those of other processes (PIPE_BUF).
const PIPE_WRITE: usize = 4096;

/// A sink for whole lines.
pub(crate) struct Output {
    file: File,
    target: Target,
    /// Lines that are not written yet.
    pending: Vec<u8>,
}

enum Target {
    Terminal,
    /// A pipe, or a file that somebody else opened.
    Stream,
    /// Written beside `path`, and renamed to it at the end.
    Replace {
        temporary: TempPath,
        path: PathBuf,
    },
}

/// The output could not be written.
#[derive(Debug)]
pub(crate) struct WriteError {
    cause: ErrorKind,
    broken_pipe: bool,
}

impl WriteError {
    pub(super) fn new(cause: io::Error) -> Self {
        let broken_pipe = cause.kind() == io::ErrorKind::BrokenPipe;
        Self { cause: ErrorKind::Io(cause), broken_pipe }
    }

    /// Where the reader of a pipe is gone, ends the program as the signal would that Rust's
    /// runtime ignores: in silence.
    pub(crate) fn die_if_nobody_reads(&self) {
        if self.broken_pipe {
            let _ = emulate_default_handler(SIGPIPE);
        }
    }
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "write error: {}", self.cause)
    }
}

impl std::error::Error for WriteError {}

impl Output {
    /// Standard output.
    pub(crate) fn stdout() -> Result<Self, WriteError> {
        let file = io::stdout().as_fd().try_clone_to_owned().map_err(WriteError::new)?.into();
        Ok(Self::new(file, Target::Stream))
    }

    /// Standard output, to which a terminal is nothing special.
    pub(crate) fn plain_stdout() -> Result<Self, WriteError> {
        Ok(Self { target: Target::Stream, ..Self::stdout()? })
    }

    /// A file, whose old contents stay until [`Output::finish`].
    pub(crate) fn replacing(path: &Path) -> Result<Self> {
        let opened = Self::open(path).map_err(|error| anyhow!("{}", ErrorKind::Io(error)));
        opened.with_context(|| quote(path))
    }

    fn open(path: &Path) -> io::Result<Self> {
        let path = through_links(path);
        let old = match fs::metadata(&path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if old.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            // A device or a pipe: a rename would put a file in its place. A link is another user's.
            let mut options = OpenOptions::new();
            options.write(true).custom_flags(OFlags::NOFOLLOW.bits() as i32);
            return Ok(Self::new(options.open(&path)?, Target::Stream));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Nobody is to open it who could not open the old one.
        let mode = if old.is_some() { 0o600 } else { 0o666 };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let (file, temporary) = tempfile::Builder::new()
            .prefix(".hsum-")
            .make_in(folder, |path| options.open(path))?
            .into_parts();
        if let Some(metadata) = old {
            let mode = metadata.permissions().mode() & 0o777;
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        remove_on_signal(&temporary)?;
        Ok(Self::new(file, Target::Replace { temporary, path }))
    }

    fn new(file: File, target: Target) -> Self {
        let target = if file.is_terminal() { Target::Terminal } else { target };
        Self { file, target, pending: Vec::new() }
    }

    /// Whether people see it at once.
    pub(crate) fn is_terminal(&self) -> bool {
        matches!(self.target, Target::Terminal)
    }

    /// The file that is written, where it is one: not to be hashed on the way.
    pub(crate) fn files(&self) -> Vec<FileId> {
        let old = match &self.target {
            Target::Replace { path, .. } => fs::metadata(path).ok(),
            _ => None,
        };
        let new = self.file.metadata().ok();
        [old, new].into_iter().flatten().filter(|m| m.is_file()).map(|m| FileId::of(&m)).collect()
    }

    /// Appends a line, its end included.
    pub(crate) fn line(&mut self, line: &[u8]) -> Result<(), WriteError> {
        if self.is_terminal() {
            return self.file.write_all(&for_terminal(line)).map_err(WriteError::new);
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
        self.file.write_all(bytes).map_err(WriteError::new)
    }

    /// Hands all lines so far to the system.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        self.file.write_all(&self.pending).map_err(WriteError::new)?;
        self.pending.clear();
        Ok(())
    }

    /// Makes it complete: the file stands under its name from now on.
    pub(crate) fn finish(mut self) -> Result<(), WriteError> {
        self.flush()?;
        if let Target::Replace { temporary, path } = self.target {
            self.file.sync_all().map_err(WriteError::new)?;
            temporary.persist(path).map_err(|error| WriteError::new(error.error))?;
        }
        Ok(())
    }
}

/// Leaves no half-written file, or folder of one, behind when the user or the system ends the program.
pub(crate) fn remove_on_signal(temporary: &Path) -> io::Result<()> {
    let path = temporary.to_owned();
    let ignored = ignored_signals();
    let heeded = |signal: &i32| ignored & (1 << (signal - 1)) == 0;
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM].into_iter().filter(heeded))?;
    thread::Builder::new().spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// A bit for each signal that the program was started to ignore, as `nohup` does with SIGHUP and
/// shells do with SIGINT for what runs behind; none where the system does not tell.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
