//! The part file: what has come so far, kept beside the final name, with what is needed to go on.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde_json::{Value, json};

use crate::algorithm::Algorithm;
use crate::fetch::decode::Coding;
use crate::fetch::resume::Validator;
use crate::fs::links::parent_folder;
use crate::fs::replace::{Access, AtomicFile, Existing, rename_synced};
use crate::fs::temporary::{DECODED, PART, PART_STATE};
use crate::hasher::digest;
use crate::net::failure::{Failure, FailureKind};

/// The longest name that file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// More than a state is, in bytes.
const LONGEST_STATE: u64 = 64 * 1024;

/// A part file, locked: nobody else writes to it.
#[derive(Debug)]
pub(crate) struct Part {
    file: File,
    path: PathBuf,
    state: PathBuf,
    target: PathBuf,
    /// The mode of the files that are created, less the umask.
    mode: u32,
}

/// What was known of the file that the part is of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct State {
    /// For whoever looks; without secrets.
    pub(crate) url: String,
    /// A digest of method, URL and body: another request is another file.
    pub(crate) request: String,
    pub(crate) validator: Validator,
    /// All bytes of the file, where that is known.
    pub(crate) total: Option<u64>,
    pub(crate) coding: Coding,
}

impl Part {
    /// Opens the part for the file at `target`, or begins it.
    ///
    /// # Errors
    /// Where it cannot be made, another process has it, or it is not ours to trust.
    pub(crate) fn open(target: &Path, mode: u32) -> Result<Self, Failure> {
        let path = beside(target, PART);
        let state = beside(target, PART_STATE);
        loop {
            let (file, origin) = open(&path, mode).map_err(|error| {
                // The user knows the folder's name, not the part's.
                let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
                let folder = path.parent().filter(missing).unwrap_or(&path);
                Failure::local(folder, error)
            })?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let text = format!("{path:?}: another process is writing it");
                    return Err(Failure::new(FailureKind::Local, text));
                }
                // A file system without locks: then the user sees to it.
                Err(TryLockError::Error(_)) => {}
            }
            let opened = file.metadata().map_err(|error| Failure::local(&path, error))?;
            // Whoever had the lock before may have put the file in place: then the name is free.
            let same = fs::symlink_metadata(&path)
                .is_ok_and(|now| (now.dev(), now.ino()) == (opened.dev(), opened.ino()));
            if !same {
                continue;
            }
            let ours = opened.uid() == rustix::process::geteuid().as_raw() && opened.nlink() == 1;
            if !opened.is_file() || (origin == Found::There && !ours) {
                // Somebody may have put it there to have a say in what it holds.
                fs::remove_file(&path).map_err(|error| Failure::local(&path, error))?;
                continue;
            }
            let part = Self { file, path, state, target: target.to_owned(), mode };
            // What an interrupted try has left; nobody else may write it either.
            let _ = fs::remove_file(part.decoded());
            return Ok(part);
        }
    }

    /// Provenance much has come so far, in bytes.
    pub(crate) fn len(&self) -> Result<u64, Failure> {
        Ok(self.file.metadata().map_err(|error| self.failure(error))?.len())
    }

    /// What was known when that came.
    pub(crate) fn state(&self) -> Option<State> {
        let mut text = Vec::new();
        let file = OpenOptions::new()
            .read(true)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
            .open(&self.state)
            .ok()?;
        file.take(LONGEST_STATE).read_to_end(&mut text).ok()?;
        State::parse(&serde_json::from_slice(&text).ok()?)
    }

    /// Begins it anew; `state`, where it can be gone on with later. The old state is gone before
    /// the first new byte comes.
    pub(crate) fn begin(&mut self, state: Option<&State>) -> Result<(), Failure> {
        let forgotten = match fs::remove_file(&self.state) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        forgotten.map_err(|error| Failure::local(&self.state, error))?;
        self.cut(0)?;
        if let Some(state) = state {
            // Half of it would be no JSON, and the part be begun anew.
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(self.mode);
            let written = options
                .open(&self.state)
                .and_then(|mut file| file.write_all(state.to_json().to_string().as_bytes()));
            written.map_err(|error| Failure::local(&self.state, error))?;
        }
        Ok(())
    }

    /// Keeps that many bytes; what is written next follows them.
    pub(crate) fn cut(&mut self, length: u64) -> Result<(), Failure> {
        let cut = self.file.set_len(length).and_then(|()| self.file.seek(SeekFrom::Start(length)));
        cut.map(drop).map_err(|error| self.failure(error))
    }

    /// Reads it from its beginning; what is written next follows the end.
    pub(crate) fn read(&mut self) -> Result<&mut File, Failure> {
        self.file.seek(SeekFrom::Start(0)).map_err(|error| self.failure(error))?;
        Ok(&mut self.file)
    }

    /// The file itself, at its end.
    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Begins what the part is decoded to, for the same final name.
    pub(crate) fn another(&self, existing: Existing) -> Result<AtomicFile, Failure> {
        let (path, temporary) = (self.target.clone(), self.decoded());
        AtomicFile::create_as(path, temporary.clone(), Access::Mode(self.mode), existing)
            .map_err(|error| Failure::local(&temporary, error))
    }

    fn decoded(&self) -> PathBuf {
        beside(&self.target, DECODED)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What an error of the file means.
    pub(crate) fn failure(&self, error: io::Error) -> Failure {
        Failure::local(&self.path, error)
    }

    /// Puts it under its final name. The caller has verified it.
    ///
    /// # Errors
    /// Those of the system. The part is removed then: after a failed sync its bytes may be in memory
    /// only, and the next call would take them for good.
    pub(crate) fn commit(self, existing: Existing) -> Result<(), Failure> {
        if let Err(error) = self.file.sync_all() {
            let failure = self.failure(error);
            self.discard();
            return Err(failure);
        }
        // Before the rename, so that nothing is left beside a file that is in place.
        let _ = fs::remove_file(&self.state);
        match rename_synced(&self.path, &self.target, existing) {
            Ok(()) => Ok(()),
            Err(error) => {
                let _ = fs::remove_file(&self.path);
                Err(self.failure_in_place(error))
            }
        }
    }

    /// Puts what it is decoded to under the final name instead. The caller has verified that.
    ///
    /// # Errors
    /// As for [`Part::commit`].
    pub(crate) fn commit_decoded(self, decoded: AtomicFile) -> Result<(), Failure> {
        let committed = decoded.commit().map_err(|error| self.failure_in_place(error));
        self.discard();
        committed
    }

    /// Returns the failure to put a file under the final name.
    fn failure_in_place(&self, error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.target),
            _ => Failure::local(&self.target, error),
        }
    }

    /// Leaves nothing of it.
    pub(crate) fn discard(self) {
        let _ = fs::remove_file(&self.state);
        let _ = fs::remove_file(&self.path);
    }

    /// Leaves it for whoever wants to look at it, as `NAME.hsum-bad`; returns where that is.
    pub(crate) fn keep_bad(self) -> Result<PathBuf, Failure> {
        let mut bad = self.target.clone().into_os_string();
        bad.push(".hsum-bad");
        let bad = PathBuf::from(bad);
        let _ = fs::remove_file(&self.state);
        match fs::rename(&self.path, &bad) {
            Ok(()) => Ok(bad),
            Err(error) => Err(Failure::local(&bad, error)),
        }
    }

    /// Leaves it for the next try, unless there is nothing in it.
    pub(crate) fn leave(self) {
        if self.len().is_ok_and(|length| length == 0) || self.state().is_none() {
            self.discard();
        }
    }
}

/// The file is there, and not ours to replace.
pub(crate) fn exists(path: &Path) -> Failure {
    let text = format!("{path:?}: is there already and is another file; --force replaces it");
    Failure::new(FailureKind::Policy, text)
}

/// Where an open file came from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    There,
    Made,
}

fn open(path: &Path, mode: u32) -> io::Result<(File, Found)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(mode);
    options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match options.open(path) {
                // It is gone in between.
                Err(error) if error.kind() == io::ErrorKind::NotFound => open(path, mode),
                opened => Ok((opened?, Found::There)),
            }
        }
        opened => Ok((opened?, Found::Made)),
    }
}

/// `.NAME` and the ending; a name that would be too long is cut, and told from others by a digest.
fn beside(target: &Path, ending: &str) -> PathBuf {
    let name = target.file_name().unwrap_or(OsStr::new("")).as_bytes();
    let mut hidden = b".".to_vec();
    // Both endings fit, so that both files have the same beginning.
    if name.len() + 1 + PART_STATE.len() <= LONGEST_NAME {
        hidden.extend_from_slice(name);
    } else {
        hidden.extend_from_slice(&name[..180]);
        hidden.extend_from_slice(b"~");
        hidden.extend_from_slice(&digest(Algorithm::Sha256, name).to_hex().as_bytes()[..16]);
    }
    hidden.extend_from_slice(ending.as_bytes());
    parent_folder(target).join(OsString::from_vec(hidden))
}

impl State {
    fn to_json(&self) -> Value {
        let (kind, value) = match &self.validator {
            Validator::Etag(tag) => ("etag", tag),
            Validator::LastModified(date) => ("last_modified", date),
        };
        let coding = match self.coding {
            Coding::None => Value::Null,
            Coding::Gzip => "gzip".into(),
        };
        json!({
            "url": self.url,
            "request": self.request,
            kind: value,
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
                Some("gzip") => Coding::Gzip,
                _ => Coding::None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            url: "https://example.org/x".into(),
            request: "00".into(),
            validator: Validator::Etag("\"a\"".into()),
            total: Some(7),
            coding: Coding::Gzip,
        }
    }

    #[test]
    fn a_state_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let mut part = Part::open(&target, 0o666).unwrap();
        assert_eq!(part.state(), None);
        part.begin(Some(&state())).unwrap();
        assert_eq!(part.state(), Some(state()));
        part.begin(None).unwrap();
        assert_eq!(part.state(), None);
        let dated =
            State { validator: Validator::LastModified("then".into()), total: None, ..state() };
        assert_eq!(State::parse(&dated.to_json()), Some(dated));
    }

    #[test]
    fn a_part_has_one_writer_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let part = Part::open(&target, 0o666).unwrap();
        let second = Part::open(&target, 0o666).unwrap_err();
        assert!(second.to_string().contains("another process"), "{second}");
        part.leave();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        std::os::unix::fs::symlink("elsewhere", folder.path().join(".x.hsum-part")).unwrap();
        assert_eq!(Part::open(&target, 0o666).unwrap_err().kind(), FailureKind::Local);
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    fn a_pipe_in_the_state_s_place_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let part = Part::open(&folder.path().join("x"), 0o666).unwrap();
        let state = folder.path().join(".x.hsum-part.json");
        assert!(std::process::Command::new("mkfifo").arg(state).status().unwrap().success());
        assert_eq!(part.state(), None);
    }

    #[test]
    fn long_names_are_cut_and_still_differ() {
        let long = |end: &str| format!("{}{end}", "n".repeat(250));
        let (a, b) = (beside(Path::new(&long("a")), ".x"), beside(Path::new(&long("b")), ".x"));
        assert_ne!(a, b);
        assert!(a.as_os_str().len() <= LONGEST_NAME);
        assert_eq!(beside(Path::new("d/n"), ".x"), Path::new("d/.n.x"));
    }
}
