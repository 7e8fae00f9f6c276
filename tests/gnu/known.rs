//! The differences between the installed coreutils, 9.1, and those that hsum follows, 9.11.

use super::cases::Case;
use super::differential::Ran;

/// A difference between the installed coreutils and those that hsum follows, or a deliberate one.
/// It says why, and rewrites both outputs so that they can be compared.
pub(crate) struct Known {
    pub(crate) why: &'static str,
    /// Returns `true` if the case cannot be compared.
    pub(crate) skips: fn(&Case, &Ran) -> bool,
    pub(crate) gnu: fn(&Case, Vec<u8>) -> Vec<u8>,
    pub(crate) ours: fn(&Case, Vec<u8>) -> Vec<u8>,
}

const SAME: Known = Known { why: "", skips: |_, _| false, gnu: |_, b| b, ours: |_, b| b };

pub(crate) const KNOWN: [Known; 11] = [
    Known {
        why: "V2: since 9.11 names in OK and FAILED lines are quoted for a shell; before, they \
              are raw, or escaped if they contain a newline",
        ours: |case, bytes| if case.checks() { with_raw_names(&bytes) } else { bytes },
        ..SAME
    },
    Known {
        why: "O8: since 9.10 --tag and --text exclude each other in either order; before, only \
              --tag before --text",
        skips: |case, _| case.has("--ta") && (case.has("--te") || case.has_short(b't')),
        ..SAME
    },
    Known {
        why: "O9: crc32b exists since 9.8",
        gnu: |_, bytes| replace(bytes, "={bsd,sysv,crc}", "={bsd,sysv,crc,crc32b}"),
        ..SAME
    },
    Known {
        why: "O11: since 9.8 sha2 and sha3 have lengths too, and cksum without an algorithm names \
              all three",
        gnu: |_, bytes| {
            let new = "with --algorithm blake2b, sha2, or sha3";
            replace(bytes, "with --algorithm=blake2b", new)
        },
        ..SAME
    },
    Known {
        why: "O11: lengths are checked after all options are parsed; before, each was checked at once, so \
              that an invalid one hid later errors and was not overridden by the last one",
        skips: |case, gnu| case.has_length() && contains(&gnu.all(), b"length"),
        ..SAME
    },
    Known {
        why: "O1: since 9.2 cksum takes --base64 and --raw, since 9.3 --text and --binary; before, \
              its messages about these options and about errors were shorter",
        skips: |case, gnu| {
            let silent = gnu.all().starts_with(b"Try 'cksum");
            let short =
                case.has_short(b'b') || case.has_short(b't') || case.has("--=") || case.has("--b");
            case.tool == "cksum" && (silent || short)
        },
        ..SAME
    },
    Known {
        why: "2.7: a length in a tag must be that of the digest; 9.1 compares a part of the digest",
        skips: |case, _| case.tool == "cksum" && case.lists.iter().any(|list| odd_length(list)),
        ..SAME
    },
    Known {
        why: "Q4: GNU quotes a name with an apostrophe and an unprintable last byte so that no shell \
              reads it back",
        skips: |case, gnu| {
            let has = |bytes: &Vec<u8>| bytes.contains(&b'\'');
            let named = case.lists.iter().any(has) || case.words.iter().any(has);
            named && contains(&gnu.all(), b"'\\''")
        },
        ..SAME
    },
    Known {
        why: "C7: since 9.2 cksum accepts base64, so that the 64 characters of a SHA-256 may be a \
              SHA-384",
        skips: |case, _| {
            let word = |word: &[u8]| word.len() == 64 && word.iter().all(u8::is_ascii_hexdigit);
            let has = |list: &Vec<u8>| list.split(|b| b"\t\n\r \\".contains(b)).any(word);
            case.tool == "cksum" && case.lists.iter().any(has)
        },
        ..SAME
    },
    Known {
        why: "P8: since 9.2 the CRC of a directory is an error; before, it was that of an empty file",
        skips: |case, gnu| {
            let of_directory = |line: &[u8]| contains(line, b"4294967295 0 dir");
            case.tool == "cksum" && of_directory(&gnu.stdout)
        },
        ..SAME
    },
    Known {
        why: "O7: cksum refuses --tag with --check, as the other tools do; before, it did not",
        skips: |case, _| case.tool == "cksum" && case.checks() && case.has("--ta"),
        ..SAME
    },
];

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn replace(bytes: Vec<u8>, old: &str, new: &str) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = &*bytes;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old.as_bytes()) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(new.as_bytes());
        rest = &rest[at + old.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

/// Returns `true` if a tag has a length that only 9.1 accepts.
fn odd_length(list: &[u8]) -> bool {
    list.split(|b| *b == b'\n').any(|line| {
        let tag = line.split(|b| b"( ".contains(b)).find(|word| !word.is_empty());
        tag.is_some_and(|tag| tag.contains(&b'-') && !tag.starts_with(b"BLAKE2b"))
    })
}

/// Returns the status lines with unquoted names, as GNU wrote them before 9.11.
fn with_raw_names(text: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let status = [": OK\n", ": FAILED\n", ": FAILED open or read\n"];
        let status = status.iter().find(|status| line.ends_with(status.as_bytes()));
        let unquoted = status.and_then(|status| unquote(&line[..line.len() - status.len()]));
        let (Some(status), Some(name)) = (status, unquoted) else {
            raw.extend_from_slice(line);
            continue;
        };
        let escapes = name.contains(&b'\n');
        raw.extend_from_slice(if escapes { b"\\" } else { b"" });
        for byte in name {
            match byte {
                b'\n' => raw.extend_from_slice(b"\\n"),
                b'\r' if escapes => raw.extend_from_slice(b"\\r"),
                b'\\' if escapes => raw.extend_from_slice(b"\\\\"),
                byte => raw.push(byte),
            }
        }
        raw.extend_from_slice(status.as_bytes());
    }
    raw
}

/// Parses a single word as a shell does.
fn unquote(word: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::new();
    let mut rest = word;
    while let Some((&first, tail)) = rest.split_first() {
        let (quote, body) = match (first, tail.first()) {
            (b'$', Some(b'\'')) => ('$', &tail[1..]),
            (b'\'', _) => ('\'', tail),
            (b'"', _) => ('"', tail),
            (b'\\', Some(&next)) => {
                name.push(next);
                rest = &tail[1..];
                continue;
            }
            (b' ' | b'$' | b'\\', _) => return None,
            _ => {
                name.push(first);
                rest = tail;
                continue;
            }
        };
        let end = body.iter().position(|b| *b == if quote == '"' { b'"' } else { b'\'' })?;
        let mut inner = &body[..end];
        rest = &body[end + 1..];
        if quote != '$' {
            name.extend_from_slice(inner);
            continue;
        }
        while let [b'\\', code @ ..] = inner {
            let letters = b"abtnvfr".iter().zip([7, 8, 9, 10, 11, 12, 13]);
            let known = letters.clone().find(|(letter, _)| code.first() == Some(letter));
            match (known, code) {
                (Some((_, byte)), _) => {
                    name.push(byte);
                    inner = &code[1..];
                }
                (None, [x, y, z, after @ ..]) => {
                    let digit = |byte: &u8| u32::from(*byte - b'0');
                    name.push((digit(x) * 64 + digit(y) * 8 + digit(z)) as u8);
                    inner = after;
                }
                _ => return None,
            }
        }
        if !inner.is_empty() {
            return None;
        }
    }
    Some(name)
}
