//! An old record and what is there now → what became of each file.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet, VecDeque};

use super::entry::{Line, RecordContent, RecordEntry};
use super::name::walk_order;
use super::record::{Lines, Record};
use crate::digest::Digest;
use crate::engine::Time;
use crate::text::base_name;

/// Something that is not as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The name concerned: where it is now, or was.
    pub name: Vec<u8>,
    /// What became of it.
    pub change: Change,
    /// The digest that the old record has for the name, of a file.
    pub was: Option<Digest>,
    /// The digest of what is there now, of a file.
    pub is: Option<Digest>,
}

/// What became of a name or of its contents.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Change {
    /// Other contents, which are nowhere in the old record's place, and the old ones are nowhere.
    Changed,
    /// Other contents, while size and time of modification are what they were, or as near as the
    /// coarser file system keeps times: no program did that, but the disk, the memory, a copy that
    /// went wrong, or an intruder.
    Rotted,
    /// Rotted, and [`AcceptRot`] has the update take the new digest.
    ///
    /// [`AcceptRot`]: super::AcceptRot
    Accepted,
    /// A name that the record does not have, or whose old contents have moved away.
    New,
    /// Nothing has the name, and nothing its contents.
    Missing,
    /// The contents were under this name before, and are there no longer.
    Moved {
        /// The old name.
        from: Vec<u8>,
    },
    /// A new name for contents that the record knows, and that are also under another name.
    Duplicate {
        /// The other name.
        of: Vec<u8>,
    },
}

/// What `new` has that `old` had not, in the order of a walk.
///
/// # Errors
/// `None` where the records are of different functions, which says nothing of the files.
pub fn diff(old: &Record, new: &Record) -> Option<Vec<Finding>> {
    if old.hash_function() != new.hash_function() {
        return None;
    }
    let mut comparison = RecordComparison::new(old);
    for entry in new.entries() {
        comparison.met(entry);
    }
    Some(comparison.finish())
}

/// Holds what is met, entry by entry, against a record.
///
/// Keeps of all that is met only what is not as the record says.
pub struct RecordComparison<'r> {
    record: &'r Record,
    lines: Lines<'r>,
    next: Option<(usize, Line<'r>, Cow<'r, [u8]>)>,
    changes: Changes<'r>,
}

impl<'r> RecordComparison<'r> {
    /// With this record, of which nothing was met yet.
    pub fn new(record: &'r Record) -> Self {
        let mut new =
            Self { record, lines: record.lines(), next: None, changes: Changes::default() };
        new.advance();
        new
    }

    /// Takes in the next entry, in the order of a walk: whether it is as the record says.
    pub fn met(&mut self, entry: RecordEntry<'_>) -> bool {
        match self.seek(&entry.name) {
            Some(old) if old.content.holds_what(&entry.content) => return true,
            Some(old) => self.changes.altered(old, entry.into_owned()),
            None => self.changes.arrived(entry.into_owned()),
        }
        false
    }

    /// Takes in a name, in the order of a walk, of which nothing can be said, and with it all
    /// that lies below.
    pub fn unread(&mut self, name: &[u8]) {
        self.seek(name);
        while self.next.as_ref().is_some_and(|(_, _, old)| is_within(old, name)) {
            self.advance();
        }
    }

    /// What is not as the record says.
    pub fn finish(mut self) -> Vec<Finding> {
        self.pass(|_| true);
        self.changes.resolve(self.record)
    }

    /// Passes over what the record has before a name: it is gone. The entry of that name.
    fn seek(&mut self, name: &[u8]) -> Option<RecordEntry<'r>> {
        self.pass(|old| walk_order(old, name).is_lt());
        let (at, _, old) = self.next.as_ref()?;
        let entry = if **old == *name { self.record.entry_at(*at) } else { None };
        if entry.is_some() {
            self.advance();
        }
        entry
    }

    fn pass(&mut self, gone: impl Fn(&[u8]) -> bool) {
        while let Some((at, _, name)) = &self.next
            && gone(name)
        {
            self.record.entry_at(*at).into_iter().for_each(|old| self.changes.gone(old));
            self.advance();
        }
    }

    fn advance(&mut self) {
        self.next = self.lines.next().map(|(at, line)| (at, line, line.known_name()));
    }
}

/// Whether a name lies in the directory of that name.
pub(super) fn is_within(name: &[u8], directory: &[u8]) -> bool {
    name.strip_prefix(directory).is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// Contents that are not where they were, and contents that are where they were not.
#[derive(Default)]
pub(super) struct Changes<'r> {
    vacated: Vec<Vacated<'r>>,
    arrived: Vec<Arrived>,
}

struct Vacated<'r> {
    entry: RecordEntry<'r>,
    /// Where among the arrived the name's new contents are.
    now: Option<usize>,
    moved: bool,
    /// Rotted where it stands: then nothing else became of it.
    rotted: bool,
}

struct Arrived {
    entry: RecordEntry<'static>,
    /// Where among the vacated the name's old contents are.
    before: Option<usize>,
    /// Where among the vacated these contents are.
    from: Option<usize>,
}

impl<'r> Changes<'r> {
    pub(super) fn gone(&mut self, old: RecordEntry<'r>) {
        self.vacated.push(Vacated { entry: old, now: None, moved: false, rotted: false });
    }

    pub(super) fn arrived(&mut self, new: RecordEntry<'static>) {
        self.arrived.push(Arrived { entry: new, before: None, from: None });
    }

    pub(super) fn altered(&mut self, old: RecordEntry<'r>, new: RecordEntry<'static>) {
        let (before, now) = (Some(self.vacated.len()), Some(self.arrived.len()));
        self.vacated.push(Vacated { entry: old, now, moved: false, rotted: false });
        self.arrived.push(Arrived { entry: new, before, from: None });
    }

    /// What became of them all, in the order of a walk.
    pub(super) fn resolve(mut self, record: &Record) -> Vec<Finding> {
        // First of all: a copy that was made in time must not make it look like a move.
        for vacated in &mut self.vacated {
            let now = vacated.now.map(|now| &self.arrived[now].entry.content);
            vacated.rotted =
                now.is_some_and(|now| rotted_in_place(record, &vacated.entry.content, now));
        }
        // Where many have the same contents, those of one base name belong together: so a
        // directory that was renamed is renamed as a whole.
        self.pair(|entry| Some((identity(&entry.content), base_name(&entry.name).to_vec())));
        // Nothing at all is no sign of having been the same file.
        self.pair(|entry| (!is_empty(&entry.content)).then(|| identity(&entry.content)));
        let copies = self.originals(record);
        let mut findings = Vec::new();
        for arrived in &self.arrived {
            findings.extend(self.what_arrived(arrived, record, &copies));
        }
        for vacated in self.vacated.iter().filter(|vacated| !vacated.moved) {
            let (was, is) = (vacated.entry.content.digest(), None);
            let name = vacated.entry.name.to_vec();
            match vacated.now.map(|now| &self.arrived[now]) {
                None => findings.push(Finding { name, change: Change::Missing, was, is }),
                // Something that the record knows was put over it.
                Some(Arrived { entry, from: Some(_), .. }) => {
                    let is = entry.content.digest();
                    findings.push(Finding { name, change: Change::Changed, was, is });
                }
                // Said with what arrived.
                Some(_) => {}
            }
        }
        findings.sort_by(|a, b| walk_order(&a.name, &b.name).then(a.change.cmp(&b.change)));
        findings
    }

    /// Finds for what arrived where it came from, first come, first served.
    fn pair<K: std::hash::Hash + Eq>(&mut self, key: impl Fn(&RecordEntry<'_>) -> Option<K>) {
        let mut free: HashMap<K, VecDeque<usize>> = HashMap::new();
        let is_free = |vacated: &Vacated<'_>| !vacated.moved && !vacated.rotted;
        for (at, vacated) in self.vacated.iter().enumerate().filter(|(_, v)| is_free(v)) {
            if let Some(key) = key(&vacated.entry) {
                free.entry(key).or_default().push_back(at);
            }
        }
        for arrived in self.arrived.iter_mut().filter(|arrived| arrived.from.is_none()) {
            if arrived.before.is_some_and(|before| self.vacated[before].rotted) {
                continue;
            }
            let from = key(&arrived.entry).and_then(|key| free.get_mut(&key)?.pop_front());
            if let Some(from) = from {
                arrived.from = Some(from);
                self.vacated[from].moved = true;
            }
        }
    }

    /// The first name of each of the contents that arrived without having come from anywhere,
    /// and are also elsewhere.
    fn originals(&self, record: &Record) -> HashMap<Digest, Vec<u8>> {
        let mut wanted: HashMap<Digest, Option<Vec<u8>>> = HashMap::new();
        for arrived in self.arrived.iter().filter(|arrived| arrived.from.is_none()) {
            if let (false, Some(digest)) =
                (is_empty(&arrived.entry.content), arrived.entry.content.digest())
            {
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
        let vacated: HashSet<&[u8]> = self.vacated.iter().map(|v| &*v.entry.name).collect();
        for (_, line) in record.lines() {
            if let Line::File { digest, .. } = line
                && let Ok(digest) = Digest::from_hex(record.hash_function(), digest)
                && wanted.contains_key(&digest)
            {
                let name = line.known_name();
                if !vacated.contains(&*name) {
                    offer(&mut wanted, digest, &name);
                }
            }
        }
        for arrived in self.arrived.iter().filter(|arrived| arrived.from.is_some()) {
            if let Some(digest) = arrived.entry.content.digest() {
                offer(&mut wanted, digest, &arrived.entry.name);
            }
        }
        wanted.into_iter().filter_map(|(digest, name)| Some((digest, name?))).collect()
    }

    fn what_arrived(
        &self,
        arrived: &Arrived,
        record: &Record,
        originals: &HashMap<Digest, Vec<u8>>,
    ) -> Option<Finding> {
        let name = arrived.entry.name.to_vec();
        let before = arrived.before.map(|before| &self.vacated[before]);
        let was = before.and_then(|before| before.entry.content.digest());
        let is = arrived.entry.content.digest();
        let change = match (arrived.from, before) {
            (Some(from), _) => Change::Moved { from: self.vacated[from].entry.name.to_vec() },
            (None, Some(before)) if !before.moved => {
                change(record, &before.entry.content, &arrived.entry.content)
            }
            (None, _) => match is.and_then(|is| originals.get(&is)) {
                Some(of) => Change::Duplicate { of: of.clone() },
                None => Change::New,
            },
        };
        Some(Finding { name, change, was, is })
    }
}

/// Of one name with other contents.
fn change(record: &Record, old: &RecordContent<'_>, new: &RecordContent<'_>) -> Change {
    match (old, new) {
        (RecordContent::File { stamp: old, read, .. }, RecordContent::File { stamp: new, .. })
            if old.size == new.size
                && is_same_time(old.modified, new.modified)
                && !record.is_racy(old, *read) =>
        {
            Change::Rotted
        }
        _ => Change::Changed,
    }
}

/// The units in which file systems keep times, in nanoseconds: NTFS and SMB, tar and UDF, some NFS
/// servers, exFAT, ext3 and HFS+, FAT.
const UNITS: [i128; 6] = [100, 1_000, 1_000_000, 10_000_000, 1_000_000_000, 2_000_000_000];

/// Returns `true` if the times are equal, or if one is the other cut to a coarser unit: a copy to
/// another file system cuts them.
fn is_same_time(a: Time, b: Time) -> bool {
    let nanoseconds = |t: Time| i128::from(t.seconds) * 1_000_000_000 + i128::from(t.nanoseconds);
    let (a, b) = (nanoseconds(a), nanoseconds(b));
    let cut = |time: i128, unit: i128| time - time.rem_euclid(unit);
    a == b || UNITS.iter().any(|unit| cut(a, *unit) == b || cut(b, *unit) == a)
}

/// Whether it rotted, and is the same file for sure: no other was put in its place.
fn rotted_in_place(record: &Record, old: &RecordContent<'_>, new: &RecordContent<'_>) -> bool {
    match (old, new) {
        (RecordContent::File { stamp: then, .. }, RecordContent::File { stamp: now, .. }) => {
            then.inode == now.inode && change(record, old, new) == Change::Rotted
        }
        _ => false,
    }
}

fn is_empty(content: &RecordContent<'_>) -> bool {
    matches!(content, RecordContent::File { stamp, .. } if stamp.size == 0)
}

/// What two entries of the same contents have in common.
fn identity(content: &RecordContent<'_>) -> (bool, Vec<u8>) {
    match content {
        RecordContent::File { digest, .. } => (true, digest.as_bytes().to_vec()),
        RecordContent::Link(target) => (false, target.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{RecordRun, RecordWriter};
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::engine::Stamp;
    use crate::hasher::digest;

    fn file(name: &'static str, contents: &str, inode: u64) -> RecordEntry<'static> {
        let digest = digest(Algorithm::Md5, contents.as_bytes());
        let modified = Time { seconds: 1000, nanoseconds: 0 };
        let stamp = Stamp { size: contents.len() as u64, modified, changed: None, inode };
        RecordEntry {
            name: name.as_bytes().into(),
            content: RecordContent::File { digest, stamp, read: 1 },
        }
    }

    fn record(entries: &[RecordEntry<'_>]) -> Record {
        let run = RecordRun { number: 1, begun: Time { seconds: 2000, nanoseconds: 0 } };
        let mut writer = RecordWriter::new(Vec::new(), Algorithm::Md5, &[run], None).unwrap();
        entries.iter().for_each(|entry| writer.entry(entry).unwrap());
        Record::parse(writer.finish().unwrap(), None).unwrap()
    }

    fn changes(old: &[RecordEntry<'_>], new: &[RecordEntry<'_>]) -> Vec<Change> {
        let findings = diff(&record(old), &record(new)).unwrap();
        findings.into_iter().map(|finding| finding.change).collect()
    }

    #[test]
    fn a_copy_made_in_time_does_not_hide_rot() {
        let old = [file("rots", "good", 7)];
        let new = [file("copy", "good", 8), file("rots", "gooD", 7)];
        assert_eq!(changes(&old, &new), [Change::New, Change::Rotted]);
        // Nor does it help to have got the contents of a file that is gone.
        let old = [file("gone", "gooD", 6), file("rots", "good", 7)];
        assert_eq!(changes(&old, &new[1..]), [Change::Missing, Change::Rotted]);
        // Another file in its place is another matter.
        let new = [file("rots", "gooD", 6)];
        let moved = Change::Moved { from: b"gone".to_vec() };
        assert_eq!(changes(&old, &new), [Change::Changed, moved]);
    }

    #[test]
    fn a_time_that_a_copy_cut_is_the_same_time() {
        let time = |seconds, nanoseconds| Time { seconds, nanoseconds };
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
