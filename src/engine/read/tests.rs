use super::*;
use crate::algorithm::Algorithm;
use crate::engine::Threads;
use crate::hasher::digest;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn open(path: &Path, cache: Cache) -> Result<Opened, Error> {
    Opened::new(0, Job::new(path.into(), Access::Met, [].into()).cache(cache))
}

/// Reads its bytes in both ways, and a second time if it must be read again.
fn read(mut opened: Opened) -> Result<Vec<u8>, ErrorKind> {
    loop {
        let mut tried = vec![0; 1 << 20];
        let tried = match opened.try_small(&mut tried)? {
            Tried::Whole(length) => {
                opened.rewind()?;
                Some(tried[..length].to_vec())
            }
            Tried::Fetching | Tried::Unknown => None,
        };
        let mut filled = vec![0; 1 << 20];
        let (length, end) = opened.fill(&mut filled, None)?;
        assert!(end);
        filled.truncate(length);
        if opened.end()? == End::Whole {
            assert!(tried.is_none_or(|tried| tried == filled));
            return Ok(filled);
        }
    }
}

#[test]
fn what_does_not_change_is_read() {
    for length in [0, 1, 4096, 100_000] {
        let (_folder, path) = file(&vec![7; length]);
        assert_eq!(read(open(&path, Cache::Keep).unwrap()).unwrap(), vec![7; length]);
    }
}

#[test]
fn growth_truncation_and_rewriting_are_changes() {
    let later = SystemTime::now() + Duration::from_secs(5);
    let append = |path: &Path| {
        fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
    };
    let cut = |path: &Path| fs::File::options().write(true).open(path).unwrap().set_len(10);
    let touch = |path: &Path| {
        fs::File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
    };
    let changes: [&dyn Fn(&Path); 3] = [&append, &|path| cut(path).unwrap(), &touch];
    for change in changes {
        let (_folder, path) = file(&[1; 5000]);
        let opened = open(&path, Cache::Keep).unwrap();
        change(&path);
        assert!(matches!(read(opened), Err(ErrorKind::Changed)));
    }
}

/// What was opened is still there, whole, whatever happens to its name.
#[test]
fn a_name_may_disappear_or_be_given_to_another() {
    let (folder, path) = file(b"old");
    let opened = [(); 2].map(|()| open(&path, Cache::Keep).unwrap());
    let [removed, replaced] = opened;
    fs::write(folder.path().join("new"), "new").unwrap();
    fs::rename(folder.path().join("new"), &path).unwrap();
    assert_eq!(read(replaced).unwrap(), b"old");
    fs::remove_file(&path).unwrap();
    assert_eq!(read(removed).unwrap(), b"old");
    assert!(open(&path, Cache::Keep).err().unwrap().is_not_found());
}

/// A file or directory that a walk found is not followed if it is a link now.
#[test]
fn a_link_in_the_place_of_a_file_is_a_change() {
    let (folder, path) = file(b"inside");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let open = |access| Opened::new(0, Job::new((&link).into(), access, [].into()));
    assert!(matches!(open(Access::Met).err().unwrap().kind(), ErrorKind::Changed));
    for access in [Access::Named, Access::Listed, Access::Plain] {
        assert_eq!(read(open(access).unwrap()).unwrap(), b"inside");
    }
    let above = folder.path().join("above");
    std::os::unix::fs::symlink(folder.path(), &above).unwrap();
    let directory = |links| Place::Anywhere.open(&above, OFlags::DIRECTORY | links);
    assert!(matches!(directory(OFlags::NOFOLLOW), Err(ErrorKind::Changed)));
    assert!(directory(OFlags::empty()).is_ok());
}

/// After `chmod` the digest is that of a second reading, however the file is read.
#[test]
fn another_change_time_alone_costs_a_second_reading() {
    use crate::engine::{Progress, pipeline};
    use std::os::unix::fs::PermissionsExt;
    for length in [100, 300_000] {
        let (_folder, path) = file(&vec![1; length]);
        let job = Job::new((&path).into(), Access::Named, [Algorithm::Sha256.into()].into());
        let opened = Opened::new(0, job).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let progress = Progress::default();
        let hashed = pipeline::hash_opened(opened, Threads::ONE, Some(&progress)).unwrap();
        assert_eq!(hashed.size, length as u64);
        assert_eq!(hashed.digests, [digest(Algorithm::Sha256, &vec![1; length])]);
        assert_eq!(progress.bytes(), 2 * length as u64);
    }
}

#[test]
fn only_what_was_not_cached_is_dropped() {
    let (_folder, path) = file(&[1; 300_000]);
    let on_disk = fs::File::open(&path).unwrap();
    on_disk.sync_all().unwrap();
    let device = u64::MAX; // of which nothing is known
    let cached = || match system::read_cached(on_disk.as_fd(), device, 0, &mut [0]) {
        Ok(Cached::Bytes(_)) => true,
        Ok(Cached::No | Cached::Unknown) | Err(_) => false,
    };
    let pass = |cache| {
        let mut opened = open(&path, cache).unwrap();
        opened.expect_all();
        read(opened).unwrap();
    };
    if !cached() {
        return println!("skipped: no word on what is cached");
    }
    pass(Cache::Drop);
    assert!(cached(), "it was there before");
    let forget = || system::forget(on_disk.as_fd(), 0, 300_000);
    forget();
    pass(Cache::Drop);
    if cached() {
        forget();
        assert!(cached(), "it was not there before");
        return println!("skipped: a page cache that keeps everything");
    }
    pass(Cache::Keep);
    assert!(cached());
}
