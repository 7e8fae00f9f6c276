//! `hsum [sum]`: the files that are hashed, and their order.

use std::io::Write;
use std::os::unix::net::UnixListener;

use crate::support::*;

#[test]
fn files_in_the_order_given() {
    let dir = Dir::with(&["a", "b"]);
    dir.words("b a b").prints(list(&["b", "a", "b"]));
    dir.words("sum b a").prints(list(&["b", "a"]));
}

#[test]
fn trees_depth_first_in_the_byte_order_of_names() {
    let dir = Dir::new();
    let names =
        ["t/.hidden", "t/.ignore", "t/A", "t/a/.git/x", "t/a/b/c", "t/a/z", "t/a.b", "t/é", "t/日"];
    names.iter().rev().for_each(|name| dir.write(name, name));
    dir.write("t/.ignore", "*");
    let mut expected = list(&names);
    expected = expected.replace(&sha256("t/.ignore"), &sha256("*"));
    dir.words("t").prints(&expected);
    dir.words("t/").prints(&expected);
    dir.words("./t").prints(expected.replace("  t/", "  ./t/"));
}

#[test]
fn empty_files_and_empty_directories() {
    let dir = Dir::new();
    dir.write("t/empty", "");
    dir.mkdir("t/nothing/in/here");
    dir.words("t").prints(format!("{}  t/empty\n", sha256("")));
    dir.words("t/nothing").gives(0, "", "hsum: t/nothing: no files\n");
}

#[test]
fn standard_input() {
    let dir = Dir::with(&["a"]);
    let expected = format!("{}  -\n", sha256("x\n"));
    dir.words("").stdin("x\n").prints(&expected);
    dir.words("-").stdin("x\n").prints(&expected);
    dir.words("- a").stdin("x\n").prints(expected + &list(&["a"]));
}

/// The first `-` reads everything, also with several threads.
#[test]
fn standard_input_twice_is_empty_the_second_time() {
    let dir = Dir::new();
    let data = vec![7; 300_000];
    let expected = format!("{}  -\n{}  -\n", sha256(&data), sha256(""));
    for _ in 0..20 {
        dir.words("-j 8 - -").stdin(data.clone()).prints(&expected);
    }
}

#[test]
fn large_files_and_many_threads() {
    let dir = Dir::new();
    let data = Numbers::new(1).bytes(1_000_003);
    dir.write("big", &data);
    dir.write("small", "s");
    for threads in ["1", "2", "64"] {
        let expected = format!("{}  big\n{}  small\n", sha256(&data), sha256("s"));
        dir.hsum(["-j", threads, "big", "small"]).prints(expected);
    }
}

#[test]
fn several_algorithms_print_tagged_lines() {
    let dir = Dir::with(&["a"]);
    let expected = format!("MD5 (a) = {}\nSHA256 (a) = {}\n", md5("a"), sha256("a"));
    dir.words("-a md5,sha256 a").prints(&expected);
    dir.words("-a md5 -a sha256 a").prints(&expected);
    dir.words("a --algorithm md5 -asha256").prints(&expected);
}

#[test]
fn names_of_algorithms_have_several_spellings() {
    let dir = Dir::with(&["a"]);
    for name in ["SHA-256", "sha_256", "SHA2-256", "sha2/256", "Sha256"] {
        dir.hsum(["-a", name, "a"]).prints(list(&["a"]));
    }
    let sha512_256 = dir.words("-a sha512-256 a").run().exits(0);
    assert_eq!(sha512_256.len(), 64 + "  a\n".len());
    for name in ["sha512/256", "SHA512_256", "SHA2-512/256"] {
        dir.hsum(["-a", name, "a"]).prints(&sha512_256);
    }
}

#[test]
fn an_unknown_algorithm_gets_a_suggestion() {
    let dir = Dir::with(&["a"]);
    dir.words("-a sha265 a").refuses("did you mean sha224 or sha256?");
    dir.words("-a bleke3 a").refuses("did you mean blake3?");
    dir.words("-a md5,nonsense a").refuses("unknown algorithm 'nonsense'");
    dir.words("-a md5,,sha1 a").refuses("unknown algorithm ''");
    dir.words("-a md6\u{1b}[31m a").refuses("unknown algorithm 'md6\\x1b[31m'");
}

#[test]
fn lengths() {
    let dir = Dir::with(&["a"]);
    let digits = |words: &str| dir.words(words).run().exits(0).find(' ').expect("a digest");
    assert_eq!(digits("-a blake2b --length 128 a"), 32);
    assert_eq!(digits("-a blake2b-8 a"), 2);
    assert_eq!(digits("-a shake128 -l 512 a"), 128);
    assert_eq!(digits("-a sha256 -l 256 a"), 64);
    dir.words("-a blake2b -l 12 a").refuses("in whole bytes");
    dir.words("-a blake2b -l 520 a").refuses("8 to 512 bits");
    dir.words("-a blake2s -l 0 a").refuses("8 to 256 bits");
    dir.words("-a sha256 -l 128 a").refuses("one length only");
    dir.words("-a blake2b -l 18446744073709551616 a").refuses("--length");
    dir.words("-a blake2b -l -8 a").refuses("-8");
}

#[test]
fn only_the_first_word_is_a_verb() {
    let dir = Dir::with(&["check", "sum", "hmac", "help", "algorithms"]);
    dir.words("./check").prints(list(&["./check"]).replace(&sha256("./check"), &sha256("check")));
    dir.words("-- check").prints(list(&["check"]));
    dir.words("sum check sum hmac help algorithms").prints(list(&[
        "check",
        "sum",
        "hmac",
        "help",
        "algorithms",
    ]));
    dir.words("--tag sum").prints(format!("SHA256 (sum) = {}\n", sha256("sum")));
}

#[test]
fn names_like_options_are_files_after_two_dashes() {
    let dir = Dir::with(&["-", "--", "-j", "--help"]);
    dir.words("-- -j --help --").prints(list(&["-j", "--help", "--"]));
    dir.words("./-").prints(format!("{}  ./-\n", sha256("-")));
    dir.words("-- -").stdin("x").prints(format!("{}  -\n", sha256("x")));
}

#[test]
fn options_and_paths_in_any_order() {
    let dir = Dir::with(&["a", "b"]);
    let expected = format!("MD5 (a) = {}\nMD5 (b) = {}\n", md5("a"), md5("b"));
    dir.words("a --tag b -amd5").prints(&expected);
    dir.words("--tag -a=md5 -j1 a -- b").prints(&expected);
    dir.words("a -zamd5 b").prints(format!("{}  a\0{}  b\0", md5("a"), md5("b")));
}

#[test]
fn flags_may_be_repeated_and_the_last_value_counts() {
    let dir = Dir::with(&["a"]);
    dir.words("-z -z --tag --tag a").prints(format!("SHA256 (a) = {}\0", sha256("a")));
    dir.words("-j 1 -j 2 --progress always --progress never a").prints(list(&["a"]));
}

#[test]
fn conflicting_flags_are_refused() {
    let dir = Dir::with(&["a"]);
    for words in ["--json --tag", "--json -z", "--json --raw", "--json --base64", "--raw --tag"] {
        dir.words(words).args(["a"]).refuses("cannot be used with");
    }
    dir.words("-0 a").refuses("--files-from");
    dir.words("-j 0 a").refuses("0");
    dir.words("--include [ a").refuses("[");
}

#[test]
fn a_missing_file_does_not_stop_the_others() {
    let dir = Dir::with(&["a", "b"]);
    let message = "hsum: nope: No such file or directory\n";
    dir.words("a nope b").gives(1, list(&["a", "b"]), message);
    dir.words("a/b").gives(1, "", "hsum: a/b: Not a directory\n");
    dir.hsum(["no\npe"]).gives(1, "", "hsum: 'no'$'\\n''pe': No such file or directory\n");
}

/// `hsum "$UNSET" file`.
#[test]
fn an_empty_name_is_a_missing_file() {
    let dir = Dir::with(&["a"]);
    let message = "hsum: '': No such file or directory\n";
    dir.hsum(["", "a"]).gives(1, list(&["a"]), message);
    dir.hsum(["check", ""]).gives(1, "", message);
    dir.hsum(["hmac", "--key", "env:K", "", "a"]).env("K", "k").run().is_in(
        1,
        dir.words("hmac --key env:K a").env("K", "k").run().exits(0).as_bytes(),
        message,
    );
}

#[test]
fn unreadable_files_are_reported_and_the_rest_hashed() {
    let dir = Dir::with(&["t/a", "t/locked/x", "t/secret", "t/z"]);
    dir.chmod("t/locked", 0);
    dir.chmod("t/secret", 0);
    let call = dir.powerless(&["t"]);
    let ran = call.map(|call| {
        call.gives(
            1,
            list(&["t/a", "t/z"]),
            "hsum: t/locked: Permission denied\nhsum: t/secret: Permission denied\n",
        )
    });
    dir.chmod("t/locked", 0o755);
    drop(ran);
}

#[test]
fn fifos_and_sockets_in_a_walk_are_skipped() {
    let dir = Dir::with(&["t/a", "t/z"]);
    dir.fifo("t/fifo");
    let _socket = UnixListener::bind(dir.path("t/socket")).expect("a socket");
    dir.words("t").gives(
        0,
        list(&["t/a", "t/z"]),
        "hsum: t/fifo: skipped: not a regular file (FIFO)\n\
         hsum: t/socket: skipped: not a regular file (socket)\n",
    );
    dir.words("t/socket").gives(1, "", "hsum: t/socket: No such device or address\n");
}

#[test]
fn a_fifo_on_the_command_line_is_read() {
    let dir = Dir::new();
    dir.fifo("fifo");
    let child = dir.words("fifo").spawn();
    open_fifo(&dir.path("fifo")).write_all(b"through the pipe").expect("written");
    finish(child).is(0, format!("{}  fifo\n", sha256("through the pipe")).as_bytes(), "");
}

/// Opening the second FIFO must not delay the first one, whose writer comes first.
#[test]
fn fifos_may_be_written_one_after_the_other() {
    let dir = Dir::with(&["a"]);
    dir.fifo("1");
    dir.fifo("2");
    let data = vec![1; 500_000];
    let digest = sha256(&data);
    for threads in ["1", "2", "64"] {
        for _ in 0..5 {
            let child = dir.hsum(["-j", threads, "1", "2", "a"]).spawn();
            let (fifos, data) = (["1", "2"].map(|name| dir.path(name)), data.clone());
            std::thread::spawn(move || fifos.map(|fifo| std::fs::write(fifo, &data)));
            let expected = format!("{digest}  1\n{digest}  2\n{}", list(&["a"]));
            finish(child).is(0, expected.as_bytes(), "");
        }
    }
}

#[test]
fn devices_on_the_command_line_are_read() {
    let dir = Dir::new();
    dir.words("/dev/null").prints(format!("{}  /dev/null\n", sha256("")));
}

#[test]
fn only_symbolic_links_on_the_command_line_are_followed() {
    let dir = Dir::with(&["t/a"]);
    dir.link("a", "t/link");
    dir.link("nowhere", "t/dangling");
    dir.link("t", "root");
    dir.words("t").prints(list(&["t/a"]));
    dir.words("t/link").prints(format!("{}  t/link\n", sha256("t/a")));
    dir.words("root").prints(format!("{}  root/a\n", sha256("t/a")));
    dir.words("t/dangling").gives(1, "", "hsum: t/dangling: No such file or directory\n");
}

#[test]
fn follow_reports_loops_and_dangling_links() {
    let dir = Dir::with(&["t/a", "t/d/b", "other/c"]);
    dir.link("..", "t/d/up");
    dir.link("nowhere", "t/dangling");
    dir.link("../other", "t/other");
    dir.link("self", "t/self");
    let line = |path, contents| format!("{}  {path}\n", sha256(contents));
    dir.words("--follow t").gives(
        1,
        line("t/a", "t/a") + &line("t/d/b", "t/d/b") + &line("t/other/c", "other/c"),
        "hsum: t/d/up: Symbolic link leads back to a directory above it\n\
         hsum: t/dangling: No such file or directory\n\
         hsum: t/self: Too many levels of symbolic links\n",
    );
}

#[test]
fn the_same_directory_by_two_links_is_not_a_loop() {
    let dir = Dir::with(&["d/x"]);
    dir.mkdir("t");
    dir.link("../d", "t/1");
    dir.link("../d", "t/2");
    let line = |path| format!("{}  {path}\n", sha256("d/x"));
    dir.words("--follow t").prints(line("t/1/x") + &line("t/2/x"));
}

#[test]
fn globs() {
    let dir = Dir::with(&["t/a.c", "t/a.h", "t/b/a.c", "t/b/c/a.c", "t/node/x.c", "t/.x.c"]);
    let t = |names: &[&str]| list(names);
    dir.words("--include *.h t").prints(t(&["t/a.h"]));
    dir.words("--include *.c t").prints(t(&[
        "t/.x.c",
        "t/a.c",
        "t/b/a.c",
        "t/b/c/a.c",
        "t/node/x.c",
    ]));
    dir.words("--include *.c --exclude node --exclude .* t").prints(t(&[
        "t/a.c",
        "t/b/a.c",
        "t/b/c/a.c",
    ]));
    dir.words("--exclude b/ t").prints(t(&["t/.x.c", "t/a.c", "t/a.h", "t/node/x.c"]));
    dir.words("--include b/* t").prints(t(&["t/b/a.c"]));
    dir.words("--include /a.* t").prints(t(&["t/a.c", "t/a.h"]));
    dir.words("--include b/**/a.c t").prints(t(&["t/b/a.c", "t/b/c/a.c"]));
    dir.words("--exclude t --include a.h t").prints(t(&["t/a.h"]));
    dir.words("--exclude *.c t/a.c t/a.h").prints(t(&["t/a.h"]));
    dir.words("--include {a,b}.h t").prints(t(&["t/a.h"]));
}

#[test]
fn max_depth() {
    let dir = Dir::with(&["t/1", "t/a/2", "t/a/b/3"]);
    dir.words("--max-depth 1 t").prints(list(&["t/1"]));
    dir.words("--max-depth 2 t").prints(list(&["t/1", "t/a/2"]));
    dir.words("--max-depth 9 t").prints(list(&["t/1", "t/a/2", "t/a/b/3"]));
    dir.words("--one-file-system t").prints(list(&["t/1", "t/a/2", "t/a/b/3"]));
}

#[test]
fn files_from() {
    let dir = Dir::with(&["a", "b", "t/c", "-", " x "]);
    dir.write("names", "a\nt\n\nb");
    dir.words("--files-from names").prints(list(&["a", "t/c", "b"]));
    dir.words("b --files-from -").stdin("a\n").prints(list(&["b", "a"]));
    dir.words("--files-from - -0").stdin("a\0\0 x \0b").prints(list(&["a", " x ", "b"]));
    dir.words("--files-from -").stdin("").gives(0, "", "hsum: 'standard input': no files\n");
    dir.words("--files-from -").stdin("a\nnope\nb\n").gives(
        1,
        list(&["a", "b"]),
        "hsum: nope: No such file or directory\n",
    );
    dir.words("--files-from nope").gives(1, "", "hsum: nope: No such file or directory\n");
    dir.words("--files-from t").gives(1, "", "hsum: t: Is a directory\n");
}

/// A plain `-` in a checksum file would be read as standard input.
#[test]
fn a_listed_file_called_dash_is_verified() {
    let dir = Dir::with(&["-"]);
    let ran = dir.words("--files-from -").stdin("-\n").prints(format!("{}  ./-\n", sha256("-")));
    dir.words("check").stdin(ran.stdout).prints("./-: OK\n");
}

#[test]
fn names_and_data_cannot_both_be_standard_input() {
    let dir = Dir::with(&["a"]);
    dir.words("- --files-from -").stdin("a\n").refuses("standard input");
}

#[test]
fn nul_in_a_listed_name_is_an_error_of_that_name() {
    let dir = Dir::with(&["a"]);
    let ran = dir.words("--files-from -").stdin("x\0y\na\n").run();
    ran.is_in(1, list(&["a"]).as_bytes(), "hsum: 'x'$'\\000''y': ");
}

/// Results and messages have the same order with any number of threads.
#[test]
fn output_does_not_depend_on_the_number_of_threads() {
    let dir = Dir::new();
    let mut numbers = Numbers::new(2);
    for i in 0..400 {
        let size = if i % 50 == 0 { 400_000 } else { numbers.below(3000) };
        dir.write(format!("t/{}/{i}", i % 7), numbers.bytes(size));
    }
    for i in 0..20 {
        dir.link("nowhere", &format!("t/{}/{}", i % 7, 1000 + i));
    }
    dir.fifo("t/3/0fifo");
    let run = |flags: &str| {
        let script = format!("\"$HSUM\" {flags} --follow t nope t/3 gone t/0/0 2>&1");
        dir.shell(&script).run().exits(1)
    };
    let expected = run("-j 1");
    assert_eq!(expected.lines().count(), 400 + 20 + 1 + 1 + 57 + 3 + 1 + 1 + 1);
    for flags in ["-j 2", "-j 64", "", "-j 64 --progress always"] {
        let got = run(flags);
        let got: String = got.split_inclusive('\n').filter(|l| !l.starts_with('\r')).collect();
        assert!(expected == got, "with '{flags}'");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let dir = Dir::new();
    for words in ["--help", "help", "check --help", "hmac -h", "help sum", "a -h", "-V"] {
        let ran = dir.words(words).run();
        assert!(ran.exits(0).contains("sum") && ran.stderr.is_empty(), "{words}");
    }
    let version = format!("hsum {}\n", env!("CARGO_PKG_VERSION"));
    dir.words("--version").prints(version);
}

#[test]
fn algorithms_lists_all_algorithms() {
    let text = Dir::new().words("algorithms").run().exits(0);
    for algorithm in hsum::Algorithm::ALL {
        let row = text.lines().find(|line| line.starts_with(&format!("{algorithm} ")));
        assert!(row.is_some_and(|row| row.contains(algorithm.standard())), "{algorithm}");
    }
    assert_eq!(text.matches("broken: collisions are known").count(), 2);
}

/// With `-C DIR`, operands and listed names are relative to DIR, and the files of options are not.
#[test]
fn paths_are_relative_to_the_directory_of_the_option() {
    let dir = Dir::with(&["t/a", "t/d/b", "names", "a"]);
    dir.write("names", "d/b\n");
    let from_inside = dir.shell("cd t && \"$HSUM\" a d").run().exits(0);
    assert_eq!(dir.words("-C t a d").run().exits(0), from_inside);
    assert_eq!(dir.words("--directory t/d/.. a d").run().exits(0), from_inside);
    dir.words("-C t -o list a d").prints("");
    assert_eq!(dir.read("list"), from_inside.as_bytes());
    let listed = dir.shell("cd t && \"$HSUM\" d/b").run().exits(0);
    assert_eq!(dir.words("-C t --files-from names").run().exits(0), listed);
    assert_eq!(dir.words("-C t --files-from -").stdin("d/b\n").run().exits(0), listed);
    // The list is in the directory, and is not hashed.
    dir.words("-C t -o t/list .").prints("");
    assert_eq!(
        dir.read("t/list"),
        dir.shell("cd t && \"$HSUM\" a d | sed 's,  ,  ./,'").run().stdout
    );
    dir.words("-C gone a").gives(2, "", "hsum: gone: No such file or directory\n");
    dir.words("-C t names").gives(1, "", "hsum: names: No such file or directory\n");
}

#[test]
fn quiet_and_verbose_runs_print_the_same_digests() {
    let dir = Dir::with(&["t/a"]);
    dir.fifo("t/fifo");
    let line = format!("{}  t/a\n", sha256("t/a"));
    let note = "hsum: t/fifo: skipped: not a regular file (FIFO)\n";
    dir.words("sum t").gives(0, &line, note);
    dir.words("sum -q t").prints(&line);
    let ran = dir.words("sum -v t").run();
    ran.is_in(0, line.as_bytes(), "\nhashed 1 file, 3 bytes in ");
    assert!(ran.stderr.ends_with(" s: 1 SKIPPED\n"), "{}", ran.stderr);
    let ran = dir.words("sum -v t gone").run();
    assert!(ran.stderr.ends_with(" s: 1 UNREADABLE, 1 SKIPPED\n"), "{}", ran.stderr);
    let ran = dir.words("sum -q t gone").run();
    ran.is(1, line.as_bytes(), "hsum: gone: No such file or directory\n");
}
