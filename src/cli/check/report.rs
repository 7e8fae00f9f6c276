//! Reports on checked files, shared by `hsum check` and the GNU tools.

use std::fmt::Display;
use std::ops::ControlFlow;
use std::path::Path;

use hsum::check::{CheckSummary, CheckVerdict, CheckedLine};
use hsum::engine::NextOutcome;
use hsum::manifest::{BadLine, Entry};
use hsum::{Error, ErrorKind};

use crate::cli::args::check::CheckArgs;
use crate::cli::exit::{self, Exit};
use crate::cli::hints;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::{complain, complain_of, plural};
use crate::cli::progress::ProgressLine;
use crate::cli::quote::quote;

/// Options of a report: what is printed, and what counts as a failure.
pub(crate) struct ReportOptions {
    pub(crate) verbosity: Verbosity,
    pub(crate) line_warnings: LineWarnings,
    /// Set if improperly formatted lines are failures.
    pub(crate) strict: bool,
    pub(crate) ignore_missing: bool,
    /// Set if a file that is listed without a digest is a failure.
    pub(crate) needs_digests: bool,
}

/// The verdicts that are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    All,
    Failures,
    Nothing,
}

/// The warning about an improperly formatted line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineWarnings {
    None,
    WithReason,
    /// GNU's warning, with the latest tag in the list, or this one before the first tag.
    WithTag(&'static str),
}

impl ReportOptions {
    pub(super) fn new(args: &CheckArgs) -> Self {
        Self {
            verbosity: match (args.status, args.report.quiet) {
                (true, _) => Verbosity::Nothing,
                (_, true) => Verbosity::Failures,
                _ => Verbosity::All,
            },
            line_warnings: match args.warn {
                true => LineWarnings::WithReason,
                false => LineWarnings::None,
            },
            strict: args.strict,
            ignore_missing: args.ignore_missing,
            needs_digests: args.strict || !args.only.is_empty(),
        }
    }

    /// Returns `true` if messages are wanted in addition to the exit status.
    pub(super) fn has_messages(&self) -> bool {
        self.verbosity != Verbosity::Nothing
    }

    /// Prints the result for a line of the list called `title`; exits if it cannot be written.
    pub(crate) fn print(
        &self,
        title: &str,
        checked: &CheckedLine,
        output: &mut Output,
        view: Option<&ProgressLine>,
    ) -> ControlFlow<()> {
        let mut print = || self.try_print(title, checked, output);
        let printed = match view {
            Some(view) => view.suspend(print),
            None => print(),
        };
        if let Err(error) = printed {
            exit::exit_now(&error);
        }
        ControlFlow::Continue(())
    }

    fn try_print(
        &self,
        title: &str,
        checked: &CheckedLine,
        output: &mut Output,
    ) -> Result<(), WriteError> {
        match (&checked.entry, &checked.verdict) {
            (Some(entry), verdict) => self.print_entry(entry, verdict, output)?,
            (None, CheckVerdict::Malformed(bad)) => {
                if let Some(warning) = self.line_warning(checked, *bad) {
                    output.flush()?;
                    complain(format_args!("{title}: {}: {warning}", checked.line));
                }
            }
            (None, _) => {}
        }
        if checked.next == NextOutcome::Awaited { output.flush() } else { Ok(()) }
    }

    fn line_warning(&self, checked: &CheckedLine, bad: BadLine) -> Option<String> {
        match (&checked.name, self.line_warnings) {
            (Some(name), _) if self.has_messages() && !bad.is_refusal() => {
                Some(format!("{}: {}", quote(name), hints::bad_line(bad)))
            }
            _ if self.has_messages() && needs_warning(bad) => Some(hints::bad_line(bad)),
            (_, LineWarnings::WithReason) => {
                let reason = hints::bad_line(bad);
                Some(format!("improperly formatted checksum line: {reason}"))
            }
            (_, LineWarnings::WithTag(tag)) => {
                let tag = checked.tag.unwrap_or(tag);
                Some(format!("improperly formatted {tag} checksum line"))
            }
            (_, LineWarnings::None) => None,
        }
    }

    fn print_entry(
        &self,
        entry: &Entry,
        verdict: &CheckVerdict,
        output: &mut Output,
    ) -> Result<(), WriteError> {
        match verdict {
            CheckVerdict::Missing(_) if self.ignore_missing => return Ok(()),
            CheckVerdict::Missing(error) | CheckVerdict::Unreadable(error) => {
                output.flush()?;
                complain_of_listed(&entry.path, error);
            }
            CheckVerdict::WrongSize(size) if self.has_messages() => {
                output.flush()?;
                complain_of_size(&entry.path, *size, entry.size.unwrap_or_default());
            }
            _ => {}
        }
        let is_match = matches!(verdict, CheckVerdict::Match);
        self.print_verdict(&entry.path, is_match, verdict, output)
    }

    /// Prints the verdict on a file, unless the verbosity excludes it.
    pub(super) fn print_verdict(
        &self,
        name: &Path,
        is_match: bool,
        verdict: impl Display,
        output: &mut Output,
    ) -> Result<(), WriteError> {
        match self.verbosity {
            Verbosity::Nothing => Ok(()),
            Verbosity::Failures if is_match => Ok(()),
            _ => output.line(format!("{}: {verdict}\n", quote(name)).as_bytes()),
        }
    }

    /// Prints the warnings about a list, and returns the exit status.
    pub(crate) fn summarize(&self, title: &str, summary: &CheckSummary) -> Exit {
        if summary.entries() == 0 {
            complain(format_args!("{title}: no properly formatted checksum lines found"));
            return Exit::Failed;
        }
        let warned = self.summarize_failures(summary);
        if summary.matched > 0 {
            return warned;
        }
        if self.has_messages() && self.ignore_missing {
            complain(format_args!("{title}: no file was verified"));
        }
        Exit::Failed
    }

    /// Prints the number of failures of each kind, and returns the exit status.
    ///
    /// Used alone for a list that names no file of `--only`: missed files are reported at the end.
    pub(super) fn summarize_failures(&self, summary: &CheckSummary) -> Exit {
        let missing = if self.ignore_missing { 0 } else { summary.missing };
        let unreadable = summary.unreadable + missing;
        if self.has_messages() {
            for (count, one, many) in [
                (
                    summary.malformed,
                    "line is improperly formatted",
                    "lines are improperly formatted",
                ),
                (
                    summary.without_digest,
                    "file is listed without a digest",
                    "files are listed without a digest",
                ),
                (unreadable, "listed file could not be read", "listed files could not be read"),
                (
                    summary.mismatched,
                    "computed checksum did NOT match",
                    "computed checksums did NOT match",
                ),
                (summary.refused, "listed file was refused", "listed files were refused"),
            ] {
                if count > 0 {
                    complain(format_args!("WARNING: {}", plural(count, one, many)));
                }
            }
        }
        let malformed = if self.strict { summary.malformed } else { summary.unverified };
        let without_digest = if self.needs_digests { summary.without_digest } else { 0 };
        match without_digest + summary.mismatched + unreadable + malformed + summary.refused {
            0 => Exit::Success,
            _ => Exit::Failed,
        }
    }
}

/// Returns `true` for lines that are reported even without `--warn`.
fn needs_warning(bad: BadLine) -> bool {
    use BadLine::{Damaged, Html, NotOfAFile, OfACache, Syntax, TooLarge, Unnamed, Version};
    let is_whole_list = matches!(bad, Damaged | Version | Html | NotOfAFile | OfACache);
    bad.is_refusal() || is_whole_list || matches!(bad, Syntax | TooLarge { .. } | Unnamed)
}

/// Reports that a file does not have the listed size.
pub(super) fn complain_of_size(name: &Path, size: u64, listed: u64) {
    complain(format_args!("{}: {size} bytes (expected {listed})", quote(name)));
}

/// Reports why a listed file could not be read.
pub(super) fn complain_of_listed(name: &Path, error: &Error) {
    match error.kind() {
        kind @ ErrorKind::Outside => {
            complain(format_args!("{}: {kind}; see --allow-outside and --beneath", quote(name)));
        }
        _ => complain_of(name, error),
    }
}
