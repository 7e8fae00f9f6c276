//! Input that the user names: files, `--files-from` lists, standard input.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, anyhow};
use hsum::ErrorKind;
use hsum::engine::{FileId, Source};
use hsum::internals::is_token;

use crate::cli::plan::source;
use crate::cli::print::complain;
use crate::cli::quote::quote;

/// Opens a file that the user named, with an error that names it.
pub(crate) fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|e| anyhow!("{}", ErrorKind::Io(e))).with_context(|| quote(path))
}

/// Returns `true` if `path` is standard input by another name, such as `/dev/stdin`.
pub(crate) fn is_stdin(path: &Path) -> bool {
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let stdin = stdin.and_then(|file| file.metadata());
    stdin.is_ok_and(|s| path.metadata().is_ok_and(|p| FileId::of(&p) == FileId::of(&s)))
}

/// Announces on a terminal that standard input is read: the program waits without a sign of life.
pub(crate) fn announce_stdin() {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        complain("reading standard input (end with Ctrl-D)");
    }
}

/// Standard input as a list, which stays at its end: a terminal would wait for a second Ctrl-D.
pub(crate) struct ListedInput {
    is_at_end: bool,
}

impl ListedInput {
    pub(crate) fn open() -> Self {
        announce_stdin();
        Self { is_at_end: false }
    }
}

impl Read for ListedInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.is_at_end { 0 } else { io::stdin().read(buffer)? };
        self.is_at_end = count == 0 && !buffer.is_empty();
        Ok(count)
    }
}

/// Parses a header field, `NAME: VALUE`.
pub(crate) fn header_field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let name = str::from_utf8(name).ok().filter(|_| is_token(name))?;
    let is_line = !value.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
    is_line.then(|| (name.to_owned(), value.trim_ascii().to_vec()))
}

/// The maximum length of a name in `--files-from`, far more than a system can open.
const MAX_NAME: u64 = 1 << 20;

/// The names that `--files-from` lists, read while earlier ones are hashed.
pub(crate) struct Names {
    list: Box<dyn BufRead + Send>,
    end: u8,
    /// The number of the last line read.
    line: u64,
    /// The read error that ended the list.
    pub(crate) broken: Arc<OnceLock<io::Error>>,
}

impl Names {
    pub(crate) fn open(path: &Path, null: bool) -> Result<Self> {
        let list: Box<dyn BufRead + Send> = match source(path) {
            Source::Stdin => Box::new(BufReader::new(ListedInput::open())),
            Source::Path(path) => Box::new(BufReader::new(open(&path)?)),
        };
        Ok(Self { list, end: if null { 0 } else { b'\n' }, line: 0, broken: Default::default() })
    }
}

impl Iterator for Names {
    type Item = Source;

    fn next(&mut self) -> Option<Source> {
        loop {
            let mut name = Vec::new();
            self.line += 1;
            let mut read = self.list.by_ref().take(MAX_NAME + 1).read_until(self.end, &mut name);
            if name.len() as u64 > MAX_NAME && !name.ends_with(&[self.end]) {
                let text = format!("{}: name longer than {MAX_NAME} bytes", self.line);
                read = Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            match read {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    let _ = self.broken.set(error);
                    return None;
                }
            }
            if name.last() == Some(&self.end) {
                name.pop();
            }
            if name == b"-" {
                // In the list that is printed, a bare dash would mean standard input.
                name.splice(..0, *b"./");
            }
            if !name.is_empty() {
                return Some(PathBuf::from(OsString::from_vec(name)).into());
            }
        }
    }
}
