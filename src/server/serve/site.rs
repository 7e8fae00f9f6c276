//! What a server serves.

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

/// The files that the last walk has found.
impl ServedFiles for Site {
    fn find(&self, name: &[u8]) -> Option<ServedFile> {
        self.digests.find(name).map(served)
    }

    fn list(&self, prefix: &[u8], after: &[u8], limit: usize) -> Vec<ServedFile> {
        self.digests.list(prefix, after, limit).into_iter().map(served).collect()
    }
}

fn served(file: ListedFile) -> ServedFile {
    let digests = file.digests.map(|digests| digests.to_vec()).unwrap_or_default();
    ServedFile { name: file.name, size: file.stamp.size, digests }
}
