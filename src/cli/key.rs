//! Keys and passwords: read from outside the command line, kept out of core dumps, wiped after use.

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Result;
use hsum::ErrorKind;
use hsum::internals::{SMALL_FILE, decode_key, read_some, too_large};
use hsum::sign::{KeyError, KeyFormat};
use rustix::process::{Resource, Rlimit, setrlimit};
use zeroize::Zeroizing;

use crate::cli::exit::{SetupError, Usage};
use crate::cli::input;
use crate::cli::print::complain;
use crate::cli::quote::quote;

/// The source of a key.
pub(crate) enum KeySource<'a> {
    Environment(&'a OsStr),
    File(&'a Path),
    Descriptor(u32),
    Stdin,
    Prompt,
}

/// The maximum length of a key in bytes, before decoding.
const MAX_KEY: usize = 1 << 20;

/// Keeps memory out of core dumps, and from other processes except root's; ignores failures.
pub(crate) fn protect_memory() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// The treatment of warnings about keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Warnings {
    Printed,
    Errors,
}

impl Warnings {
    pub(crate) fn warn(self, text: impl Display) -> Result<()> {
        match self {
            Self::Printed => complain(format_args!("warning: {text}")),
            Self::Errors => return Err(SetupError(text.to_string()).into()),
        }
        Ok(())
    }
}

/// Returns the error of a key that cannot be used: exit status 2 in every command.
pub(crate) fn unusable(title: &str, why: impl Display) -> anyhow::Error {
    SetupError(format!("{title}: {why}")).into()
}

impl<'a> KeySource<'a> {
    /// Parses `env:NAME`, `file:PATH`, `fd:N`, `-` and `prompt`, the value of `option`.
    ///
    /// An error does not quote the text, which may be the key itself.
    pub(crate) fn parse(spec: &'a OsStr, option: &str) -> Result<Self> {
        let text = spec.as_bytes();
        let after = |prefix: &str| {
            let rest = text.strip_prefix(prefix.as_bytes()).map(OsStr::from_bytes);
            rest.filter(|rest| !rest.is_empty())
        };
        let source = match text {
            b"-" => Some(Self::Stdin),
            b"prompt" => Some(Self::Prompt),
            _ => after("env:")
                .map(Self::Environment)
                .or_else(|| after("file:").map(|path| Self::File(Path::new(path))))
                .or_else(|| after("fd:")?.to_str()?.parse().ok().map(Self::Descriptor)),
        };
        let invalid = || {
            Usage(format!(
                "invalid {option} (expected env:NAME, file:PATH, fd:N, '-' or prompt); \
                 never put a key or password on the command line"
            ))
        };
        Ok(source.ok_or_else(invalid)?)
    }

    /// Returns the file that contains the key.
    pub(crate) fn file(&self) -> Option<&'a Path> {
        match self {
            Self::File(path) => Some(path),
            _ => None,
        }
    }

    /// Returns `true` if the key is read from standard input, which then cannot hold the message.
    pub(crate) fn is_stdin(&self) -> bool {
        match self {
            Self::Stdin => true,
            Self::Descriptor(number) => *number == 0,
            Self::File(path) => input::is_stdin(path),
            Self::Prompt | Self::Environment(_) => false,
        }
    }

    /// Reads and decodes the key.
    pub(crate) fn read(&self, format: KeyFormat) -> Result<Zeroizing<Vec<u8>>> {
        let (title, text) = self.read_text(Warnings::Printed)?;
        let key = decode(&title, text, format)?;
        match key.is_empty() {
            true => Err(unusable(&title, KeyError::Empty)),
            false => Ok(key),
        }
    }

    /// Reads the key without decoding it; returns the title of its source, and the key.
    ///
    /// Warns of a file that other users can read.
    pub(crate) fn read_text(&self, warnings: Warnings) -> Result<(String, Zeroizing<Vec<u8>>)> {
        protect_memory();
        let (title, text) = match self {
            Self::Environment(name) => {
                let title = format!("environment variable {}", quote(Path::new(name)));
                match std::env::var_os(name) {
                    Some(value) => (title, Ok(Zeroizing::new(value.into_vec()))),
                    None => return Err(SetupError(format!("{title} is not set")).into()),
                }
            }
            Self::File(path) => {
                if let Some(exposure) = exposure(path) {
                    warnings.warn(exposure)?;
                }
                (quote(path), File::open(path).and_then(|file| read_all(file, MAX_KEY)))
            }
            Self::Descriptor(number) => {
                let file = File::open(format!("/dev/fd/{number}"));
                let title = format!("file descriptor {number}");
                (title, file.and_then(|file| read_all(file, MAX_KEY)))
            }
            Self::Stdin => {
                // The buffer of `io::stdin` is never wiped.
                let file = io::stdin().as_fd().try_clone_to_owned().map(File::from);
                let text = file.and_then(|file| read_all(file, MAX_KEY));
                ("standard input".to_owned(), text)
            }
            Self::Prompt => {
                let text = rpassword::prompt_password("Key: ");
                let text = text
                    .map_err(|error| unusable("cannot prompt for the key", ErrorKind::Io(error)))?;
                ("the key typed at the prompt".to_owned(), Ok(Zeroizing::new(text.into_bytes())))
            }
        };
        let text = text.map_err(|error| unusable(&title, ErrorKind::Io(error)))?;
        match text.len() > MAX_KEY {
            true => Err(unusable(&title, format_args!("the key is longer than {MAX_KEY} bytes"))),
            false => Ok((title, text)),
        }
    }
}

/// Reads a file of passwords, headers or cookies.
pub(crate) fn read_secrets(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    protect_memory();
    let text = read_all(File::open(path)?, SMALL_FILE as usize)?;
    match text.len() as u64 > SMALL_FILE {
        true => Err(too_large(SMALL_FILE)),
        false => Ok(text),
    }
}

/// Returns a warning if users other than the owner can read a file.
pub(crate) fn exposure(path: &Path) -> Option<String> {
    let metadata = path.metadata().ok().filter(|metadata| metadata.is_file())?;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o044 != 0).then(|| format!("{}: others can read it (mode {mode:04o})", quote(path)))
}

/// Reads everything, up to one byte more than `max`.
///
/// Wipes each outgrown buffer, which a growing `Vec` would not do.
fn read_all(input: impl Read, max: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut input = input.take(max as u64 + 1);
    let mut text = Zeroizing::new(Vec::new());
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        let count = read_some(&mut input, &mut *piece)?;
        if count == 0 {
            return Ok(text);
        }
        if text.capacity() - text.len() < count {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * text.len() + piece.len()));
            larger.extend_from_slice(&text);
            text = larger;
        }
        text.extend_from_slice(&piece[..count]);
    }
}

/// Removes one LF or CRLF at the end, which editors and `echo` append.
pub(crate) fn remove_line_end(text: &mut Vec<u8>) {
    if text.ends_with(b"\n") {
        text.pop();
        if text.ends_with(b"\r") {
            text.pop();
        }
    }
}

/// Decodes a key; errors contain no part of it.
fn decode(
    title: &str,
    mut text: Zeroizing<Vec<u8>>,
    format: KeyFormat,
) -> Result<Zeroizing<Vec<u8>>> {
    if format != KeyFormat::Raw {
        remove_line_end(&mut text);
    }
    if format == KeyFormat::Text {
        if text.contains(&b'\n') {
            let why = "a text key has one line; use --key-format raw for a key of several lines";
            return Err(unusable(title, why));
        }
        warn_of_white_space(title, &text, Warnings::Printed)?;
    }
    decode_key(format, &text).map_err(|error| unusable(title, error))
}

/// Rejects a blank text key, and warns of leading and trailing white space.
pub(crate) fn warn_of_white_space(title: &str, text: &[u8], warnings: Warnings) -> Result<()> {
    let edges = [text.first(), text.last()];
    if !text.is_empty() && text.trim_ascii().is_empty() {
        return Err(unusable(title, KeyError::Blank));
    }
    match edges.into_iter().flatten().any(u8::is_ascii_whitespace) {
        true => warnings.warn(format_args!(
            "{title}: the key begins or ends with white space, which is part of it"
        )),
        false => Ok(()),
    }
}
