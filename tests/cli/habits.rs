//! Options and commands of other programs: they work, or a message says what to type.

use crate::support::*;

#[test]
fn check_options_of_gnu_check_a_list() {
    let dir = Dir::with(&["a", "b"]);
    dir.write("list", list(&["a", "b"]));
    dir.write("bad", format!("{}x\n", list(&["a"])));
    for words in
        ["-c list", "--check list", "-bc list", "-a sha256 -c list", "sum -c list", "check -c list"]
    {
        dir.words(words).prints("a: OK\nb: OK\n");
    }
    dir.words("-c").stdin(list(&["a"])).prints("a: OK\n");
    for words in [
        "--status -c list",
        "-c --quiet list",
        "-cq list",
        "--ignore-missing --status --check list",
    ] {
        dir.words(words).prints("");
    }
    dir.words("-c --strict bad").run().is_in(1, b"a: OK\n", "improperly formatted");
    dir.words("-cw bad").run().is_in(0, b"a: OK\n", "bad: 2: ");
    dir.words("-c --nope list").refuses("Try 'hsum check --help'");
    // After '--', everything is a name.
    dir.words("-- -c").run().is_in(1, b"", "-c: No such file");
}

#[test]
fn harmless_options_change_nothing() {
    let dir = Dir::with(&["t/a"]);
    let lines = format!("{}  t/a\n", sha256("t/a"));
    for options in ["-r", "-R", "--recursive", "-b", "--binary", "-t", "--text", "-rb"] {
        dir.words(&format!("{options} t")).prints(&lines);
    }
    dir.words("snapshot -r t -o record").prints("");
    dir.words("audit -r t record").prints("");
    // Hidden options are in no help.
    let help = dir.words("sum --help").run().exits(0);
    assert!(!help.contains("--recursive") && !help.contains("--binary"), "{help}");
}

#[test]
fn other_options_name_those_of_hsum() {
    let dir = Dir::with(&["a", "-dash"]);
    for (words, hint) in [
        ("--sha512 a", "unknown option '--sha512'; use --algorithm sha512"),
        ("--strict a", "unknown option '--strict'; use it with 'hsum check'"),
        ("-dash a", "unknown option '-d'; for the file '-dash', write './-dash'"),
        ("get --insecure https://h/x", "unknown option '--insecure'; certificates are always"),
        ("get -k https://h/x", "-k is --key here; for curl's -k, use --cacert FILE"),
        ("get -sSL https://h/x", "-s is --scheme here; for curl's -s, use --quiet"),
        ("get -fsSL https://h/x", "-s is --scheme here; for curl's -s, use --quiet"),
        ("send -d a=b https://h/x", "unknown option '-d'; use --data NAME=VALUE for a form"),
        ("get -A x https://h/x", "use --header 'User-Agent: NAME'"),
        ("get --version", "use 'hsum --version'"),
        ("get -I https://h/x", "use 'hsum head URL'"),
        ("get --silent https://h/x", "use --quiet"),
        ("get -O https://h/x", "-O takes a directory; without it, the file keeps the name"),
        (
            "get -O x.iso https://h/x",
            "x.iso: no such directory; to name the file, use --output x.iso",
        ),
    ] {
        dir.words(words).refuses(hint);
    }
    dir.words("head -I http://localhost:1/x --retries 0").run().exits(5);
    for options in ["-L", "--location", "-S", "--fail", "--continue", "-c", "--progress-bar"] {
        let ran = dir.words(&format!("get {options} http://localhost:1/x --no-verify --retries 0"));
        ran.run().exits(5);
    }
}

#[test]
fn a_missing_file_may_be_a_command() {
    let dir = Dir::with(&["a"]);
    for (word, hint) in [
        ("chekc", "did you mean 'hsum check'?"),
        ("bechmark", "did you mean 'hsum bench'?"),
        ("verify", "did you mean 'hsum check' or, for signed requests, 'hsum verify-request'?"),
        ("version", "did you mean 'hsum --version'?"),
        ("md5", "did you mean 'hsum -a md5'?"),
        ("sha256sum", "did you mean 'hsum gnu sha256sum' or 'hsum -a sha256'?"),
        ("'https://h/x'", "to download and verify a file, use 'hsum get URL --sums auto'"),
    ] {
        let missing = format!("hsum: {word}: No such file or directory\n");
        dir.words(word.trim_matches('\'')).gives(1, "", &format!("{missing}hsum: hint: {hint}\n"));
    }
    for word in ["photo.jpg", "nope", "./check", "x/sha256sum"] {
        let missing = format!("hsum: {word}: No such file or directory\n");
        dir.words(word).gives(1, "", &missing);
    }
    // A file of that name is hashed.
    dir.write("md5", "md5");
    dir.words("md5").prints(list(&["md5"]));
    dir.words("help chekc").refuses("unknown command 'chekc'; did you mean 'hsum check'?");
}
