//! Status words and their colours.

use std::env;
use std::ffi::{OsStr, OsString};

use crate::cli::args::shared::ColourChoice;

/// The result of a file, as every verb calls it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Ok,
    Failed,
    Rotted,
    Missing,
    Unreadable,
    Unverified,
    Refused,
    Changed,
    Accepted,
    New,
    Moved,
    Duplicate,
    Skipped,
}

/// A colour that the palettes of terminals define.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Colour {
    None,
    Dim,
    Red,
    Green,
    Yellow,
    Blue,
}

impl Status {
    /// The width of the column of status words on a terminal.
    pub(crate) const COLUMN: usize = 11;

    #[cfg(test)]
    const ALL: [Self; 13] = [
        Self::Ok,
        Self::Failed,
        Self::Rotted,
        Self::Missing,
        Self::Unreadable,
        Self::Unverified,
        Self::Refused,
        Self::Changed,
        Self::Accepted,
        Self::New,
        Self::Moved,
        Self::Duplicate,
        Self::Skipped,
    ];

    const fn row(self) -> (&'static str, Colour) {
        match self {
            Self::Ok => ("OK", Colour::Dim),
            Self::Failed => ("FAILED", Colour::Red),
            Self::Rotted => ("ROTTED", Colour::Red),
            Self::Missing => ("MISSING", Colour::Red),
            Self::Unreadable => ("UNREADABLE", Colour::Red),
            Self::Unverified => ("UNVERIFIED", Colour::Yellow),
            Self::Refused => ("REFUSED", Colour::Red),
            Self::Changed => ("CHANGED", Colour::Yellow),
            Self::Accepted => ("ACCEPTED", Colour::Yellow),
            Self::New => ("NEW", Colour::Green),
            Self::Moved => ("MOVED", Colour::Blue),
            Self::Duplicate => ("DUPLICATE", Colour::Blue),
            Self::Skipped => ("SKIPPED", Colour::None),
        }
    }

    /// Returns the word in capital letters, such as `FAILED`.
    pub(crate) const fn word(self) -> &'static str {
        self.row().0
    }

    /// Appends `text` to `line` in the colour of this status, if `coloured`.
    pub(crate) fn paint(self, line: &mut Vec<u8>, text: &str, coloured: bool) {
        let code = match self.row().1 {
            _ if !coloured => "",
            Colour::None => "",
            Colour::Dim => "\x1b[2m",
            Colour::Red => "\x1b[31m",
            Colour::Green => "\x1b[32m",
            Colour::Yellow => "\x1b[33m",
            Colour::Blue => "\x1b[34m",
        };
        line.extend_from_slice(code.as_bytes());
        line.extend_from_slice(text.as_bytes());
        if !code.is_empty() {
            line.extend_from_slice(b"\x1b[0m");
        }
    }
}

/// Returns `true` if an output is coloured: by the option, or else by the environment, or else if
/// it is a terminal that can show colours.
pub(crate) fn is_coloured(choice: ColourChoice, is_terminal: bool) -> bool {
    is_coloured_in(|name| env::var_os(name), choice, is_terminal)
}

fn is_coloured_in(
    variable: impl Fn(&str) -> Option<OsString>,
    choice: ColourChoice,
    is_terminal: bool,
) -> bool {
    let value = |name| variable(name).unwrap_or_default();
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        // See no-color.org and bixense.com/clicolors.
        ColourChoice::Auto if !value("NO_COLOR").is_empty() => false,
        ColourChoice::Auto if !["", "0"].map(OsStr::new).contains(&&*value("CLICOLOR_FORCE")) => {
            true
        }
        ColourChoice::Auto => is_terminal && value("TERM") != "dumb",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_precede_variables_and_no_color_precedes_clicolor_force() {
        use ColourChoice::{Always, Auto, Never};
        for (choice, is_terminal, variables, coloured) in [
            (Auto, true, &[][..], true),
            (Auto, false, &[], false),
            (Auto, true, &[("TERM", "dumb")], false),
            (Auto, true, &[("NO_COLOR", "1")], false),
            (Auto, true, &[("NO_COLOR", "")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Auto, false, &[("CLICOLOR_FORCE", "")], false),
            (Auto, true, &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], true),
            (Auto, true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (Always, false, &[("NO_COLOR", "1"), ("TERM", "dumb")], true),
            (Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ] {
            let variable = |name: &str| {
                variables.iter().find(|pair| pair.0 == name).map(|pair| OsString::from(pair.1))
            };
            let is = is_coloured_in(variable, choice, is_terminal);
            assert_eq!(is, coloured, "{choice:?} {is_terminal} {variables:?}");
        }
    }

    #[test]
    fn words_fit_into_their_column() {
        for status in Status::ALL {
            assert!(status.word().len() < Status::COLUMN, "{status:?}");
        }
    }

    #[test]
    fn only_the_painted_text_is_coloured() {
        let mut line = b"a ".to_vec();
        Status::Failed.paint(&mut line, "1 FAILED", true);
        Status::Skipped.paint(&mut line, " b", true);
        Status::Ok.paint(&mut line, " c", false);
        assert_eq!(line.escape_ascii().to_string(), "a \\x1b[31m1 FAILED\\x1b[0m b c");
    }
}
