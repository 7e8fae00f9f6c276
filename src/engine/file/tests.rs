use super::*;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, content).unwrap();
    // Later changes get another change time.
    std::thread::sleep(Duration::from_millis(20));
    (directory, path)
}

fn write(path: &Path, content: &[u8]) {
    fs::File::options().write(true).open(path).unwrap().write_all(content).unwrap();
}

fn touch(path: &Path, time: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn read(file: &mut StableFile) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn unchanged_files_are_read() {
    for length in [0, 1, 100_000] {
        let (_directory, path) = file(&vec![7; length]);
        assert_eq!(read(&mut StableFile::open(&path).unwrap()).unwrap(), vec![7; length]);
    }
}

#[test]
fn every_change_is_detected() {
    let rewritten = |path: &Path| write(path, b"B");
    // As by `cp -p` and `touch -r`.
    let set_back = |path: &Path| {
        let time = fs::metadata(path).unwrap().modified().unwrap();
        write(path, b"B");
        touch(path, time);
    };
    let grown = |path: &Path| {
        fs::File::options().append(true).open(path).unwrap().write_all(b"B").unwrap();
    };
    let cut = |path: &Path| fs::File::options().write(true).open(path).unwrap().set_len(9).unwrap();
    let changes: [&dyn Fn(&Path); 4] = [&rewritten, &set_back, &grown, &cut];
    for (number, change) in changes.iter().enumerate() {
        let (_directory, path) = file(&[b'A'; 5000]);
        let mut file = StableFile::open(&path).unwrap();
        let mut piece = [0; 100];
        assert_eq!(file.read(&mut piece).unwrap(), 100);
        change(&path);
        let error = read(&mut file).expect_err(&format!("change {number}"));
        assert_eq!(error.to_string(), "Changed while reading", "change {number}");
    }
}

#[test]
fn a_new_change_time_alone_causes_one_more_read() {
    let (directory, path) = file(b"contents");
    let mut file = StableFile::open(&path).unwrap();
    let mut room = [0; 100];
    assert_eq!(file.read_piece(&mut room).unwrap(), 8);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(file.end().unwrap(), End::ReadAgain);
    assert_eq!(file.read_piece(&mut room).unwrap(), 8);
    assert_eq!(file.end().unwrap(), End::Unchanged);

    std::thread::sleep(Duration::from_millis(20));
    fs::hard_link(&path, directory.path().join("link")).unwrap();
    assert!(matches!(file.end(), Err(ErrorKind::Changed)));
}

#[test]
fn reading_a_growing_file_ends() {
    let (_directory, path) = file(&[1; 10]);
    let mut file = StableFile::open(&path).unwrap();
    let mut end = fs::File::options().append(true).open(&path).unwrap();
    let mut pieces = 0;
    while file.read_piece(&mut [0; 4]).is_ok() {
        end.write_all(&[1; 4]).unwrap();
        pieces += 1;
        assert!(pieces < 10, "read without end");
    }
}

#[test]
fn a_length_other_than_the_size_is_an_error() {
    let (_directory, path) = file(&[1; 10]);
    let mut file = StableFile::open(&path).unwrap();
    // As if the system had reported the end of the file.
    file.read_piece(&mut [0; 4]).unwrap();
    assert!(matches!(file.end(), Err(ErrorKind::Length { size: 10, read: 4 })));
    assert!(matches!(file.advance(7), Err(ErrorKind::Length { size: 10, read: 11 })));
}

#[test]
fn sizes_of_generated_files_are_ignored() {
    for path in [
        "/proc/version",
        "/proc/cpuinfo",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/power/state",
        "/sys/fs/cgroup/cgroup.procs",
    ] {
        let Ok(expected) = fs::read(path) else { continue };
        let read = read(&mut StableFile::open(path).unwrap());
        assert_eq!(read.unwrap_or_else(|error| panic!("{path}: {error}")), expected);
    }
}

#[test]
fn special_files_are_refused_without_blocking() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for (path, kind) in [
        (&*fifo, SpecialFileType::Fifo),
        (Path::new("/dev/zero"), SpecialFileType::CharacterDevice),
    ] {
        let error = StableFile::open(path).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Special(found) if *found == kind), "{error}");
    }
}

#[test]
fn changes_are_detected_from_the_middle_of_a_file() {
    use std::io::Seek;
    let (_directory, path) = file(b"0123456789");
    let mut open = fs::File::open(&path).unwrap();
    open.seek(io::SeekFrom::Start(6)).unwrap();
    let mut rest = StableFile::try_from(open.try_clone().unwrap()).unwrap();
    assert_eq!(read(&mut rest).unwrap(), b"6789");
    open.seek(io::SeekFrom::Start(6)).unwrap();
    let mut rest = StableFile::try_from(open).unwrap();
    write(&path, b"x");
    assert!(read(&mut rest).is_err());
}

#[test]
fn an_empty_file_that_grows_is_changed() {
    let (_directory, path) = file(b"");
    let mut file = StableFile::open(&path).unwrap();
    write(&path, &[b'A'; 5000]);
    assert!(matches!(file.read_piece(&mut [0; 100]), Err(ErrorKind::Changed)));
}
