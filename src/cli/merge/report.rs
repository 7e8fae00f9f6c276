//! The merged list, and messages about the files and lines that are left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Result;
use hsum::ErrorKind;
use hsum::internals::io_reason;
use hsum::manifest::merge::{LineProblem, MergeEvent, MergeSummary, MergedEntry, PlacedEntry};
use hsum::manifest::{BadLine, List, ListFormat, ListOptions};

use crate::cli::args::merge::MergeArgs;
use crate::cli::check::result::ListName;
use crate::cli::colour::Status;
use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::{complain, plural};
use crate::cli::quote::quote;
use crate::cli::summary::{self, SummaryData};

/// The number of bad lines of one list that messages name; a binary file may have millions.
const MAX_NAMED: u64 = 10;

/// The output of a merge.
pub(super) struct Report<'a> {
    args: &'a MergeArgs,
    /// The merged list; `None` if JSON takes its place.
    list: Option<Output>,
    /// The objects of `--json`.
    objects: Option<Output>,
    /// `true` if the merged list is written to a file, and JSON to standard output.
    has_file: bool,
    /// The lines of one file.
    lines: Vec<u8>,
    /// The number of bad lines by the position of their list.
    bad_lines: BTreeMap<usize, u64>,
}

impl<'a> Report<'a> {
    /// Creates a report whose list goes to `output`, a file or standard output.
    pub(super) fn new(args: &'a MergeArgs, output: Output, has_file: bool) -> Result<Self> {
        let (list, objects) = match (args.report.json, has_file) {
            (false, _) => (Some(output), None),
            (true, false) => (None, Some(output)),
            (true, true) => (Some(output), Some(Output::stdout()?)),
        };
        let (lines, bad_lines) = (Vec::new(), BTreeMap::new());
        Ok(Self { args, list, objects, has_file, lines, bad_lines })
    }

    /// Writes a file of the merged list.
    pub(super) fn file(&mut self, file: &MergedEntry<'_>) -> Result<(), WriteError> {
        if let Some(list) = &mut self.list {
            self.lines.clear();
            file.write_to(&mut self.lines);
            return list.line(&self.lines);
        }
        let digests: Vec<_> = file.entry.digests().copied().collect();
        self.object(|| Object::new("file").path(&file.entry.path).digests(&digests).line())
    }

    /// Writes a file, or reports a problem.
    pub(super) fn event(&mut self, event: MergeEvent<'_>) -> Result<(), WriteError> {
        match event {
            MergeEvent::Entry(file) => self.file(&file),
            MergeEvent::Conflict { first, other } => self.conflict(first, other),
            MergeEvent::Line { list, line, name, problem } => {
                self.line((list, line), name, &problem)
            }
            MergeEvent::Unreadable { list, error } => {
                let (reason, error) = (io_reason(error.kind()), ErrorKind::Io(error));
                let path = self.path(list);
                self.object(|| Object::error(&path, reason, &error).line())?;
                self.complain(format_args!("{}: {error}", ListName::new(&path).title))
            }
            _ => Ok(()),
        }
    }

    fn conflict(&mut self, first: &PlacedEntry, other: &PlacedEntry) -> Result<(), WriteError> {
        let (path, text) = (&first.entry.path, first.difference(other));
        let [list, other_list] = [first, other].map(|e| ListName::new(&self.path(e.list)));
        self.object(|| {
            let mut object = Object::new("conflict");
            list.add_line(object.path(path), first.line);
            object.digests(&first.entry.digests().copied().collect::<Vec<_>>());
            other_list.add_line_as(["other_list", "other_line"], &mut object, other.line);
            let digests: Vec<_> = other.entry.digests().copied().collect();
            object.digests_as("other_digests", &digests).problem("conflict", &text).line()
        })?;
        let a = format_args!("{} (line {})", list.title, first.line);
        let b = format_args!("{} (line {})", other_list.title, other.line);
        self.complain(format_args!("{}: {text} in {a} and {b}; left out", quote(path)))
    }

    fn line(
        &mut self,
        (list, line): (usize, u64),
        name: Option<&Path>,
        problem: &LineProblem<'_>,
    ) -> Result<(), WriteError> {
        let text = describe(problem);
        let path = self.path(list);
        let title = ListName::new(&path);
        self.object(|| {
            let mut object = Object::new("line");
            if let Some(name) = name {
                object.path(name);
            }
            title.add_line(&mut object, line);
            object.problem(problem.reason(), &text).line()
        })?;
        if let LineProblem::Bad(_) = problem {
            let count = self.bad_lines.entry(list).or_default();
            *count += 1;
            match *count {
                1 => self.explain_format(&path)?,
                count if count > MAX_NAMED => return Ok(()),
                _ => {}
            }
        }
        let name = name.map(|name| format!("{}: ", quote(name))).unwrap_or_default();
        let title = title.title;
        self.complain(format_args!("{title}: {line}: {name}{text}"))
    }

    fn explain_format(&mut self, list: &Path) -> Result<(), WriteError> {
        let Some(format) = other_format(list) else { return Ok(()) };
        let (title, format) = (ListName::new(list).title, format.name());
        let expected = "expected lines as 'hsum sum' writes them";
        self.complain(format_args!("{title}: the format is {format} ({expected})"))
    }

    /// Completes the output, and returns the exit status. On a terminal, only a merge that
    /// `was_long` has a summary.
    pub(super) fn finish(
        mut self,
        counts: &MergeSummary,
        data: SummaryData,
        was_long: bool,
    ) -> Result<Exit> {
        for (list, count) in std::mem::take(&mut self.bad_lines) {
            if count > MAX_NAMED {
                let more = plural(count - MAX_NAMED, "more bad line", "more bad lines");
                let title = ListName::new(&self.path(list)).title;
                self.complain(format_args!("{title}: {more}"))?;
            }
        }
        let exit = if counts.is_complete() { Exit::Success } else { Exit::Failed };
        let lists = self.args.lists.len() as u64;
        let unwritten = match self.list.take() {
            Some(list) if exit == Exit::Failed && !self.args.partial => list.give_up()?,
            list => list.map_or(Ok(()), Output::finish).map(|()| None)?,
        };
        self.object(|| {
            let mut object = Object::summary("merge");
            object.set("lists", lists).set("files", counts.files);
            object.set("duplicates", counts.duplicates).set("conflicts", counts.conflicts);
            object.set("bad_lines", counts.bad_lines);
            object.set("other_algorithms", counts.other_functions);
            object.set("unsorted", counts.unsorted).set("failed", counts.unreadable);
            object.work(data.bytes, data.time).exit(exit.status())
        })?;
        self.objects.take().map_or(Ok(()), Output::finish)?;
        let problems = problems(counts);
        match &unwritten {
            Some(file) => complain(format_args!(
                "{file}, because the merged list is incomplete ({problems}); use --partial to \
                 write it anyway"
            )),
            None if exit == Exit::Failed => {
                complain(format_args!("WARNING: the merged list is incomplete: {problems}"));
            }
            None => {}
        }
        let args = &self.args.report;
        let is_wanted = summary::is_wanted(args.quiet, args.verbose, args.json);
        if is_wanted && (args.verbose || was_long) {
            let (files, noun) =
                (summary::files(counts.files), if lists == 1 { "list" } else { "lists" });
            let lists = summary::thousands(lists);
            let summary = data.of(format!("merged {files} from {lists} {noun}"));
            summary.problems(Status::Skipped, counts.duplicates, "duplicate").print(args.color);
        }
        Ok(exit)
    }

    fn path(&self, list: usize) -> PathBuf {
        self.args.lists.get(list).cloned().unwrap_or_default()
    }

    /// Prints an object, if `--json` is given.
    fn object(&mut self, object: impl FnOnce() -> Vec<u8>) -> Result<(), WriteError> {
        match &mut self.objects {
            Some(objects) => objects.line(&object()),
            None => Ok(()),
        }
    }

    /// Prints a message after the lines above it.
    fn complain(&mut self, message: impl std::fmt::Display) -> Result<(), WriteError> {
        for output in self.list.iter_mut().filter(|_| !self.has_file).chain(&mut self.objects) {
            output.flush()?;
        }
        complain(message);
        Ok(())
    }
}

/// Returns the reason for leaving out a line, and the option that helps.
fn describe(problem: &LineProblem<'_>) -> String {
    let hint = match problem {
        LineProblem::Bad(BadLine::Nul) => "; use -z if the lines end with NUL",
        LineProblem::Bad(BadLine::Unterminated) => "; leave out -z if the lines end with LF",
        LineProblem::Bad(BadLine::BadDigest) => {
            "; use -a to name the algorithm of lines without a tag"
        }
        LineProblem::Unsorted { .. } => "; use --sort",
        _ => "",
    };
    format!("{problem}{hint}")
}

/// Returns the counts of the problems in words, such as `2 conflicts, 1 unsorted list`.
fn problems(counts: &MergeSummary) -> String {
    let counts = [
        (counts.conflicts, "conflict", "conflicts"),
        (counts.bad_lines, "bad line", "bad lines"),
        (counts.other_functions, "file with other algorithms", "files with other algorithms"),
        (counts.unsorted, "unsorted list", "unsorted lists"),
        (counts.unreadable, "unreadable list", "unreadable lists"),
    ];
    let counts = counts.into_iter().filter(|(count, ..)| *count > 0);
    let texts: Vec<_> = counts.map(|(count, one, many)| plural(count, one, many)).collect();
    texts.join(", ")
}

/// Returns the format of a list that does not consist of lines, if it can be read again.
fn other_format(list: &Path) -> Option<ListFormat> {
    if !list.is_file() {
        return None;
    }
    let input = BufReader::new(File::open(list).ok()?);
    let format = List::new(input, ListOptions::new().name(list.to_owned())).format();
    Some(format).filter(|format| *format != ListFormat::Plain)
}
