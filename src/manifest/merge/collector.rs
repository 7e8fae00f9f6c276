//! The state that all lists of a merge share: counts, and the style and hash functions of the output.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use crate::algorithm::{Algorithm, HashFunction};
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::merge::event::{
    EventSink, LineProblem, MergeEvent, MergeSummary, MergedEntry, PlacedEntry,
};
use crate::manifest::merge::options::MergeOptions;
use crate::manifest::merge::order::name;
use crate::manifest::write::{DigestEncoding, LineFormat, LineStyle, Terminator, write_line};

/// A receiver of events, which counts them.
pub(super) struct Collector<'o, S> {
    pub(super) options: &'o MergeOptions,
    sink: S,
    pub(super) summary: MergeSummary,
    /// The style of the merged list, once the first line has been read.
    style: Option<LineStyle>,
    /// The hash functions of the first entry, once it has been read.
    functions: Vec<HashFunction>,
}

impl<'o, S: EventSink> Collector<'o, S> {
    pub(super) fn new(options: &'o MergeOptions, sink: S) -> Self {
        let summary = MergeSummary::default();
        Self { options, sink, summary, style: None, functions: Vec::new() }
    }

    /// Reports a file of the merged list, and counts its duplicate entries.
    pub(super) fn file(&mut self, entry: &Entry, copies: u64) -> ControlFlow<()> {
        self.summary.duplicates += copies;
        self.summary.files += 1;
        let style = self.style.unwrap_or_default();
        (self.sink)(MergeEvent::Entry(MergedEntry { entry, style }))
    }

    /// Reports a file with different digests.
    pub(super) fn conflict(&mut self, first: &PlacedEntry, other: &PlacedEntry) -> ControlFlow<()> {
        self.summary.conflicts += 1;
        (self.sink)(MergeEvent::Conflict { first, other })
    }

    /// Reports an entry with digests of other hash functions than the first entry.
    pub(super) fn other_functions(
        &mut self,
        (list, line): (usize, u64),
        entry: &Entry,
    ) -> ControlFlow<()> {
        self.summary.other_functions += 1;
        let problem = LineProblem::OtherFunctions { entry, expected: &self.functions };
        (self.sink)(MergeEvent::Line { list, line, name: Some(&entry.path), problem })
    }

    /// Reports a line that is not an entry.
    pub(super) fn bad_line(&mut self, (list, line): (usize, u64), bad: BadLine) -> ControlFlow<()> {
        self.summary.bad_lines += 1;
        (self.sink)(MergeEvent::Line { list, line, name: None, problem: LineProblem::Bad(bad) })
    }

    /// Reports an entry whose name precedes `after`, the name of the entry above.
    pub(super) fn unsorted(
        &mut self,
        (list, line): (usize, u64),
        name: &Path,
        after: &Path,
    ) -> ControlFlow<()> {
        self.summary.unsorted += 1;
        let problem = LineProblem::Unsorted { after };
        (self.sink)(MergeEvent::Line { list, line, name: Some(name), problem })
    }

    /// Reports a list that cannot be read to its end.
    pub(super) fn unreadable(&mut self, list: usize, error: io::Error) -> ControlFlow<()> {
        self.summary.unreadable += 1;
        (self.sink)(MergeEvent::Unreadable { list, error })
    }

    /// Puts the digests of an entry into the order of the first entry's; returns `false` if they
    /// are of other hash functions.
    pub(super) fn arrange(&mut self, entry: &mut Entry) -> bool {
        if self.functions.is_empty() {
            self.functions = entry.digests().map(|digest| digest.hash_function()).collect();
            if !self.functions.iter().all(|function| is_read_without_tag(*function, self.options)) {
                self.style.get_or_insert_default().format = LineFormat::Tagged;
            }
        }
        let functions = &self.functions;
        if entry.digests().map(|digest| digest.hash_function()).eq(functions.iter().copied()) {
            return true;
        }
        let of = |function| entry.digests().find(|digest| digest.hash_function() == function);
        let arranged: Option<Vec<_>> = functions.iter().map(|f| of(*f).copied()).collect();
        match arranged.as_deref() {
            Some([first, others @ ..]) if others.len() == entry.others.len() => {
                (entry.digest, entry.others) = (*first, others.to_vec());
                true
            }
            _ => false,
        }
    }

    /// Sets the style of the merged list if `line` is the first entry of the merge.
    pub(super) fn note_style(&mut self, line: &[u8], entry: &Entry) {
        self.style.get_or_insert_with(|| style_of(line, entry, self.options));
    }
}

/// Returns the style in which hsum would write the same line or, failing that, the default style.
fn style_of(line: &[u8], entry: &Entry, options: &MergeOptions) -> LineStyle {
    let line = match options.terminator {
        Terminator::Newline => {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            [line.strip_suffix(b"\r").unwrap_or(line), b"\n"].concat()
        }
        Terminator::Nul => line.to_vec(),
    };
    let mut written = Vec::new();
    // Parsers accept digits in upper case.
    let mut is_same = |style: &LineStyle| {
        written.clear();
        write_line(&mut written, &entry.digest, name(&entry.path), *style);
        written.eq_ignore_ascii_case(&line)
    };
    let mut styles = [LineFormat::Untagged, LineFormat::Binary, LineFormat::Tagged]
        .into_iter()
        .flat_map(|format| {
            [DigestEncoding::Hex, DigestEncoding::Base64]
                .map(|encoding| LineStyle::new(format).encoding(encoding))
        })
        .map(|style| style.terminator(options.terminator));
    let default = LineStyle::default().terminator(options.terminator);
    styles.find(&mut is_same).unwrap_or(default)
}

/// Returns `true` if a reader takes an untagged digest for one of `function`.
///
/// Comments that name the algorithm do not count, because they are not merged.
fn is_read_without_tag(function: HashFunction, options: &MergeOptions) -> bool {
    match options.untagged {
        Some(untagged) => function.algorithm() == untagged.algorithm(),
        None => Algorithm::from_digest_len(function.len()) == Some(function.algorithm()),
    }
}
