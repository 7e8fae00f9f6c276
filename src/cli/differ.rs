//! The files of a list that differ, and what can be said of each.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use hsum::Digest;
use hsum::check::{CheckVerdict, CheckedLine};
use hsum::engine::{ConfinedDir, StableFile};
use hsum::manifest::{Entry, List, is_same_name};

use super::explain;
use super::print::complain;
use super::quote::quote;

/// No more are explained: each is read once more.
const MOST: usize = 8;

/// The first few that differ.
#[derive(Default)]
pub(super) struct Differing(Vec<One>);

struct One {
    entry: Entry,
    is: Digest,
    /// Another file of the list, of which these are the contents.
    other: Option<PathBuf>,
}

impl Differing {
    /// Takes note of a verdict.
    pub(super) fn note(&mut self, checked: &CheckedLine) {
        if let (Some(entry), CheckVerdict::Differ(is)) = (&checked.entry, &checked.verdict)
            && self.0.len() < MOST
            && entry.path != Path::new("-")
        {
            self.0.push(One { entry: entry.clone(), is: *is, other: None });
        }
    }

    /// Prints on standard error why the files may differ. They are looked up `beneath` a directory,
    /// if there is one; `list` opens the list again, if it can be read twice.
    pub(super) fn explain(
        mut self,
        beneath: Option<&ConfinedDir>,
        list: impl FnOnce() -> Option<List<BufReader<StableFile>>>,
    ) {
        if self.0.is_empty() {
            return;
        }
        // A pipe gives its list once only.
        for listed in list().into_iter().flatten().filter_map(|listed| listed.entry.ok()) {
            for one in self.0.iter_mut().filter(|one| one.other.is_none()) {
                let has_it = listed.digests().any(|digest| *digest == one.is);
                if has_it && !is_same_name(&listed.path, &one.entry.path) {
                    one.other = Some(listed.path.clone());
                }
            }
        }
        for one in self.0 {
            let name = quote(&one.entry.path);
            if let Some(other) = &one.other {
                complain(format_args!("{name}: has the digest listed for {}", quote(other)));
            }
            let expected: Vec<Digest> = one.entry.digests().copied().collect();
            for reason in explain::file(&one.entry.path, beneath, &expected) {
                complain(format_args!("{name}: {reason}"));
            }
        }
    }
}
