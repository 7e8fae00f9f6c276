//! The directory that a server serves.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use hsum::engine::ConfinedDir;

use crate::server::rpc::{ServedFile, ServedFiles};
use crate::server::serve::digests::{Digests, ListedFile};
use crate::server::serve::sums::SumsCache;
use crate::server::serve::target::HiddenNames;

/// The directory that is served, with the digests of its files.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) directory: ConfinedDir,
    pub(crate) hidden: HiddenNames,
    pub(crate) digests: Arc<Digests>,
    /// Set if directories are listed.
    pub(crate) has_listings: bool,
    pub(crate) sums: SumsCache,
}

impl ServedFiles for Site {
    fn is_complete(&self) -> bool {
        self.digests.has_names()
    }

    /// Looks at the file itself: it may have changed since the last walk, or be newer.
    fn find(&self, name: &[u8]) -> Option<ServedFile> {
        if !self.hidden.permits_path(name) {
            return None;
        }
        let file = self.directory.open(Path::new(OsStr::from_bytes(name))).ok()?;
        let stamp = file.stamp()?;
        let digests = self.digests.of_requested(&stamp);
        Some(served(ListedFile { name: name.to_vec(), stamp, digests }))
    }

    fn list(&self, prefix: &[u8], after: &[u8], limit: usize) -> Vec<ServedFile> {
        self.digests.list(prefix, after, limit).into_iter().map(served).collect()
    }
}

fn served(file: ListedFile) -> ServedFile {
    let digests = file.digests.map(|digests| digests.to_vec()).unwrap_or_default();
    ServedFile { name: file.name, size: file.stamp.size, digests }
}
