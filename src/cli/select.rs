//! Which entries of a list are checked: those of the files that were asked for, by whole name or
//! by its last part, and strong ones.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hsum::manifest::{BadLine, Entry, Listed, Matching, base_name, same_name};
use hsum::{Digest, Strength};

use super::args::CheckArgs;

/// The choice, and what of it has been found.
pub(super) struct Selection {
    files: Vec<Wanted>,
    matching: Matching,
    strong: bool,
}

/// A file that was asked for.
struct Wanted {
    file: PathBuf,
    /// The name it goes by in the list, and its digests so far.
    found: Option<(PathBuf, Vec<Digest>)>,
    ever: bool,
}

impl Selection {
    pub(super) fn new(args: &CheckArgs) -> Self {
        let wanted = |file: &PathBuf| Wanted { file: file.clone(), found: None, ever: false };
        Self {
            files: args.only.iter().map(wanted).collect(),
            matching: if args.basename { Matching::BaseName } else { Matching::Exact },
            strong: args.strong,
        }
    }

    /// Whether particular files were asked for.
    pub(super) fn is_partial(&self) -> bool {
        !self.files.is_empty()
    }

    /// The files that no list named.
    pub(super) fn missed(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().filter(|wanted| !wanted.ever).map(|wanted| wanted.file.as_path())
    }

    /// The file to read for a listed name; `None` if it was not asked for.
    pub(super) fn rename(&mut self, listed: PathBuf) -> Option<PathBuf> {
        let matching = self.matching;
        if self.files.is_empty() {
            return Some(match matching {
                Matching::Exact => listed,
                Matching::BaseName => OsStr::from_bytes(base_name(&listed)).into(),
            });
        }
        let wanted = self.files.iter_mut().find(|w| matching.matches(&listed, &w.file))?;
        wanted.ever = true;
        Some(wanted.file.clone())
    }

    /// The entries of another list that are chosen, and its bad lines.
    pub(super) fn of<'l>(
        &'l mut self,
        list: impl Iterator<Item = Listed> + Send + 'l,
    ) -> Box<dyn Iterator<Item = Listed> + Send + 'l> {
        self.files.iter_mut().for_each(|wanted| wanted.found = None);
        let strong = self.strong;
        let chosen: Box<dyn Iterator<Item = Listed> + Send + 'l> = match self.matching {
            _ if !self.files.is_empty() => Box::new(list.filter_map(|listed| self.choose(listed))),
            Matching::BaseName => Box::new(by_base_name(list)),
            Matching::Exact => Box::new(list),
        };
        Box::new(chosen.map(move |Listed { line, entry }| Listed {
            line,
            entry: entry.and_then(|entry| if strong { refuse_weak(entry) } else { Ok(entry) }),
        }))
    }

    fn choose(&mut self, Listed { line, entry }: Listed) -> Option<Listed> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(bad) => return Some(Listed { line, entry: Err(bad) }),
        };
        let matching = self.matching;
        let wanted = self.files.iter_mut().find(|w| matching.matches(&entry.path, &w.file))?;
        Some(Listed { line, entry: wanted.take(entry) })
    }
}

impl Wanted {
    /// The entry, under the name that was asked for.
    fn take(&mut self, entry: Entry) -> Result<Entry, BadLine> {
        self.ever = true;
        let (name, digests) = self.found.get_or_insert_with(|| (entry.path.clone(), Vec::new()));
        if !same_name(name, &entry.path) {
            return Err(BadLine::Ambiguous);
        }
        for digest in entry.digests() {
            match digests.iter().find(|known| known.function() == digest.function()) {
                Some(known) if known != digest => return Err(BadLine::Conflict),
                Some(_) => {}
                None => digests.push(*digest),
            }
        }
        Ok(Entry { path: self.file.clone(), ..entry })
    }
}

/// All entries under their base names, the whole list having been read; those that share one are
/// refused.
fn by_base_name(list: impl Iterator<Item = Listed>) -> impl Iterator<Item = Listed> {
    let all: Vec<Listed> = list.collect();
    let mut names: HashMap<Vec<u8>, PathBuf> = HashMap::new();
    let mut shared: HashSet<Vec<u8>> = HashSet::new();
    for entry in all.iter().filter_map(|listed| listed.entry.as_ref().ok()) {
        let base = base_name(&entry.path).to_vec();
        let first = names.entry(base.clone()).or_insert_with(|| entry.path.clone());
        if !same_name(first, &entry.path) {
            shared.insert(base);
        }
    }
    all.into_iter().map(move |Listed { line, entry }| Listed {
        line,
        entry: entry.and_then(|entry| match base_name(&entry.path) {
            base if shared.contains(base) => Err(BadLine::Ambiguous),
            base => Ok(Entry { path: OsStr::from_bytes(base).into(), ..entry }),
        }),
    })
}

fn refuse_weak(entry: Entry) -> Result<Entry, BadLine> {
    let sound = |digest: &Digest| digest.algorithm().strength() == Strength::Sound;
    if entry.digests().any(sound) { Ok(entry) } else { Err(BadLine::Weak) }
}
