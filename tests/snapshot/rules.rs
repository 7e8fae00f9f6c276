//! The rules by which an update reads files, keeps entries, and trusts journals.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::time::{Duration, UNIX_EPOCH};

use hsum::engine::Timestamp;
use hsum::snapshot::{
    self, AcceptRot, Existing, Record, RecordContent, RecordError, RecordFilter, RecordWriter,
    SEAL_ALGORITHM, SnapshotError, SnapshotErrorKind, SnapshotNotice, SnapshotOptions, TreeShare,
};
use hsum::{Algorithm, Key};

use crate::model::{Short, short};
use crate::tree::{Tree, set_time};

fn found(name: &str, what: &'static str, other: Option<&str>) -> Short {
    (name.into(), what, other.map(String::from))
}

fn percent(percent: f64) -> SnapshotOptions {
    SnapshotOptions::default().verify_oldest(TreeShare::percent(percent).unwrap())
}

#[test]
fn only_files_that_may_have_changed_are_read() {
    let mut tree = Tree::with(&["a", "b", "c", "d", "e"]);
    assert_eq!(tree.take(&SnapshotOptions::default()).read, 5);
    let before = fs::metadata(tree.record_path()).unwrap().ino();
    assert_eq!(tree.update(&SnapshotOptions::default()).read, 0);
    assert_eq!(fs::metadata(tree.record_path()).unwrap().ino(), before, "written for nothing");

    tree.write("a", "x"); // a new time
    tree.write("b", "longer");
    fs::copy(tree.path("c"), tree.path("c2")).unwrap();
    set_time(&tree.path("c2"), fs::metadata(tree.path("c")).unwrap().mtime() as u64);
    fs::rename(tree.path("c2"), tree.path("c")).unwrap(); // a new inode
    let report = tree.update(&SnapshotOptions::default());
    assert_eq!(report.read, 3);
    assert_eq!(short(&report.findings), [found("a", "CHANGED", None), found("b", "CHANGED", None)]);

    fs::copy(tree.path("d"), tree.path("d2")).unwrap();
    set_time(&tree.path("d2"), fs::metadata(tree.path("d")).unwrap().mtime() as u64);
    fs::rename(tree.path("d2"), tree.path("d")).unwrap();
    let ignoring = || SnapshotOptions::default().ignore_inodes(true).ignore_change_times(true);
    assert_eq!(tree.update(&ignoring()).read, 0);
    assert_eq!(tree.update(&ignoring().ignore_change_times(false)).read, 1);
}

/// Changes each entry of the record.
fn edit(tree: &Tree, change: impl Fn(&mut RecordContent<'_>)) {
    let record = tree.record();
    let mut writer =
        RecordWriter::new(Vec::new(), record.hash_function(), record.runs(), None).unwrap();
    for mut entry in record.entries() {
        change(&mut entry.content);
        writer.entry(&entry).unwrap();
    }
    tree.dir.write("record", writer.finish().unwrap());
}

#[test]
fn a_time_that_was_set_back_does_not_hide_a_change() {
    let tree = Tree::with(&["a", "b"]);
    tree.take(&SnapshotOptions::default());
    tree.rot("a", "A");
    let ignored = SnapshotOptions::default().ignore_change_times(true);
    assert_eq!(tree.update(&ignored).read, 0);
    let report = tree.update(&SnapshotOptions::default());
    assert_eq!((report.read, short(&report.findings)), (1, vec![found("a", "ROTTED", None)]));
    // A new change time alone is not a finding, but the file is read once.
    fs::hard_link(tree.path("b"), tree.dir.path("link")).unwrap();
    tree.rot("a", "a");
    let report = tree.update(&SnapshotOptions::default());
    assert_eq!((report.read, short(&report.findings)), (2, vec![]));
    assert_eq!(tree.update(&SnapshotOptions::default()).read, 0);
}

#[test]
fn a_record_without_change_times_is_read() {
    let mut tree = Tree::with(&["a", "b", "c"]);
    tree.take(&SnapshotOptions::default());
    edit(&tree, |content| {
        if let RecordContent::File { stamp, .. } = content {
            stamp.changed = None;
        }
    });
    // A record by an older program.
    let text = String::from_utf8(tree.dir.read("record")).unwrap();
    let body = text[..text.find("end\t").unwrap()].replace("snapshot 2", "snapshot 1");
    let old = format!("{body}end\t3\t{}\n", hsum::digest(Algorithm::Sha256, body.as_bytes()));
    tree.dir.write("record", &old);
    assert_eq!(short(&tree.audit()), []);
    assert_eq!(tree.update(&SnapshotOptions::default()).read, 0);
    assert_eq!(tree.dir.read("record"), old.as_bytes());
    tree.write("b", "changed");
    assert_eq!(tree.update(&SnapshotOptions::default()).read, 1);
    let record = tree.record();
    let known = record.entries().map(|entry| match entry.content {
        RecordContent::File { stamp, .. } => stamp.changed.is_some(),
        RecordContent::Link(_) => false,
    });
    assert_eq!(known.collect::<Vec<_>>(), [false, true, false]);
    assert_eq!(tree.update(&percent(100.0)).read, 3);
    assert_eq!(short(&tree.audit()), []);
    // Version 1 has no change times.
    let mixed = String::from_utf8(tree.dir.read("record")).unwrap();
    let body = mixed[..mixed.find("end\t").unwrap()].replace("snapshot 2", "snapshot 1");
    let mixed = format!("{body}end\t3\t{}\n", hsum::digest(Algorithm::Sha256, body.as_bytes()));
    let refusal = Record::parse(mixed.into_bytes(), None).map(drop);
    assert!(matches!(refusal, Err(RecordError::Line { .. })), "{refusal:?}");
}

#[test]
fn a_copy_that_truncates_times_does_not_hide_rot() {
    let tree = Tree::with(&["cut", "fat", "good"]);
    let precise = |seconds| UNIX_EPOCH + Duration::new(seconds, 123_456_789);
    let set = |name: &str, time| {
        let file = fs::File::options().write(true).open(tree.path(name)).unwrap();
        file.set_modified(time).unwrap();
    };
    ["cut", "fat", "good"].iter().for_each(|name| set(name, precise(1_000_000_001)));
    tree.take(&SnapshotOptions::default());
    let old = tree.record();
    let copy = |name: &str, contents: &str, seconds| {
        fs::remove_file(tree.path(name)).unwrap();
        fs::write(tree.path(name), contents).unwrap();
        set_time(&tree.path(name), seconds);
    };
    copy("cut", "cuT", 1_000_000_001);
    copy("fat", "faT", 1_000_000_000);
    copy("good", "good", 1_000_000_000);
    let rotted = [found("cut", "ROTTED", None), found("fat", "ROTTED", None)];
    assert_eq!(short(&tree.audit()), rotted);
    for _ in 0..2 {
        assert_eq!(short(&tree.update(&SnapshotOptions::default()).findings), rotted);
    }
    assert!(snapshot::diff(&old, &tree.record()).unwrap().is_empty());
}

#[test]
fn a_mostly_missing_tree_does_not_change_the_record() {
    let tree = Tree::with(&["a", "b", "c/d", "c/e"]);
    tree.take(&SnapshotOptions::default());
    let before = tree.dir.read("record");
    let update = |options: &SnapshotOptions| tree.try_update(options);
    let refused = |options: &SnapshotOptions| match update(options) {
        Err(SnapshotErrorKind::MostMissing { missing, recorded }) => {
            assert_eq!(tree.dir.read("record"), before);
            (missing, recorded)
        }
        result => panic!("{result:?}"),
    };
    // Not mounted.
    fs::rename(tree.root(), tree.dir.path("away")).unwrap();
    assert!(matches!(update(&SnapshotOptions::default()), Err(SnapshotErrorKind::File(_))));
    fs::write(tree.root(), "no directory").unwrap();
    assert!(matches!(update(&SnapshotOptions::default()), Err(SnapshotErrorKind::File(_))));
    fs::remove_file(tree.root()).unwrap();
    tree.dir.mkdir("tree");
    assert_eq!(refused(&SnapshotOptions::default()), (4, 4));
    assert_eq!(refused(&percent(100.0).accept_rot(AcceptRot::Everything)), (4, 4));
    assert_eq!(tree.dir.names(), ["away", "record", "tree"]);
    // Another tree is mounted.
    fs::write(tree.path("other"), "other").unwrap();
    assert_eq!(refused(&SnapshotOptions::default()), (4, 4));
    // Mostly missing; moved files are not missing.
    fs::copy(tree.dir.path("away/a"), tree.path("moved")).unwrap();
    assert_eq!(refused(&SnapshotOptions::default()), (3, 4));
    fs::create_dir(tree.path("c")).unwrap();
    fs::copy(tree.dir.path("away/c/d"), tree.path("c/d")).unwrap();
    let found = update(&SnapshotOptions::default()).unwrap().findings;
    assert_eq!(found.iter().filter(|f| f.change == snapshot::FileChange::Missing).count(), 2);

    fs::remove_dir_all(tree.root()).unwrap();
    tree.dir.mkdir("tree");
    let allowed = SnapshotOptions::default().allow_missing(true);
    assert_eq!(update(&allowed).unwrap().findings.len(), 3);
    assert_eq!(tree.record().count(), 0);
    assert_eq!(short(&tree.update(&SnapshotOptions::default()).findings), []);
}

#[test]
fn a_record_is_replaced_on_request_only() {
    let tree = Tree::with(&["a"]);
    tree.take(&SnapshotOptions::default());
    tree.rot("a", "A");
    let before = tree.dir.read("record");
    let take = |name: &str, options: &SnapshotOptions| {
        let target = tree.dir.path(name);
        snapshot::take(&tree.root(), &target, Algorithm::Sha256, options, |_| {})
            .map(drop)
            .map_err(SnapshotError::into_kind)
    };
    for contents in [&before[..], b"", b"something else"] {
        tree.dir.write("record", contents);
        let taken = take("record", &SnapshotOptions::default());
        assert!(matches!(taken, Err(SnapshotErrorKind::Exists)), "{taken:?}");
        assert_eq!(tree.dir.read("record"), contents);
        assert_eq!(tree.dir.names(), ["record", "tree"]);
    }
    tree.dir.fifo("fifo");
    tree.dir.mkdir("folder");
    for name in ["fifo", "folder", "/dev/null"] {
        let options = SnapshotOptions::default().existing(Existing::Replace);
        let taken = take(name, &options);
        assert!(matches!(taken, Err(SnapshotErrorKind::NotRegular)), "{name}: {taken:?}");
    }
    tree.take(&SnapshotOptions::default());
    assert_eq!(short(&tree.audit()), []);
}

#[test]
fn files_modified_just_before_they_were_read_are_read_again() {
    let mut tree = Tree::with(&["calm", "hot", "future"]);
    let time = |path| fs::metadata(path).unwrap().mtime();
    let read = Timestamp { seconds: time(tree.path("hot")) + 1, nanoseconds: 0 };
    set_time(&tree.path("calm"), read.seconds as u64 - 3);
    set_time(&tree.path("future"), read.seconds as u64 + 1000);
    tree.take(&SnapshotOptions::default().begun(read));
    // Within the same tick of a coarse clock, size, time and inode are the same.
    tree.rot("hot", "HOT");
    let later =
        SnapshotOptions::default().begun(Timestamp { seconds: read.seconds + 100, nanoseconds: 0 });
    assert_eq!(short(&tree.audit()), [found("hot", "CHANGED", None)]);
    let report = tree.update(&later);
    assert_eq!(report.read, 2, "hot and future");
    assert_eq!(short(&report.findings), [found("hot", "CHANGED", None)]);
    assert_eq!(tree.update(&later).read, 1, "future");
    // Long after the modification, the same change counts as rot.
    tree.rot("hot", "hot");
    assert_eq!(short(&tree.audit()), [found("hot", "ROTTED", None)]);
    tree.write("future", "past");
    let later = later.ignore_change_times(true);
    tree.update(&later);
    assert_eq!(tree.update(&later).read, 0);
}

#[test]
fn an_update_does_not_record_rot() {
    let tree = Tree::with(&["good", "rots"]);
    tree.take(&SnapshotOptions::default());
    tree.rot("rots", "rotS");
    let by_contents = SnapshotOptions::default().ignore_change_times(true);
    assert_eq!(tree.update(&by_contents).read, 0, "nothing shows it");
    let rotted = [found("rots", "ROTTED", None)];
    assert_eq!(short(&tree.update(&percent(100.0)).findings), rotted);
    // Each update reads it, and each audit finds it, until its contents are restored.
    for _ in 0..2 {
        let report = tree.update(&SnapshotOptions::default());
        assert_eq!((report.read, short(&report.findings)), (1, rotted.to_vec()));
        assert_eq!(short(&tree.audit()), rotted);
    }
    tree.rot("rots", "rots");
    assert_eq!(short(&tree.update(&SnapshotOptions::default()).findings), []);
    assert_eq!(tree.update(&SnapshotOptions::default()).read, 0);

    tree.rot("rots", "rotS");
    let accept = SnapshotOptions::default().accept_rot(AcceptRot::Everything);
    assert_eq!(short(&tree.update(&accept).findings), [found("rots", "ACCEPTED", None)]);
    assert_eq!(short(&tree.audit()), []);
    assert_eq!(tree.update(&SnapshotOptions::default()).read, 0);
}

#[test]
fn rot_is_accepted_by_name() {
    let tree = Tree::with(&["a", "b", "dir/c", "dir/d", "dir.e"]);
    tree.take(&SnapshotOptions::default());
    ["a", "b", "dir/c", "dir.e"].iter().for_each(|name| tree.rot(name, name.to_uppercase()));
    // Real rot alters nothing but the contents, so only an audit finds it.
    edit(&tree, |content| {
        if let RecordContent::File { stamp, .. } = content {
            stamp.changed = None;
        }
    });
    let accept = |names: &[&str]| {
        let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
        let options = SnapshotOptions::default().accept_rot(AcceptRot::Names(names));
        tree.try_update(&options)
    };
    let report = accept(&["a", "dir"]).unwrap();
    let accepted = [found("a", "ACCEPTED", None), found("dir/c", "ACCEPTED", None)];
    assert_eq!((report.read, short(&report.findings)), (3, accepted.to_vec()));
    let left = [found("b", "ROTTED", None), found("dir.e", "ROTTED", None)];
    assert_eq!(short(&tree.audit()), left);
    // Rot that is not named is not accepted.
    assert_eq!(short(&tree.update(&percent(100.0)).findings), left);
    let report = accept(&["b"]).unwrap();
    let mixed = [found("b", "ACCEPTED", None), found("dir.e", "ROTTED", None)];
    assert_eq!(short(&report.findings), mixed);
    for unknown in ["di", "dir/", "tree/a", "x"] {
        let result = accept(&["a", unknown]);
        assert!(
            matches!(result, Err(SnapshotErrorKind::NotRecorded { .. })),
            "{unknown}: {result:?}"
        );
    }
}

#[test]
fn the_files_read_longest_ago_are_verified_first() {
    let names: Vec<String> = (0..200).map(|i| format!("f{i:03}")).collect();
    let mut tree = Tree::new();
    for (i, name) in names.iter().enumerate() {
        tree.write(name, vec![b'x'; if i % 50 == 0 { 50_000 } else { i }]);
    }
    tree.take(&SnapshotOptions::default());
    let mut nights = Vec::new();
    let is_first_run_named = |tree: &Tree| tree.record().runs()[0].number == 1;
    while is_first_run_named(&tree) {
        nights.push(tree.update(&percent(5.0)).read);
        assert!(nights.len() <= 20, "{nights:?}");
    }
    // Each night reads whole files, so a little more than its share, and no file twice.
    assert!(nights.len() >= 15, "{nights:?}");
    let read = nights.iter().sum::<u64>();
    assert!((200..200 + nights[nights.len() - 1]).contains(&read), "{nights:?}");
    assert!(*nights.iter().max().unwrap() <= 15, "{nights:?}");
    assert_eq!(TreeShare::percent(0.0), None);
    assert_eq!(TreeShare::percent(100.1), None);
    assert_eq!(TreeShare::percent(f64::NAN), None);
}

#[test]
fn moves_of_all_kinds_are_found() {
    let mut tree = Tree::with(&["a", "b", "c", "dir/one", "dir/two", "log", "over", "put", "kept"]);
    tree.write("dir/__init__", "");
    tree.write("other/__init__", "");
    symlink("kept", tree.path("link")).unwrap();
    tree.take(&SnapshotOptions::default());
    let mv = |from: &str, to: &str| fs::rename(tree.path(from), tree.path(to)).unwrap();
    mv("c", "d"); // a chain: a → b → c → d
    mv("b", "c");
    mv("a", "b");
    mv("dir", "folder");
    mv("log", "log.1");
    mv("put", "over");
    mv("link", "symlink");
    fs::copy(tree.path("kept"), tree.path("copy")).unwrap();
    fs::copy(tree.path("log.1"), tree.path("log.2")).unwrap();
    tree.write("log", "a new log");
    tree.write("empty", "");
    let expected = [
        found("b", "MOVED", Some("a")),
        found("c", "MOVED", Some("b")),
        found("copy", "DUPLICATE", Some("kept")),
        found("d", "MOVED", Some("c")),
        found("empty", "NEW", None),
        found("folder/__init__", "MOVED", Some("dir/__init__")),
        found("folder/one", "MOVED", Some("dir/one")),
        found("folder/two", "MOVED", Some("dir/two")),
        found("log", "NEW", None),
        found("log.1", "MOVED", Some("log")),
        found("log.2", "DUPLICATE", Some("log.1")),
        found("over", "CHANGED", None),
        found("over", "MOVED", Some("put")),
        found("symlink", "MOVED", Some("link")),
    ];
    assert_eq!(short(&tree.audit()), expected);
    let old = tree.record();
    assert_eq!(short(&tree.update(&SnapshotOptions::default()).findings), expected);
    assert_eq!(short(&snapshot::diff(&old, &tree.record()).unwrap()), expected);
    assert_eq!(short(&tree.audit()), []);
}

#[test]
fn two_files_that_look_alike_can_be_swapped() {
    let mut tree = Tree::new();
    tree.write("a", "one");
    tree.write("b", "two");
    set_time(&tree.path("a"), 5);
    set_time(&tree.path("b"), 5);
    tree.take(&SnapshotOptions::default());
    fs::rename(tree.path("a"), tree.path("c")).unwrap();
    fs::rename(tree.path("b"), tree.path("a")).unwrap();
    fs::rename(tree.path("c"), tree.path("b")).unwrap();
    let swapped = [found("a", "MOVED", Some("b")), found("b", "MOVED", Some("a"))];
    assert_eq!(short(&tree.update(&SnapshotOptions::default()).findings), swapped);
    assert_eq!(short(&tree.audit()), []);
}

#[test]
fn only_files_and_links_are_recorded() {
    let mut tree = Tree::with(&["file"]);
    tree.dir.fifo("tree/fifo");
    tree.dir.mkdir("tree/empty");
    symlink("nowhere", tree.path("link")).unwrap();
    let mut notices = Vec::new();
    snapshot::take(
        &tree.root(),
        &tree.record_path(),
        Algorithm::Md5,
        &SnapshotOptions::default(),
        |notice| {
            notices.push(format!("{notice:?}"));
        },
    )
    .unwrap();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].starts_with("Skipped") && notices[0].contains("Fifo"), "{notices:?}");
    let names: Vec<_> = tree.record().entries().map(|entry| entry.name.to_vec()).collect();
    assert_eq!(names, [&b"file"[..], b"link"]);
    // A link replaces a file, and a file replaces a link.
    fs::remove_file(tree.path("link")).unwrap();
    tree.write("link", "file");
    fs::remove_file(tree.path("file")).unwrap();
    symlink("link", tree.path("file")).unwrap();
    let expected = [
        found("file", "NEW", None),
        found("link", "CHANGED", None),
        found("link", "MOVED", Some("file")),
    ];
    assert_eq!(short(&tree.audit()), expected);
    assert_eq!(short(&tree.update(&SnapshotOptions::default()).findings), expected);
}

#[test]
fn the_record_may_lie_in_the_tree() {
    let tree = Tree::with(&["a/one", "two"]);
    let target = tree.path("a/record");
    let options = SnapshotOptions::default();
    snapshot::take(&tree.root(), &target, Algorithm::Sha256, &options, |_| {}).unwrap();
    for _ in 0..2 {
        let record = Record::open(&target, None).unwrap();
        assert_eq!(record.count(), 2);
        let options = SnapshotOptions::default().exclude_record(&target);
        let report = snapshot::audit(&tree.root(), &record, &options, |_| {}).unwrap();
        assert_eq!(short(&report.findings), []);
        // The temporary file of a killed update is not part of the tree either.
        fs::write(tree.path("a/record.hsum-new"), "hsum-snap").unwrap();
        let options = SnapshotOptions::default().exclude_record(&target);
        let report = snapshot::audit(&tree.root(), &record, &options, |_| {}).unwrap();
        assert_eq!(short(&report.findings), []);
        let report = snapshot::update(&tree.root(), &target, &percent(100.0), |_| {}).unwrap();
        assert_eq!((report.read, short(&report.findings)), (2, vec![]));
        assert!(!tree.path("a/record.hsum-new").exists());
    }
}

#[test]
fn seals_are_required_and_kept() {
    let mut tree = Tree::with(&["a", "b"]);
    let key = |text: &str| {
        SnapshotOptions::default().key(Key::new(SEAL_ALGORITHM, text.as_bytes()).unwrap())
    };
    let update = |tree: &Tree, options: &SnapshotOptions| match tree.try_update(options) {
        Ok(report) => Ok(report.read),
        Err(SnapshotErrorKind::Rejected(cause)) => Err(cause),
        Err(error) => panic!("{error}"),
    };
    tree.take(&SnapshotOptions::default());
    assert_eq!(update(&tree, &key("k")), Err(RecordError::Unsealed));
    tree.take(&key("k"));
    let before = tree.dir.read("record");
    assert_eq!(update(&tree, &SnapshotOptions::default()), Err(RecordError::KeyNeeded));
    assert_eq!(update(&tree, &key("other")), Err(RecordError::WrongSeal));
    assert_eq!(tree.dir.read("record"), before);
    assert_eq!(tree.dir.names(), ["record", "tree"]);
    tree.write("a", "x");
    assert_eq!(update(&tree, &key("k")), Ok(1));
    assert_eq!(update(&tree, &key("k")), Ok(0));
    assert_eq!(update(&tree, &key("other")), Err(RecordError::WrongSeal));
}

#[test]
fn foreign_journals_are_ignored() {
    let mut tree = Tree::with(&["a", "b"]);
    let key = SnapshotOptions::default().key(Key::new(SEAL_ALGORITHM, b"k").unwrap());
    tree.take(&key);
    let other = "not a journal";
    tree.dir.write("record.hsum-journal", other);
    let path = tree.record_path();
    let result = tree.try_update(&key);
    assert!(matches!(result, Err(SnapshotErrorKind::NotAJournal)), "{result:?}");
    assert_eq!(tree.dir.read("record.hsum-journal"), other.as_bytes());
    // Empty, incomplete or damaged journals: the files are read again.
    tree.write("a", "x");
    for journal in ["", "hsum-journal 1\n", "hsum-journal 1\nbase\t", "\0\0\0"] {
        tree.dir.write("record.hsum-journal", journal);
        let mut resumed = 0;
        tree.write("a", format!("x{}", journal.len()));
        let report = snapshot::update(&tree.root(), &path, &key, |notice| {
            resumed += u64::from(matches!(notice, SnapshotNotice::Resumed(_)));
        });
        assert_eq!((report.unwrap().read, resumed), (1, 0), "{journal:?}");
    }
    assert_eq!(tree.dir.names(), ["record", "tree"]);
}

#[test]
fn a_second_update_fails_while_the_first_one_runs() {
    let tree = Tree::with(&["a"]);
    tree.take(&SnapshotOptions::default());
    tree.dir.write("record.hsum-journal", "");
    let journal = fs::File::open(tree.dir.path("record.hsum-journal")).unwrap();
    rustix::fs::flock(&journal, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let result = tree.try_update(&SnapshotOptions::default());
    assert!(matches!(result, Err(SnapshotErrorKind::Busy)), "{result:?}");
    drop(journal);
    tree.update(&SnapshotOptions::default());
}

#[test]
fn the_record_does_not_depend_on_the_number_of_threads() {
    let names: Vec<String> = (0..300).map(|i| format!("{}/{i}", i % 7)).collect();
    let tree = Tree::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let begun = Timestamp { seconds: 1_600_000_000, nanoseconds: 0 };
    let take = |threads: usize| {
        let options = SnapshotOptions::default().begun(begun).threads(threads.try_into().unwrap());
        tree.take(&options);
        tree.dir.read("record")
    };
    let one = take(1);
    assert_eq!(take(2), one);
    assert_eq!(take(13), one);
}

fn filtered(include: &[&str], exclude: &[&str]) -> SnapshotOptions {
    SnapshotOptions::default().filter(RecordFilter::new(include, exclude).unwrap())
}

fn names(tree: &Tree) -> Vec<String> {
    let record = tree.record();
    record.entries().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
}

#[test]
fn a_record_remembers_its_filter() {
    let mut tree = Tree::with(&["a.jpg", "b.tmp", "cache/c.jpg", "d/cache/e.jpg", "d/f.txt"]);
    symlink("a.jpg", tree.path("link.tmp")).unwrap();
    let whole = SnapshotOptions::default();
    tree.take(&filtered(&[], &["*.tmp", "cache/"]));
    assert_eq!(names(&tree), ["a.jpg", "d/f.txt"]);
    assert_eq!(tree.audit(), []);
    let before = fs::read(tree.record_path()).unwrap();
    let report = tree.update(&whole);
    assert_eq!((report.read, report.excluded, report.findings.len()), (0, 0, 0));
    assert_eq!(fs::read(tree.record_path()).unwrap(), before);

    // Changes of excluded files are not reported.
    fs::remove_file(tree.path("b.tmp")).unwrap();
    tree.write("new.tmp", "new");
    tree.write("new.jpg", "new");
    assert_eq!(short(&tree.audit()), [found("new.jpg", "NEW", None)]);
    assert_eq!(short(&tree.update(&whole).findings), [found("new.jpg", "NEW", None)]);
    assert_eq!(names(&tree), ["a.jpg", "d/f.txt", "new.jpg"]);
}

#[test]
fn an_update_changes_the_filter() {
    let mut tree = Tree::with(&["a.jpg", "b.tmp", "cache/c.jpg", "d.jpg", "e.jpg"]);
    tree.take(&SnapshotOptions::default());
    let plain = fs::read_to_string(tree.record_path()).unwrap();
    assert!(plain.starts_with("hsum-snapshot 2\n"));

    // Most files leave the record, which is not taken for a tree that is not mounted.
    let report = tree.update(&filtered(&["*.jpg"], &["cache", "e.*"]));
    assert_eq!((report.read, report.excluded, report.findings.len()), (0, 3, 0));
    assert_eq!(names(&tree), ["a.jpg", "d.jpg"]);
    let record = tree.record();
    assert_eq!(record.filter().include(), ["*.jpg"]);
    assert_eq!(record.filter().exclude(), ["cache", "e.*"]);

    // A copy of an excluded file is new, not a duplicate.
    tree.write("copy.jpg", "b.tmp");
    let report = tree.update(&SnapshotOptions::default());
    assert_eq!(short(&report.findings), [found("copy.jpg", "NEW", None)]);
    fs::remove_file(tree.path("copy.jpg")).unwrap();
    tree.update(&SnapshotOptions::default());

    let report = tree.update(&filtered(&["*"], &[]));
    let new = ["b.tmp", "cache/c.jpg", "e.jpg"].map(|name| found(name, "NEW", None));
    assert_eq!(short(&report.findings), new);
    assert!(fs::read_to_string(tree.record_path()).unwrap().starts_with("hsum-snapshot 2\n"));

    // The contents of an excluded file are not those of its copy.
    tree.write("copy.jpg", "b.tmp");
    let report = tree.update(&filtered(&[], &["*.tmp"]));
    assert_eq!(
        (short(&report.findings), report.excluded),
        (vec![found("copy.jpg", "NEW", None)], 1)
    );
}

#[test]
fn an_audit_can_be_restricted() {
    let mut tree = Tree::with(&["a/1", "a/2", "b/3", "b/4", "c.tmp"]);
    tree.take(&filtered(&[], &["*.tmp"]));
    fs::remove_file(tree.path("a/1")).unwrap();
    fs::remove_file(tree.path("b/3")).unwrap();
    tree.write("a/new", "new");
    tree.write("b/new", "new2");
    let audit = |options: &SnapshotOptions| {
        snapshot::audit(&tree.root(), &tree.record(), options, |_| {}).unwrap()
    };
    let report = audit(&filtered(&["a/**"], &[]));
    assert_eq!(report.read, 2);
    let expected = [found("a/1", "MISSING", None), found("a/new", "NEW", None)];
    assert_eq!(short(&report.findings), expected);
    let report = audit(&filtered(&[], &["a", "new"]));
    assert_eq!(short(&report.findings), [found("b/3", "MISSING", None)]);
    // What the record excludes stays excluded.
    assert_eq!(audit(&filtered(&["*.tmp"], &[])).findings, []);
}

#[test]
fn records_are_compared_where_both_filters_select() {
    let tree = Tree::with(&["a.jpg", "b.tmp", "c.txt"]);
    tree.take(&filtered(&[], &["*.tmp"]));
    let old = tree.record();
    tree.take(&filtered(&["*.jpg", "*.tmp"], &[]));
    let new = tree.record();
    assert_eq!(snapshot::diff(&old, &new), Some(vec![]));
    assert_eq!(snapshot::diff(&new, &old), Some(vec![]));
    tree.take(&SnapshotOptions::default());
    assert_eq!(snapshot::diff(&old, &tree.record()), Some(vec![]));
}
