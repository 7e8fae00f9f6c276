//! Results of checked files, before they are printed.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hsum::{Digest, Error, ErrorKind};

use crate::cli::colour::Status;
use crate::cli::json::Object;
use crate::cli::quote::quote;

/// A list that is checked.
#[derive(Default)]
pub(crate) struct ListName {
    pub(super) path: PathBuf,
    /// The name in messages.
    pub(crate) title: String,
}

impl ListName {
    pub(crate) fn new(path: &Path) -> Self {
        let is_stdin = path == Path::new("-");
        let title = quote(if is_stdin { Path::new("standard input") } else { path });
        Self { path: path.to_owned(), title }
    }

    pub(crate) fn add_line(&self, object: &mut Object, line: u64) {
        self.add_line_as(["list", "line"], object, line);
    }

    /// Adds the name of the list and a line number, under these two keys.
    pub(crate) fn add_line_as(&self, keys: [&str; 2], object: &mut Object, line: u64) {
        object.name(keys[0], self.path.as_os_str().as_bytes()).set(keys[1], line);
    }
}

/// The result for a file.
pub(super) struct FileResult<'a> {
    pub(super) name: &'a Path,
    pub(super) verdict: Verdict<'a>,
    /// The size in bytes; `None` if the file was not read.
    pub(super) size: Option<u64>,
}

/// The verdict on a file.
pub(super) enum Verdict<'a> {
    Match,
    Mismatch,
    WrongSize { size: u64, expected: u64 },
    Unread(&'a Error),
    Directory,
}

impl Verdict<'_> {
    pub(super) fn status(&self) -> Status {
        match self {
            Self::Match => Status::Ok,
            Self::Mismatch | Self::WrongSize { .. } => Status::Failed,
            Self::Unread(error) if error.is_not_found() => Status::Missing,
            Self::Unread(_) | Self::Directory => Status::Unreadable,
        }
    }

    /// Returns the verdict in GNU's words.
    pub(super) fn text(&self) -> &'static str {
        match self {
            Self::Match => "OK",
            Self::Mismatch | Self::WrongSize { .. } => "FAILED",
            Self::Unread(_) | Self::Directory => "FAILED open or read",
        }
    }

    /// Returns the problem as a stable word and as a text, unless the file matches.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::Match => return None,
            Self::Mismatch => ("mismatch", "the digest does not match".into()),
            Self::WrongSize { size, expected } => {
                ("wrong-size", format!("{size} bytes (expected {expected})"))
            }
            Self::Unread(error) => (error.kind().reason(), read_error(error)),
            Self::Directory => ("is-a-directory", "Is a directory".into()),
        })
    }
}

/// Returns the reason why a listed file could not be read, and the option that helps.
fn read_error(error: &Error) -> String {
    match error.kind() {
        kind @ ErrorKind::Outside => format!("{kind}; see --allow-outside and --beneath"),
        kind => kind.to_string(),
    }
}

/// Adds the digests that differ to the object of a file.
pub(super) fn add_mismatch(object: &mut Object, expected: &Digest, got: &Digest) {
    object.set("algorithm", got.hash_function().to_string());
    object.set("expected", expected.to_string()).set("got", got.to_string());
}
