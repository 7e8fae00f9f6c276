//! The error of an invalid command line.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::cli::print::{complain_in_bytes, program_name};
use crate::cli::quote::quote_text;
use crate::cli::stderr;

#[derive(Debug)]
pub(super) struct CommandLineError {
    message: Vec<u8>,
    /// Set if the message is followed by a reference to `--help`.
    has_hint: bool,
}

impl CommandLineError {
    /// Creates an error without a reference to `--help`.
    pub(super) fn plain(message: impl Into<Vec<u8>>) -> Self {
        Self { message: message.into(), has_hint: false }
    }

    /// Creates an error with a reference to `--help`.
    pub(super) fn usage(message: impl Into<Vec<u8>>) -> Self {
        Self { message: message.into(), has_hint: true }
    }

    /// Creates the error of an invalid `--length`; `rule` may be empty.
    pub(super) fn length(text: &OsStr, rule: &str) -> Self {
        let mut message = format!("invalid length: {}", quote_text(text.as_bytes())).into_bytes();
        if !rule.is_empty() {
            message.extend([b"\n", program_name().as_bytes(), b": ", rule.as_bytes()].concat());
        }
        Self::plain(message)
    }

    pub(super) fn print(&self) {
        complain_in_bytes(&self.message);
        if self.has_hint {
            let program = program_name();
            let hint = [b"Try '", program.as_bytes(), b" --help' for more information.\n"];
            stderr::print(&hint.concat());
        }
    }
}
