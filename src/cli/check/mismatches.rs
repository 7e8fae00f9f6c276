//! The mismatches in a list, and the reasons for them.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use hsum::Digest;
use hsum::check::{CheckVerdict, CheckedLine};
use hsum::engine::{ConfinedDir, StableFile};
use hsum::manifest::{Entry, List, is_same_name};

use crate::cli::check::diagnose;
use crate::cli::print::complain;
use crate::cli::quote::quote;

/// The maximum number of files to diagnose; each of them is read again.
const MAX_DIAGNOSED: usize = 8;

/// The first mismatches in a list.
#[derive(Default)]
pub(super) struct Mismatches(Vec<Mismatch>);

struct Mismatch {
    entry: Entry,
    actual: Digest,
    /// Another file in the list that has the actual digest.
    listed_for: Option<PathBuf>,
}

impl Mismatches {
    /// Adds the line if it is a mismatch that can be diagnosed.
    pub(super) fn add(&mut self, checked: &CheckedLine) {
        if let (Some(entry), CheckVerdict::Mismatch(actual)) = (&checked.entry, &checked.verdict)
            && self.0.len() < MAX_DIAGNOSED
            && entry.path != Path::new("-")
        {
            self.0.push(Mismatch { entry: entry.clone(), actual: *actual, listed_for: None });
        }
    }

    /// Prints why the files may differ. `list` opens the list again, unless it is a pipe.
    pub(super) fn explain(
        mut self,
        beneath: Option<&ConfinedDir>,
        base: &Path,
        list: impl FnOnce() -> Option<List<BufReader<StableFile>>>,
    ) {
        if self.0.is_empty() {
            return;
        }
        for listed in list().into_iter().flatten().filter_map(|listed| listed.entry.ok()) {
            for mismatch in self.0.iter_mut().filter(|mismatch| mismatch.listed_for.is_none()) {
                if listed.digests().any(|digest| *digest == mismatch.actual)
                    && !is_same_name(&listed.path, &mismatch.entry.path)
                {
                    mismatch.listed_for = Some(listed.path.clone());
                }
            }
        }
        for Mismatch { entry, listed_for, .. } in self.0 {
            let name = quote(&entry.path);
            if let Some(other) = &listed_for {
                complain(format_args!("{name}: has the digest listed for {}", quote(other)));
            }
            let expected: Vec<Digest> = entry.digests().copied().collect();
            let path = if beneath.is_some() { entry.path } else { base.join(entry.path) };
            for reason in diagnose::file(&path, beneath, &expected) {
                complain(format_args!("{name}: {reason}"));
            }
        }
    }
}
