//! A parser of command lines with the rules and messages of glibc's `getopt_long`.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// An option with a letter, a name, or both.
pub(super) struct OptionSpec<K> {
    pub(super) key: K,
    pub(super) short: Option<u8>,
    pub(super) long: Option<&'static str>,
    pub(super) takes: Takes,
}

/// The argument of an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Takes {
    Nothing,
    Argument,
}

/// A part of the command line.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Step<K> {
    /// An option and its argument, which is empty if it takes none.
    Option(K, OsString),
    Operand(OsString),
    /// An error message without the program's name; always the last step.
    Error(Vec<u8>),
}

/// The order of options and operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// Options may follow operands.
    Permute,
    /// The first operand ends the options, as with `POSIXLY_CORRECT`.
    Posix,
}

/// Parses the words after the program's name, up to the first error.
pub(super) fn parse<K: Copy + PartialEq>(
    options: &[OptionSpec<K>],
    order: Order,
    words: impl IntoIterator<Item = OsString>,
) -> Vec<Step<K>> {
    let mut words: VecDeque<Vec<u8>> = words.into_iter().map(OsString::into_vec).collect();
    let mut steps = Vec::new();
    while let Some(word) = words.pop_front() {
        let result = match &*word {
            b"--" => break,
            [b'-', b'-', ..] => long(options, &word, &mut words).map(|step| steps.push(step)),
            [b'-', _, ..] => cluster(options, &word[1..], &mut words, &mut steps),
            _ if order == Order::Posix => {
                words.push_front(word);
                break;
            }
            _ => {
                steps.push(Step::Operand(OsString::from_vec(word)));
                Ok(())
            }
        };
        if let Err(message) = result {
            steps.push(Step::Error(message));
            return steps;
        }
    }
    steps.extend(words.into_iter().map(|word| Step::Operand(OsString::from_vec(word))));
    steps
}

/// Parses `--name`, `--name=argument` or `--name argument`.
///
/// A name may be abbreviated if it remains unique.
fn long<K: Copy + PartialEq>(
    options: &[OptionSpec<K>],
    word: &[u8],
    rest: &mut VecDeque<Vec<u8>>,
) -> Result<Step<K>, Vec<u8>> {
    let (name, value) = match word.iter().position(|&b| b == b'=') {
        Some(at) => (&word[2..at], Some(&word[at + 1..])),
        None => (&word[2..], None),
    };
    let named = || options.iter().filter_map(|o| o.long.map(|long| (long, o)));
    let exact = named().find(|(long, _)| long.as_bytes() == name);
    let (long, option) = match exact {
        Some(found) => found,
        None => {
            let candidates: Vec<_> =
                named().filter(|(l, _)| l.as_bytes().starts_with(name)).collect();
            match candidates[..] {
                [] => return Err([b"unrecognized option '", word, b"'"].concat()),
                [first, ref others @ ..] if others.iter().all(|o| o.1.key == first.1.key) => first,
                _ => {
                    let mut text = [b"option '", word, b"' is ambiguous; possibilities:"].concat();
                    for (long, _) in candidates {
                        text.extend_from_slice(format!(" '--{long}'").as_bytes());
                    }
                    return Err(text);
                }
            }
        }
    };
    match (option.takes, value) {
        (Takes::Nothing, None) => Ok(Step::Option(option.key, OsString::new())),
        (Takes::Nothing, Some(_)) => {
            Err(format!("option '--{long}' doesn't allow an argument").into_bytes())
        }
        (Takes::Argument, Some(value)) => {
            Ok(Step::Option(option.key, OsStr::from_bytes(value).to_owned()))
        }
        (Takes::Argument, None) => match rest.pop_front() {
            Some(value) => Ok(Step::Option(option.key, OsString::from_vec(value))),
            None => Err(format!("option '--{long}' requires an argument").into_bytes()),
        },
    }
}

/// Parses `-abc`, `-largument` or `-l argument`.
fn cluster<K: Copy>(
    options: &[OptionSpec<K>],
    letters: &[u8],
    rest: &mut VecDeque<Vec<u8>>,
    steps: &mut Vec<Step<K>>,
) -> Result<(), Vec<u8>> {
    for (i, letter) in letters.iter().enumerate() {
        let Some(option) = options.iter().find(|option| option.short == Some(*letter)) else {
            return Err([b"invalid option -- '", &[*letter][..], b"'"].concat());
        };
        if option.takes == Takes::Nothing {
            steps.push(Step::Option(option.key, OsString::new()));
            continue;
        }
        let value = match &letters[i + 1..] {
            [] => rest.pop_front(),
            value => Some(value.to_vec()),
        };
        let Some(value) = value else {
            return Err([b"option requires an argument -- '", &[*letter][..], b"'"].concat());
        };
        steps.push(Step::Option(option.key, OsString::from_vec(value)));
        break;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: [OptionSpec<char>; 4] = [
        OptionSpec { key: 'c', short: Some(b'c'), long: Some("check"), takes: Takes::Nothing },
        OptionSpec { key: 'l', short: Some(b'l'), long: Some("length"), takes: Takes::Argument },
        OptionSpec { key: 's', short: None, long: Some("status"), takes: Takes::Nothing },
        OptionSpec { key: 'S', short: None, long: Some("strict"), takes: Takes::Nothing },
    ];

    fn show(order: Order, line: &str) -> String {
        let words = line.split(' ').map(OsString::from);
        let steps = parse(&OPTIONS, order, words).into_iter().map(|step| match step {
            Step::Option(key, value) => format!("{key}={}", value.display()),
            Step::Operand(word) => word.into_string().unwrap(),
            Step::Error(text) => String::from_utf8(text).unwrap(),
        });
        steps.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn options_may_follow_operands() {
        for (line, steps) in [
            ("a -c b", "a|c=|b"),
            ("a -c -- -c b --", "a|c=|-c|b|--"),
            ("-cl8 -cl 9 - --len 10 --length=", "c=|l=8|c=|l=9|-|l=10|l="),
            ("--st --c", "option '--st' is ambiguous; possibilities: '--status' '--strict'"),
            ("--sta --c", "s=|c="),
            ("-cx", "c=|invalid option -- 'x'"),
            ("-l", "option requires an argument -- 'l'"),
            ("--l", "option '--length' requires an argument"),
            ("--chec=1", "option '--check' doesn't allow an argument"),
            ("--no=1", "unrecognized option '--no=1'"),
        ] {
            assert_eq!(show(Order::Permute, line), steps, "{line}");
        }
        assert_eq!(show(Order::Posix, "-c a -c --"), "c=|a|-c|--");
    }
}
