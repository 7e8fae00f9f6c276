//! Partial downloads: the part beside the final name, and its state file.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde_json::{Value, json};

use crate::algorithm::Algorithm;
use crate::fetch::coding::ContentCoding;
use crate::fetch::resume::Validator;
use crate::fs::links::parent_directory;
use crate::fs::replace::{Access, AtomicFile, Existing, rename_synced};
use crate::fs::temporary::{DECODED, PART, PART_STATE};
use crate::hasher::{Hasher, digest};
use crate::net::failure::{Failure, FailureKind, FailureReason};
use crate::net::transport::{Body, Request};
use crate::net::url::redacted;

/// The longest name that file systems accept, in bytes.
const MAX_NAME: usize = 255;

/// The limit for state files, in bytes.
const MAX_STATE: u64 = 64 * 1024;

/// A locked part file: no other process writes to it.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    state_path: PathBuf,
    target: PathBuf,
    /// The mode of new files, before the umask.
    mode: u32,
}

/// The contents of a state file, with which a later run can resume.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct PartState {
    /// The redacted URL, for people who read the file.
    url: String,
    /// The ID of the request: no other request may resume the part.
    request: String,
    pub(super) validator: Validator,
    /// The length of the whole file, if known.
    pub(super) total: Option<u64>,
    pub(super) coding: ContentCoding,
}

impl Part {
    /// Opens the part for the file at `target`, or creates it.
    ///
    /// # Errors
    /// If it cannot be opened, or another process has locked it.
    pub(super) fn open(target: &Path, mode: u32) -> Result<Self, Failure> {
        let path = beside(target, PART);
        let state_path = beside(target, PART_STATE);
        loop {
            let (file, is_new) = open(&path, mode).map_err(|error| {
                // Users know the name of a missing directory, but not that of the part.
                let missing =
                    |directory: &&Path| !directory.as_os_str().is_empty() && !directory.exists();
                let directory = path.parent().filter(missing).unwrap_or(&path);
                Failure::local(directory, error)
            })?;
            match file.try_lock() {
                // Some file systems have no locks.
                Ok(()) | Err(TryLockError::Error(_)) => {}
                Err(TryLockError::WouldBlock) => {
                    let text = format!("{}: another process is writing it", path.display());
                    return Err(Failure::new(FailureKind::Local, text));
                }
            }
            let opened = file.metadata().map_err(|error| Failure::local(&path, error))?;
            // The process that held the lock may have renamed the file in the meantime.
            let same = fs::symlink_metadata(&path)
                .is_ok_and(|now| (now.dev(), now.ino()) == (opened.dev(), opened.ino()));
            if !same {
                continue;
            }
            let ours = opened.uid() == rustix::process::geteuid().as_raw() && opened.nlink() == 1;
            if !opened.is_file() || !(is_new || ours) {
                // Another user may have created it to control its contents.
                fs::remove_file(&path).map_err(|error| Failure::local(&path, error))?;
                continue;
            }
            let part = Self { file, path, state_path, target: target.to_owned(), mode };
            // The part's lock covers the decoded file too.
            let _ = fs::remove_file(part.decoded_path());
            return Ok(part);
        }
    }

    pub(super) fn len(&self) -> Result<u64, Failure> {
        Ok(self.file.metadata().map_err(|error| self.failure(error))?.len())
    }

    /// Returns the state, if there is a valid state file.
    pub(super) fn state(&self) -> Option<PartState> {
        let mut text = Vec::new();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
            .open(&self.state_path)
            .ok()?;
        file.take(MAX_STATE).read_to_end(&mut text).ok()?;
        PartState::parse(&serde_json::from_slice(&text).ok()?)
    }

    /// Empties the part, and writes `state` if a later run may resume. The old state is removed
    /// before the first new byte is written.
    pub(super) fn restart(&mut self, state: Option<&PartState>) -> Result<(), Failure> {
        match fs::remove_file(&self.state_path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::local(&self.state_path, error));
            }
            _ => {}
        }
        self.truncate(0)?;
        if let Some(state) = state {
            // A half-written state does not parse, and the next run starts over.
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(self.mode);
            let written = options
                .open(&self.state_path)
                .and_then(|mut file| file.write_all(state.to_json().to_string().as_bytes()));
            written.map_err(|error| Failure::local(&self.state_path, error))?;
        }
        Ok(())
    }

    /// Truncates the part to `length` bytes, and seeks to its end.
    pub(super) fn truncate(&mut self, length: u64) -> Result<(), Failure> {
        let cut = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        cut.map(drop).map_err(|error| self.failure(error))
    }

    /// Returns the file, at its beginning.
    pub(super) fn rewind(&mut self) -> Result<&mut File, Failure> {
        self.file.seek(SeekFrom::Start(0)).map_err(|error| self.failure(error))?;
        Ok(&mut self.file)
    }

    /// Returns the file, at its current position.
    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Creates a temporary file for the decoded bytes, which has the same final name.
    pub(super) fn create_decoded(&self, existing: Existing) -> Result<AtomicFile, Failure> {
        let (path, temporary) = (self.target.clone(), self.decoded_path());
        AtomicFile::create_as(path, temporary.clone(), Access::Mode(self.mode), existing)
            .map_err(|error| Failure::local(&temporary, error))
    }

    fn decoded_path(&self) -> PathBuf {
        beside(&self.target, DECODED)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    pub(super) fn failure(&self, error: io::Error) -> Failure {
        Failure::local(&self.path, error)
    }

    /// Moves the verified part to its final name.
    ///
    /// # Errors
    /// If syncing or renaming fails. The part is then removed: after a failed sync, its bytes may
    /// exist in memory only, and a later run would trust them.
    pub(super) fn commit(self, existing: Existing) -> Result<(), Failure> {
        if let Err(error) = self.file.sync_all() {
            let failure = self.failure(error);
            self.discard();
            return Err(failure);
        }
        // Removed before the rename, so that no state remains beside a finished file.
        let _ = fs::remove_file(&self.state_path);
        rename_synced(&self.path, &self.target, existing).map_err(|error| {
            let _ = fs::remove_file(&self.path);
            self.failure_in_place(error)
        })
    }

    /// Moves the verified, decoded file to the final name, and removes the part.
    ///
    /// # Errors
    /// As for [`Part::commit`].
    pub(super) fn commit_decoded(self, decoded: AtomicFile) -> Result<(), Failure> {
        let committed = decoded.commit().map_err(|error| self.failure_in_place(error));
        self.discard();
        committed
    }

    /// Converts an error of renaming a file to the final name.
    fn failure_in_place(&self, error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::AlreadyExists => {
                FailureReason::FileExists { is_different: false }.into()
            }
            _ => Failure::local(&self.target, error),
        }
    }

    /// Removes the part and its state.
    pub(super) fn discard(self) {
        let _ = fs::remove_file(&self.state_path);
        let _ = fs::remove_file(&self.path);
    }

    /// Renames the part to `NAME.hsum-bad`, and returns that path.
    pub(super) fn keep_rejected(self) -> Result<PathBuf, Failure> {
        let mut rejected = self.target.clone().into_os_string();
        rejected.push(".hsum-bad");
        let rejected = PathBuf::from(rejected);
        let _ = fs::remove_file(&self.state_path);
        fs::rename(&self.path, &rejected).map_err(|error| Failure::local(&rejected, error))?;
        Ok(rejected)
    }

    /// Keeps the part if a later run can resume it, and removes it otherwise.
    pub(super) fn keep_if_resumable(self) {
        if self.len().is_ok_and(|length| length == 0) || self.state().is_none() {
            self.discard();
        }
    }
}

/// Opens or creates the file. Returns `true` if it was created.
fn open(path: &Path, mode: u32) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(mode);
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match options.open(path) {
                // It was removed in between.
                Err(error) if error.kind() == io::ErrorKind::NotFound => open(path, mode),
                opened => Ok((opened?, false)),
            }
        }
        opened => Ok((opened?, true)),
    }
}

/// Returns the path of `.NAME` with this suffix. A name that is too long is cut, and a digest makes
/// it unique.
fn beside(target: &Path, suffix: &str) -> PathBuf {
    let name = target.file_name().unwrap_or(OsStr::new("")).as_bytes();
    let mut hidden = b".".to_vec();
    // Measured with the longest suffix, so that all files have the same stem.
    if name.len() + 1 + PART_STATE.len() <= MAX_NAME {
        hidden.extend_from_slice(name);
    } else {
        hidden.extend_from_slice(&name[..180]);
        hidden.extend_from_slice(b"~");
        hidden.extend_from_slice(&digest(Algorithm::Sha256, name).to_hex().as_bytes()[..16]);
    }
    hidden.extend_from_slice(suffix.as_bytes());
    parent_directory(target).join(OsString::from_vec(hidden))
}

impl PartState {
    pub(super) fn new(
        request: &Request,
        validator: Validator,
        total: Option<u64>,
        coding: ContentCoding,
    ) -> Self {
        let url = redacted(&request.url);
        Self { url, request: request_id(request), validator, total, coding }
    }

    /// Returns `true` if the part belongs to this request.
    pub(super) fn is_for(&self, request: &Request) -> bool {
        self.request == request_id(request)
    }

    fn to_json(&self) -> Value {
        let validator = match self.validator {
            Validator::Etag(_) => "etag",
            Validator::LastModified(_) => "last_modified",
        };
        let coding = match self.coding {
            ContentCoding::Identity => Value::Null,
            ContentCoding::Gzip => "gzip".into(),
        };
        json!({
            "url": self.url,
            "request": self.request,
            validator: self.validator.text(),
            "total": self.total,
            "coding": coding,
        })
    }

    fn parse(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
        let tag = text("etag").map(Validator::Etag);
        let total = value.get("total")?;
        Some(Self {
            url: text("url")?,
            request: text("request")?,
            validator: tag.or_else(|| text("last_modified").map(Validator::LastModified))?,
            total: if total.is_null() { None } else { Some(total.as_u64()?) },
            coding: match text("coding").as_deref() {
                Some("gzip") => ContentCoding::Gzip,
                _ => ContentCoding::Identity,
            },
        })
    }
}

/// Returns the digest of a request's method, URL and body, which reveals no secrets in them.
fn request_id(request: &Request) -> String {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut url = request.url.clone();
    url.set_fragment(None);
    for part in [request.method.as_bytes(), url.as_str().as_bytes()] {
        hasher.update(part);
        hasher.update(b"\0");
    }
    if let Body::Bytes(bytes) = &request.body {
        hasher.update(bytes);
    }
    hasher.finalize().to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> PartState {
        PartState {
            url: "https://example.org/x".into(),
            request: "00".into(),
            validator: Validator::Etag("\"a\"".into()),
            total: Some(7),
            coding: ContentCoding::Gzip,
        }
    }

    #[test]
    fn states_survive_a_round_trip() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("x");
        let mut part = Part::open(&target, 0o666).unwrap();
        assert_eq!(part.state(), None);
        part.restart(Some(&state())).unwrap();
        assert_eq!(part.state(), Some(state()));
        part.restart(None).unwrap();
        assert_eq!(part.state(), None);
        let dated =
            PartState { validator: Validator::LastModified("then".into()), total: None, ..state() };
        assert_eq!(PartState::parse(&dated.to_json()), Some(dated));
    }

    #[test]
    fn a_part_has_one_writer_and_follows_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("x");
        let part = Part::open(&target, 0o666).unwrap();
        let second = Part::open(&target, 0o666).unwrap_err();
        assert!(second.to_string().contains("another process"), "{second}");
        part.keep_if_resumable();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        std::os::unix::fs::symlink("elsewhere", directory.path().join(".x.hsum-part")).unwrap();
        assert_eq!(Part::open(&target, 0o666).unwrap_err().kind(), FailureKind::Local);
        assert!(!directory.path().join("elsewhere").exists());
    }

    #[test]
    fn a_fifo_in_place_of_the_state_does_not_block() {
        let directory = tempfile::tempdir().unwrap();
        let part = Part::open(&directory.path().join("x"), 0o666).unwrap();
        let state = directory.path().join(".x.hsum-part.json");
        assert!(std::process::Command::new("mkfifo").arg(state).status().unwrap().success());
        assert_eq!(part.state(), None);
    }

    #[test]
    fn long_names_are_cut_and_stay_unique() {
        let long = |end: &str| format!("{}{end}", "n".repeat(250));
        let (a, b) = (beside(Path::new(&long("a")), ".x"), beside(Path::new(&long("b")), ".x"));
        assert_ne!(a, b);
        assert!(a.as_os_str().len() <= MAX_NAME);
        assert_eq!(beside(Path::new("d/n"), ".x"), Path::new("d/.n.x"));
    }
}
