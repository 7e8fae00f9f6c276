//! The digests of the files that are served, by their metadata.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, Condvar, Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use hsum::engine::{FileStamp, Timestamp};
use hsum::internals::lock;
use hsum::{Digest, HashFunction};

/// The coarsest precision of times, in seconds. A file that changed less than this before it was
/// read may have changed again since, and kept its times.
const COARSEST_PRECISION: i64 = 2;

/// Returns `true` if no change of a file after `time` can leave its metadata as they are.
pub(crate) fn is_settled(stamp: &FileStamp, time: Timestamp) -> bool {
    // Programs can set the modification time, but not the time of the last change.
    let changed = stamp.changed.unwrap_or(stamp.modified).max(stamp.modified);
    // A modification time in the future says nothing.
    let changed = if changed > time { stamp.changed.unwrap_or(changed) } else { changed };
    changed.seconds.saturating_add(COARSEST_PRECISION) < time.seconds
}

/// The digests of a tree of files, which a thread keeps up to date.
///
/// A file's digests are found by its metadata (size, times, inode), not by its name: a file that
/// has changed has none until the thread has read it.
#[derive(Debug)]
pub(crate) struct Digests {
    functions: Vec<HashFunction>,
    state: RwLock<State>,
    /// Set when a request has met a file without digests.
    is_wanted: Mutex<bool>,
    wanted: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The files found by the last walk, by their names below the directory.
    names: BTreeMap<Vec<u8>, FileStamp>,
    digests: HashMap<FileStamp, Arc<[Digest]>>,
    /// Set once a walk and the hashing after it have ended.
    is_complete: bool,
    /// Changes whenever names or digests do.
    version: u64,
}

impl State {
    fn file(&self, name: &[u8], stamp: &FileStamp) -> ListedFile {
        let digests = self.digests.get(stamp).cloned();
        ListedFile { name: name.to_vec(), stamp: *stamp, digests }
    }
}

/// The files of a directory.
#[derive(Debug)]
pub(crate) enum Listed {
    /// The first reading of the tree has not ended; `hashed` of the files have digests.
    Unfinished {
        hashed: usize,
        files: usize,
    },
    Files(Vec<ListedFile>),
}

/// A file of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ListedFile {
    /// The name below the directory.
    pub(crate) name: Vec<u8>,
    pub(crate) stamp: FileStamp,
    /// `None` if the file has changed lately or cannot be read.
    pub(crate) digests: Option<Arc<[Digest]>>,
}

impl Digests {
    /// Creates a record without files.
    pub(crate) fn new(functions: Vec<HashFunction>) -> Self {
        let (state, is_wanted) = (RwLock::default(), Mutex::default());
        Self { functions, state, is_wanted, wanted: Condvar::new() }
    }

    /// Returns the hash functions, in the order in which every file's digests are.
    pub(crate) fn functions(&self) -> &[HashFunction] {
        &self.functions
    }

    /// Returns the digests of a file; `None` until it has been read.
    pub(crate) fn of(&self, stamp: &FileStamp) -> Option<Arc<[Digest]>> {
        self.read().digests.get(stamp).cloned()
    }

    /// Returns the digests of a file that a request met, and has it read soon if there are none.
    pub(crate) fn of_requested(&self, stamp: &FileStamp) -> Option<Arc<[Digest]>> {
        let found = self.of(stamp);
        if found.is_none() {
            self.want();
        }
        found
    }

    /// Has files without digests read soon.
    pub(crate) fn want(&self) {
        *lock(&self.is_wanted) = true;
        self.wanted.notify_one();
    }

    /// Returns the files below a directory, whose name is empty or ends in a slash; the names are
    /// relative to it.
    pub(crate) fn below(&self, directory: &[u8]) -> Listed {
        let state = self.read();
        if !state.is_complete {
            let hashed = state.names.values().filter(|stamp| state.digests.contains_key(stamp));
            return Listed::Unfinished { hashed: hashed.count(), files: state.names.len() };
        }
        let from = state.names.range(directory.to_vec()..);
        let inside = from.map_while(|(name, stamp)| Some((name.strip_prefix(directory)?, stamp)));
        Listed::Files(inside.map(|(name, stamp)| state.file(name, stamp)).collect())
    }

    /// Returns `true` if a walk has found the files; they may not have been read.
    pub(crate) fn has_names(&self) -> bool {
        let state = self.read();
        state.is_complete || !state.names.is_empty()
    }

    /// Returns the first `limit` files that the last walk found, in the order of the names' bytes,
    /// of those whose names start with `prefix` and are greater than `after`.
    pub(crate) fn list(&self, prefix: &[u8], after: &[u8], limit: usize) -> Vec<ListedFile> {
        let state = self.read();
        let from = if after > prefix { Bound::Excluded(after) } else { Bound::Included(prefix) };
        let names = state.names.range::<[u8], _>((from, Bound::Unbounded));
        let found = names.take_while(|(name, _)| name.starts_with(prefix));
        let found = found.filter(|(name, _)| &name[..] > after).take(limit);
        found.map(|(name, stamp)| state.file(name, stamp)).collect()
    }

    /// Returns a number that changes whenever names or digests do.
    pub(crate) fn version(&self) -> u64 {
        self.read().version
    }

    /// Sets the files that a walk found, and returns one name for each that must be read.
    pub(crate) fn set_names(&self, names: BTreeMap<Vec<u8>, FileStamp>) -> Vec<Vec<u8>> {
        let mut state = self.write();
        let mut unread = HashSet::new();
        let is_unread = |(name, stamp): (&Vec<u8>, &FileStamp)| {
            let is_new = !state.digests.contains_key(stamp) && unread.insert(*stamp);
            is_new.then(|| name.clone())
        };
        let unread = names.iter().filter_map(is_unread).collect();
        if names != state.names {
            let used: HashSet<_> = names.values().copied().collect();
            state.digests.retain(|stamp, _| used.contains(stamp));
            state.names = names;
            state.version += 1;
        }
        unread
    }

    /// Adds the digests of a file, in the order of the functions.
    pub(crate) fn insert(&self, stamp: FileStamp, digests: Arc<[Digest]>) {
        let mut state = self.write();
        state.digests.insert(stamp, digests);
        state.version += 1;
    }

    /// Adds the digests of a record that a previous run has written.
    pub(crate) fn extend(&self, known: impl IntoIterator<Item = (FileStamp, Arc<[Digest]>)>) {
        self.write().digests.extend(known);
    }

    /// Marks the record as complete.
    pub(crate) fn complete(&self) {
        self.write().is_complete = true;
    }

    /// Forgets the names until the next walk, because the directory is no longer in its place.
    pub(crate) fn lose_names(&self) {
        let mut state = self.write();
        state.names.clear();
        state.is_complete = false;
        state.version += 1;
    }

    /// Waits until a request meets a file without digests, but at least `least` and at most `most`.
    pub(crate) fn wait(&self, least: Duration, most: Duration) {
        std::thread::sleep(least);
        let end = Instant::now() + most.saturating_sub(least);
        let mut is_wanted = lock(&self.is_wanted);
        while !*is_wanted {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            let result = self.wanted.wait_timeout(is_wanted, rest);
            is_wanted = result.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        *is_wanted = false;
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsum::Algorithm;

    fn stamp(inode: u64) -> FileStamp {
        FileStamp { size: 1, inode, ..FileStamp::default() }
    }

    #[test]
    fn files_are_listed_with_their_digests_once_all_have_been_read() {
        let digests = Digests::new(vec![Algorithm::Sha256.into()]);
        assert!(!digests.has_names());
        let name = |name: &str| name.as_bytes().to_vec();
        // Two names of one file.
        let names = [("a", 1), ("d/b", 2), ("d/c", 1), ("d.txt", 3)];
        let unread = digests.set_names(names.map(|(n, inode)| (name(n), stamp(inode))).into());
        assert_eq!(unread, ["a", "d.txt", "d/b"].map(name));
        assert!(digests.has_names());
        let one: Arc<[Digest]> = Arc::new([hsum::digest(Algorithm::Sha256, b"1")]);
        digests.insert(stamp(1), Arc::clone(&one));
        assert!(matches!(digests.below(b""), Listed::Unfinished { hashed: 2, files: 4 }));
        digests.complete();
        let Listed::Files(files) = digests.below(b"d/") else { panic!("incomplete") };
        let file = |of, inode, digests| ListedFile { name: name(of), stamp: stamp(inode), digests };
        assert_eq!(files, [file("b", 2, None), file("c", 1, Some(one))]);
        let list = |prefix: &str, after: &str| {
            let found = digests.list(prefix.as_bytes(), after.as_bytes(), 2);
            found.into_iter().map(|file| String::from_utf8(file.name).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(list("", ""), ["a", "d.txt"]);
        assert_eq!(list("", "d.txt"), ["d/b", "d/c"]);
        assert_eq!(list("d/", ""), ["d/b", "d/c"]);
        assert_eq!(list("d/", "d/b"), ["d/c"]);
        assert_eq!(list("d/", "e"), [""; 0]);
        // What no name has is forgotten.
        assert_eq!(digests.set_names(BTreeMap::new()), Vec::<Vec<u8>>::new());
        assert_eq!(digests.of(&stamp(1)), None);
    }

    #[test]
    fn files_settle_after_two_seconds() {
        let at = |seconds| Timestamp { seconds, nanoseconds: 0 };
        for (modified, changed, is) in [
            (10, Some(10), true),
            (17, Some(17), true),
            (18, Some(18), false),
            (10, Some(19), false),
            (30, Some(10), true),
            (30, Some(19), false),
            (19, None, false),
            (30, None, false),
            (10, None, true),
        ] {
            let (modified, changed) = (at(modified), changed.map(at));
            let stamp = FileStamp { modified, changed, ..FileStamp::default() };
            assert_eq!(is_settled(&stamp, at(20)), is, "{modified:?} {changed:?}");
        }
    }
}
