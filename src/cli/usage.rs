//! Messages about invalid command lines, in the words of the program instead of clap's.

use std::ffi::OsString;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::cli::client::without_secrets;
use crate::cli::habits;

/// Options after which a key or password may be typed by mistake: messages do not repeat it.
const BESIDE_SECRETS: &[&str] = &["--auth", "--key-format"];

/// Returns what is wrong with the command line `words`, and how to correct it.
pub(crate) fn message(error: &Error, command: &Command, words: &[OsString]) -> String {
    let context = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let option = name(&context(ContextKind::InvalidArg));
    let value = context(ContextKind::InvalidValue);
    let text = match error.kind() {
        ErrorKind::UnknownArgument => unknown(&context(ContextKind::InvalidArg), words),
        ErrorKind::InvalidValue if value.is_empty() => format!("'{option}' needs a value"),
        ErrorKind::InvalidValue if BESIDE_SECRETS.contains(&&*option) => {
            format!("invalid value for '{option}'")
        }
        ErrorKind::InvalidValue => format!("invalid value '{value}' for '{option}'"),
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(reason).unwrap_or_default();
            match reason.starts_with("expected ") {
                true => format!("invalid value '{value}' for '{option}' ({reason})"),
                false if reason.contains(&format!("'{value}'")) => format!("{option}: {reason}"),
                false => format!("invalid value '{value}' for '{option}': {reason}"),
            }
        }
        ErrorKind::TooManyValues => format!("'{option}' takes no value"),
        ErrorKind::NoEquals => format!("'{option}' needs '=' before its value"),
        ErrorKind::ArgumentConflict => {
            let others = strings(error, ContextKind::PriorArg);
            let others: Vec<_> = others.iter().map(|other| format!("'{}'", name(other))).collect();
            format!("'{option}' cannot be used with {}", others.join(" and "))
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = strings(error, ContextKind::InvalidArg);
            let missing: Vec<_> = missing.iter().map(|text| alternatives(text)).collect();
            let text = format!("missing {}", missing.join(" and "));
            match habits::of_missing(&missing, words) {
                Some(hint) => format!("{text}; {hint}"),
                None => text + &example(&missing, command, words),
            }
        }
        ErrorKind::InvalidSubcommand => {
            format!("unknown command '{}'", context(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            format!("missing a command{}", actions(command, words))
        }
        ErrorKind::InvalidUtf8 => "an argument is not valid UTF-8".to_owned(),
        _ => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        }
    };
    let argument = context(ContextKind::InvalidArg);
    let text = [value, argument]
        .iter()
        .filter(|word| is_like_url(word))
        .fold(text, |text, url| text.replace(&**url, without_secrets(url)));
    let valid = strings(error, ContextKind::ValidValue);
    let expected = match valid.split_last() {
        Some((last, [])) => format!(" (expected {last})"),
        Some((last, others)) => format!(" (expected {} or {last})", others.join(", ")),
        None => String::new(),
    };
    let similar =
        [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand];
    let similar = similar.iter().find_map(|kind| error.get(*kind)).filter(|_| !text.contains(';'));
    let similar = similar.map(|word| format!("; did you mean '{word}'?")).unwrap_or_default();
    format!("{text}{expected}{similar}")
}

/// Returns `true` if a word may be a URL, which may contain a password.
fn is_like_url(word: &str) -> bool {
    word.contains("://") || word.split_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// Returns what is wrong with an argument that the verb does not have.
fn unknown(argument: &str, words: &[OsString]) -> String {
    let is_number =
        argument.strip_prefix('-').is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit()));
    if is_number {
        let before = words.iter().take_while(|word| !word.to_string_lossy().starts_with(argument));
        let option = before.last().map(|word| word.to_string_lossy());
        if let Some(option) = option.filter(|option| option.starts_with('-')) {
            return format!("invalid value '{argument}' for '{option}' (expected 0 or more)");
        }
    }
    if !argument.starts_with('-') {
        return format!("unexpected argument '{argument}'");
    }
    let is_file = |word: &&OsString| {
        word.as_bytes().starts_with(b"-") && Path::new(word).symlink_metadata().is_ok()
    };
    let hint = match habits::of_option(argument, words) {
        Some(hint) => format!("; {hint}"),
        None => match words.iter().find(is_file).map(|word| word.to_string_lossy()) {
            Some(file) => format!("; for the file '{file}', write './{file}'"),
            None => String::new(),
        },
    };
    format!("unknown option '{argument}'{hint}")
}

/// Returns clap's description of an argument without its values: `--level` for `--level <N>`.
fn name(argument: &str) -> String {
    let end = match argument.starts_with('-') {
        true => [" <", "[=", "=<"].iter().find_map(|start| argument.find(start)),
        false => None,
    };
    argument[..end.unwrap_or(argument.len())]
        .trim_end_matches("...")
        .trim_matches(['<', '>', '[', ']'])
        .to_owned()
}

/// Returns a required argument as it would be typed; one of a group is listed with the others.
fn alternatives(argument: &str) -> String {
    argument.trim_end_matches("...").replace(">|", " or ").replace(['<', '>'], "")
}

/// Returns the actions of the verb, such as those of `cert`.
fn actions(command: &Command, words: &[OsString]) -> String {
    let verb = words.get(1).and_then(|word| command.find_subcommand(word)).unwrap_or(command);
    let names = verb.get_subcommands().map(Command::get_name).collect::<Vec<_>>();
    match names.split_last() {
        Some((last, others)) => format!(" (expected {} or {last})", others.join(", ")),
        None => String::new(),
    }
}

/// Returns the first example in the verb's help, if the verb requires every missing argument.
fn example(missing: &[String], command: &Command, words: &[OsString]) -> String {
    let Some(mut verb) = words.get(1).and_then(|word| command.find_subcommand(word)) else {
        return String::new();
    };
    // An action of the verb: `cert ca`.
    if let Some(action) = words.get(2).and_then(|word| verb.find_subcommand(word)) {
        verb = action;
    }
    let is_required = |argument: &String| {
        let long = argument.strip_prefix("--").and_then(|text| text.split(' ').next());
        long.is_none() || verb.get_opts().any(|o| o.get_long() == long && o.is_required_set())
    };
    let help = verb.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let first = help.lines().skip_while(|line| *line != "Examples:").nth(1);
    let first = first.filter(|_| missing.iter().all(is_required));
    first.map(|line| format!(", as in '{}'", line.trim())).unwrap_or_default()
}

/// Returns the reason why a value is invalid, in plain words.
fn reason(source: &(dyn std::error::Error + 'static)) -> String {
    if let Some(error) = source.downcast_ref::<ParseIntError>() {
        return match error.kind() {
            IntErrorKind::Zero => "expected 1 or more",
            IntErrorKind::PosOverflow => "expected a smaller number",
            _ => "expected a whole number",
        }
        .to_owned();
    }
    if source.is::<ParseFloatError>() {
        return "expected a number".to_owned();
    }
    let text = source.to_string();
    match text.rsplit_once(" is not in ").and_then(|(_, range)| range.split_once("..")) {
        Some((from, to)) => format!("expected {from} to {}", to.trim_start_matches('=')),
        None => text,
    }
}

fn strings(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}
