//! Traversal of directories: depth first, in the byte order of names, hidden and ignored files
//! included.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::vec;

use rustix::fs::{AtFlags, Dir, FileType, OFlags, statat};
use rustix::io::Errno;

use crate::engine::confined_dir::{ConfinedDir, PATH_MAX};
use crate::engine::file::special_type;
use crate::engine::job::Access;
use crate::engine::metadata::FileId;
use crate::engine::options::{HashOptions, Source, Symlinks};
use crate::engine::path_base::{OpenDirectory, PathBase};
use crate::engine::queue::max_directories;
use crate::error::{Error, ErrorKind, SpecialFileType};
use crate::fs::temporary::{is_temporary, is_temporary_directory};

/// A file found by a walk.
pub(super) struct FoundFile {
    pub(super) source: Source,
    /// The access for opening it, or the reason to skip it.
    pub(super) result: Result<Access, Error>,
    pub(super) base: PathBase,
}

/// An iterator over the files of a walk. It holds the remaining names of one directory per level.
pub(super) struct Walk<'p, I> {
    options: &'p HashOptions,
    sources: I,
    /// The directories from the source directory down to the current one.
    stack: Vec<Directory>,
    stdin: Access,
    /// The base for paths in directories that are not kept open.
    root: PathBase,
    /// The number of open directories, and its maximum; 0 before the first.
    open: Arc<AtomicUsize>,
    max_open: usize,
}

struct Directory {
    path: PathBuf,
    /// The base of the entries' paths.
    base: PathBase,
    /// Set only if loops or file systems are checked.
    id: Option<FileId>,
    /// The remaining names, in order.
    entries: vec::IntoIter<Name>,
}

struct Name {
    name: OsString,
    kind: FileType,
    inode: u64,
}

impl<'p, I: Iterator<Item = Source>> Walk<'p, I> {
    pub(super) fn new(options: &'p HashOptions, sources: I) -> Self {
        let (stack, open) = (Vec::new(), Arc::default());
        let (stdin, root) = (Access::Blocking, PathBase::WorkingDirectory);
        Self { options, sources, stack, stdin, root, open, max_open: 0 }
    }

    /// Returns the next source, without walking it or reading its metadata.
    pub(super) fn next_source(&mut self) -> Option<FoundFile> {
        let source = self.sources.next()?;
        let access = match &source {
            Source::Stdin => mem::replace(&mut self.stdin, Access::StdinAgain),
            Source::Path(path) => Access::new(self.options.policy).to(path),
        };
        Some(FoundFile { source, result: Ok(access), base: self.options.base.clone() })
    }

    /// Starts a source: returns it if it is a file, and enters it if it is a directory.
    fn start(&mut self, source: Source) -> Option<FoundFile> {
        let base = PathBase::WorkingDirectory;
        let Source::Path(path) = &source else {
            let access = mem::replace(&mut self.stdin, Access::StdinAgain);
            return Some(FoundFile { source, result: Ok(access), base });
        };
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return Some(failed(path.clone(), ErrorKind::Io(error))),
        };
        if metadata.is_dir() {
            return self.enter(path.clone(), Some(FileId::of(&metadata)), OFlags::empty());
        }
        let name = path.file_name().map_or(path.as_path(), Path::new);
        let access = if metadata.is_file() { Access::Named } else { Access::Blocking };
        let is_selected = self.options.filter.selects(name);
        is_selected.then_some(FoundFile { result: Ok(access), source, base })
    }

    /// Enters a directory; returns the error if that is not possible.
    fn enter(&mut self, path: PathBuf, id: Option<FileId>, links: OFlags) -> Option<FoundFile> {
        if self.options.max_depth.is_some_and(|max| self.stack.len() >= max) {
            return None;
        }
        match self.open(&path, links) {
            Ok((base, mut names)) => {
                names.sort_unstable_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
                self.stack.push(Directory { path, base, id, entries: names.into_iter() });
                None
            }
            Err(kind) => Some(failed(path, kind)),
        }
    }

    /// Opens a directory; returns the base of its entries' paths, and their names in any order.
    fn open(&mut self, path: &Path, links: OFlags) -> Result<(PathBase, Vec<Name>), ErrorKind> {
        let parent = self.stack.last().map_or(&PathBase::WorkingDirectory, |parent| &parent.base);
        let directory = parent.open(path, OFlags::DIRECTORY | links)?;
        let names = names(&directory).map_err(|error| ErrorKind::Io(error.into()))?;
        if self.max_open == 0 {
            self.max_open = max_directories();
        }
        let directory = Arc::new(directory);
        if self.stack.is_empty() && self.options.symlinks != Symlinks::Follow {
            let root = ConfinedDir::from_open(Arc::clone(&directory));
            self.root = PathBase::Confined(root, path.as_os_str().len());
        }
        let base = match self.open.load(Relaxed) < self.max_open {
            true => PathBase::Parent(Arc::new(OpenDirectory::new(directory, &self.open))),
            false => self.root.clone(),
        };
        Ok((base, names))
    }

    /// Returns the result for a directory's entry; `None` if it is entered or skipped silently.
    fn entry(&mut self, Name { name, kind, inode }: Name) -> Option<FoundFile> {
        let is_own = match kind {
            FileType::Directory => is_temporary_directory(name.as_bytes()),
            FileType::Symlink => false,
            _ => is_temporary(name.as_bytes()),
        };
        let path = self.stack.last()?.path.join(name);
        let below = path.strip_prefix(&self.stack.first()?.path).unwrap_or(&path);
        if self.options.filter.excludes(below) {
            return None;
        }
        if is_own {
            // Files that this run is writing are skipped silently.
            return match self.is_left_out(&path, inode) {
                true => None,
                false => Some(failed(path, ErrorKind::Temporary)),
            };
        }
        let is_selected = self.options.filter.selects(below);
        let (kind, links) = match (kind, self.options.symlinks) {
            (FileType::Symlink, Symlinks::Follow) => match fs::metadata(&path) {
                Ok(metadata) => (FileType::from_raw_mode(metadata.mode() as _), OFlags::empty()),
                Err(error) => return Some(failed(path, ErrorKind::Io(error))),
            },
            (FileType::Symlink, Symlinks::Skip) => return None,
            // An entry that is not a link now must not be one when it is opened.
            (kind, _) => (kind, OFlags::NOFOLLOW),
        };
        let is_directory = kind == FileType::Directory;
        if !is_directory && (!is_selected || self.is_left_out(&path, inode)) {
            return None;
        }
        if kind == FileType::Symlink {
            return Some(failed(path, ErrorKind::Special(SpecialFileType::Symlink)));
        }
        if path.as_os_str().len() >= PATH_MAX {
            return Some(failed(path, ErrorKind::Io(Errno::NAMETOOLONG.into())));
        }
        if is_directory {
            return self.subdirectory(path, links);
        }
        let access = match special_type(kind) {
            Some(special) => return Some(failed(path, ErrorKind::Special(special))),
            None if links.contains(OFlags::NOFOLLOW) => Access::Walked,
            None => Access::Listed,
        };
        let base = self.base();
        Some(FoundFile { source: path.into(), result: Ok(access), base })
    }

    /// Returns the base of paths in the current directory.
    fn base(&self) -> PathBase {
        self.stack.last().map_or(PathBase::WorkingDirectory, |directory| directory.base.clone())
    }

    fn subdirectory(&mut self, path: PathBuf, links: OFlags) -> Option<FoundFile> {
        if self.options.symlinks != Symlinks::Follow && !self.options.same_file_system {
            return self.enter(path, None, links);
        }
        let id = match self.base().stat(&path, links) {
            Ok(stat) => FileId::of_stat(&stat),
            Err(kind) => return Some(failed(path, kind)),
        };
        let root = self.stack.first().and_then(|root| root.id);
        if self.options.same_file_system && root.is_some_and(|root| root.device != id.device) {
            return None;
        }
        if self.stack.iter().any(|parent| parent.id == Some(id)) {
            return Some(failed(path, ErrorKind::Loop));
        }
        self.enter(path, Some(id), links)
    }

    fn is_left_out(&self, path: &Path, inode: u64) -> bool {
        // Directory entries contain the inode number; the device takes a system call.
        self.options.leave_out.iter().any(|file| file.inode == inode)
            && fs::symlink_metadata(path)
                .is_ok_and(|metadata| self.options.leave_out.contains(&FileId::of(&metadata)))
    }
}

fn failed(path: PathBuf, kind: ErrorKind) -> FoundFile {
    let result = Err(Error::new(&path, kind));
    FoundFile { result, source: path.into(), base: PathBase::WorkingDirectory }
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
                    // Removed since the directory was read.
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
    type Item = FoundFile;

    fn next(&mut self) -> Option<FoundFile> {
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
                    let source = self.sources.next()?;
                    self.start(source)
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
    use crate::engine::job::Job;
    use crate::engine::open_job::OpenJob;
    use std::os::unix::fs::symlink;

    /// Returns the names of the files that a walk of `tree` opens, with the errors of those that it
    /// cannot open; `swap` is called after the first.
    fn walk(options: &HashOptions, tree: &Path, swap: impl Fn()) -> Vec<(PathBuf, Option<String>)> {
        let mut walk = Walk::new(options, std::iter::once(tree.into()));
        let first = walk.next();
        swap();
        let all = first.into_iter().chain(walk);
        let opened = all.map(|found| {
            let path = found.source.name().strip_prefix(tree).unwrap().to_owned();
            let open = |access| {
                let job = Job::new(found.source.clone(), access, [].into());
                OpenJob::new(0, Job { base: found.base.clone(), ..job }).map(drop)
            };
            let error = found.result.and_then(open).err();
            (path, error.map(|error| error.kind().to_string()))
        });
        opened.collect()
    }

    /// Checks a depth at which directories stay open, and one at which they do not.
    #[test]
    fn entries_that_become_links_are_not_followed() {
        for deep in ["", &"d/".repeat(70)] {
            let directory = tempfile::tempdir().unwrap();
            let (tree, outside) = (directory.path().join("tree"), directory.path().join("outside"));
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
                fs::rename(below.join("sub"), directory.path().join("away")).unwrap();
                symlink(&outside, below.join("sub")).unwrap();
            };
            let changed = Some("Changed while reading".to_owned());
            let name = |name: &str| Path::new(deep).join(name);
            let expected =
                [(name("a"), None), (name("file"), changed.clone()), (name("sub"), changed)];
            assert_eq!(walk(&HashOptions::default(), &tree, swap), expected);
        }
    }

    #[test]
    fn links_are_followed_on_request() {
        let directory = tempfile::tempdir().unwrap();
        let (tree, outside) = (directory.path().join("tree"), directory.path().join("outside"));
        fs::create_dir_all(&outside).unwrap();
        fs::create_dir_all(&tree).unwrap();
        fs::write(outside.join("file"), "outside").unwrap();
        symlink(outside.join("file"), tree.join("a")).unwrap();
        symlink(&outside, tree.join("b")).unwrap();
        let options = HashOptions::default().symlinks(Symlinks::Follow);
        let expected = [("a".into(), None), ("b/file".into(), None)];
        assert_eq!(walk(&options, &tree, || {}), expected);
        assert_eq!(walk(&HashOptions::default(), &tree, || {}), []);
        // A link that is a source is followed.
        symlink(&tree, directory.path().join("named")).unwrap();
        assert_eq!(walk(&options, &directory.path().join("named"), || {}), expected);
    }
}
