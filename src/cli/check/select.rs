//! Selection of the entries to check: by name for `--only`, `--basename`, `--include` and
//! `--exclude`, by algorithm for `--strong`.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hsum::engine::PathFilter;
use hsum::internals::base_name;
use hsum::manifest::{BadLine, Entry, ListEntry, NameMatching, is_same_name};
use hsum::{Digest, Strength};

use crate::cli::args::check::CheckArgs;

/// The chosen files, and the entries found for them.
pub(super) struct Selection {
    files: Vec<ChosenFile>,
    matching: NameMatching,
    strong: bool,
    filter: Option<Arc<PathFilter>>,
    /// Base names that several entries of the SFV file share.
    shared: HashSet<Vec<u8>>,
}

/// A file that `--only` names.
struct ChosenFile {
    file: PathBuf,
    /// The file's name in the list, and the digests found so far.
    found: Option<(PathBuf, Vec<Digest>)>,
    /// Set if a list has an entry for the file.
    is_listed: bool,
}

impl Selection {
    pub(super) fn new(args: &CheckArgs, filter: Option<Arc<PathFilter>>) -> Self {
        let wanted =
            |file: &PathBuf| ChosenFile { file: file.clone(), found: None, is_listed: false };
        Self {
            files: args.only.iter().map(wanted).collect(),
            matching: if args.basename { NameMatching::BaseName } else { NameMatching::Exact },
            strong: args.strong,
            filter,
            shared: HashSet::new(),
        }
    }

    /// Returns `true` if `--only` was given.
    pub(super) fn is_partial(&self) -> bool {
        !self.files.is_empty()
    }

    /// Returns `true` unless `--include` or `--exclude` leaves out the name.
    pub(super) fn includes(&self, name: &Path) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.selects_name(name))
    }

    /// Returns the files that no list named.
    pub(super) fn missed(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().filter(|wanted| !wanted.is_listed).map(|wanted| wanted.file.as_path())
    }

    /// Begins an SFV file with these names, for each of which [`Selection::rename`] is called.
    pub(super) fn begin<'n>(&mut self, names: impl Iterator<Item = &'n Path>) {
        self.files.iter_mut().for_each(|wanted| wanted.found = None);
        self.shared = shared_base_names(names);
    }

    /// Returns the file to read for a name of an SFV file; `None` if it is not chosen.
    pub(super) fn rename(&mut self, listed: PathBuf) -> Option<Result<PathBuf, BadLine>> {
        let matching = self.matching;
        if self.files.is_empty() {
            return Some(match (matching, base_name(listed.as_os_str().as_bytes())) {
                (NameMatching::Exact, _) => Ok(listed),
                (_, base) if self.shared.contains(base) => Err(BadLine::Ambiguous),
                (_, base) => Ok(OsStr::from_bytes(base).into()),
            });
        }
        let wanted = self.files.iter_mut().find(|w| matching.is_match(&listed, &w.file))?;
        let file = wanted.file.clone();
        Some(wanted.find(&listed).map(|_| file))
    }

    /// Returns an entry, or a bad line, if it is chosen.
    pub(super) fn choose(&mut self, listed: ListEntry) -> Option<ListEntry> {
        let strong = self.strong;
        let chosen = if self.files.is_empty() { listed } else { self.choose_by_name(listed)? };
        Some(chosen.and_then(|entry| if strong { refuse_weak(entry) } else { Ok(entry) }))
    }

    /// Adds the files that another selection found in a list.
    pub(super) fn add_found(&mut self, other: &Self) {
        for (wanted, other) in self.files.iter_mut().zip(&other.files) {
            wanted.is_listed |= other.is_listed;
        }
    }

    fn choose_by_name(&mut self, listed: ListEntry) -> Option<ListEntry> {
        let matching = self.matching;
        let named =
            listed.entry.as_ref().map_or(listed.name.as_deref(), |entry| Some(&*entry.path));
        let is_named =
            |wanted: &&mut ChosenFile| named.is_some_and(|n| matching.is_match(n, &wanted.file));
        let wanted = self.files.iter_mut().find(is_named);
        match (&listed.entry, wanted) {
            (Ok(_), None) => None,
            (Ok(_), Some(wanted)) => Some(listed.and_then(|entry| wanted.take(entry))),
            (Err(_), Some(wanted)) => {
                wanted.is_listed = true;
                Some(listed)
            }
            (Err(BadLine::WithoutDigest), None) => None,
            (Err(bad), None) => Some(ListEntry::new(listed.line, Err(*bad))),
        }
    }
}

impl ChosenFile {
    /// Returns the digests found so far, if all entries of the file have the same name.
    fn find(&mut self, listed: &Path) -> Result<&mut Vec<Digest>, BadLine> {
        self.is_listed = true;
        let (name, digests) = self.found.get_or_insert_with(|| (listed.into(), Vec::new()));
        if is_same_name(name, listed) { Ok(digests) } else { Err(BadLine::Ambiguous) }
    }

    /// Renames an entry of the list to the file that `--only` names.
    fn take(&mut self, mut entry: Entry) -> Result<Entry, BadLine> {
        let digests = self.find(&entry.path)?;
        for digest in entry.digests() {
            match digests.iter().find(|known| known.hash_function() == digest.hash_function()) {
                Some(known) if known != digest => return Err(BadLine::Conflict),
                Some(_) => {}
                None => digests.push(*digest),
            }
        }
        // `-` is standard input in a GNU line, and a file of that name elsewhere.
        if self.file != Path::new("-") {
            entry.path.clone_from(&self.file);
        }
        Ok(entry)
    }
}

/// Renames the entries of a whole list to their base names; entries that share one are bad.
pub(super) fn by_base_name(list: Vec<ListEntry>) -> Vec<ListEntry> {
    let entries = list.iter().filter_map(|listed| listed.entry.as_ref().ok());
    let shared = shared_base_names(entries.map(|entry| &*entry.path));
    let rename = |mut entry: Entry| match base_name(entry.path.as_os_str().as_bytes()) {
        base if shared.contains(base) => Err(BadLine::Ambiguous),
        base => {
            entry.path = PathBuf::from(OsStr::from_bytes(base));
            Ok(entry)
        }
    };
    list.into_iter().map(|listed| listed.and_then(rename)).collect()
}

/// Returns the base names that different names share.
fn shared_base_names<'n>(names: impl Iterator<Item = &'n Path>) -> HashSet<Vec<u8>> {
    let mut firsts: HashMap<&[u8], &Path> = HashMap::new();
    let mut shared = HashSet::new();
    for name in names {
        let base = base_name(name.as_os_str().as_bytes());
        if !is_same_name(firsts.entry(base).or_insert(name), name) {
            shared.insert(base.to_vec());
        }
    }
    shared
}

fn refuse_weak(entry: Entry) -> Result<Entry, BadLine> {
    let sound = |digest: &Digest| digest.algorithm().strength() == Strength::Sound;
    if entry.digests().any(sound) { Ok(entry) } else { Err(BadLine::Weak) }
}
