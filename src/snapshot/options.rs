//! Options of the runs that read a tree.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use crate::engine::filter::PathFilter;
use crate::engine::metadata::{FileId, Timestamp};
use crate::engine::options::{HashOptions, PageCache, Reading, Symlinks};
use crate::engine::progress::HashProgress;
use crate::fs::replace::Existing;
use crate::hmac::Key;
use crate::setters::setters;
use crate::snapshot::filter::RecordFilter;
use crate::snapshot::names::is_at_or_below;
use crate::snapshot::replace::own_files;

/// Options of [`take`], [`audit`] and [`update`].
///
/// [`take`]: crate::snapshot::take
/// [`audit`]: crate::snapshot::audit
/// [`update`]: crate::snapshot::update
#[derive(Clone, Debug, Default)]
pub struct SnapshotOptions {
    pub(super) threads: Option<NonZeroUsize>,
    pub(super) progress: Option<Arc<HashProgress>>,
    pub(super) cache: PageCache,
    pub(super) reading: Reading,
    pub(super) key: Option<Key>,
    pub(super) begun: Option<Timestamp>,
    pub(super) ignore_inodes: bool,
    pub(super) ignore_change_times: bool,
    pub(super) accept_rot: AcceptRot,
    pub(super) allow_missing: bool,
    pub(super) existing: Existing,
    pub(super) verify_oldest: Option<TreeShare>,
    pub(super) filter: Option<RecordFilter>,
    excluded: Vec<FileId>,
}

impl SnapshotOptions {
    setters! {
        /// Sets the number of hashing threads; by default one per available core.
        threads: NonZeroUsize => Some;
        /// Counts files and bytes in `progress`.
        progress: Arc<HashProgress> => Some;
        /// Sets the treatment of the page cache.
        cache: PageCache;
        /// Sets whether files may be mapped; see [`Reading`].
        reading: Reading;
        /// Seals new records with this HMAC key for [`SEAL_ALGORITHM`], and requires valid seals.
        ///
        /// [`SEAL_ALGORITHM`]: crate::snapshot::SEAL_ALGORITHM
        key: Key => Some;
        /// Sets the time at which the run began; by default now.
        begun: Timestamp => Some;
        /// Sets whether updates ignore inode numbers.
        ///
        /// By default they read a file whose inode number differs: it may be a different file.
        /// Some file systems assign new inode numbers each time they are mounted.
        ignore_inodes: bool;
        /// Sets whether updates ignore change times (ctime).
        ///
        /// By default they read a file whose change time differs: a program may have written to it
        /// and restored its modification time. Backup programs that make hard links also set the
        /// change time.
        ignore_change_times: bool;
        /// Selects the rotted files whose new digests an update records.
        accept_rot: AcceptRot;
        /// Sets whether an update may find more than half of the recorded files missing, or exclude
        /// all of them.
        ///
        /// By default it fails and leaves the record unchanged: the tree is probably not mounted, or
        /// the filter mistyped.
        allow_missing: bool;
        /// Sets whether a new record may replace an existing file.
        existing: Existing;
        /// Makes updates read this share of the tree again, the files read longest ago first.
        verify_oldest: TreeShare => Some;
        /// Selects the files of the tree.
        ///
        /// A new record stores the filter. An update replaces the stored filter, and removes the
        /// entries that the new one does not select, without a finding. An audit compares only the
        /// files that both filters select.
        filter: RecordFilter => Some;
    }

    /// Excludes the record at `path` and its temporary files from the tree.
    ///
    /// [`take`](crate::snapshot::take) and [`update`](crate::snapshot::update) exclude their own.
    pub fn exclude_record(mut self, path: &Path) -> Self {
        self.excluded.extend(own_files(path));
        self
    }

    /// Adds these options and a filter to the plan of a walk.
    pub(super) fn walk_plan(&self, plan: HashOptions, filter: PathFilter) -> HashOptions {
        let plan = plan.filter(filter);
        let mut plan = plan.symlinks(Symlinks::Report).cache(self.cache).reading(self.reading);
        if let Some(threads) = self.threads {
            plan = plan.threads(threads);
        }
        if let Some(progress) = &self.progress {
            plan = plan.progress(Arc::clone(progress));
        }
        self.excluded.iter().fold(plan, |plan, file| plan.leave_out(*file))
    }
}

/// The rotted files whose new digests an update records.
///
/// Other rotted files keep their old digests, and every update reads them again until their
/// contents are as recorded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum AcceptRot {
    /// No file.
    #[default]
    Nothing,
    /// The files of these names, and all in the directories of these names. The update reads them.
    Names(Vec<Vec<u8>>),
    /// All files. The update reads the whole tree.
    Everything,
}

impl AcceptRot {
    /// Returns `true` if the rot of the file `name` is accepted.
    pub(super) fn includes(&self, name: &[u8]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Names(names) => names.iter().any(|accepted| is_at_or_below(name, accepted)),
            Self::Everything => true,
        }
    }
}

/// A share of the bytes of a tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TreeShare {
    millionths: u32,
}

impl TreeShare {
    /// Creates a share from a percentage; `None` unless it is more than 0 and at most 100.
    pub fn percent(percent: f64) -> Option<Self> {
        let millionths = (percent * 10_000.0).ceil();
        let fits = percent > 0.0 && percent <= 100.0;
        fits.then_some(Self { millionths: millionths as u32 })
    }

    /// Returns the number of bytes in this share of `whole`, rounded up.
    pub(super) fn of(self, whole: u128) -> u128 {
        (whole * u128::from(self.millionths)).div_ceil(1_000_000)
    }
}
