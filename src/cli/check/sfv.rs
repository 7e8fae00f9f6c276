//! SFV files, which list CRC-32 checksums: these detect accidents, but not manipulation.

use std::collections::VecDeque;
use std::io::BufRead;
use std::iter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;
use crc_fast::{CrcAlgorithm, Digest};
use hsum::check::CheckSummary;
use hsum::engine::{self, ConfinedDir, HashOptions, NextOutcome};
use hsum::internals::lock;
use hsum::manifest::{BadLine, List, leads_outside, parse_sfv_line};
use hsum::{Error, ErrorKind};

use crate::cli::args::check::CheckArgs;
use crate::cli::check::report::{LineWarnings, Report};
use crate::cli::check::result::{FileResult, ListName, Verdict};
use crate::cli::check::select::Selection;
use crate::cli::exit::{self, Exit};
use crate::cli::hints;
use crate::cli::output::WriteError;
use crate::cli::plan;
use crate::cli::print::complain;

/// Checks the files in an SFV file, whose names are relative to `base`.
pub(super) fn check(
    args: &CheckArgs,
    report: &mut Report,
    list: &mut List<impl BufRead + Send>,
    selection: &mut Selection,
    (base, beneath): (&Path, Option<ConfinedDir>),
    name: &ListName,
) -> Result<(Exit, Option<CheckSummary>)> {
    let title = &name.title;
    if args.strong {
        let text = "CRC-32 is refused by --strong";
        complain(format_args!("{title}: {text}"));
        report.error(&name.path, BadLine::Weak.reason(), text)?;
        return Ok((Exit::Failed, None));
    }
    let is_confined = beneath.is_some();
    // The engine reads the list on one thread and reports results on another.
    let progress = Mutex::new(ListProgress::default());
    let mut names: Vec<PathBuf> = Vec::new();
    let mut lines = VecDeque::new();
    // Shared base names are known only after the whole list has been read.
    if args.basename && !selection.is_partial() {
        lines.extend(iter::from_fn(|| list.next_line()));
        let texts = lines.iter().filter_map(|(_, line)| line.as_ref().ok());
        let listed = texts.filter_map(|line| Some(parse_sfv_line(line)?.0));
        names.extend(listed.filter(|name| selection.includes(name)));
    }
    selection.begin(names.iter().map(PathBuf::as_path));
    let files = iter::from_fn(|| {
        loop {
            let (number, line) = lines.pop_front().or_else(|| list.next_line())?;
            let file = lock(&progress).file_of(args, selection, number, line);
            match file {
                Ok(Some(name)) if is_confined => return Some(name),
                Ok(Some(name)) => return Some(base.join(name)),
                Ok(None) => {}
                Err(bad) => lock(&progress).bad.push_back((number, bad)),
            }
        }
    });
    let mut summary = CheckSummary::default();
    let mut plan =
        plan::work(HashOptions::default().policy(engine::ReadPolicy::Listed), &args.work);
    if let Some(directory) = beneath {
        plan = plan.confined_to(directory);
    }
    engine::fold(&plan, files, Sum::new, Sum::update, |_, result, next| {
        let listed = lock(&progress).files.pop_front().expect("every file is listed");
        let printed = print_bad_lines(report, name, &progress, Some(listed.line))
            .and_then(|()| print(report, name, &listed, result, &mut summary));
        let flushed = printed.and_then(|()| match next {
            NextOutcome::Awaited => report.flush(),
            _ => Ok(()),
        });
        if let Err(error) = flushed {
            exit::exit_now(&error);
        }
        ControlFlow::Continue(())
    });
    print_bad_lines(report, name, &progress, None)?;
    report.flush()?;
    if let Some(error) = list.take_error().map(ErrorKind::Io) {
        complain(format_args!("{title}: {error}"));
        report.error(&name.path, error.reason(), error)?;
        return Ok((Exit::Failed, None));
    }
    let listed = {
        let progress = lock(&progress);
        (summary.malformed, summary.refused) = (progress.malformed, progress.refused);
        progress.listed
    };
    if listed > 0 && summary.entries() == 0 {
        return Ok((report.warn_of_failures(&summary), None));
    }
    Ok((report.end_list(name, &summary)?, Some(summary)))
}

/// The CRC and the size of a file.
struct Sum {
    crc: Box<Digest>,
    size: u64,
}

impl Sum {
    fn new() -> Self {
        Self { crc: Box::new(Digest::new(CrcAlgorithm::Crc32IsoHdlc)), size: 0 }
    }

    fn update(&mut self, data: &[u8]) {
        self.crc.update(data);
        self.size += data.len() as u64;
    }
}

/// Reports the bad lines before line `end`, or all.
fn print_bad_lines(
    report: &mut Report,
    list: &ListName,
    progress: &Mutex<ListProgress>,
    end: Option<u64>,
) -> Result<(), WriteError> {
    let next = || {
        let bad = &mut lock(progress).bad;
        let is_before = bad.front().is_some_and(|(n, _)| end.is_none_or(|end| *n < end));
        if is_before { bad.pop_front() } else { None }
    };
    for (number, bad) in iter::from_fn(next) {
        report.bad_line(list, number, None, bad)?;
        let warning = match report.options().line_warnings {
            _ if bad.is_refusal() => hints::bad_line(bad),
            LineWarnings::WithReason => "improperly formatted checksum line".into(),
            _ => continue,
        };
        report.flush()?;
        complain(format_args!("{}: {number}: {warning}", list.title));
    }
    Ok(())
}

/// Prints and counts the result for one file.
fn print(
    report: &mut Report,
    list: &ListName,
    listed: &ListedFile,
    result: Result<Sum, Error>,
    summary: &mut CheckSummary,
) -> Result<(), WriteError> {
    let ListedFile { line, name, crc: expected } = listed;
    let read = result.map(|sum| (sum.crc.finalize() as u32, sum.size));
    let (verdict, counted) = match &read {
        Ok((crc, _)) if crc == expected => (Verdict::Match, &mut summary.matched),
        Ok(_) => (Verdict::Mismatch, &mut summary.mismatched),
        Err(error) if error.is_not_found() => (Verdict::Unread(error), &mut summary.missing),
        Err(error) => (Verdict::Unread(error), &mut summary.unreadable),
    };
    *counted += 1;
    let size = read.as_ref().ok().map(|(_, size)| *size);
    report.file(&FileResult { name, verdict, size }, |object| {
        list.add_line(object, *line);
        object.set("algorithm", "crc32").set("expected", format!("{expected:08x}"));
        if let Ok((crc, _)) = &read {
            object.set("got", format!("{crc:08x}"));
        }
    })
}

/// A file in the list.
struct ListedFile {
    line: u64,
    name: PathBuf,
    crc: u32,
}

/// The state of the lines read so far.
#[derive(Default)]
struct ListProgress {
    /// The files that are being read, in order.
    files: VecDeque<ListedFile>,
    /// Bad lines that are not reported yet.
    bad: VecDeque<(u64, BadLine)>,
    /// The number of well-formed lines, selected or not.
    listed: u64,
    malformed: u64,
    refused: u64,
}

impl ListProgress {
    /// Returns the file of a line; `None` for a comment or a file that is not selected.
    fn file_of(
        &mut self,
        args: &CheckArgs,
        selection: &mut Selection,
        number: u64,
        line: Result<Vec<u8>, BadLine>,
    ) -> Result<Option<PathBuf>, BadLine> {
        let line = line.inspect_err(|_| self.malformed += 1)?;
        let Some((listed, crc)) = parse_sfv_line(&line) else {
            let text = line.trim_ascii();
            if text.is_empty() || text.starts_with(b";") {
                return Ok(None);
            }
            self.malformed += 1;
            return Err(BadLine::Syntax);
        };
        self.listed += 1;
        if !selection.includes(&listed) {
            return Ok(None);
        }
        let is_confined = !args.allow_outside && !args.basename || args.beneath.is_some();
        let leads_outside = is_confined && leads_outside(&listed);
        let path = match selection.rename(listed) {
            None => return Ok(None),
            Some(Ok(_)) if leads_outside => Err(BadLine::Outside),
            Some(path) => path,
        };
        match &path {
            Ok(name) => {
                self.files.push_back(ListedFile { line: number, name: name.clone(), crc });
            }
            Err(_) => self.refused += 1,
        }
        path.map(Some)
    }
}
