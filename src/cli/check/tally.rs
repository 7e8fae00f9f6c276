//! The counts of a check over all lists, and the failures that its summary repeats.

use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::time::Instant;

use hsum::check::CheckSummary;

use crate::cli::args::shared::ColourChoice;
use crate::cli::colour::{Status, is_coloured};
use crate::cli::json::Object;
use crate::cli::quote::{for_terminal, quote};
use crate::cli::stderr::print_unescaped;
use crate::cli::summary::{self, Summary, thousands};

/// The statuses of listed files, and the names of their counts in JSON; only skipped files are not
/// checked.
const STATUSES: [(Status, &str); 6] = [
    (Status::Ok, "ok"),
    (Status::Failed, "failed"),
    (Status::Missing, "missing"),
    (Status::Unreadable, "unreadable"),
    (Status::Refused, "refused"),
    (Status::Skipped, "skipped"),
];

/// The number of results up to which failures are not repeated.
const SHORT: u64 = 20;

/// The maximum number of repeated failures.
const MAX_REPEATED: usize = 50;

/// The counts of a check.
pub(super) struct Tally {
    started: Instant,
    bytes: u64,
    counts: [u64; STATUSES.len()],
    /// Lines that are not entries, and entries without a digest.
    bad_lines: u64,
    /// Lists that could not be read, and files that no list names.
    errors: u64,
    /// The number of printed results.
    printed: u64,
    /// The first failures of each status, by their quoted names.
    failures: [Vec<String>; STATUSES.len()],
    /// Set if the summary repeats failures.
    repeats: bool,
}

impl Tally {
    /// Starts the clock. `repeats` is set if the summary repeats failures.
    pub(super) fn start(repeats: bool) -> Self {
        Self {
            started: Instant::now(),
            bytes: 0,
            counts: Default::default(),
            bad_lines: 0,
            errors: 0,
            printed: 0,
            failures: Default::default(),
            repeats,
        }
    }

    /// Counts files with this status.
    pub(super) fn add(&mut self, status: Status, count: u64) {
        self.counts[index(status)] += count;
    }

    pub(super) fn add_bytes(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    pub(super) fn add_bad_lines(&mut self, list: &CheckSummary) {
        self.bad_lines += list.malformed + list.without_digest;
    }

    pub(super) fn add_error(&mut self) {
        self.errors += 1;
    }

    /// Notes that a result was printed.
    pub(super) fn note(&mut self, status: Status, name: &Path) {
        self.printed += 1;
        let failures = &mut self.failures[index(status)];
        if self.repeats && status != Status::Ok && failures.len() < MAX_REPEATED {
            failures.push(quote(name));
        }
    }

    /// Returns the summary as an object.
    pub(super) fn object(&self) -> Object {
        let mut object = Object::summary("check");
        object.set("files", self.files());
        for ((_, key), count) in STATUSES.iter().zip(self.counts) {
            object.set(key, count);
        }
        object.set("bad_lines", self.bad_lines).work(self.bytes, self.started.elapsed());
        object
    }

    /// Prints the summary on standard error, after the failures among many results.
    pub(super) fn print(&self, choice: ColourChoice) {
        if self.is_empty() {
            return;
        }
        let coloured = is_coloured(choice, stderr().is_terminal());
        // If nothing is OK, the failures are all that was printed.
        if self.printed > SHORT && self.counts[index(Status::Ok)] > 0 {
            print_unescaped(&self.repeated_failures(coloured));
        }
        let text = format!("checked {}", summary::files(self.files()));
        let summary = Summary::new(text).data(self.bytes, self.started.elapsed());
        let counts = STATUSES.iter().zip(self.counts);
        let summary = counts.fold(summary, |summary, ((status, _), n)| summary.count(*status, n));
        // Their messages may be far above, and a summary without them would look like success.
        let summary = summary.problems(Status::Skipped, self.bad_lines, "bad line");
        summary.problems(Status::Failed, self.errors, "error").print(choice);
    }

    /// Returns `true` if no file was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.counts == [0; STATUSES.len()]
    }

    fn files(&self) -> u64 {
        self.counts.iter().sum::<u64>() - self.counts[index(Status::Skipped)]
    }

    fn repeated_failures(&self, coloured: bool) -> Vec<u8> {
        let mut lines = Vec::new();
        let (mut repeated, mut failed) = (0, 0);
        for (((status, _), names), count) in STATUSES.iter().zip(&self.failures).zip(self.counts) {
            for name in names.iter().take(MAX_REPEATED - repeated) {
                status.paint(&mut lines, status.word(), coloured);
                let width = Status::COLUMN - status.word().len();
                let name = for_terminal(name.as_bytes());
                lines.extend_from_slice(format!("{:width$}{name}\n", "").as_bytes());
            }
            repeated = MAX_REPEATED.min(repeated + names.len());
            failed += if names.is_empty() { 0 } else { count };
        }
        if failed > repeated as u64 {
            let more = thousands(failed - repeated as u64);
            lines.extend_from_slice(format!("and {more} more\n").as_bytes());
        }
        lines
    }
}

fn index(status: Status) -> usize {
    let known = STATUSES.iter().position(|(known, _)| *known == status);
    known.expect("the status of a listed file")
}
