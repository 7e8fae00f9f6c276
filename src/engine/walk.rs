//! Roots → files, depth first, in the order of the names' bytes; nothing is skipped for being
//! hidden or ignored.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::vec;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use rustix::fs::{AtFlags, Dir, FileType, OFlags, Stat, statat};
use rustix::io::Errno;

use super::beneath::Beneath;
use super::file::special;
use super::place::{Folder, Place};
use super::queue::folders;
use super::{Access, Boundary, Follow, Links, Plan, Source};
use crate::error::{Error, ErrorKind};
use crate::fs::temporary::{is_temporary, is_temporary_folder};

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

    #[allow(clippy::unnecessary_cast)] // types differ by system
    fn of_stat(stat: &Stat) -> Self {
        Self { device: stat.st_dev as u64, inode: stat.st_ino as u64 }
    }
}

/// What a walk yields.
pub(crate) struct Found {
    pub(crate) source: Source,
    /// How to open it, or why it is not to be opened.
    pub(crate) result: Result<Access, Error>,
    /// Where it is to be looked up.
    pub(super) place: Place,
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
    /// The root itself, for paths below it to be looked up in.
    root: Place,
    /// Directories that are open, and how many may be; 0 before the first.
    open: Arc<AtomicUsize>,
    most_open: usize,
}

struct Directory {
    path: PathBuf,
    /// Where what is in it is looked up.
    place: Place,
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
        let (stdin, root) = (Access::Slow, Place::Anywhere);
        Self { plan, roots, stack, stdin, root, open, most_open: 0 }
    }

    /// The next root, neither walked nor asked about.
    pub(crate) fn next_root(&mut self) -> Option<Found> {
        let source = self.roots.next()?;
        let access = match &source {
            Source::Stdin => mem::replace(&mut self.stdin, Access::Spent),
            Source::Path(path) => self.plan.reading.access().of(path),
        };
        Some(Found { source, result: Ok(access), place: self.plan.place.clone() })
    }

    fn root(&mut self, source: Source) -> Option<Found> {
        let Source::Path(path) = &source else {
            let access = mem::replace(&mut self.stdin, Access::Spent);
            return Some(Found { source, result: Ok(access), place: Place::Anywhere });
        };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return Some(failed(path.clone(), ErrorKind::Io(error))),
        };
        if metadata.is_dir() {
            return self.enter(path.clone(), Some(FileId::of(&metadata)), OFlags::empty());
        }
        let base = path.file_name().map_or(path.as_path(), Path::new);
        let access = if metadata.is_file() { Access::Named } else { Access::Slow };
        let takes = self.plan.filter.takes(base);
        takes.then_some(Found { result: Ok(access), source, place: Place::Anywhere })
    }

    /// Goes down into a directory; yields only what prevents it.
    fn enter(&mut self, path: PathBuf, id: Option<FileId>, links: OFlags) -> Option<Found> {
        if self.plan.max_depth.is_some_and(|most| self.stack.len() >= most) {
            return None;
        }
        match self.list(&path, links) {
            Ok((place, mut names)) => {
                names.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
                self.stack.push(Directory { path, place, id, entries: names.into_iter() });
                None
            }
            Err(kind) => Some(failed(path, kind)),
        }
    }

    fn list(&mut self, path: &Path, links: OFlags) -> Result<(Place, Vec<Name>), ErrorKind> {
        let above = self.stack.last().map_or(&Place::Anywhere, |above| &above.place);
        let opened = above.open(path, OFlags::DIRECTORY | links)?;
        let names = names(&opened).map_err(|error| ErrorKind::Io(error.into()))?;
        if self.most_open == 0 {
            self.most_open = folders();
        }
        let opened = Arc::new(opened);
        if self.stack.is_empty() && self.plan.follow == Follow::Named {
            let root = Beneath::from_open(Arc::clone(&opened));
            self.root = Place::Beneath(root, path.as_os_str().len());
        }
        let place = match self.open.load(Relaxed) < self.most_open {
            true => Place::Folder(Arc::new(Folder::new(opened, &self.open))),
            false => self.root.clone(),
        };
        Ok((place, names))
    }

    /// What there is to say of a directory's entry; nothing, where it is passed over in silence
    /// or entered.
    fn entry(&mut self, Name { name, kind, inode }: Name) -> Option<Found> {
        let own = match kind {
            FileType::Directory => is_temporary_folder(name.as_bytes()),
            FileType::Symlink => false,
            _ => is_temporary(name.as_bytes()),
        };
        let path = self.stack.last()?.path.join(name);
        let below = path.strip_prefix(&self.stack.first()?.path).unwrap_or(&path);
        if self.plan.filter.excludes(below) {
            return None;
        }
        if own {
            // Files that this run is writing are left out without a message.
            return match self.is_left_out(&path, inode) {
                true => None,
                false => Some(failed(path, ErrorKind::Temporary)),
            };
        }
        let takes = self.plan.filter.takes(below);
        let (kind, links) = match (kind, self.plan.follow) {
            (FileType::Symlink, Follow::Named) if !takes => return None,
            (FileType::Symlink, Follow::Named) => return self.link(path, inode),
            (FileType::Symlink, Follow::All) => match fs::metadata(&path) {
                Ok(metadata) => (FileType::from_raw_mode(metadata.mode() as _), OFlags::empty()),
                Err(error) => return Some(failed(path, ErrorKind::Io(error))),
            },
            // An entry that is not a link now must not be one when it is opened.
            (kind, _) => (kind, OFlags::NOFOLLOW),
        };
        let is_directory = kind == FileType::Directory;
        if !is_directory && (!takes || self.is_left_out(&path, inode)) {
            return None;
        }
        if path.as_os_str().len() >= LONGEST {
            return Some(failed(path, ErrorKind::Io(Errno::NAMETOOLONG.into())));
        }
        if is_directory {
            return self.subdirectory(path, links);
        }
        let block = (kind == FileType::BlockDevice).then_some("a block device");
        let result = match special(kind).or(block) {
            Some(what) => Err(Error::new(&path, ErrorKind::Special(what))),
            None if links.contains(OFlags::NOFOLLOW) => Ok(Access::Met),
            None => Ok(Access::Listed),
        };
        let place = self.place();
        Some(Found { source: path.into(), result, place })
    }

    fn link(&self, path: PathBuf, inode: u64) -> Option<Found> {
        if self.plan.links == Links::Silent || self.is_left_out(&path, inode) {
            return None;
        }
        let error = Error::new(&path, ErrorKind::Special(LINK));
        Some(Found { source: path.into(), result: Err(error), place: self.place() })
    }

    /// Returns the place that the current directory's entries are looked up in.
    fn place(&self) -> Place {
        self.stack.last().map_or(Place::Anywhere, |directory| directory.place.clone())
    }

    fn subdirectory(&mut self, path: PathBuf, links: OFlags) -> Option<Found> {
        if self.plan.follow == Follow::Named && self.plan.boundary == Boundary::None {
            return self.enter(path, None, links);
        }
        let id = match self.place().stat(&path, links) {
            Ok(stat) => FileId::of_stat(&stat),
            Err(kind) => return Some(failed(path, kind)),
        };
        let root = self.stack.first().and_then(|root| root.id);
        if self.plan.boundary == Boundary::FileSystem && root.is_some_and(|r| r.device != id.device)
        {
            return None;
        }
        if self.stack.iter().any(|above| above.id == Some(id)) {
            let error = Error::new(&path, ErrorKind::Loop);
            return Some(Found { source: path.into(), result: Err(error), place: self.place() });
        }
        self.enter(path, Some(id), links)
    }

    fn is_left_out(&self, path: &Path, inode: u64) -> bool {
        // The inode's number comes with the name; the device costs a system call.
        self.plan.leave_out.iter().any(|file| file.inode == inode)
            && fs::symlink_metadata(path)
                .is_ok_and(|metadata| self.plan.leave_out.contains(&FileId::of(&metadata)))
    }
}

fn failed(path: PathBuf, kind: ErrorKind) -> Found {
    Found { result: Err(Error::new(&path, kind)), source: path.into(), place: Place::Anywhere }
}

/// Returns the names in an open directory, in any order.
fn names(directory: &OwnedFd) -> Result<Vec<Name>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") {
            continue;
        }
        let name = OsStr::from_bytes(name).to_owned();
        let kind = match entry.file_type() {
            FileType::Unknown => {
                match statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => FileType::from_raw_mode(stat.st_mode as _),
                    // Removed meanwhile: the rest of the directory is still listed.
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(error),
                }
            }
            kind => kind,
        };
        names.push(Name { name, kind, inode: entry.ino() });
    }
    Ok(names)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::read::{Job, Opened};
    use std::os::unix::fs::symlink;

    /// Returns the files that a walk of `tree` opens, by name, or why not; `swap` is called after
    /// the first.
    fn walk(plan: &Plan, tree: &Path, swap: impl Fn()) -> Vec<(PathBuf, Option<String>)> {
        let mut walk = Walk::new(plan, std::iter::once(tree.into()));
        let first = walk.next();
        swap();
        let all = first.into_iter().chain(walk);
        let opened = all.map(|found| {
            let path = found.source.name().strip_prefix(tree).unwrap().to_owned();
            let open = |access| {
                let job = Job::new(found.source.clone(), access, [].into());
                Opened::new(0, job.place(found.place.clone())).map(drop)
            };
            let error = found.result.and_then(open).err();
            (path, error.map(|error| error.kind().to_string()))
        });
        opened.collect()
    }

    /// With directories that may stay open, and with more than may.
    #[test]
    fn what_becomes_a_link_meanwhile_is_not_followed() {
        for deep in ["", &"d/".repeat(70)] {
            let folder = tempfile::tempdir().unwrap();
            let (tree, outside) = (folder.path().join("tree"), folder.path().join("outside"));
            fs::create_dir_all(&outside).unwrap();
            fs::write(outside.join("secret"), "secret").unwrap();
            let below = tree.join(deep);
            fs::create_dir_all(below.join("sub")).unwrap();
            for name in ["a", "file", "sub/secret"] {
                fs::write(below.join(name), "inside").unwrap();
            }
            let swap = || {
                fs::remove_file(below.join("file")).unwrap();
                symlink(outside.join("secret"), below.join("file")).unwrap();
                fs::rename(below.join("sub"), folder.path().join("away")).unwrap();
                symlink(&outside, below.join("sub")).unwrap();
            };
            let changed = Some("Changed while reading".to_owned());
            let name = |name: &str| Path::new(deep).join(name);
            let expected =
                [(name("a"), None), (name("file"), changed.clone()), (name("sub"), changed)];
            assert_eq!(walk(&Plan::default(), &tree, swap), expected);
        }
    }

    #[test]
    fn links_that_are_to_be_followed_are() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, outside) = (folder.path().join("tree"), folder.path().join("outside"));
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(&tree).unwrap();
        fs::write(outside.join("file"), "outside").unwrap();
        symlink(outside.join("file"), tree.join("a")).unwrap();
        symlink(&outside, tree.join("b")).unwrap();
        let plan = Plan::default().follow(Follow::All);
        let expected = [("a".into(), None), ("b/file".into(), None)];
        assert_eq!(walk(&plan, &tree, || {}), expected);
        assert_eq!(walk(&Plan::default(), &tree, || {}), []);
        // A link that is named is followed.
        symlink(&tree, folder.path().join("named")).unwrap();
        assert_eq!(walk(&plan, &folder.path().join("named"), || {}), expected);
    }
}
