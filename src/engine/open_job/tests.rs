use super::*;
use crate::algorithm::Algorithm;
use crate::engine::threads::Threads;
use crate::hasher::digest;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, content).unwrap();
    (directory, path)
}

fn open(path: &Path, cache: PageCache) -> Result<OpenJob, Error> {
    let job = Job::new(path.into(), Access::Walked, [].into());
    OpenJob::new(0, Job { cache, ..job })
}

/// Reads a file in both ways, and again if it must be read again.
fn read(mut opened: OpenJob) -> Result<Vec<u8>, ErrorKind> {
    loop {
        let mut tried = vec![0; 1 << 20];
        let tried = match opened.read_small(&mut tried)? {
            Cached::Bytes(length) => {
                opened.rewind()?;
                Some(tried[..length].to_vec())
            }
            Cached::No | Cached::Unknown => None,
        };
        let mut filled = vec![0; 1 << 20];
        let (length, end) = opened.fill(&mut filled, None)?;
        assert!(end);
        filled.truncate(length);
        if opened.end()? == End::Unchanged {
            assert!(tried.is_none_or(|tried| tried == filled));
            return Ok(filled);
        }
    }
}

#[test]
fn unchanged_files_are_read() {
    for length in [0, 1, 4096, 100_000] {
        let (_directory, path) = file(&vec![7; length]);
        assert_eq!(read(open(&path, PageCache::Keep).unwrap()).unwrap(), vec![7; length]);
    }
}

#[test]
fn open_files_stay_readable_when_their_names_are_removed_or_replaced() {
    let (directory, path) = file(b"old");
    let opened = [(); 2].map(|()| open(&path, PageCache::Keep).unwrap());
    let [removed, replaced] = opened;
    fs::write(directory.path().join("new"), "new").unwrap();
    fs::rename(directory.path().join("new"), &path).unwrap();
    assert_eq!(read(replaced).unwrap(), b"old");
    fs::remove_file(&path).unwrap();
    assert_eq!(read(removed).unwrap(), b"old");
    assert!(open(&path, PageCache::Keep).err().unwrap().is_not_found());
}

#[test]
fn files_that_became_links_are_changed() {
    let (directory, path) = file(b"inside");
    let link = directory.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let open = |access| OpenJob::new(0, Job::new((&link).into(), access, [].into()));
    assert!(matches!(open(Access::Walked).err().unwrap().kind(), ErrorKind::Changed));
    for access in [Access::Named, Access::Listed, Access::Plain] {
        assert_eq!(read(open(access).unwrap()).unwrap(), b"inside");
    }
}

#[test]
fn files_are_read_again_after_chmod() {
    use crate::engine::pipeline;
    use std::os::unix::fs::PermissionsExt;
    for length in [100, 300_000] {
        let (_directory, path) = file(&vec![1; length]);
        let job = Job::new((&path).into(), Access::Named, [Algorithm::Sha256.into()].into());
        let opened = OpenJob::new(0, job).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let progress = HashProgress::default();
        let hashed = pipeline::hash_opened(opened, Threads::ONE, Some(&progress)).unwrap();
        assert_eq!(hashed.size, length as u64);
        assert_eq!(hashed.digests, [digest(Algorithm::Sha256, &vec![1; length])]);
        assert_eq!(progress.bytes(), 2 * length as u64);
    }
}

#[test]
fn only_files_that_were_not_cached_are_dropped() {
    let (_directory, path) = file(&[1; 300_000]);
    let on_disk = fs::File::open(&path).unwrap();
    on_disk.sync_all().unwrap();
    let device = u64::MAX; // not known to lack support
    let cached = || match system::read_cached(on_disk.as_fd(), device, 0, &mut [0]) {
        Ok(Cached::Bytes(_)) => true,
        Ok(Cached::No | Cached::Unknown) | Err(_) => false,
    };
    let pass = |cache| {
        let mut opened = open(&path, cache).unwrap();
        opened.prepare();
        read(opened).unwrap();
    };
    if !cached() {
        return println!("skipped: the file system does not report what is cached");
    }
    pass(PageCache::Drop);
    assert!(cached(), "cached before");
    let drop_cached = || system::drop_cached(on_disk.as_fd(), 0, 300_000);
    drop_cached();
    pass(PageCache::Drop);
    if cached() {
        drop_cached();
        assert!(cached(), "not cached before");
        return println!("skipped: nothing can be dropped from this page cache");
    }
    pass(PageCache::Keep);
    assert!(cached());
}
