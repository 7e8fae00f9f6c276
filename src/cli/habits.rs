//! Options and commands of other programs, which people type from habit: accepted if harmless,
//! otherwise answered with the words to type instead.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command};
use hsum::HashFunction;
use hsum::internals::edit_distance;

use crate::cli::gnu::tools::{TOOLS, Tool};
use crate::cli::print::hint;
use crate::cli::quote::quote;

/// An option of another program under its names, `-r` and `--recursive`.
struct Habit {
    verbs: &'static [&'static str],
    names: &'static [&'static str],
    /// The advice; `None` if the option asks for what the verb always does.
    hint: Option<&'static str>,
}

const TREES: &[&str] = &["sum", "snapshot", "audit", "update", "publish"];
const LISTS: &[&str] = &["sum", "check"];
const CLIENTS: &[&str] = &["get", "head", "send"];

const fn accepted(verbs: &'static [&'static str], names: &'static [&'static str]) -> Habit {
    Habit { verbs, names, hint: None }
}

const fn replaced(
    verbs: &'static [&'static str],
    names: &'static [&'static str],
    hint: &'static str,
) -> Habit {
    Habit { verbs, names, hint: Some(hint) }
}

const HABITS: &[Habit] = &[
    accepted(TREES, &["-r", "-R", "--recursive"]),
    accepted(LISTS, &["-b", "--binary"]),
    accepted(LISTS, &["-t", "--text"]),
    accepted(&["check"], &["-c", "--check"]),
    accepted(CLIENTS, &["-L", "--location"]),
    accepted(CLIENTS, &["-S", "--show-error"]),
    accepted(&["head", "send"], &["-f", "--fail"]),
    accepted(&["head", "send"], &["--silent"]),
    accepted(&["head"], &["-I", "--head"]),
    accepted(&["get"], &["--fail"]),
    accepted(&["get"], &["-c", "--continue"]),
    accepted(&["get"], &["-#", "--progress-bar"]),
    replaced(
        &["sum"],
        &["--status", "--strict", "--warn", "-w", "--ignore-missing"],
        "use it with 'hsum check'",
    ),
    replaced(&["sum"], &["--expect", "-e"], "use 'hsum check FILE --expect DIGEST'"),
    replaced(&["sum"], &["--bsd"], "use --tag"),
    replaced(&["sum"], &["-P", "--percents"], "use --progress always"),
    replaced(&["sum"], &["--files0-from"], "use --files-from FILE --null"),
    replaced(&["get"], &["-C", "--continue-at"], "partial downloads are resumed without it"),
    replaced(&["get"], &["--silent"], "use --quiet"),
    replaced(&["get"], &["--checksum"], "use --expect DIGEST"),
    replaced(&["get"], &["-P", "--directory-prefix"], "use --output-dir DIR"),
    replaced(&["get", "send"], &["-I", "--head"], "use 'hsum head URL'"),
    replaced(&["get"], &["-d", "--data-raw"], "use --data NAME=VALUE"),
    replaced(
        &["send"],
        &["-d", "--data-raw", "--data-binary"],
        "use --data NAME=VALUE for a form, or name the file with the body after the URL",
    ),
    replaced(&["get", "send"], &["-F"], "use --form NAME=VALUE"),
    replaced(
        CLIENTS,
        &["--insecure", "--no-check-certificate"],
        "certificates are always verified: use --cacert FILE to trust the server's own, or \
         --pin-spki DIGEST to require its key",
    ),
    replaced(CLIENTS, &["-A", "--user-agent"], "use --header 'User-Agent: NAME'"),
    replaced(CLIENTS, &["-b", "--cookie"], "use --cookie-jar FILE"),
    replaced(CLIENTS, &["-x"], "use --proxy URL"),
    replaced(CLIENTS, &["--retry", "--tries"], "use --retries N"),
    replaced(CLIENTS, &["-m", "--timeout"], "use --max-time or --stall-timeout"),
];

/// Adds the harmless options to a verb, hidden and without effect.
pub(crate) fn accept(verb: Command) -> Command {
    let name = verb.get_name().to_owned();
    let harmless = HABITS.iter().filter(|habit| habit.hint.is_none());
    harmless.filter(|habit| habit.verbs.contains(&name.as_str())).fold(verb, |verb, habit| {
        let longs = habit.names.iter().filter_map(|name| name.strip_prefix("--"));
        let shorts = habit.names.iter().filter(|name| !name.starts_with("--"));
        let mut option = Arg::new(habit.names[0]).hide(true).action(ArgAction::Count);
        for (count, long) in longs.enumerate() {
            option = if count == 0 { option.long(long) } else { option.alias(long) };
        }
        for (count, short) in shorts.filter_map(|name| name.chars().nth(1)).enumerate() {
            option = if count == 0 { option.short(short) } else { option.short_alias(short) };
        }
        verb.arg(option)
    })
}

/// Returns what to type instead of an option that the verb, `words[1]`, does not have.
pub(crate) fn of_option(option: &str, words: &[OsString]) -> Option<String> {
    let verb = words.get(1)?.to_str()?;
    let has = |habit: &&Habit| habit.verbs.contains(&verb) && habit.names.contains(&option);
    if let Some(habit) = HABITS.iter().find(has) {
        return habit.hint.map(str::to_owned);
    }
    if matches!(option, "-V" | "--version") {
        return Some("use 'hsum --version'".to_owned());
    }
    let function: HashFunction = option.strip_prefix("--")?.parse().ok()?;
    let has_algorithm =
        ["sum", "hmac", "convert", "check", "get", "snapshot", "publish"].contains(&verb);
    has_algorithm.then(|| format!("use --algorithm {function}"))
}

/// Returns the advice for a missing option that a short option of curl requires here.
pub(crate) fn of_missing(missing: &[String], words: &[OsString]) -> Option<&'static str> {
    let verb = words.get(1)?.to_str()?;
    let is_typed = |letter: &u8| {
        words.iter().any(|word| match word.as_bytes() {
            // Alone, first, or within a cluster such as -fsSL.
            [b'-', first, rest @ ..] if *first != b'-' => {
                first == letter
                    || rest.contains(letter)
                        && rest.len() < 5
                        && rest.iter().all(u8::is_ascii_alphabetic)
            }
            _ => false,
        })
    };
    let is_missing = |option| missing.iter().any(|text| text.starts_with(option));
    if !CLIENTS.contains(&verb) {
        None
    } else if is_typed(&b'k') && is_missing("--scheme") {
        Some(
            "-k is --key here; for curl's -k, use --cacert FILE to trust the server's own \
             certificate, or --pin-spki DIGEST to require its key",
        )
    } else if is_typed(&b's') && is_missing("--key") {
        Some("-s is --scheme here; for curl's -s, use --quiet")
    } else {
        None
    }
}

/// Returns what is wrong with a directory that wget would take for a file, or curl for the URL.
pub(crate) fn of_output_dir(directory: &Path) -> Option<String> {
    let title = quote(directory);
    if directory.to_str().is_some_and(|text| text.contains("://")) {
        return Some(
            "-O takes a directory; without it, the file keeps the name in the URL".to_owned(),
        );
    }
    let is_file = directory.extension().is_some() && !directory.exists();
    is_file.then(|| format!("{title}: no such directory; to name the file, use --output {title}"))
}

/// Returns `true` if the arguments of `hsum sum` are those of GNU's `sha256sum --check`.
pub(crate) fn checks_like_gnu(words: &[OsString]) -> bool {
    let is_check = |word: &OsString| match word.as_bytes() {
        b"--check" => true,
        [b'-', letters @ ..] => {
            letters.contains(&b'c') && letters.iter().all(|letter| b"bcqtvwz".contains(letter))
        }
        _ => false,
    };
    let mut options = words.iter().skip(2).take_while(|word| *word != "--");
    options.any(is_check)
}

/// Words that are typed as commands, and what to type instead.
const COMMANDS: &[(&str, &str)] = &[
    ("benchmark", "'hsum bench'"),
    ("compare", "'hsum check FILE --expect DIGEST'"),
    ("curl", "'hsum get'"),
    ("download", "'hsum get'"),
    ("fetch", "'hsum get'"),
    ("hash", "'hsum sum'"),
    ("keys", "'hsum keygen'"),
    ("list", "'hsum algorithms' or 'hsum schemes'"),
    ("record", "'hsum snapshot'"),
    ("test", "'hsum self-test'"),
    ("validate", "'hsum check'"),
    ("verify", "'hsum check' or, for signed requests, 'hsum verify-request'"),
    ("version", "'hsum --version'"),
    ("wget", "'hsum get'"),
];

/// Returns the command that was probably meant.
pub(crate) fn of_command(word: &str, verbs: &[&str]) -> Option<String> {
    if word.contains('/') {
        return None;
    }
    if let Ok(function) = word.parse::<HashFunction>() {
        return Some(format!("did you mean 'hsum -a {function}'?"));
    }
    let tools = TOOLS.iter().filter(|(name, _)| !verbs.contains(name));
    let verbs = verbs.iter().map(|name| (*name, format!("'hsum {name}'")));
    let others = COMMANDS.iter().map(|(name, meant)| (*name, (*meant).to_owned()));
    let tools = tools.map(|(name, tool)| match tool {
        Tool::Digest(algorithm) => (*name, format!("'hsum gnu {name}' or 'hsum -a {algorithm}'")),
        _ => (*name, format!("'hsum gnu {name}'")),
    });
    let meant: Vec<_> = verbs.chain(others).chain(tools).collect();
    let near = nearest(word, meant.iter().map(|(name, _)| *name))?;
    let (_, meant) = meant.iter().find(|(name, _)| *name == near)?;
    Some(format!("did you mean {meant}?"))
}

/// Returns the name that was probably meant.
pub(crate) fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (edit_distance(word, name), name)).min_by_key(|near| near.0);
    near.filter(|(distance, name)| *distance <= 2 && distance * 2 < name.len()).map(|near| near.1)
}

/// Prints what was probably meant by paths that do not exist: a command, or a URL.
pub(crate) fn explain_missing(paths: &[PathBuf], verbs: &[&str]) {
    let is_missing = |path: &Path| path.symlink_metadata().is_err();
    let is_url = |path: &&PathBuf| path.to_str().is_some_and(|text| text.contains("://"));
    let command = paths.first().and_then(|path| of_command(path.to_str()?, verbs));
    if let Some(text) = command.filter(|_| is_missing(&paths[0])) {
        hint(text);
    } else if paths.iter().filter(is_url).any(|path| is_missing(path)) {
        hint("to download and verify a file, use 'hsum get URL --sums auto'");
    }
}
