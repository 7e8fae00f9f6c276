//! The thread that keeps the digests of a tree up to date.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use hsum::engine::{
    self, ConfinedDir, FileStamp, HashOptions, PathFilter, ReadPolicy, Symlinks, Timestamp,
    WalkEntry, WalkEntryKind,
};
use hsum::{Error, ErrorKind};

use crate::cli::print::{complain, complain_of};
use crate::cli::quote::quote;
use crate::server::serve::digests::{Digests, is_settled};
use crate::server::serve::record_file::RecordFile;
use crate::server::serve::target::HiddenNames;

/// The longest time between two walks of the tree.
const PERIOD: Duration = Duration::from_secs(30);
/// The shortest time between two walks, whatever requests meet.
const PAUSE: Duration = Duration::from_millis(500);
/// The time after which a file is read again that had changed shortly before it was read; it
/// doubles while there is such a file.
const SETTLING: Duration = Duration::from_millis(3100);

/// The tree, and how it is read.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The path of the directory, without symbolic links.
    pub(crate) path: PathBuf,
    pub(crate) directory: ConfinedDir,
    /// The device and inode of the directory.
    pub(crate) identity: (u64, u64),
    pub(crate) hidden: HiddenNames,
    pub(crate) threads: Option<NonZeroUsize>,
    /// The file that keeps the digests between runs.
    pub(crate) record: Option<RecordFile>,
}

impl Tree {
    /// Returns `true` if the path still leads to the directory.
    fn is_in_place(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }
}

/// Returns the device and inode of a directory.
pub(crate) fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Starts the thread, which waits for a message before it reads the tree: errors in files must not
/// be printed before the server listens.
///
/// # Errors
/// Returns an error if the system refuses to start one.
pub(crate) fn start(tree: Tree, digests: Arc<Digests>, begin: Receiver<()>) -> Result<()> {
    let mut updater = Updater { tree, digests, reported: HashSet::new() };
    let run = move || {
        if begin.recv().is_ok() {
            updater.run();
        }
    };
    thread::Builder::new().name("record".into()).spawn(run)?;
    Ok(())
}

struct Updater {
    tree: Tree,
    digests: Arc<Digests>,
    /// The files whose errors have been printed.
    reported: HashSet<PathBuf>,
}

impl Updater {
    fn run(&mut self) {
        let mut settling = SETTLING;
        let (started, mut is_complete, mut unsaved) = (Instant::now(), false, 0);
        loop {
            let begun = Instant::now();
            if !self.tree.is_in_place() {
                self.lose_tree();
                is_complete = false;
                self.digests.wait(PAUSE, PERIOD);
                continue;
            }
            let names = self.walk();
            let walked = begun.elapsed();
            let unread = self.digests.set_names(names);
            let (read, unsettled) = self.hash(unread);
            unsaved += read;
            // A file that changed just before the start is waited for, once.
            if !is_complete && (!unsettled || started.elapsed() >= SETTLING) {
                self.digests.complete();
                is_complete = true;
            }
            if is_complete
                && std::mem::take(&mut unsaved) > 0
                && let Some(record) = &mut self.tree.record
                && let Err(error) = record.save(&self.digests)
            {
                complain(format_args!("{error:#}"));
            }
            let period = PERIOD.max(20 * walked);
            let most = if unsettled { settling.min(period) } else { period };
            let is_repeated = unsettled && is_complete;
            settling = if is_repeated { settling.saturating_mul(2).min(period) } else { SETTLING };
            // Neither a large tree nor a file that keeps changing is read all the time.
            self.digests.wait(PAUSE.max(4 * walked).max(begun.elapsed()), most);
        }
    }

    /// Lists no files: the path now leads to others than those that are served.
    fn lose_tree(&mut self) {
        self.digests.lose_names();
        if self.reported.insert(PathBuf::new()) {
            let path = quote(&self.tree.path);
            complain(format_args!(
                "{path}: was moved or replaced; restart hsum to serve the new one"
            ));
        }
    }

    /// Returns the files of the tree.
    fn walk(&mut self) -> BTreeMap<Vec<u8>, FileStamp> {
        let mut options = HashOptions::default().symlinks(Symlinks::Report);
        if self.tree.hidden == HiddenNames::Refused
            && let Ok(filter) = PathFilter::new::<&str>(&[], &[".*"])
        {
            options = options.filter(filter);
        }
        let mut names = BTreeMap::new();
        let path = self.tree.path.clone();
        let _ = engine::list(&options, [path], |WalkEntry { path, result }| {
            let name = path.strip_prefix(&self.tree.path).unwrap_or(&path);
            match result {
                Ok(WalkEntryKind::File(stamp)) => {
                    names.insert(name.as_os_str().as_bytes().to_vec(), stamp);
                }
                // A link to a file of the tree is a file, as it is for requests.
                Ok(WalkEntryKind::Link(_)) => {
                    let file = self.tree.directory.open(name).ok();
                    if let Some(stamp) = file.and_then(|file| file.stamp()) {
                        names.insert(name.as_os_str().as_bytes().to_vec(), stamp);
                    }
                }
                Err(error) => self.report(&path, &error),
            }
            ControlFlow::Continue(())
        });
        names
    }

    /// Reads files; returns how many, and whether some must be read again soon.
    fn hash(&mut self, names: Vec<Vec<u8>>) -> (usize, bool) {
        let begun = Timestamp::now();
        let (mut read, mut unsettled) = (0, false);
        let mut options = HashOptions::new(self.digests.functions().iter().copied())
            .policy(ReadPolicy::Listed)
            .confined_to(self.tree.directory.clone());
        if let Some(threads) = self.tree.threads {
            options = options.threads(threads);
        }
        let digests = Arc::clone(&self.digests);
        let names = names.into_iter().map(|name| PathBuf::from(OsStr::from_bytes(&name)));
        engine::run(&options, names, |outcome| {
            match outcome.result {
                Ok(file) => match file.stamp.filter(|stamp| is_settled(stamp, begun)) {
                    Some(stamp) => {
                        digests.insert(stamp, file.digests.into());
                        read += 1;
                    }
                    None => unsettled = true,
                },
                Err(error) if matches!(error.kind(), ErrorKind::Changed) => unsettled = true,
                Err(error) => self.report(outcome.source.name(), &error),
            }
            ControlFlow::Continue(())
        });
        (read, unsettled)
    }

    /// Prints the error of a file, once.
    fn report(&mut self, path: &Path, error: &Error) {
        let is_expected = match error.kind() {
            ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
            _ => error.is_skipped(),
        };
        if !is_expected && self.reported.insert(path.to_owned()) {
            complain_of(path, error);
        }
    }
}
