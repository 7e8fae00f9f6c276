//! Listings of directories.

pub(crate) mod html;
pub(crate) mod json;

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use hsum::engine::{FileStamp, StableFile, Timestamp};
use hsum::internals::stamp_of;
use hsum::{Digest, HashFunction};
use rustix::fs::{AtFlags, Dir, FileType, statat};

use crate::server::serve::site::Site;

/// The contents of a directory.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The name of the directory, empty or with a slash at its end.
    pub(crate) directory: Vec<u8>,
    /// Directories first, each in the order of the names' bytes.
    pub(crate) entries: Vec<ListingEntry>,
    pub(crate) functions: Vec<HashFunction>,
}

/// A file or directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ListingEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) content: EntryContent,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum EntryContent {
    Directory,
    File {
        size: u64,
        modified: Timestamp,
        /// `None` if they are not known yet.
        digests: Option<Arc<[Digest]>>,
    },
}

impl Listing {
    /// Reads a directory.
    ///
    /// # Errors
    /// Returns an error if it cannot be read.
    pub(crate) fn read(site: &Site, name: &[u8], directory: &StableFile) -> io::Result<Self> {
        let mut prefix = name.to_vec();
        if !prefix.is_empty() {
            prefix.push(b'/');
        }
        let mut entries = Vec::new();
        for entry in Dir::read_from(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") || !site.hidden.permits(name) {
                continue;
            }
            // What is removed meanwhile, or must not be read, is not listed.
            let Ok(stat) = statat(directory, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) else {
                continue;
            };
            let content = match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => Some(EntryContent::Directory),
                FileType::RegularFile => Some(file(site, &stamp_of(&stat))),
                FileType::Symlink => target(site, &[&prefix, name].concat()),
                _ => None,
            };
            entries.extend(content.map(|content| ListingEntry { name: name.to_vec(), content }));
        }
        let rank = |entry: &ListingEntry| entry.content != EntryContent::Directory;
        entries.sort_by(|a, b| (rank(a), &a.name).cmp(&(rank(b), &b.name)));
        Ok(Self { directory: prefix, entries, functions: site.digests.functions().to_vec() })
    }
}

/// Returns what a symbolic link leads to, if that is in the served directory.
fn target(site: &Site, path: &[u8]) -> Option<EntryContent> {
    let target = site.directory.open(Path::new(OsStr::from_bytes(path))).ok()?;
    Some(target.stamp().map_or(EntryContent::Directory, |stamp| file(site, &stamp)))
}

fn file(site: &Site, stamp: &FileStamp) -> EntryContent {
    let digests = site.digests.of(stamp);
    EntryContent::File { size: stamp.size, modified: stamp.modified, digests }
}
