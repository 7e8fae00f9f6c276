//! Reports on checked files, shared by `hsum check` and the GNU tools.

use std::fmt::Display;
use std::io::{IsTerminal, stderr};
use std::mem;
use std::path::{Path, PathBuf};

use anyhow::Result;
use hsum::Digest;
use hsum::check::{CheckSummary, CheckVerdict, CheckedLine};
use hsum::engine::NextOutcome;
use hsum::manifest::{BadLine, Entry};

use crate::cli::args::check::CheckArgs;
use crate::cli::args::shared::{ColourChoice, ReportArgs};
use crate::cli::check::hints::{self, CheckedList};
use crate::cli::check::result::{FileResult, ListName, Verdict, add_mismatch};
use crate::cli::check::tally::Tally;
use crate::cli::colour::Status;
use crate::cli::exit::Exit;
use crate::cli::hints::bad_line;
use crate::cli::json::Object;
use crate::cli::output::{Output, StatusLine, WriteError};
use crate::cli::print::{complain, plural};
use crate::cli::quote::quote;
use crate::cli::summary;

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

    fn is_printed(&self, status: Status) -> bool {
        match self.verbosity {
            Verbosity::Nothing => false,
            Verbosity::Failures => status != Status::Ok,
            Verbosity::All => true,
        }
    }

    fn line_warning(&self, checked: &CheckedLine, bad: BadLine) -> Option<String> {
        match (&checked.name, self.line_warnings) {
            (Some(name), _) if self.has_messages() && !bad.is_refusal() => {
                Some(format!("{}: {}", quote(name), bad_line(bad)))
            }
            _ if self.has_messages() && needs_warning(bad) => Some(bad_line(bad)),
            (_, LineWarnings::WithReason) => {
                let reason = bad_line(bad);
                Some(format!("improperly formatted checksum line: {reason}"))
            }
            (_, LineWarnings::WithTag(tag)) => {
                let tag = checked.tag.unwrap_or(tag);
                Some(format!("improperly formatted {tag} checksum line"))
            }
            (_, LineWarnings::None) => None,
        }
    }
}

/// A printer of results, of messages about them, and of the summary.
pub(crate) struct Report {
    options: ReportOptions,
    output: Output,
    tally: Tally,
    json: bool,
    colour: ColourChoice,
    /// Set if results and messages are on a terminal: results then include the problems.
    merges_problems: bool,
    /// Set if a summary for people follows the results.
    has_summary: bool,
    /// The first missing files of the current list.
    missing: Vec<PathBuf>,
}

/// The number of missing files for which hints search.
const MAX_MISSING: usize = 8;

impl Report {
    pub(super) fn new(args: &CheckArgs) -> Result<Self, WriteError> {
        let ReportArgs { quiet, verbose, json, color } = args.report;
        let output = Output::stdout()?;
        let output = if json { output } else { output.for_people(color) };
        let has_summary = summary::is_wanted(quiet || args.status, verbose, json);
        Ok(Self {
            options: ReportOptions::new(args),
            merges_problems: !json && output.is_terminal() && stderr().is_terminal(),
            output,
            tally: Tally::start(has_summary),
            json,
            colour: color,
            has_summary,
            missing: Vec::new(),
        })
    }

    /// Creates a report in the format of the GNU tools.
    pub(crate) fn gnu(options: ReportOptions) -> Result<Self, WriteError> {
        Ok(Self {
            options,
            output: Output::plain_stdout()?,
            tally: Tally::start(false),
            json: false,
            colour: ColourChoice::Never,
            merges_problems: false,
            has_summary: false,
            missing: Vec::new(),
        })
    }

    pub(super) fn options(&self) -> &ReportOptions {
        &self.options
    }

    /// Returns `true` if a file was listed, whatever its result.
    pub(super) fn has_results(&self) -> bool {
        !self.tally.is_empty()
    }

    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        self.output.flush()
    }

    /// Prints the result for a line of a list.
    pub(crate) fn line(
        &mut self,
        list: &ListName,
        checked: &CheckedLine,
    ) -> Result<(), WriteError> {
        match (&checked.entry, &checked.verdict) {
            (Some(entry), _) => self.entry(list, entry, checked)?,
            (None, CheckVerdict::Malformed(bad)) => {
                self.bad_line(list, checked.line, checked.name.as_deref(), *bad)?;
                if let Some(warning) = self.options.line_warning(checked, *bad) {
                    self.flush()?;
                    complain(format_args!("{}: {}: {warning}", list.title, checked.line));
                }
            }
            (None, _) => {}
        }
        if checked.next == NextOutcome::Awaited { self.flush() } else { Ok(()) }
    }

    fn entry(
        &mut self,
        list: &ListName,
        entry: &Entry,
        checked: &CheckedLine,
    ) -> Result<(), WriteError> {
        let verdict = match &checked.verdict {
            CheckVerdict::Match => Verdict::Match,
            CheckVerdict::Missing(error) | CheckVerdict::Unreadable(error) => {
                Verdict::Unread(error)
            }
            CheckVerdict::WrongSize(size) => {
                Verdict::WrongSize { size: *size, expected: entry.size.unwrap_or_default() }
            }
            _ => Verdict::Mismatch,
        };
        self.file(&FileResult { name: &entry.path, verdict, size: checked.size }, |object| {
            list.add_line(object, checked.line);
            match &checked.verdict {
                CheckVerdict::Match => {
                    object.digests(&checked.digests);
                }
                CheckVerdict::Mismatch(got) => {
                    let is_same = |d: &&Digest| d.hash_function() == got.hash_function();
                    let expected = entry.digests().find(is_same).unwrap_or(&entry.digest);
                    add_mismatch(object, expected, got);
                }
                _ => {}
            }
        })
    }

    /// Prints the object of a bad line.
    pub(super) fn bad_line(
        &mut self,
        list: &ListName,
        line: u64,
        name: Option<&Path>,
        bad: BadLine,
    ) -> Result<(), WriteError> {
        if !self.json || !self.options.has_messages() {
            return Ok(());
        }
        let mut object = Object::new("line");
        if let Some(name) = name {
            object.path(name);
        }
        list.add_line(&mut object, line);
        self.output.line(&object.problem(bad.reason(), bad).line())
    }

    /// Prints the result for a file, unless the verbosity excludes it. `details` adds to its object.
    pub(super) fn file(
        &mut self,
        result: &FileResult,
        details: impl FnOnce(&mut Object),
    ) -> Result<(), WriteError> {
        let FileResult { name, verdict, size } = result;
        let status = verdict.status();
        if status == Status::Missing && self.missing.len() < MAX_MISSING {
            self.missing.push(name.to_path_buf());
        }
        if let Verdict::Unread(error) = verdict
            && error.is_not_found()
            && self.options.ignore_missing
        {
            self.tally.add(Status::Skipped, 1);
            return match self.json && self.options.is_printed(Status::Ok) {
                true => {
                    let (reason, text) = (error.kind().reason(), error.kind());
                    self.output.line(&Object::skipped(name, reason, text).line())
                }
                false => Ok(()),
            };
        }
        self.tally.add(status, 1);
        self.tally.add_bytes(size.unwrap_or_default());
        let is_printed = self.options.is_printed(status);
        if status == Status::Ok && !is_printed {
            return Ok(());
        }
        let problem = verdict.problem();
        let explained = match verdict {
            Verdict::Match | Verdict::Mismatch => None,
            Verdict::WrongSize { .. } if !self.options.has_messages() => None,
            _ => problem.as_ref(),
        };
        let merges = self.merges_problems && is_printed;
        if let Some((_, text)) = explained
            && !merges
        {
            self.output.flush()?;
            complain(format_args!("{}: {text}", quote(name)));
        }
        if !is_printed {
            return Ok(());
        }
        self.tally.note(status, name);
        if self.json {
            let mut object = Object::new("file");
            object.path(name).set("status", status.word());
            details(&mut object);
            let size = match verdict {
                Verdict::WrongSize { size, expected } => {
                    object.set("expected_size", expected);
                    Some(size)
                }
                _ => size.as_ref(),
            };
            if let Some(size) = size {
                object.set("size", size);
            }
            if let Some((reason, text)) = problem {
                object.problem(reason, text);
            }
            return self.output.line(&object.line());
        }
        let note = match explained {
            // The status says it.
            Some(_) if status == Status::Missing => String::new(),
            Some((_, text)) if merges && text.contains('(') => text.clone(),
            Some((_, text)) if merges => format!("({text})"),
            _ => String::new(),
        };
        let text = verdict.text();
        let word = text.split(' ').next().unwrap_or(text);
        self.output.status(&StatusLine { status, name: &quote(name), text, word, note: &note })
    }

    /// Prints the object of a list or file without a result, whose message is printed elsewhere.
    pub(super) fn error(
        &mut self,
        path: &Path,
        reason: &str,
        text: impl Display,
    ) -> Result<(), WriteError> {
        self.tally.add_error();
        match self.json && self.options.has_messages() {
            true => self.output.line(&Object::error(path, reason, text).line()),
            false => Ok(()),
        }
    }

    /// Prints the object of a problem that is not one of a list or file.
    pub(super) fn problem(&mut self, reason: &str, text: &str) -> Result<(), WriteError> {
        match self.json && self.options.has_messages() {
            true => self.output.line(&Object::new("error").problem(reason, text).line()),
            false => Ok(()),
        }
    }

    /// Prints the warnings about a list, and returns the exit status.
    pub(crate) fn end_list(
        &mut self,
        list: &ListName,
        summary: &CheckSummary,
    ) -> Result<Exit, WriteError> {
        let title = &list.title;
        if summary.entries() == 0 {
            let text = "no properly formatted checksum lines found";
            complain(format_args!("{title}: {text}"));
            self.tally.add_bad_lines(summary);
            self.error(&list.path, "no-entries", text)?;
            return Ok(Exit::Failed);
        }
        let warned = self.warn_of_failures(summary);
        if summary.matched > 0 {
            return Ok(warned);
        }
        if self.options.has_messages() && self.options.ignore_missing {
            complain(format_args!("{title}: no file was verified"));
        }
        Ok(Exit::Failed)
    }

    /// Prints the number of failures of each kind, and returns the exit status.
    ///
    /// Used alone for a list that names no file of `--only`: missed files are reported at the end.
    pub(super) fn warn_of_failures(&mut self, summary: &CheckSummary) -> Exit {
        let ReportOptions { ignore_missing, strict, needs_digests, .. } = self.options;
        let missing = if ignore_missing { 0 } else { summary.missing };
        let unreadable = summary.unreadable + missing;
        self.tally.add(Status::Refused, summary.refused);
        self.tally.add_bad_lines(summary);
        // The summary counts files by their status, and in JSON the lines too.
        let (counts_lines, counts_files) = (!self.json, !self.has_summary && !self.json);
        for (counted, count, one, many) in [
            (
                counts_lines,
                summary.malformed,
                "line is improperly formatted",
                "lines are improperly formatted",
            ),
            (
                counts_lines,
                summary.without_digest,
                "file is listed without a digest",
                "files are listed without a digest",
            ),
            (
                counts_files,
                unreadable,
                "listed file could not be read",
                "listed files could not be read",
            ),
            (
                counts_files,
                summary.mismatched,
                "computed checksum did NOT match",
                "computed checksums did NOT match",
            ),
            (counts_files, summary.refused, "listed file was refused", "listed files were refused"),
        ] {
            if counted && count > 0 && self.options.has_messages() {
                complain(format_args!("WARNING: {}", plural(count, one, many)));
            }
        }
        let malformed = if strict { summary.malformed } else { summary.unverified };
        let without_digest = if needs_digests { summary.without_digest } else { 0 };
        match without_digest + summary.mismatched + unreadable + malformed + summary.refused {
            0 => Exit::Success,
            _ => Exit::Failed,
        }
    }

    /// Ends the results of a list: prints a hint if nothing was verified, or if files are missing.
    pub(super) fn hint(&mut self, list: &CheckedList, summary: &CheckSummary) {
        let missing = mem::take(&mut self.missing);
        let is_enough = self.options.ignore_missing && summary.matched > 0;
        if self.options.has_messages() && !is_enough {
            hints::print(list, summary, &missing);
        }
    }

    /// Prints the summary, and returns the exit status.
    pub(crate) fn finish(mut self, exit: Exit) -> Result<Exit> {
        if self.json && self.options.has_messages() {
            self.output.line(&self.tally.object().exit(exit.status()))?;
        }
        self.output.finish()?;
        if self.has_summary {
            self.tally.print(self.colour);
        }
        Ok(exit)
    }
}

/// Returns `true` for lines that are reported even without `--warn`.
pub(super) fn needs_warning(bad: BadLine) -> bool {
    use BadLine::{Damaged, Html, NotOfAFile, OfACache, Syntax, TooLarge, Unnamed, Version};
    let is_whole_list = matches!(bad, Damaged | Version | Html | NotOfAFile | OfACache);
    bad.is_refusal() || is_whole_list || matches!(bad, Syntax | TooLarge { .. } | Unnamed)
}
