//! The output and exit status of `hsum snapshot`, `audit`, `update` and `diff`.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use hsum::snapshot::Record;

use crate::support::{Dir, Ran, name, sha256};
use crate::tree::Tree;

const DIFFERENCES: i32 = 1;
const USAGE: i32 = 2;
const ROT: i32 = 3;
const REFUSED: i32 = 4;
const UNDONE: i32 = 5;

const ROTTED: &str = "hsum: WARNING: 1 file ROTTED: contents changed, size and time did not\n  \
                      restore from a backup, or accept with 'hsum update --accept'\n";

/// Fails unless the output is these lines and a summary that begins with these counts.
#[track_caller]
fn ends_with_summary(ran: &Ran, code: i32, lines: &str, verb: &str, counts: &str) {
    let shown = ran.exits(code);
    let start = format!("{lines}{{\"type\":\"summary\",\"schema\":1,\"verb\":\"{verb}\",{counts}");
    assert!(shown.starts_with(&start), "{shown}");
    assert!(shown.ends_with(&format!(",\"exit\":{code}}}\n")), "{shown}");
    assert_eq!(shown.lines().count(), lines.lines().count() + 1);
}

fn recorded(names: &[&str]) -> Tree {
    let tree = Tree::with(names);
    tree.dir.words("snapshot tree -o record").prints("");
    tree
}

#[test]
fn unchanged_trees_print_nothing() {
    let tree = recorded(&["a", "b c"]);
    tree.dir.words("audit tree record").prints("");
    tree.dir.words("audit tree/ record").prints("");
    let verbose = tree.dir.words("audit -v tree record").run();
    verbose.is_in(0, b"a: OK\n'b c': OK\n", "audited 2 files, 4 bytes in 0.");
    assert!(verbose.stderr.ends_with(" s: no changes\n"), "{}", verbose.stderr);
    tree.dir.words("update tree record").prints("");
    tree.dir.words("diff record record").prints("");
    let lines = r#"{"type":"file","path":"a","status":"OK"}
{"type":"file","path":"b c","status":"OK"}
"#;
    let ran = tree.dir.words("audit --json -v tree record").run();
    ends_with_summary(&ran, 0, lines, "audit", r#""files":2,"read":2,"ok":2,"#);
}

#[test]
fn each_finding_has_its_line() {
    let mut tree = recorded(&["gone", "kept", "moves", "rots", "written"]);
    fs::copy(tree.dir.path("record"), tree.dir.path("old")).unwrap();
    fs::remove_file(tree.path("gone")).unwrap();
    fs::rename(tree.path("moves"), tree.path("it's moved")).unwrap();
    fs::copy(tree.path("kept"), tree.path("copy")).unwrap();
    tree.write("written", "again");
    tree.write("new", "new");
    let lines = "copy: DUPLICATE of kept\ngone: MISSING\n\"it's moved\": MOVED from moves\n\
                 new: NEW\nwritten: CHANGED\n";
    tree.dir.words("audit tree record").gives(DIFFERENCES, lines, "");
    tree.rot("rots", "ROTS");
    let rotten = lines.replace("written", "rots: ROTTED\nwritten");
    let warning = ROTTED;
    tree.dir.words("audit tree record").gives(ROT, &rotten, warning);

    let [kept, gone, moves, new] = ["kept", "gone", "moves", "new"].map(sha256);
    let [rots, worse, written, again] = ["rots", "ROTS", "written", "again"].map(sha256);
    let json = format!(
        r#"{{"type":"file","path":"copy","status":"DUPLICATE","of":"kept","is":"{kept}"}}
{{"type":"file","path":"gone","status":"MISSING","was":"{gone}"}}
{{"type":"file","path":"it's moved","status":"MOVED","from":"moves","is":"{moves}"}}
{{"type":"file","path":"new","status":"NEW","is":"{new}"}}
{{"type":"file","path":"rots","status":"ROTTED","was":"{rots}","is":"{worse}"}}
{{"type":"file","path":"written","status":"CHANGED","was":"{written}","is":"{again}"}}
"#
    );
    let ran = tree.dir.words("audit --json tree record").run();
    let counts = r#""files":6,"read":6,"ok":1,"rotted":1,"missing":1,"changed":1,"accepted":0,"moved":1,"duplicate":1,"new":1,"failed":0,"skipped":0,"bytes":25"#;
    ends_with_summary(&ran, ROT, &json, "audit", counts);
    assert_eq!(ran.stderr, warning);

    tree.rot("rots", "rots");
    tree.dir.words("update tree record").gives(DIFFERENCES, lines, "");
    tree.dir.words("diff old record").gives(DIFFERENCES, lines, "");
    tree.rot("rots", "ROTS");
    let rot = "rots: ROTTED\n";
    tree.dir.words("update --verify-oldest 100% tree record").gives(ROT, rot, warning);
    tree.dir.words("update tree record").gives(ROT, rot, warning);
    tree.dir.words("update --accept tree record").prints("rots: ACCEPTED\n");
    tree.dir.words("audit tree record").prints("");
    let warning = warning.replace(", or accept with 'hsum update --accept'", "");
    tree.dir.words("diff old record").gives(ROT, rotten, &warning);
}

#[test]
fn names_of_any_bytes_are_printed_and_recorded() {
    let dir = Dir::new();
    dir.mkdir("tree");
    let odd = [&b"\xff\xfe"[..], b"\x1b[31m", b"a\nb", "\u{202e}x".as_bytes()];
    for bytes in odd {
        fs::write(dir.path("tree").join(name(bytes)), bytes).unwrap();
    }
    dir.words("snapshot tree -o record").prints("");
    let record = dir.read("record");
    assert!(record.iter().all(|byte| *byte >= b' ' || b"\t\n".contains(byte)));
    dir.words("audit tree record").prints("");
    for bytes in odd {
        let path = dir.path("tree").join(name(bytes));
        assert_eq!(path.file_name().unwrap().as_bytes(), bytes);
        fs::remove_file(path).unwrap();
    }
    let lines = "''$'\\033''[31m': MISSING\n'a'$'\\n''b': MISSING\n''$'\\342\\200\\256''x': MISSING\n\
                 ''$'\\377\\376': MISSING\n";
    dir.words("audit tree record").gives(DIFFERENCES, lines, "");
    let json = dir.words("audit --json tree record").run().exits(DIFFERENCES);
    assert!(
        json.contains(r#""path":"a\nb""#) && json.contains(r#""path_base64":"//4=""#),
        "{json}"
    );
}

#[test]
fn damaged_and_incomplete_records_are_rejected() {
    let tree = recorded(&["a"]);
    let whole = tree.dir.read("record");
    tree.dir.write("record", &whole[..whole.len() - 1]);
    let cut = "hsum: record: incomplete: the end of the record is missing\n";
    for verb in ["audit tree record", "update tree record", "diff record record"] {
        tree.dir.words(verb).gives(REFUSED, "", cut);
    }
    let digit = whole.windows(7).position(|w| w == b"sha256\n").unwrap() + 60;
    let mut damaged = whole.clone();
    damaged[digit] ^= 1;
    tree.dir.write("record", damaged);
    let damaged = "hsum: record: damaged: the record does not match its own digest\n";
    tree.dir.words("audit tree record").gives(REFUSED, "", damaged);
    tree.dir.write("record", "d41d8cd98f00b204e9800998ecf8427e  a\n");
    tree.dir.words("audit tree record").gives(REFUSED, "", "hsum: record: not a snapshot record\n");
    tree.dir.words("snapshot tree -o record --force").prints("");
    tree.dir.words("audit tree record").prints("");
}

#[test]
fn sealed_records_need_the_key() {
    let mut tree = recorded(&["a"]);
    let with = |words: &str, key: &str| tree.dir.words(words).env("KEY", key);
    let unsealed = "hsum: record: not sealed, but a key was given\n";
    with("audit tree record --key env:KEY", "k").gives(REFUSED, "", unsealed);
    with("snapshot tree -fo record --key env:KEY", "k").prints("");
    with("audit tree record --key env:KEY", "k").prints("");
    with("update tree record --key env:KEY", "k").prints("");
    with("diff record record --key env:KEY", "k").prints("");
    let wrong = "hsum: record: wrong seal: the key is wrong, or the record was changed\n";
    for verb in ["audit tree record", "update tree record", "diff record record"] {
        let words = format!("{verb} --key env:KEY");
        with(&words, "K").gives(REFUSED, "", wrong);
    }
    let unchecked = "hsum: warning: record: the seal was not checked; use --key to check it\n";
    tree.dir.words("audit tree record").gives(0, "", unchecked);
    let needed = "hsum: record: sealed: an update needs the key\n";
    tree.dir.words("update tree record").gives(REFUSED, "", needed);
    let unset = "hsum: environment variable KEY is not set\n";
    tree.dir.words("audit tree record --key env:KEY").gives(USAGE, "", unset);
    let empty = "hsum: environment variable KEY: the key is empty\n";
    for verb in ["audit tree record", "update tree record", "snapshot tree -o new"] {
        with(&format!("{verb} --key env:KEY"), "").gives(USAGE, "", empty);
    }
    let ran = tree.dir.words("audit tree record --key secret").run();
    ran.is_in(USAGE, b"", "invalid --key (expected env:NAME");
    assert!(!ran.stderr.contains("secret"));
    // An attacker without the key writes a record of the changed tree.
    tree.write("a", "evil");
    tree.dir.words("snapshot tree -fo record").prints("");
    let with = |words: &str, key: &str| tree.dir.words(words).env("KEY", key);
    with("audit tree record --key env:KEY", "k").gives(REFUSED, "", unsealed);
}

#[test]
fn errors_name_the_file() {
    let tree = recorded(&["a"]);
    let dir = &tree.dir;
    dir.words("audit nowhere record").gives(
        UNDONE,
        "",
        "hsum: nowhere: No such file or directory\n",
    );
    let make = "hsum: nowhere: No such file or directory; make the record first: hsum snapshot tree \
                -o nowhere\n";
    dir.words("audit tree nowhere").gives(UNDONE, "", make);
    dir.words("update tree nowhere").gives(UNDONE, "", make);
    dir.words("snapshot record -o x").run().is_in(UNDONE, b"", "hsum: record: ");
    dir.words("snapshot tree -o no/where").run().is_in(
        UNDONE,
        b"",
        "hsum: no/where.hsum-journal: ",
    );
    dir.words("snapshot tree").refuses("--output");
    dir.words("audit tree").refuses("RECORD");
    for share in ["0", "101", "x", "-1"] {
        let words = format!("update --verify-oldest={share} tree record");
        dir.words(&words).refuses("expected more than 0%, and at most 100%");
    }
    dir.words("snapshot tree -o other -a md5").prints("");
    dir.words("diff record other").refuses("different algorithms: sha256, md5");
    assert_eq!(dir.names(), ["other", "record", "tree"]);
}

#[test]
fn unreadable_files_stay_recorded_and_are_not_missing() {
    let mut tree = Tree::with(&["a", "closed/b", "closed/c", "d", "secret"]);
    tree.dir.mkdir("all");
    tree.dir.chmod("all", 0o777);
    tree.dir.words("snapshot tree -o all/record").prints("");
    tree.dir.chmod("all/record", 0o666);
    tree.dir.chmod("tree/closed", 0);
    tree.write("d", "changed");
    tree.write("secret", "changed");
    tree.dir.chmod("tree/secret", 0);
    let errors = "hsum: tree/closed: Permission denied\nhsum: tree/secret: Permission denied\n\
                  hsum: WARNING: 2 files or directories could not be read\n";
    for (verb, found) in [("audit", "d: CHANGED\n"), ("update", "d: CHANGED\n"), ("update", "")] {
        let Some(call) = tree.dir.powerless(&[verb, "tree", "all/record"]) else { break };
        call.gives(UNDONE, found, errors);
    }
    tree.dir.chmod("tree/closed", 0o755);
    tree.dir.chmod("tree/secret", 0o644);
    let ran = tree.dir.words("update tree all/record").run();
    assert!(ran.exits(DIFFERENCES).ends_with("secret: CHANGED\n"));
    assert_eq!(Record::open(&tree.dir.path("all/record"), None).unwrap().count(), 5);
}

#[test]
fn excluded_files_of_an_unreadable_directory_leave_the_record() {
    let tree = Tree::with(&["closed/a.jpg", "closed/b.tmp", "d.tmp"]);
    tree.dir.mkdir("all");
    tree.dir.chmod("all", 0o777);
    tree.dir.words("snapshot tree -o all/record").prints("");
    tree.dir.chmod("all/record", 0o666);
    tree.dir.chmod("tree/closed", 0);
    let update = ["update", "tree", "all/record", "--exclude", "*.tmp"];
    let Some(call) = tree.dir.powerless(&update) else { return };
    let errors = "hsum: tree/closed: Permission denied\n\
                  hsum: 2 recorded files excluded: removed from the record\n\
                  hsum: WARNING: 1 file or directory could not be read\n";
    call.gives(UNDONE, "", errors);
    tree.dir.chmod("tree/closed", 0o755);
    // An audit would report them as missing.
    tree.dir.words("audit -v tree all/record").run().is_in(0, b"closed/a.jpg: OK\n", "no changes");
}

#[test]
fn a_record_is_not_replaced_by_one_that_lacks_files() {
    let tree = Tree::with(&["a", "b", "closed/c"]);
    tree.dir.mkdir("all");
    tree.dir.chmod("all", 0o777);
    tree.dir.words("snapshot tree -o all/record").prints("");
    tree.dir.chmod("all/record", 0o666);
    let before = tree.dir.read("all/record");
    tree.dir.chmod("tree/closed", 0);
    let closed = "hsum: tree/closed: Permission denied\n";
    let kept = "hsum: all/record: not replaced: 1 file or directory could not be read; use 'hsum \
                update' to keep their entries, or remove the record first\n";
    let warning = "hsum: WARNING: 1 file or directory could not be read\n";
    let snapshot = ["snapshot", "tree", "-o", "all/record", "--force"];
    let Some(call) = tree.dir.powerless(&snapshot) else {
        return tree.dir.chmod("tree/closed", 0o755);
    };
    call.gives(UNDONE, "", &format!("{closed}{kept}"));
    assert_eq!(tree.dir.read("all/record"), before);
    // A new record contains the files that could be read.
    fs::remove_file(tree.dir.path("all/record")).unwrap();
    let call = tree.dir.powerless(&snapshot).expect("again");
    call.gives(UNDONE, "", &format!("{closed}{warning}"));
    assert_eq!(Record::open(&tree.dir.path("all/record"), None).unwrap().count(), 2);
    // A file that could not be read is not reported as free of rot.
    fs::write(tree.dir.path("all/record"), before).unwrap();
    let nothing = "hsum: 0 files accepted: no file that was read has rotted\n";
    let call = tree.dir.powerless(&["update", "tree", "all/record", "--accept"]).expect("again");
    call.gives(UNDONE, "", &format!("{closed}{warning}{nothing}"));
    let nothing = "hsum: closed: not accepted: it has not rotted, or was not read\n";
    let words = ["update", "tree", "all/record", "--accept", "closed"];
    let call = tree.dir.powerless(&words).expect("again");
    call.gives(UNDONE, "", &format!("{closed}{warning}{nothing}"));
    tree.dir.chmod("tree/closed", 0o755);
    tree.dir.hsum(snapshot).prints("");
}

#[test]
fn a_private_record_stays_private() {
    let mut tree = recorded(&["a"]);
    tree.dir.chmod("record", 0o600);
    tree.write("a", "x");
    tree.dir.words("update tree record").gives(DIFFERENCES, "a: CHANGED\n", "");
    assert_eq!(tree.dir.mode("record"), 0o600);
    // The record is replaced, not the link to it.
    tree.dir.link("record", "link");
    tree.write("a", "y");
    tree.dir.words("update tree link").gives(DIFFERENCES, "a: CHANGED\n", "");
    assert!(fs::symlink_metadata(tree.dir.path("link")).unwrap().is_symlink());
    tree.dir.words("audit tree record").prints("");
}

#[test]
fn an_existing_record_is_not_overwritten() {
    let tree = recorded(&["a"]);
    let before = tree.dir.read("record");
    tree.rot("a", "A");
    let exists = "hsum: record: already exists; use 'hsum audit' to compare the tree with it, \
                  'hsum update' to bring it up to date, or --force to replace it\n";
    tree.dir.words("snapshot tree -o record").gives(UNDONE, "", exists);
    assert_eq!(tree.dir.read("record"), before);
    assert!(tree.dir.words("audit tree record").run().exits(ROT).contains("a: ROTTED"));
    tree.dir.words("snapshot tree -o record --force").prints("");
    tree.dir.words("audit tree record").prints("");
    tree.dir.write("notes", "not a record");
    tree.dir.words("snapshot tree -o notes").run().is_in(UNDONE, b"", "notes: already exists");
    assert_eq!(tree.dir.read("notes"), b"not a record");
}

#[test]
fn a_tree_that_is_not_mounted_leaves_the_record() {
    let tree = recorded(&["a", "b", "c"]);
    let before = tree.dir.read("record");
    fs::rename(tree.root(), tree.dir.path("away")).unwrap();
    tree.dir.mkdir("tree");
    let refused = "hsum: record: not updated: 3 of 3 recorded files are missing; check that the tree \
                   is mounted, or use --allow-missing to remove them from the record\n";
    for _ in 0..2 {
        tree.dir.words("update tree record --fail-on none").gives(UNDONE, "", refused);
        assert_eq!(tree.dir.read("record"), before);
    }
    let lines = "a: MISSING\nb: MISSING\nc: MISSING\n";
    tree.dir.words("audit tree record").gives(DIFFERENCES, lines, "");
    // Another tree is mounted.
    tree.dir.write("tree/d", "d");
    tree.dir.words("update tree record").gives(UNDONE, "", refused);
    assert_eq!(tree.dir.read("record"), before);
    fs::remove_file(tree.path("d")).unwrap();
    tree.dir.words("update tree record --allow-missing").gives(DIFFERENCES, lines, "");
    tree.dir.words("update tree record").prints("");
}

#[test]
fn fail_on_selects_the_findings_that_fail() {
    let mut tree = recorded(&["changes", "gone", "kept", "kept too", "rots"]);
    tree.write("changes", "again");
    fs::remove_file(tree.path("gone")).unwrap();
    let lines = "changes: CHANGED\ngone: MISSING\n";
    let old = tree.dir.read("record");
    for (verb, fail_on, status) in [
        ("audit", "any", DIFFERENCES),
        ("audit", "missing", DIFFERENCES),
        ("audit", "new,moved", 0),
        ("audit", "none", 0),
        ("update", "missing,changed", DIFFERENCES),
        ("update", "changed", DIFFERENCES),
        ("update", "rotted", 0),
        ("update", "none", 0),
    ] {
        tree.dir.write("record", &old);
        let words = format!("{verb} tree record --fail-on {fail_on}");
        tree.dir.words(&words).gives(status, lines, "");
    }
    tree.write("changes", "once more");
    tree.dir.words("update tree record").gives(DIFFERENCES, "changes: CHANGED\n", "");
    tree.rot("rots", "ROTS");
    let warning = ROTTED;
    for (fail_on, status) in [("missing", 0), ("rotted,new", ROT), ("any", ROT), ("none", 0)] {
        let words = format!("update tree record --fail-on {fail_on}");
        tree.dir.words(&words).gives(status, "rots: ROTTED\n", warning);
    }
    tree.dir.words("audit tree record --fail-on rot").refuses("expected changed, rotted");
}

#[test]
fn after_an_audit_rot_can_be_accepted() {
    let tree = recorded(&["f1", "f2", "good"]);
    ["f1", "f2"].iter().for_each(|name| tree.rot(name, name.to_uppercase()));
    let warning = ROTTED.replace("1 file", "2 files");
    tree.dir.words("audit tree record").gives(ROT, "f1: ROTTED\nf2: ROTTED\n", &warning);
    let warning = ROTTED;
    let lines = "f1: ACCEPTED\nf2: ROTTED\n";
    tree.dir.words("update tree record --accept ./f1").gives(ROT, lines, warning);
    let json = format!(
        "{{\"type\":\"file\",\"path\":\"f2\",\"status\":\"ACCEPTED\",\"was\":\"{}\",\"is\":\"{}\"}}\n",
        sha256("f2"),
        sha256("F2")
    );
    let ran = tree.dir.words("update tree record --accept --json").run();
    ends_with_summary(&ran, 0, &json, "update", r#""files":3,"read":3,"rotted":0,"#);
    tree.dir.words("audit tree record").prints("");
    let nothing = "hsum: 0 files accepted: no file has rotted\n";
    tree.dir.words("update tree record --accept").gives(0, "", nothing);
    tree.dir.words("update tree record --accept .").gives(0, "", nothing);
    let nothing = "hsum: good: not accepted: it has not rotted\n";
    tree.dir.words("update tree record --accept good").gives(0, "", nothing);
    let unknown = "hsum: record: 'tree/f1' is not in the record (expected a name below the tree, as \
                   audit prints it)\n";
    tree.dir.words("update tree record --accept tree/f1").gives(USAGE, "", unknown);
    tree.dir.words("update tree record f1").refuses("--accept");
}

#[test]
fn only_files_and_pipes_are_read_as_records() {
    let tree = recorded(&["a"]);
    for device in ["/dev/zero", "/dev/null"] {
        let words = format!("audit tree {device}");
        let refused = format!("hsum: {device}: not a snapshot record\n");
        tree.dir.words(&words).gives(REFUSED, "", &refused);
        let words = format!("diff {device} record");
        tree.dir.words(&words).gives(REFUSED, "", &refused);
    }
    tree.dir.fifo("fifo");
    tree.dir.words("audit tree fifo").gives(REFUSED, "", "hsum: fifo: not a snapshot record\n");
    let refused = "hsum: fifo: not a regular file\n";
    tree.dir.words("update tree fifo").gives(UNDONE, "", refused);
    tree.dir.words("snapshot tree -o fifo --force").gives(UNDONE, "", refused);
    assert_eq!(tree.dir.names(), ["fifo", "record", "tree"]);
    tree.dir.shell("cat record | \"$HSUM\" audit tree /dev/stdin").prints("");
    tree.dir.shell("(sleep 0.2; cat record) | \"$HSUM\" audit tree /dev/fd/0").prints("");
    // An endless file.
    // A record larger than memory.
    let large = "printf 'hsum-snapshot 2\\n' > large; truncate -s 3G large; ulimit -v 1500000; \
                 \"$HSUM\" audit tree large";
    tree.dir.shell(large).gives(UNDONE, "", "hsum: large: out of memory\n");
    tree.dir.shell("ulimit -v 4000000; yes | \"$HSUM\" audit tree /dev/stdin").gives(
        REFUSED,
        "",
        "hsum: /dev/stdin: not a snapshot record\n",
    );
    let large = fs::File::create(tree.dir.path("large")).unwrap();
    large.set_len(1 << 40).unwrap();
    tree.dir.words("audit tree large").gives(REFUSED, "", "hsum: large: not a snapshot record\n");
    tree.dir.words("update tree large").gives(REFUSED, "", "hsum: large: not a snapshot record\n");
    fs::rename(tree.dir.path("large"), tree.dir.path("record.hsum-journal")).unwrap();
    tree.dir.words("update tree record").run().is_in(UNDONE, b"", "not a journal");
}

#[test]
fn check_reads_records() {
    let mut tree = Tree::with(&["a b", "c/d", "e\nf"]);
    tree.dir.link("a", "tree/link");
    tree.dir.words("snapshot tree -o tree/record").prints("");
    let check = |words: &str| {
        let words = format!("cd tree && \"$HSUM\" check {words}");
        tree.dir.shell(&words)
    };
    check("record").prints("'a b': OK\nc/d: OK\n'e'$'\\n''f': OK\n");
    check("record --only c/d").prints("c/d: OK\n");
    let ran = tree.dir.words("check tree/record").run();
    let stderr = "the names in tree/record are relative to the recorded tree; use -C TREE, or 'hsum \
                  audit'";
    assert!(ran.stderr.contains(stderr), "{}", ran.stderr);
    ran.exits(1);
    tree.dir.words("snapshot tree -fo tree/record --key env:K").env("K", "k").prints("");
    let ran = check("record --quiet").run();
    ran.is_in(0, b"", "the list is signed; the signature is not checked");
    tree.write("c/d", "x/y");
    let tree = tree;
    let check = |words: &str| tree.dir.shell(&format!("cd tree && \"$HSUM\" check {words}"));
    let ran = check("record --quiet").run();
    ran.is_in(1, b"c/d: FAILED\n", "1 computed checksum did NOT match");
    // Damage that leaves each line well-formed.
    let text = String::from_utf8(tree.dir.read("tree/record")).unwrap();
    let cut: Vec<&str> = text.lines().filter(|line| !line.ends_with("c/d")).collect();
    tree.dir.write("tree/record", cut.join("\n") + "\n");
    let ran = check("record --quiet").run();
    ran.is_in(1, b"", "record: 7: the record is damaged or incomplete");
}

/// Makes a run fail after it has read all files, and returns its journal.
fn interrupted(tree: &Tree, words: &str) -> Vec<u8> {
    tree.dir.mkdir("record.hsum-new"); // cannot be replaced by the new record
    tree.dir.words(words).env("K", "k").run().exits(UNDONE);
    fs::remove_dir(tree.dir.path("record.hsum-new")).unwrap();
    tree.dir.read("record.hsum-journal")
}

/// Creates a tree with enough files for a mark in the journal.
fn many() -> (Tree, Vec<String>) {
    let names: Vec<String> = (0..300).map(|i| format!("f{i:03}")).collect();
    let tree = Tree::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    (tree, names)
}

const RESUMED: &str = "hsum: 256 files were read before the last run was interrupted\n";

#[test]
fn an_interrupted_update_of_a_tree_that_is_gone_keeps_the_record() {
    let (mut tree, names) = many();
    tree.dir.words("snapshot tree -o record").prints("");
    let before = tree.dir.read("record");
    names.iter().for_each(|name| tree.write(name, "again"));
    interrupted(&tree, "update tree record");
    tree.dir.mkdir("away");
    let move_all = |from: &str, to: &str| {
        let path = |folder: &str, name: &String| tree.dir.path(folder).join(name);
        names.iter().for_each(|name| fs::rename(path(from, name), path(to, name)).unwrap());
    };
    move_all("tree", "away");
    let missing = "300 of 300 recorded files are missing";
    tree.dir.words("update tree record").run().is_in(UNDONE, b"", missing);
    assert_eq!(tree.dir.read("record"), before);
    move_all("away", "tree");
    let lines: String = names.iter().map(|name| format!("{name}: CHANGED\n")).collect();
    // Renamed files have new change times, so they are read again.
    tree.dir.words("update tree record").gives(DIFFERENCES, lines, "");
    tree.dir.words("audit tree record").prints("");
}

#[test]
fn a_restored_journal_does_not_hide_changes() {
    let (tree, _) = many();
    let take = || tree.dir.words("snapshot tree -o record --key env:K").env("K", "k");
    let journal = interrupted(&tree, "snapshot tree -o record --key env:K");
    take().gives(0, "", RESUMED);
    fs::remove_file(tree.dir.path("record")).unwrap();
    // An attacker without the key writes to a file and sets its time back.
    tree.rot("f000", "F000");
    let plant = |mode| {
        let _ = fs::remove_file(tree.dir.path("record"));
        tree.dir.write("record.hsum-journal", &journal);
        tree.dir.chmod("record.hsum-journal", mode);
    };
    plant(0o600);
    take().gives(0, "", &RESUMED.replace("256", "255"));
    tree.dir.words("audit tree record --key env:K").env("K", "k").prints("");
    // A journal that others can write to is not read at all.
    plant(0o666);
    take().prints("");
    plant(0o600);
    if std::os::unix::fs::chown(tree.dir.path("record.hsum-journal"), Some(65534), None).is_ok() {
        take().prints("");
    }
    plant(0o600);
    fs::hard_link(tree.dir.path("record.hsum-journal"), tree.dir.path("link")).unwrap();
    take().run().is_in(UNDONE, b"", "not a journal");
    assert_eq!(tree.dir.read("link"), journal);
}

#[test]
fn findings_that_cannot_be_printed_are_found_again() {
    let mut tree = recorded(&["a", "b"]);
    tree.write("new", "new");
    let before = fs::read(tree.dir.path("record")).unwrap();
    let ran = tree.dir.shell("\"$HSUM\" update tree record > /dev/full").run();
    // Status 1 would mean that the record is up to date.
    ran.is_in(UNDONE, b"", "write error: No space left on device");
    assert_eq!(fs::read(tree.dir.path("record")).unwrap(), before);
    tree.dir.words("update tree record").prints("new: NEW\n");
    tree.dir.words("update tree record").prints("");
}

#[test]
fn quiet_runs_print_only_findings_and_failures() {
    let mut tree = Tree::with(&["a", "b"]);
    tree.dir.fifo("tree/fifo");
    let note = "hsum: tree/fifo: skipped: not a regular file (FIFO)\n";
    tree.dir.words("snapshot tree -o other").gives(0, "", note);
    tree.dir.words("snapshot -q tree -o record").prints("");
    tree.dir.words("audit tree record").gives(0, "", note);
    tree.dir.words("audit -q tree record").prints("");
    tree.dir.words("update -q tree record").prints("");
    tree.write("new", "new");
    tree.dir.words("audit -q tree record").gives(DIFFERENCES, "new: NEW\n", "");
    tree.rot("a", "A");
    tree.dir.words("update -q tree record").gives(ROT, "a: ROTTED\nnew: NEW\n", ROTTED);
    let ran = tree.dir.words("audit -q --json tree record").run();
    let skipped = r#"{"type":"skipped","path":"tree/fifo","reason":"fifo","note":"#;
    assert!(ran.exits(ROT).starts_with(skipped));
}

#[test]
fn each_verb_says_what_it_did() {
    let mut tree = Tree::with(&["a", "b", "c"]);
    let said = |tree: &Tree, words: &str, code: i32| {
        let ran = tree.dir.words(words).run();
        ran.exits(code);
        let mut text = ran.stderr;
        // The time differs from run to run.
        while let Some((before, after)) = text.split_once(" in 0.") {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            text = format!("{before} in TIME{}", rest.strip_prefix(" s").expect("seconds"));
        }
        text
    };
    let recorded = "recorded 3 files in record, 3 bytes in TIME\n";
    assert_eq!(said(&tree, "snapshot -v tree -o record", 0), recorded);
    tree.write("new", "new");
    let audited = "audited 4 files, 6 bytes in TIME: 1 NEW\n";
    assert_eq!(said(&tree, "audit -v tree record", 1), audited);
    fs::copy(tree.dir.path("record"), tree.dir.path("old")).unwrap();
    let updated = "updated record: read 1 of 4 files, 3 bytes in TIME: 1 NEW\n";
    assert_eq!(said(&tree, "update -v tree record", 0), updated);
    let unchanged = "updated record: read 0 of 4 files, 0 bytes in TIME: no changes\n";
    assert_eq!(said(&tree, "update -v tree record", 0), unchanged);
    let compared = "compared 3 recorded files with 4 files: 1 NEW\n";
    assert_eq!(said(&tree, "diff -v old record", 1), compared);
    assert_eq!(said(&tree, "diff -q -v old record", 1), compared, "the last option counts");
}

#[test]
fn filters_select_what_is_recorded_and_audited() {
    let mut tree = Tree::with(&["a.jpg", "b.jpg", "cache/x.jpg", "Thumbs.db"]);
    tree.dir.words("snapshot tree -o record --exclude Thumbs.db --exclude cache").prints("");
    let text = String::from_utf8(tree.dir.read("record")).unwrap();
    let head = "hsum-snapshot 3\nalgorithm\tsha256\nexclude\tThumbs.db\nexclude\tcache\n";
    assert!(text.starts_with(head), "{text}");
    tree.dir.words("audit tree record").prints("");
    tree.write("Thumbs.db", "other");
    tree.write("a.jpg", "other");
    tree.write("b.jpg", "third");
    let both = "a.jpg: CHANGED\nb.jpg: CHANGED\n";
    tree.dir.words("audit tree record").gives(DIFFERENCES, both, "");
    let one = "audit tree record --include a.*";
    tree.dir.words(one).gives(DIFFERENCES, "a.jpg: CHANGED\n", "");
    let removed = "hsum: 1 recorded file excluded: removed from the record\n";
    let words = "update tree record --exclude b.jpg";
    let lines = "Thumbs.db: NEW\na.jpg: CHANGED\ncache/x.jpg: NEW\n";
    tree.dir.words(words).gives(DIFFERENCES, lines, removed);
    tree.dir.words("update tree record").prints("");
    tree.dir.words("update tree record --include *").prints("b.jpg: NEW\n");
    let none = "no recorded file is selected by --include and --exclude";
    tree.dir.words("audit tree record --include *.jpgg").refuses(none);
    tree.dir.words("audit tree record --include [").refuses("invalid pattern '['");
    // As with an unset variable. It would exclude everything, and empty the record.
    let unset = ["update", "tree", "record", "--exclude", ""];
    tree.dir.hsum(unset).refuses("invalid pattern '': empty");
    let accept = "update tree record --accept a.jpg --exclude a.jpg";
    let not_accepted = "hsum: 1 recorded file excluded: removed from the record\n\
                        hsum: a.jpg: not accepted: it has not rotted, or is excluded\n";
    tree.dir.words(accept).gives(0, "", not_accepted);
    let duplicate = "a.jpg: DUPLICATE of Thumbs.db\n";
    tree.dir.words("update tree record --include *").prints(duplicate);
    let before = tree.dir.read("record");
    let kept = "hsum: record: not updated: the new filter excludes all 4 recorded files; check the \
                patterns, or use --allow-missing to remove them from the record\n";
    tree.dir.words("update tree record --include *.jpgg").gives(UNDONE, "", kept);
    assert_eq!(tree.dir.read("record"), before);
    tree.dir.words("snapshot tree -o other --exclude /").refuses("invalid pattern '/': empty");
    let old = "record: snapshot record of an unknown version";
    tree.dir.write("record", text.replace("hsum-snapshot 3", "hsum-snapshot 4"));
    tree.dir.words("audit tree record").run().is_in(REFUSED, b"", old);
}
