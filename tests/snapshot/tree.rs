//! A tree on disk that tests change, with its record.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use hsum::Algorithm;
use hsum::snapshot::{
    self, Existing, Finding, Record, SnapshotError, SnapshotErrorKind, SnapshotOptions,
    SnapshotReport,
};

use crate::support::Dir;

/// A tree at `tree`, and its record at `record`.
pub(crate) struct Tree {
    pub(crate) dir: Dir,
    clock: u64,
}

impl Tree {
    pub(crate) fn new() -> Self {
        let dir = Dir::new();
        dir.mkdir("tree");
        Self { dir, clock: 1_000_000_000 }
    }

    /// Creates a tree of these files, each of which contains its own name.
    pub(crate) fn with(names: &[&str]) -> Self {
        let mut tree = Self::new();
        names.iter().for_each(|name| tree.write(name, name));
        tree
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path("tree")
    }

    pub(crate) fn record_path(&self) -> PathBuf {
        self.dir.path("record")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file, with a unique modification time in the past.
    pub(crate) fn write(&mut self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        self.clock += 10;
        set_time(&path, self.clock);
    }

    /// Writes other contents of the same length into a file, and restores its time.
    pub(crate) fn rot(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let mut file = OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all(contents.as_ref()).unwrap();
        file.set_modified(modified).unwrap();
    }

    pub(crate) fn take(&self, options: &SnapshotOptions) -> SnapshotReport {
        let options = options.clone().existing(Existing::Replace);
        snapshot::take(&self.root(), &self.record_path(), Algorithm::Sha256, &options, |_| {})
            .unwrap()
    }

    pub(crate) fn update(&self, options: &SnapshotOptions) -> SnapshotReport {
        self.try_update(options).unwrap()
    }

    pub(crate) fn try_update(
        &self,
        options: &SnapshotOptions,
    ) -> Result<SnapshotReport, SnapshotErrorKind> {
        snapshot::update(&self.root(), &self.record_path(), options, |_| {})
            .map_err(SnapshotError::into_kind)
    }

    pub(crate) fn record(&self) -> Record {
        Record::open(&self.record_path(), None).unwrap()
    }

    pub(crate) fn audit(&self) -> Vec<Finding> {
        let options = SnapshotOptions::default();
        snapshot::audit(&self.root(), &self.record(), &options, |_| {}).unwrap().findings
    }
}

pub(crate) fn set_time(path: &Path, seconds: u64) {
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    File::open(path).and_then(|file| file.set_modified(time)).unwrap();
}

/// Reads the state of the files below a directory, without the library.
pub(crate) fn state_of(root: &Path) -> crate::model::State {
    let mut state = crate::model::State::new();
    add_state(root, "", &mut state);
    state
}

fn add_state(root: &Path, prefix: &str, state: &mut crate::model::State) {
    use crate::model::Item;
    for entry in fs::read_dir(root.join(prefix)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let metadata = fs::symlink_metadata(entry.path()).unwrap();
        if metadata.is_dir() {
            add_state(root, &name, state);
        } else if metadata.is_symlink() {
            let target = fs::read_link(entry.path()).unwrap();
            state.insert(name, Item::Link(target.as_os_str().as_bytes().to_vec()));
        } else {
            let contents = fs::read(entry.path()).unwrap();
            let time = (metadata.mtime(), metadata.mtime_nsec());
            let changed = (metadata.ctime(), metadata.ctime_nsec());
            state.insert(name, Item::File { contents, time, changed, inode: metadata.ino() });
        }
    }
}
