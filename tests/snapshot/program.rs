//! `hsum snapshot`, `audit`, `update` and `diff`: what they print, and how they end.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use hsum::snapshot;

use crate::support::{Dir, name, sha256};
use crate::tree::Tree;

const DIFFERENCES: i32 = 1;
const USAGE: i32 = 2;
const ROT: i32 = 3;
const REFUSED: i32 = 4;
const UNDONE: i32 = 5;

fn recorded(names: &[&str]) -> Tree {
    let tree = Tree::with(names);
    tree.dir.words("snapshot tree -o record").prints("");
    tree
}

#[test]
fn nothing_is_said_where_nothing_changed() {
    let tree = recorded(&["a", "b c"]);
    tree.dir.words("audit tree record").prints("");
    tree.dir.words("audit tree/ record").prints("");
    tree.dir.words("audit -v tree record").prints("a: OK\n'b c': OK\n");
    tree.dir.words("update tree record").prints("");
    tree.dir.words("diff record record").prints("");
    let lines = "{\"status\":\"OK\",\"path\":\"a\"}\n{\"status\":\"OK\",\"path\":\"b c\"}\n";
    tree.dir.words("audit --json -v tree record").prints(lines);
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
    let warning = "hsum: WARNING: 1 file has other contents, but the same size and time\n";
    tree.dir.words("audit tree record").gives(ROT, &rotten, warning);

    let [kept, gone, moves, new] = ["kept", "gone", "moves", "new"].map(sha256);
    let [rots, worse, written, again] = ["rots", "ROTS", "written", "again"].map(sha256);
    let json = format!(
        r#"{{"status":"DUPLICATE","path":"copy","of":"kept","is":"{kept}"}}
{{"status":"MISSING","path":"gone","was":"{gone}"}}
{{"status":"MOVED","path":"it's moved","from":"moves","is":"{moves}"}}
{{"status":"NEW","path":"new","is":"{new}"}}
{{"status":"ROTTED","path":"rots","was":"{rots}","is":"{worse}"}}
{{"status":"CHANGED","path":"written","was":"{written}","is":"{again}"}}
"#
    );
    tree.dir.words("audit --json tree record").gives(ROT, json, warning);

    tree.dir.words("update tree record").prints(lines);
    tree.dir.words("diff old record").gives(DIFFERENCES, lines, "");
    let rot = "rots: ROTTED\n";
    tree.dir.words("update --verify-oldest 100% tree record").gives(ROT, rot, warning);
    tree.dir.words("update tree record").gives(ROT, rot, warning);
    tree.dir.words("update --accept tree record").prints(rot);
    tree.dir.words("audit tree record").prints("");
    tree.dir.words("diff old record").gives(ROT, rotten, warning);
}

#[test]
fn names_of_any_bytes_are_shown_and_kept() {
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
fn a_record_that_is_not_whole_is_not_believed() {
    let tree = recorded(&["a"]);
    let whole = tree.dir.read("record");
    tree.dir.write("record", &whole[..whole.len() - 1]);
    let cut = "hsum: record: the end is missing: cut short, or never written whole\n";
    for verb in ["audit tree record", "update tree record", "diff record record"] {
        tree.dir.words(verb).gives(REFUSED, "", cut);
    }
    let digit = whole.windows(7).position(|w| w == b"sha256\n").unwrap() + 60;
    let mut damaged = whole.clone();
    damaged[digit] ^= 1;
    tree.dir.write("record", damaged);
    let damaged = "hsum: record: damaged: it is not what was written\n";
    tree.dir.words("audit tree record").gives(REFUSED, "", damaged);
    tree.dir.write("record", "d41d8cd98f00b204e9800998ecf8427e  a\n");
    tree.dir.words("audit tree record").gives(REFUSED, "", "hsum: record: not a snapshot\n");
    tree.dir.words("snapshot tree -o record").prints("");
    tree.dir.words("audit tree record").prints("");
}

#[test]
fn the_key_is_asked_for() {
    let mut tree = recorded(&["a"]);
    let with = |words: &str, key: &str| tree.dir.words(words).env("KEY", key);
    let unsealed = "hsum: record: not sealed, and a key was given\n";
    with("audit tree record --key env:KEY", "k").gives(REFUSED, "", unsealed);
    with("snapshot tree -o record --key env:KEY", "k").prints("");
    with("audit tree record --key env:KEY", "k").prints("");
    with("update tree record --key env:KEY", "k").prints("");
    with("diff record record --key env:KEY", "k").prints("");
    let wrong = "hsum: record: the seal is wrong: another key, or somebody changed the record\n";
    for verb in ["audit tree record", "update tree record", "diff record record"] {
        let words = format!("{verb} --key env:KEY");
        with(&words, "K").gives(REFUSED, "", wrong);
    }
    let unchecked = "hsum: warning: record: sealed; without --key nobody checks the seal\n";
    tree.dir.words("audit tree record").gives(0, "", unchecked);
    let needed = "hsum: record: sealed: without the key it cannot be brought up to date\n";
    tree.dir.words("update tree record").gives(REFUSED, "", needed);
    let unset = "hsum: environment variable KEY is not set\n";
    tree.dir.words("audit tree record --key env:KEY").gives(USAGE, "", unset);
    let empty = "hsum: environment variable KEY: the key is empty\n";
    for verb in ["audit tree record", "update tree record", "snapshot tree -o new"] {
        with(&format!("{verb} --key env:KEY"), "").gives(USAGE, "", empty);
    }
    let ran = tree.dir.words("audit tree record --key secret").run();
    ran.is_in(USAGE, b"", "--key takes env:NAME");
    assert!(!ran.stderr.contains("secret"));
    // Somebody without the key writes a record that fits.
    tree.write("a", "evil");
    tree.dir.words("snapshot tree -o record").prints("");
    let with = |words: &str, key: &str| tree.dir.words(words).env("KEY", key);
    with("audit tree record --key env:KEY", "k").gives(REFUSED, "", unsealed);
}

#[test]
fn what_cannot_be_done_is_named() {
    let tree = recorded(&["a"]);
    let dir = &tree.dir;
    dir.words("audit nowhere record").gives(
        UNDONE,
        "",
        "hsum: nowhere: No such file or directory\n",
    );
    dir.words("audit tree nowhere").gives(UNDONE, "", "hsum: nowhere: No such file or directory\n");
    dir.words("update tree nowhere").gives(
        UNDONE,
        "",
        "hsum: nowhere: No such file or directory\n",
    );
    dir.words("snapshot record -o x").run().is_in(UNDONE, b"", "hsum: record: ");
    dir.words("snapshot tree -o no/where").run().is_in(
        UNDONE,
        b"",
        "hsum: no/where.hsum-journal: ",
    );
    dir.words("snapshot tree").refuses("--output");
    dir.words("audit tree").refuses("MANIFEST");
    for share in ["0", "101", "x", "-1"] {
        let words = format!("update --verify-oldest={share} tree record");
        dir.words(&words).refuses("more than 0, to 100 per cent");
    }
    dir.words("snapshot tree -o other -a md5").prints("");
    dir.words("diff record other").refuses("different algorithms: sha256, md5");
    assert_eq!(dir.names(), ["other", "record", "tree"]);
}

#[test]
fn what_cannot_be_read_is_kept_and_not_called_missing() {
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
    assert!(ran.exits(0).ends_with("secret: CHANGED\n"));
    assert_eq!(snapshot::load(&tree.dir.path("all/record"), None).unwrap().count(), 5);
}

#[test]
fn a_private_record_stays_private() {
    let mut tree = recorded(&["a"]);
    tree.dir.chmod("record", 0o600);
    tree.write("a", "x");
    tree.dir.words("update tree record").prints("a: CHANGED\n");
    assert_eq!(tree.dir.mode("record"), 0o600);
    // Through a link the record is replaced, not the link.
    tree.dir.link("record", "link");
    tree.write("a", "y");
    tree.dir.words("update tree link").prints("a: CHANGED\n");
    assert!(fs::symlink_metadata(tree.dir.path("link")).unwrap().is_symlink());
    tree.dir.words("audit tree record").prints("");
}
