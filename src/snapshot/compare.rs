//! Comparison of a record with the current entries of its tree.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet, VecDeque};
use std::iter::Peekable;

use crate::digest::Digest;
use crate::engine::metadata::Timestamp;
use crate::manifest::merge::order::walk_order;
use crate::snapshot::entry::{Line, RecordContent, RecordEntry};
use crate::snapshot::filter::RecordFilter;
use crate::snapshot::names::is_at_or_below;
use crate::snapshot::record::{Record, RecordLines};
use crate::snapshot::report::{FileChange, Finding};

/// Returns the differences between two records, in the order of a walk.
///
/// Compares only the files that the filters of both records select.
///
/// Returns `None` if the records have different hash functions, whose digests cannot be compared.
pub fn diff(old: &Record, new: &Record) -> Option<Vec<Finding>> {
    if old.hash_function() != new.hash_function() {
        return None;
    }
    let mut comparison = RecordComparison::new(old, Some(new.filter()));
    for entry in new.entries().filter(|entry| old.filter().selects(&entry.name)) {
        comparison.add(entry);
    }
    Some(comparison.finish())
}

/// A comparison of a record with the entries of a walk, of which it stores only those that differ.
pub(super) struct RecordComparison<'r> {
    record: &'r Record,
    lines: Peekable<RecordLines<'r>>,
    /// Selects the recorded entries to compare; the entries of the walk are selected already.
    filter: Option<&'r RecordFilter>,
    changes: Changes<'r>,
}

impl<'r> RecordComparison<'r> {
    pub(super) fn new(record: &'r Record, filter: Option<&'r RecordFilter>) -> Self {
        let (lines, changes) = (record.lines().peekable(), Changes::default());
        Self { record, lines, filter, changes }
    }

    /// Adds the next entry, in the order of a walk. Returns `true` if it is as recorded.
    pub(super) fn add(&mut self, entry: RecordEntry<'_>) -> bool {
        match self.seek(&entry.name) {
            Some(old) if old.content.is_same(&entry.content) => return true,
            Some(old) => self.changes.replaced(old, entry.into_owned()),
            None => self.changes.appeared(entry.into_owned()),
        }
        false
    }

    /// Leaves out the file or directory `name`, the next in the order of a walk.
    pub(super) fn leave_out(&mut self, name: &[u8]) {
        self.remove_while(|old| walk_order(old, name).is_lt());
        while self.lines.next_if(|(_, old)| is_at_or_below(&old.checked_name(), name)).is_some() {}
    }

    /// Returns all differences.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.remove_while(|_| true);
        self.changes.resolve(self.record)
    }

    /// Marks the recorded entries before `name` as removed, and returns the one of that name.
    fn seek(&mut self, name: &[u8]) -> Option<RecordEntry<'r>> {
        self.remove_while(|old| walk_order(old, name).is_lt());
        let (_, line) = self.lines.next_if(|(_, old)| *old.checked_name() == *name)?;
        line.checked_entry(self.record.hash_function())
    }

    fn remove_while(&mut self, is_gone: impl Fn(&[u8]) -> bool) {
        while let Some((_, line)) = self.lines.next_if(|(_, old)| is_gone(&old.checked_name())) {
            let entry = line.checked_entry(self.record.hash_function());
            let entry = entry.filter(|entry| self.filter.is_none_or(|f| f.selects(&entry.name)));
            entry.into_iter().for_each(|entry| self.changes.removed(entry));
        }
    }
}

/// The old and the new entries of all names whose contents changed.
#[derive(Default)]
pub(super) struct Changes<'r> {
    old: Vec<OldEntry<'r>>,
    new: Vec<NewEntry>,
}

/// A recorded entry whose contents are gone from its name.
struct OldEntry<'r> {
    entry: RecordEntry<'r>,
    /// The index in [`Changes::new`] of the entry that replaced it.
    now: Option<usize>,
    is_moved: bool,
    /// Set if the contents rotted in place; the name then takes no part in moves.
    is_rotted: bool,
}

/// An entry whose contents are not recorded under its name.
struct NewEntry {
    entry: RecordEntry<'static>,
    /// The index in [`Changes::old`] of the entry that it replaced.
    before: Option<usize>,
    /// The index in [`Changes::old`] of the entry that moved here.
    from: Option<usize>,
}

impl<'r> Changes<'r> {
    pub(super) fn removed(&mut self, old: RecordEntry<'r>) {
        self.old.push(OldEntry { entry: old, now: None, is_moved: false, is_rotted: false });
    }

    /// Adds an entry that a new filter excludes: it has no finding, and nothing is its duplicate.
    pub(super) fn excluded(&mut self, old: RecordEntry<'r>) {
        self.old.push(OldEntry { entry: old, now: None, is_moved: true, is_rotted: false });
    }

    pub(super) fn appeared(&mut self, new: RecordEntry<'static>) {
        self.new.push(NewEntry { entry: new, before: None, from: None });
    }

    pub(super) fn replaced(&mut self, old: RecordEntry<'r>, new: RecordEntry<'static>) {
        let (before, now) = (Some(self.old.len()), Some(self.new.len()));
        self.old.push(OldEntry { entry: old, now, is_moved: false, is_rotted: false });
        self.new.push(NewEntry { entry: new, before, from: None });
    }

    /// Returns the findings about all changes, in the order of a walk.
    pub(super) fn resolve(mut self, record: &Record) -> Vec<Finding> {
        // Before the moves are found: a file that was copied before it rotted has not moved.
        for old in &mut self.old {
            let now = old.now.map(|now| &self.new[now].entry.content);
            old.is_rotted = now.is_some_and(|now| rotted_in_place(record, &old.entry.content, now));
        }
        // Of files with the same contents, those with the same base name are paired first, so that
        // the files of a renamed directory move together.
        self.pair(|entry| Some((identity(&entry.content), base(&entry.name).to_vec())));
        // Empty files are not paired: equal contents do not show a move.
        self.pair(|entry| (!is_empty(&entry.content)).then(|| identity(&entry.content)));
        let originals = self.originals(record);
        let mut findings: Vec<Finding> =
            self.new.iter().map(|new| self.finding(new, record, &originals)).collect();
        for old in self.old.iter().filter(|old| !old.is_moved) {
            let (change, is) = match old.now.map(|now| &self.new[now]) {
                None => (FileChange::Missing, None),
                // Another recorded file has moved to this name.
                Some(NewEntry { entry, from: Some(_), .. }) => {
                    (FileChange::Changed, entry.content.digest())
                }
                // The new entry has a finding.
                Some(_) => continue,
            };
            let was = old.entry.content.digest();
            findings.push(Finding { name: old.entry.name.to_vec(), change, was, is });
        }
        findings.sort_by(|a, b| walk_order(&a.name, &b.name).then(a.change.cmp(&b.change)));
        findings
    }

    /// Pairs new entries with unpaired old ones of the same key, in order.
    fn pair<K: std::hash::Hash + Eq>(&mut self, key: impl Fn(&RecordEntry<'_>) -> Option<K>) {
        let mut free: HashMap<K, VecDeque<usize>> = HashMap::new();
        let is_free = |old: &OldEntry<'_>| !old.is_moved && !old.is_rotted;
        for (at, old) in self.old.iter().enumerate().filter(|(_, old)| is_free(old)) {
            if let Some(key) = key(&old.entry) {
                free.entry(key).or_default().push_back(at);
            }
        }
        for new in self.new.iter_mut().filter(|new| new.from.is_none()) {
            if new.before.is_some_and(|before| self.old[before].is_rotted) {
                continue;
            }
            new.from = key(&new.entry).and_then(|key| free.get_mut(&key)?.pop_front());
            if let Some(from) = new.from {
                self.old[from].is_moved = true;
            }
        }
    }

    /// Maps the digest of each new file that was not moved to the first other name of its contents.
    fn originals(&self, record: &Record) -> HashMap<Digest, Vec<u8>> {
        let mut wanted: HashMap<Digest, Option<Vec<u8>>> = HashMap::new();
        let contents = |new: &NewEntry| new.entry.content.digest();
        for new in self.new.iter().filter(|new| new.from.is_none()) {
            if let Some(digest) = contents(new).filter(|_| !is_empty(&new.entry.content)) {
                wanted.insert(digest, None);
            }
        }
        if wanted.is_empty() {
            return HashMap::new();
        }
        let offer = |wanted: &mut HashMap<Digest, Option<Vec<u8>>>, digest, name: &[u8]| {
            if let Some(first) = wanted.get_mut(&digest)
                && first.as_ref().is_none_or(|first| walk_order(name, first) == Ordering::Less)
            {
                *first = Some(name.to_vec());
            }
        };
        let changed: HashSet<&[u8]> = self.old.iter().map(|old| &*old.entry.name).collect();
        for (_, line) in record.lines() {
            if let Line::File { digest, .. } = line
                && let Ok(digest) = Digest::from_hex(record.hash_function(), digest)
                && wanted.contains_key(&digest)
            {
                let name = line.checked_name();
                if !changed.contains(&*name) {
                    offer(&mut wanted, digest, &name);
                }
            }
        }
        for new in self.new.iter().filter(|new| new.from.is_some()) {
            if let Some(digest) = contents(new) {
                offer(&mut wanted, digest, &new.entry.name);
            }
        }
        wanted.into_iter().filter_map(|(digest, name)| Some((digest, name?))).collect()
    }

    fn finding(
        &self,
        new: &NewEntry,
        record: &Record,
        originals: &HashMap<Digest, Vec<u8>>,
    ) -> Finding {
        let before = new.before.map(|before| &self.old[before]);
        let was = before.and_then(|before| before.entry.content.digest());
        let is = new.entry.content.digest();
        let change = match (new.from, before) {
            (Some(from), _) => FileChange::Moved { from: self.old[from].entry.name.to_vec() },
            (None, Some(before)) if !before.is_moved => {
                change_in_place(record, &before.entry.content, &new.entry.content)
            }
            (None, _) => match is.and_then(|is| originals.get(&is)) {
                Some(of) => FileChange::Duplicate { of: of.clone() },
                None => FileChange::New,
            },
        };
        Finding { name: new.entry.name.to_vec(), change, was, is }
    }
}

/// Returns the change of a name whose contents differ.
fn change_in_place(
    record: &Record,
    old: &RecordContent<'_>,
    new: &RecordContent<'_>,
) -> FileChange {
    match (old, new) {
        (RecordContent::File { stamp: old, run, .. }, RecordContent::File { stamp: new, .. })
            if old.size == new.size
                && is_same_time(old.modified, new.modified)
                && !record.is_racy(old, *run) =>
        {
            FileChange::Rotted
        }
        _ => FileChange::Changed,
    }
}

/// The precision of times in file systems, in nanoseconds: NTFS and SMB, tar and UDF, some NFS
/// servers, exFAT, ext3 and HFS+, FAT.
const PRECISIONS: [i128; 6] = [100, 1_000, 1_000_000, 10_000_000, 1_000_000_000, 2_000_000_000];

/// Returns `true` if the times are equal, or if one is the other, truncated to the precision of the
/// file system that the file was copied to.
fn is_same_time(a: Timestamp, b: Timestamp) -> bool {
    let nanoseconds =
        |t: Timestamp| i128::from(t.seconds) * 1_000_000_000 + i128::from(t.nanoseconds);
    let (a, b) = (nanoseconds(a), nanoseconds(b));
    let cut = |time: i128, unit: i128| time - time.rem_euclid(unit);
    a == b || PRECISIONS.iter().any(|unit| cut(a, *unit) == b || cut(b, *unit) == a)
}

/// Returns `true` if a file rotted, and its inode number shows that it was not replaced.
fn rotted_in_place(record: &Record, old: &RecordContent<'_>, new: &RecordContent<'_>) -> bool {
    match (old, new) {
        (RecordContent::File { stamp: then, .. }, RecordContent::File { stamp: now, .. }) => {
            then.inode == now.inode && change_in_place(record, old, new) == FileChange::Rotted
        }
        _ => false,
    }
}

fn is_empty(content: &RecordContent<'_>) -> bool {
    matches!(content, RecordContent::File { stamp, .. } if stamp.size == 0)
}

/// Returns the part of a name after the last slash.
fn base(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or(name)
}

/// Returns a key that is equal for equal contents.
fn identity(content: &RecordContent<'_>) -> (bool, Vec<u8>) {
    match content {
        RecordContent::File { digest, .. } => (true, digest.as_bytes().to_vec()),
        RecordContent::Link(target) => (false, target.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::engine::metadata::FileStamp;
    use crate::hasher::digest;
    use crate::snapshot::record::RecordRun;
    use crate::snapshot::write::RecordWriter;

    fn file(name: &'static str, contents: &str, inode: u64) -> RecordEntry<'static> {
        let digest = digest(Algorithm::Md5, contents.as_bytes());
        let modified = Timestamp { seconds: 1000, nanoseconds: 0 };
        let stamp = FileStamp { size: contents.len() as u64, modified, changed: None, inode };
        RecordEntry {
            name: name.as_bytes().into(),
            content: RecordContent::File { digest, stamp, run: 1 },
        }
    }

    fn record(entries: &[RecordEntry<'_>]) -> Record {
        let run = RecordRun { number: 1, begun: Timestamp { seconds: 2000, nanoseconds: 0 } };
        let mut writer = RecordWriter::new(Vec::new(), Algorithm::Md5, &[run], None).unwrap();
        entries.iter().for_each(|entry| writer.entry(entry).unwrap());
        Record::parse(writer.finish().unwrap(), None).unwrap()
    }

    fn changes(old: &[RecordEntry<'_>], new: &[RecordEntry<'_>]) -> Vec<FileChange> {
        let findings = diff(&record(old), &record(new)).unwrap();
        findings.into_iter().map(|finding| finding.change).collect()
    }

    #[test]
    fn a_copy_of_the_old_contents_does_not_hide_rot() {
        let old = [file("rots", "good", 7)];
        let new = [file("copy", "good", 8), file("rots", "gooD", 7)];
        assert_eq!(changes(&old, &new), [FileChange::New, FileChange::Rotted]);
        // The same holds if it rotted to the contents of a removed file.
        let old = [file("gone", "gooD", 6), file("rots", "good", 7)];
        assert_eq!(changes(&old, &new[1..]), [FileChange::Missing, FileChange::Rotted]);
        // Another inode number means that another file has replaced it.
        let new = [file("rots", "gooD", 6)];
        let moved = FileChange::Moved { from: b"gone".to_vec() };
        assert_eq!(changes(&old, &new), [FileChange::Changed, moved]);
    }

    #[test]
    fn a_truncated_time_counts_as_the_same() {
        let time = |seconds, nanoseconds| Timestamp { seconds, nanoseconds };
        let precise = time(1001, 987_654_321);
        for cut in [
            precise,
            time(1001, 987_654_300),
            time(1001, 987_654_000),
            time(1001, 987_000_000),
            time(1001, 980_000_000),
            time(1001, 0),
            time(1000, 0),
        ] {
            assert!(is_same_time(precise, cut) && is_same_time(cut, precise), "{cut:?}");
        }
        for other in [time(1001, 987_654_320), time(1002, 0), time(1001, 1), time(999, 0)] {
            assert!(!is_same_time(precise, other), "{other:?}");
        }
        assert!(is_same_time(time(-1, 5), time(-2, 0)));
        assert!(!is_same_time(time(i64::MIN, 0), time(i64::MAX, 999_999_999)));
    }
}
