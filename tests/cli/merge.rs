//! `hsum merge`: lists of one tree become the list of the whole tree.

use std::io::Write;
use std::thread::sleep;
use std::time::Duration;

use crate::odd_names::odd_names;
use crate::support::*;

/// Returns the records of a list: the lines of one file, of which there are `each`.
fn records(list: &[u8], end: u8, each: usize) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = list.split_inclusive(|byte| *byte == end).collect();
    lines.chunks(each).map(<[&[u8]]>::concat).collect()
}

#[test]
fn merged_parts_are_the_list_of_the_tree() {
    let dir = Dir::new();
    for (number, file) in odd_names().iter().enumerate() {
        let folder = ["t/", "t/dir/", "t/dir.d/", "t/dir\n/"][number % 4];
        dir.write(name(&[folder.as_bytes(), file].concat()), number.to_string());
    }
    let mut numbers = Numbers::new(3);
    for (options, each) in [
        ("", 1),
        ("-z", 1),
        ("--tag --base64", 1),
        ("-a md5", 1),
        ("-a sha512 -z --base64", 1),
        ("-a sha256,md5,blake3", 3),
        ("-a sha1,shake128 -z", 2),
    ] {
        let whole = dir.words(&format!("{options} t")).run();
        whole.exits(0);
        let (zero, end) = if options.contains("-z") { ("-z", 0) } else { ("", b'\n') };
        let mut parts = vec![Vec::new(); 5];
        let files = records(&whole.stdout, end, each);
        for file in &files {
            // The first part has every file with the second.
            let part = 1 + numbers.below(4);
            parts[part].extend_from_slice(file);
            if part == 1 {
                parts[0].extend_from_slice(file);
            }
        }
        for (number, part) in parts.iter().enumerate() {
            dir.write(format!("part-{number}"), part);
        }
        let words = format!("merge {zero} part-3 part-0 part-4 part-1 part-2");
        dir.words(&words).prints(&whole.stdout);
        // Lists in another order are sorted on request.
        let reversed: Vec<u8> = files.iter().rev().flatten().copied().collect();
        dir.write("reversed", reversed);
        dir.words(&format!("merge {zero} --sort reversed part-1")).prints(&whole.stdout);
        dir.words(&format!("merge {zero} reversed")).run().exits(1);
    }
}

/// `sort -m` merges lists of plain names in one directory in the same way.
#[test]
fn plain_names_are_ordered_as_by_sort() {
    let dir = Dir::new();
    let mut numbers = Numbers::new(4);
    for part in 0..3 {
        let mut lines: Vec<String> =
            (0..500).map(|_| format!("{}  {:x}\n", md5("x"), numbers.next())).collect();
        lines.sort();
        dir.write(format!("part-{part}"), lines.concat());
    }
    let sorted = dir.shell("sort -m part-*").run().exits(0);
    dir.words("merge part-0 part-1 part-2").prints(sorted);
}

#[test]
fn problems_are_named_and_keep_the_old_list() {
    let dir = Dir::with(&["old"]);
    let good = list(&["a", "b", "c"]);
    dir.write("good", &good);
    dir.write("conflict", format!("{}  b\n", sha256("x")));
    dir.write("bad", format!("nonsense\n{}", list(&["b"])));
    dir.write("unsorted", list(&["b", "d", "c", "e"]));
    dir.write("md5", format!("{}  b\n", md5("b")));
    dir.write("zero", good.replace('\n', "\0"));
    dir.mkdir("folder");
    let left_out =
        |list: String, message: &str, missing: &str| (list, message.to_owned(), missing.to_owned());
    for (words, (merged, message, missing)) in [
        (
            "conflict",
            left_out(
                list(&["a", "c"]),
                "b: different sha256 digests in good (line 2) and conflict (line 1); left out",
                "1 conflict",
            ),
        ),
        (
            "bad",
            left_out(
                good.clone(),
                "bad: 1: the line starts with neither a digest nor an algorithm",
                "1 bad line",
            ),
        ),
        (
            "unsorted",
            left_out(
                list(&["a", "b", "c", "d"]),
                "unsorted: 3: c: precedes the line above in the order of a walk; the rest of the \
                 list is left out; use --sort",
                "1 unsorted list",
            ),
        ),
        (
            "md5",
            left_out(
                good.clone(),
                "md5: 1: b: md5 (expected sha256, as in the first entry); left out",
                "1 file with other algorithms",
            ),
        ),
        (
            "zero",
            left_out(
                good.clone(),
                "zero: 1: NUL byte in the line; use -z if the lines end with NUL",
                "1 bad line",
            ),
        ),
        ("gone", left_out(good.clone(), "gone: No such file or directory", "1 unreadable list")),
        ("folder", left_out(good.clone(), "folder: Is a directory", "1 unreadable list")),
    ] {
        let warning =
            format!("hsum: {message}\nhsum: WARNING: the merged list is incomplete: {missing}\n");
        dir.words(&format!("merge good {words}")).gives(1, &merged, &warning);
        let kept = format!(
            "hsum: {message}\nhsum: old: kept as it was, because the merged list is incomplete ({missing}); use --partial to write it anyway\n"
        );
        dir.words(&format!("merge good {words} -o old")).gives(1, "", &kept);
        assert_eq!(dir.read("old"), b"old");
        dir.words(&format!("merge good {words} -o new --partial")).gives(1, "", &warning);
        assert_eq!(String::from_utf8(dir.read("new")).expect("text"), merged, "{words}");
    }
    // Quiet runs name them, too.
    dir.words("merge -q good gone").run().is_in(1, good.as_bytes(), "gone: No such file");
}

#[test]
fn the_output_may_be_one_of_the_lists() {
    let dir = Dir::new();
    dir.write("all", list(&["a", "c"]));
    dir.write("new", list(&["b", "c"]));
    dir.words("merge all new -o all").prints("");
    assert_eq!(dir.read("all"), list(&["a", "b", "c"]).as_bytes());
    dir.hsum(["merge", "all", "-"]).stdin(list(&["d"])).prints(list(&["a", "b", "c", "d"]));
    dir.words("merge all -v").run().is_in(
        0,
        list(&["a", "b", "c"]).as_bytes(),
        "merged 3 files from 1 list, ",
    );
    dir.words("merge - -").refuses("'-' can be only one of the lists");
    dir.words("merge").refuses("LIST");
}

/// Lists without entries, and of other formats.
#[test]
fn odd_lists() {
    let dir = Dir::with(&["t/a"]);
    dir.write("empty", "");
    dir.words("merge empty /dev/null").prints("");
    dir.write("crlf", format!("\u{feff}{}", list(&["a"]).replace('\n', "\r\n")));
    dir.write("cut", list(&["b"]).trim_end());
    dir.words("merge crlf empty cut").prints(list(&["a", "b"]));
    // A binary file has many bad lines, of which some are named.
    dir.write("binary", b"\0\x01\n".repeat(1000));
    let ran = dir.words("merge binary").run();
    assert_eq!(ran.stderr.matches("binary: ").count(), 11, "{}", ran.stderr);
    assert!(ran.stderr.contains("hsum: binary: 990 more bad lines\n"), "{}", ran.stderr);
    let ran = dir.words("merge -z cut").run();
    ran.is_in(1, b"", "cut: 1: no NUL at the end of the line; leave out -z if");
    // A record of a tree is a list, but not one of lines.
    dir.words("snapshot t -o record").prints("");
    let words = "record: the format is snapshot record (expected lines as 'hsum sum' writes them)";
    dir.words("merge record").run().is_in(1, b"", words);
    // Messages escape names, and quote them.
    dir.write("a b\n", "nonsense");
    dir.hsum(["merge", "a b\n"]).run().is_in(1, b"", "hsum: 'a b'$'\\n': 1: ");
}

#[test]
fn thousands_of_lists_need_few_descriptors() {
    let dir = Dir::new();
    let names: Vec<String> = (0..3000).map(|n| format!("f{n:04}")).collect();
    for (number, name) in names.iter().enumerate() {
        dir.write(format!("parts/{number}"), list(&[name, "z"]));
    }
    let ran = dir.shell("ulimit -n 64; \"$HSUM\" merge -v parts/* -o all").run();
    ran.exits(0);
    let names: Vec<&str> = names.iter().map(String::as_str).chain(["z"]).collect();
    assert_eq!(String::from_utf8(dir.read("all")).expect("text"), list(&names));
    assert!(ran.stderr.ends_with(": 2,999 duplicates\n"), "{}", ran.stderr);
}

#[test]
fn failed_writes_and_signals_keep_the_old_list() {
    let dir = Dir::with(&["old"]);
    dir.write("list", list(&["a"]));
    dir.words("merge list -o /dev/full").gives(
        1,
        "",
        "hsum: write error: No space left on device\n",
    );
    dir.shell("\"$HSUM\" merge list > /dev/full").gives(
        1,
        "",
        "hsum: write error: No space left on device\n",
    );
    let too_large = "hsum: old: kept as it was, because of a write error: File too large\n";
    dir.shell("ulimit -f 0; exec \"$HSUM\" merge list -o old").gives(1, "", too_large);
    dir.words("merge list -o no/list").gives(1, "", "hsum: no/list: No such file or directory\n");
    // The list is larger than a pipe's buffer, so that the write fails.
    let names: Vec<String> = (0..5000).map(|n| format!("f{n:04}")).collect();
    dir.write("long", list(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let ran = dir.words("merge long").run_unread();
    assert_eq!((ran.signal(), ran.stderr.as_str()), (Some(13), ""));
    // It waits for more of a list, most of which has left the pipe.
    dir.fifo("fifo");
    let child = dir.words("merge list fifo -o old").spawn();
    let mut fifo = open_fifo(&dir.path("fifo"));
    for piece in dir.read("long").chunks(4096) {
        while fifo.write_all(piece).is_err() {
            sleep(Duration::from_millis(1));
        }
    }
    kill(&child, "-INT");
    let ran = finish(child);
    assert_eq!(ran.signal(), Some(2), "{}", ran.stderr);
    assert_eq!(ran.stderr, "hsum: interrupted: old: kept as it was\n");
    assert_eq!(dir.read("old"), b"old");
    assert_eq!(dir.names().len(), 4, "{:?}", dir.names());
    drop(fifo);
}

#[test]
fn json_has_the_list_or_the_problems() {
    let dir = Dir::new();
    dir.write("one", format!("{}  a\n{}  b\n", md5("1"), md5("1")));
    dir.write(name(b"two\xff"), format!("{}  a\nx\n", md5("2")));
    let [one, two] = [md5("1"), md5("2")];
    let conflict = format!(
        "{{\"type\":\"conflict\",\"path\":\"a\",\"list\":\"one\",\"line\":1,\
         \"digests\":{{\"md5\":\"{one}\"}},\"other_list_base64\":\"dHdv/w==\",\"other_line\":1,\
         \"other_digests\":{{\"md5\":\"{two}\"}},\"reason\":\"conflict\",\
         \"error\":\"different md5 digests\"}}\n"
    );
    let line = "{\"type\":\"line\",\"list_base64\":\"dHdv/w==\",\"line\":2,\"reason\":\"no-digest\",\
                \"error\":\"the line starts with neither a digest nor an algorithm\"}\n";
    let file = format!("{{\"type\":\"file\",\"path\":\"b\",\"digests\":{{\"md5\":\"{one}\"}}}}\n");
    let summary = "{\"type\":\"summary\",\"schema\":1,\"verb\":\"merge\",\"lists\":2,\"files\":1,\
                   \"duplicates\":0,\"conflicts\":1,\"bad_lines\":1,\"other_algorithms\":0,\
                   \"unsorted\":0,\"failed\":0,\"bytes\":110,\"seconds\":0,\"exit\":1}\n";
    let arguments = [name(b"merge"), name(b"--json"), name(b"one"), name(b"two\xff")];
    let ran = dir.hsum(arguments).run();
    assert_eq!(without_times(&ran.stdout), format!("{line}{conflict}{file}{summary}"));
    let ran = dir.hsum(arguments).args(["-o", "all", "--partial"]).run();
    assert_eq!(without_times(&ran.stdout), format!("{line}{conflict}{summary}"));
    assert_eq!(dir.read("all"), format!("{one}  b\n").as_bytes());
}
