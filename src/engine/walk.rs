//! Roots → files, depth first, in the order of the names' bytes; nothing is skipped for being
//! hidden or ignored.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::vec;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use rustix::fs::{AtFlags, CWD, Dir, FileType, OFlags, Stat, statat};
use rustix::io::Errno;

use super::queue::folders;
use super::read::special;
use super::system;
use super::{Access, Boundary, Follow, Links, Plan, Source};
use crate::error::{Error, ErrorKind};
use crate::temporary::is_temporary;

/// Which files a walk takes, by glob (`*`, `?`, `[…]`, `{a,b}`, `**`).
///
/// A pattern without a slash is held against the last component of the name, one with a slash
/// against the path below the directory that was named. `*` does not cross a slash. An excluded
/// directory is not entered. Named files are filtered too, named directories are not.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Filter {
    /// Files that match one of `include`, or all if there is none, and none of `exclude`.
    ///
    /// # Errors
    /// A pattern that is no glob, with the reason.
    pub fn new<S: AsRef<str>>(include: &[S], exclude: &[S]) -> Result<Self, globset::Error> {
        let include = if include.is_empty() { None } else { Some(globs(include)?) };
        Ok(Self { include, exclude: globs(exclude)? })
    }

    fn excludes(&self, path: &Path) -> bool {
        self.exclude.is_match(path)
    }

    fn takes(&self, path: &Path) -> bool {
        self.include.as_ref().is_none_or(|set| set.is_match(path)) && !self.excludes(path)
    }
}

fn globs<S: AsRef<str>>(patterns: &[S]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.as_ref().trim_end_matches('/');
        let pattern = match pattern.strip_prefix('/') {
            Some(anchored) => anchored.to_owned(),
            None if pattern.contains('/') => pattern.to_owned(),
            None => format!("**/{pattern}"),
        };
        set.add(glob(&pattern)?);
    }
    set.build()
}

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).build()
}

impl std::fmt::Display for FileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.device, self.inode)
    }
}

/// What a symbolic link is called where it is told of.
pub(crate) const LINK: &str = "a symbolic link";

/// A file, whatever its names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of the file that was asked about.
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// What a walk yields.
pub(crate) struct Found {
    pub(crate) source: Source,
    /// How to open it, or why it is not to be opened.
    pub(crate) result: Result<Access, Error>,
    /// The directory that it was met in.
    pub(super) folder: Option<Arc<Folder>>,
}

/// A directory that files are opened from, so that the system need not find it again for each.
pub(crate) struct Folder {
    /// `None` where too many are open: its files are opened by their whole paths.
    open: Option<(OwnedFd, Arc<AtomicUsize>)>,
}

impl Folder {
    /// Opens what is in the directory, by its path from elsewhere.
    pub(super) fn open(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let (folder, path) = self.at(path);
        system::open(folder, path, flags)
    }

    /// Asks about what is in the directory; about what a link there leads to.
    pub(super) fn stat(&self, path: &Path) -> Result<Stat, Errno> {
        let (folder, path) = self.at(path);
        statat(folder, path, AtFlags::empty())
    }

    /// Where what is in the directory is looked up, by its path from elsewhere, and as what.
    fn at<'p>(&self, path: &'p Path) -> (BorrowedFd<'_>, &'p Path) {
        let Some((folder, _)) = &self.open else { return (CWD, path) };
        // What the walk joined to the directory's path; `Path::file_name` takes five times as long.
        let path = path.as_os_str().as_bytes();
        let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
        (folder.as_fd(), Path::new(OsStr::from_bytes(&path[start..])))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some((_, count)) = &self.open {
            count.fetch_sub(1, Relaxed);
        }
    }
}

/// A path of that many bytes is longer than the system takes (PATH_MAX, with its NUL): whoever
/// reads the list could not open it.
const LONGEST: usize = 4096;

/// The walk, an iterator: one directory's names in memory for each level.
pub(crate) struct Walk<'p, I> {
    plan: &'p Plan,
    roots: I,
    /// The directories from the root down to where the walk is.
    stack: Vec<Directory>,
    stdin: Access,
    /// Directories that are open, and how many may be; 0 before the first.
    open: Arc<AtomicUsize>,
    most_open: usize,
}

struct Directory {
    path: PathBuf,
    folder: Arc<Folder>,
    /// Known where it is needed: to find loops and borders.
    id: Option<FileId>,
    /// In order.
    entries: vec::IntoIter<Name>,
}

struct Name {
    name: OsString,
    kind: FileType,
    inode: u64,
}

impl<'p, I: Iterator<Item = Source>> Walk<'p, I> {
    pub(crate) fn new(plan: &'p Plan, roots: I) -> Self {
        let (stack, open) = (Vec::new(), Arc::default());
        Self { plan, roots, stack, stdin: Access::Slow, open, most_open: 0 }
    }

    /// The next root, unseen: neither walked nor asked about.
    pub(crate) fn next_root(&mut self) -> Option<Found> {
        let source = self.roots.next()?;
        let access = match &source {
            Source::Stdin => mem::replace(&mut self.stdin, Access::Spent),
            Source::Path(path) => Access::Plain.of(path),
        };
        Some(Found { source, result: Ok(access), folder: None })
    }

    fn root(&mut self, source: Source) -> Option<Found> {
        let Source::Path(path) = &source else {
            let access = mem::replace(&mut self.stdin, Access::Spent);
            return Some(Found { source, result: Ok(access), folder: None });
        };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return Some(failed(path.clone(), error)),
        };
        if metadata.is_dir() {
            return self.enter(path.clone(), Some(FileId::of(&metadata)));
        }
        let base = path.file_name().map_or(path.as_path(), Path::new);
        let access = if metadata.is_file() { Access::Named } else { Access::Slow };
        self.plan.filter.takes(base).then_some(Found { result: Ok(access), source, folder: None })
    }

    /// Goes down into a directory; yields only what prevents it.
    fn enter(&mut self, path: PathBuf, id: Option<FileId>) -> Option<Found> {
        if self.plan.max_depth.is_some_and(|most| self.stack.len() >= most) {
            return None;
        }
        match self.list(&path) {
            Ok((folder, mut names)) => {
                names.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
                self.stack.push(Directory { path, folder, id, entries: names.into_iter() });
                None
            }
            Err(error) => Some(failed(path, error.into())),
        }
    }

    fn list(&mut self, path: &Path) -> Result<(Arc<Folder>, Vec<Name>), Errno> {
        let opened = match self.stack.last() {
            Some(above) => above.folder.open(path, OFlags::DIRECTORY)?,
            None => system::open(CWD, path, OFlags::DIRECTORY)?,
        };
        let mut names = Vec::new();
        for entry in Dir::read_from(&opened)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            let name = OsStr::from_bytes(name).to_owned();
            let kind = match entry.file_type() {
                FileType::Unknown => {
                    match statat(&opened, &name, AtFlags::SYMLINK_NOFOLLOW) {
                        Ok(stat) => FileType::from_raw_mode(stat.st_mode as _),
                        // Removed since: that is no reason to lose the whole directory.
                        Err(Errno::NOENT) => continue,
                        Err(error) => return Err(error),
                    }
                }
                kind => kind,
            };
            names.push(Name { name, kind, inode: entry.ino() });
        }
        if self.most_open == 0 {
            self.most_open = folders();
        }
        let open = match self.open.fetch_add(1, Relaxed) < self.most_open {
            true => Some((opened, Arc::clone(&self.open))),
            false => {
                self.open.fetch_sub(1, Relaxed);
                None
            }
        };
        Ok((Arc::new(Folder { open }), names))
    }

    /// What there is to say of a directory's entry; nothing, where it is passed over in silence
    /// or entered.
    fn entry(&mut self, Name { name, kind, inode }: Name) -> Option<Found> {
        let own = is_temporary(name.as_bytes());
        let path = self.stack.last()?.path.join(name);
        let below = path.strip_prefix(&self.stack.first()?.path).unwrap_or(&path);
        if self.plan.filter.excludes(below) {
            return None;
        }
        if own {
            // What this very run is writing is left out in silence.
            return match self.is_left_out(&path, inode) {
                true => None,
                false => Some(not_read(path, ErrorKind::Temporary)),
            };
        }
        let takes = self.plan.filter.takes(below);
        let (kind, metadata) = match (kind, self.plan.follow) {
            (FileType::Symlink, Follow::Named) if !takes => return None,
            (FileType::Symlink, Follow::Named) => return self.link(path, inode),
            (FileType::Symlink, Follow::All) => match fs::metadata(&path) {
                Ok(metadata) => (FileType::from_raw_mode(metadata.mode() as _), Some(metadata)),
                Err(error) => return Some(failed(path, error)),
            },
            (kind, _) => (kind, None),
        };
        let is_directory = kind == FileType::Directory;
        if !is_directory && (!takes || self.is_left_out(&path, inode)) {
            return None;
        }
        if path.as_os_str().len() >= LONGEST {
            return Some(failed(path, Errno::NAMETOOLONG.into()));
        }
        if is_directory {
            return self.subdirectory(path, metadata);
        }
        let block = (kind == FileType::BlockDevice).then_some("a block device");
        let result = match special(kind).or(block) {
            Some(what) => Err(Error::new(&path, ErrorKind::Special(what))),
            None => Ok(Access::Found),
        };
        let folder = self.stack.last().map(|directory| Arc::clone(&directory.folder));
        Some(Found { source: path.into(), result, folder })
    }

    fn link(&self, path: PathBuf, inode: u64) -> Option<Found> {
        if self.plan.links == Links::Silent || self.is_left_out(&path, inode) {
            return None;
        }
        Some(not_read(path, ErrorKind::Special(LINK)))
    }

    fn subdirectory(&mut self, path: PathBuf, metadata: Option<Metadata>) -> Option<Found> {
        if self.plan.follow == Follow::Named && self.plan.boundary == Boundary::None {
            return self.enter(path, None);
        }
        let id = match metadata.map_or_else(|| fs::metadata(&path), Ok) {
            Ok(metadata) => FileId::of(&metadata),
            Err(error) => return Some(failed(path, error)),
        };
        let root = self.stack.first().and_then(|root| root.id);
        if self.plan.boundary == Boundary::FileSystem && root.is_some_and(|r| r.device != id.device)
        {
            return None;
        }
        if self.stack.iter().any(|above| above.id == Some(id)) {
            let error = Error::new(&path, ErrorKind::Loop);
            return Some(Found { source: path.into(), result: Err(error), folder: None });
        }
        self.enter(path, Some(id))
    }

    fn is_left_out(&self, path: &Path, inode: u64) -> bool {
        // The inode's number comes with the name; the device costs a system call.
        self.plan.leave_out.iter().any(|file| file.inode == inode)
            && fs::symlink_metadata(path)
                .is_ok_and(|metadata| self.plan.leave_out.contains(&FileId::of(&metadata)))
    }
}

fn failed(path: PathBuf, error: io::Error) -> Found {
    not_read(path, ErrorKind::Io(error))
}

fn not_read(path: PathBuf, kind: ErrorKind) -> Found {
    Found { result: Err(Error::new(&path, kind)), source: path.into(), folder: None }
}

impl<I: Iterator<Item = Source>> Iterator for Walk<'_, I> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let found = match self.stack.last_mut() {
                Some(directory) => match directory.entries.next() {
                    Some(name) => self.entry(name),
                    None => {
                        self.stack.pop();
                        None
                    }
                },
                None => {
                    let root = self.roots.next()?;
                    self.root(root)
                }
            };
            if found.is_some() {
                return found;
            }
        }
    }
}
