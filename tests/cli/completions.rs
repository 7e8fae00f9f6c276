//! Completion scripts complete words in the shells that read them; manual pages are well-formed.

use std::fs;

use crate::support::*;

/// A directory with a completion script and a few files.
fn with_script(shell: &str) -> Dir {
    let dir = Dir::with(&["SHA256SUMS", "SHARE/file"]);
    let script = dir.hsum(["completions", shell]).run().exits(0);
    dir.write("script", script);
    dir
}

/// Incomplete lines, and the words that complete the last word of each.
const WORDS: [(&str, &[&str]); 11] = [
    ("hsum chec", &["check"]),
    ("hsum --ta", &["--tag"]),
    ("hsum -a sm", &["sm3"]),
    ("hsum --algorithm sha3-2", &["sha3-224", "sha3-256"]),
    ("hsum SHA256", &["SHA256SUMS"]),
    ("hsum -a md5 SHA256", &["SHA256SUMS"]),
    ("hsum check --only SHA256", &["SHA256SUMS"]),
    ("hsum get --tls-m", &["--tls-min"]),
    ("hsum sign -s standard-w", &["standard-webhooks"]),
    ("hsum completions z", &["zsh"]),
    ("hsum -a md5,sm", &["md5,sm3"]),
];

#[test]
fn bash_completes_words() {
    if !has("bash") {
        return;
    }
    let dir = with_script("bash");
    dir.command("bash").args(["-n", "script"]).prints("");
    // Bash offers file names where the function offers nothing.
    let complete = "
        source ./script
        while read -ra COMP_WORDS; do
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            cur=${COMP_WORDS[COMP_CWORD]}
            [[ $cur == . ]] && cur= && COMP_WORDS[COMP_CWORD]=
            COMPREPLY=()
            _hsum hsum \"$cur\" \"${COMP_WORDS[COMP_CWORD - 1]}\" 2>errors
            [[ ${#COMPREPLY[@]} != 0 ]] || COMPREPLY=($(compgen -f -- \"$cur\"))
            echo \"${COMPREPLY[@]}\"
        done";
    let complete = |lines: &str| {
        let answers = dir.command("bash").args(["-c", complete]).stdin(lines).run().exits(0);
        answers.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let lines: String = WORDS.iter().map(|(line, _)| format!("{line}\n")).collect();
    for ((line, expected), answer) in WORDS.iter().zip(complete(&lines)) {
        assert_eq!(answer, expected.join(" "), "{line}");
    }
    // The dot is an empty word.
    let answers = complete("hsum .\nhsum check .\nhsum -a md5 .\n");
    let [verbs, check, files] = &answers[..] else { panic!("{answers:?}") };
    assert!(
        verbs.starts_with("sum ") && verbs.contains(" check ") && !verbs.contains("--"),
        "{verbs}"
    );
    for files in [check, files] {
        assert!(files.contains("SHA256SUMS") && !files.contains("--"), "{files}");
    }
}

#[test]
fn fish_completes_words() {
    if !has("fish") {
        return;
    }
    let dir = with_script("fish");
    dir.command("fish").args(["-n", "script"]).prints("");
    let complete = "source script; while read -l line; complete -C $line; echo .; end";
    // clap_complete's scripts for fish complete neither values without an option nor lists.
    let words = &WORDS[..WORDS.len() - 2];
    let lines: String = words.iter().map(|(line, _)| format!("{line}\n")).collect();
    let call = dir.command("fish").args(["-c", complete]).env("HOME", dir.path(""));
    let answers = call.stdin(lines).run().exits(0);
    for ((line, expected), answer) in words.iter().zip(answers.split(".\n")) {
        let mut found: Vec<_> = answer.lines().filter_map(|line| line.split('\t').next()).collect();
        found.sort_unstable();
        assert_eq!(found, *expected, "{line}");
    }
}

/// An interactive shell completes the words when it reads a tab.
#[test]
fn zsh_completes_words() {
    if !has("zsh") {
        return;
    }
    let dir = with_script("zsh");
    dir.command("zsh").args(["-n", "script"]).prints("");
    let complete = "
        zmodload zsh/zpty
        zpty shell zsh -f -i
        zpty -w shell 'autoload -U compinit; compinit -D -u; source ./script; compdef _hsum hsum'
        zpty -w shell 'hsum() { print -r -- \"<<\"\"$*>>\"; }; PS1=REA\"\"DY'
        zpty -r shell output '*READY*'
        while read -r line; do
            zpty -w shell \"$line\"$'\\t'
            zpty -r shell output '*<<*>>*'
            print -r -- \"${${output##*<<}%%>>*}\"
        done";
    // With several candidates, zsh completes what they have in common.
    let unique: Vec<_> = WORDS.iter().filter(|(_, expected)| expected.len() == 1).collect();
    let lines: String = unique.iter().map(|(line, _)| format!("{line}\n")).collect();
    let call = dir.command("zsh").args(["-f", "-c", complete]).env("HOME", dir.path(""));
    let answers = call.env("TERM", "xterm").stdin(lines).run().exits(0);
    assert_eq!(answers.lines().count(), unique.len(), "{answers}");
    for ((line, expected), answer) in unique.iter().zip(answers.lines()) {
        assert_eq!(answer.split_whitespace().last(), Some(expected[0]), "{line}");
    }
}

/// Shells that the tests cannot run.
#[test]
fn other_shells_have_scripts() {
    for (shell, word) in [
        ("elvish", "set edit:completion:arg-completer[hsum]"),
        ("nushell", "export extern \"hsum check\""),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName 'hsum'"),
    ] {
        let script = Dir::new().hsum(["completions", shell]).run().exits(0);
        assert!(script.contains(word), "{shell}:\n{script}");
    }
}

/// Each command has a page, in directories that do not exist yet.
#[test]
fn each_command_has_a_page() {
    let dir = Dir::new();
    dir.words("man share/man1").prints("");
    let top = fs::read_to_string(dir.path("share/man1/hsum.1")).expect("a page");
    dir.words("man").prints(&top);
    let environment = "\n.SH ENVIRONMENT\n.TP\n.B NO_COLOR, ";
    assert!(top.contains(environment) && top.contains("See tuning\n"), "{top}");
    let entries = fs::read_dir(dir.path("share/man1")).expect("a directory");
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().replace('-', "\\-");
        let page = fs::read_to_string(&path).expect("a page");
        assert!(page.is_ascii(), "{path:?}");
        let name_line = format!("\n.SH NAME\n{name} \\- ");
        let sections =
            ["SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"];
        let sections = sections.map(|title| format!("\n.SH {title}\n"));
        for part in sections.iter().chain([&name_line]) {
            assert_eq!(page.matches(&**part).count(), 1, "{part:?} in {path:?}");
        }
        assert!(name == "hsum" || top.contains(&format!(".BR {name} (1)\n")), "{name}");
    }
    let verbs = top.matches(".BR hsum\\-").count();
    assert_eq!(dir.names(), [name(b"share")]);
    assert_eq!(fs::read_dir(dir.path("share/man1")).expect("a directory").count(), verbs + 1);
    dir.write("file", "");
    dir.words("man file").gives(1, "", "hsum: file: File exists\n");
}

#[test]
fn pages_describe_options_and_refer_to_each_other() {
    let dir = Dir::new();
    dir.words("man .").prints("");
    let page = String::from_utf8(dir.read("hsum-audit.1")).expect("UTF-8");
    for part in [
        "\n.SS Output\n",
        "\n.TP\n\\fB\\-k\\fR, \\fB\\-\\-key\\fR \\fISPEC\\fR\n",
        "Values: auto (On a terminal",
        "\n.TP\n.B 3\nrot\n",
        "\n.nf\nhsum audit photos photos.hsum\n",
        "\\fBhsum\\fR(1),\n\\fBhsum\\-snapshot\\fR(1),\n",
    ] {
        assert!(page.contains(part), "{part:?} is missing:\n{page}");
    }
    assert!(!page.contains("[default: false]"), "{page}");
}

#[test]
fn pages_are_well_formed() {
    let dir = Dir::new();
    dir.words("man pages").prints("");
    let pages = dir.shell("ls pages/*").run().exits(0);
    if has("mandoc") {
        let lint = dir.command("mandoc").args(["-T", "lint", "-W", "warning"]);
        let report = lint.args(pages.lines()).run();
        // Pages have no date: the same program writes the same pages.
        let report = String::from_utf8_lossy(&report.stdout).into_owned() + &report.stderr;
        let wrong: Vec<_> = report.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    if has("lexgrog") {
        for page in pages.lines() {
            let name = page.strip_prefix("pages/").and_then(|page| page.strip_suffix(".1"));
            let answer = dir.command("lexgrog").args([page]).run().exits(0);
            let expected = format!("{page}: \"{} - ", name.expect("a page"));
            assert!(answer.starts_with(&expected), "{answer}");
        }
    }
}
