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
use crate::cli::check::report::{LineWarnings, ReportOptions, complain_of_listed};
use crate::cli::check::select::Selection;
use crate::cli::exit::{self, Exit};
use crate::cli::hints;
use crate::cli::output::{Output, WriteError};
use crate::cli::plan;
use crate::cli::print::complain;

pub(super) fn check(
    args: &CheckArgs,
    report: &ReportOptions,
    list: &mut List<impl BufRead + Send>,
    selection: &mut Selection,
    beneath: Option<ConfinedDir>,
    title: &str,
    output: &mut Output,
) -> Result<Exit> {
    if args.strong {
        complain(format_args!("{title}: CRC-32 is refused by --strong"));
        return Ok(Exit::Failed);
    }
    // The engine reads the list on one thread and reports results on another.
    let progress = Mutex::new(ListProgress::default());
    let mut names: Vec<PathBuf> = Vec::new();
    let mut lines = VecDeque::new();
    // Shared base names are known only after the whole list has been read.
    if args.basename && !selection.is_partial() {
        lines.extend(iter::from_fn(|| list.next_line()));
        let texts = lines.iter().filter_map(|(_, line)| line.as_ref().ok());
        names.extend(texts.filter_map(|line| Some(parse_sfv_line(line)?.0)));
    }
    selection.begin(names.iter().map(PathBuf::as_path));
    let files = iter::from_fn(|| {
        loop {
            let (number, line) = lines.pop_front().or_else(|| list.next_line())?;
            match lock(&progress).file_of(args, selection, line) {
                Ok(Some(path)) => return Some(path),
                Ok(None) => {}
                Err(bad) if bad.is_refusal() => {
                    complain(format_args!("{title}: {number}: {}", hints::bad_line(bad)));
                }
                Err(_) if report.line_warnings == LineWarnings::WithReason => {
                    let problem = "improperly formatted checksum line";
                    complain(format_args!("{title}: {number}: {problem}"));
                }
                Err(_) => {}
            }
        }
    });
    let mut summary = CheckSummary::default();
    let mut plan =
        plan::work(HashOptions::default().policy(engine::ReadPolicy::Listed), &args.work);
    if let Some(directory) = beneath {
        plan = plan.confined_to(directory);
    }
    engine::fold(
        &plan,
        files,
        || Box::new(Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
        |crc, data| crc.update(data),
        |source, result, next| {
            let expected = lock(&progress).crcs.pop_front();
            let is_match = result.map(|crc| Some(crc.finalize() as u32) == expected);
            let name = source.name();
            let printed = print(report, name, is_match, &mut summary, output);
            let flushed = printed.and_then(|()| match next {
                NextOutcome::Awaited => output.flush(),
                _ => Ok(()),
            });
            if let Err(error) = flushed {
                exit::exit_now(&error);
            }
            ControlFlow::Continue(())
        },
    );
    output.flush()?;
    if let Some(error) = list.take_error() {
        complain(format_args!("{title}: {}", ErrorKind::Io(error)));
        return Ok(Exit::Failed);
    }
    let ListProgress { listed, malformed, refused, .. } = *lock(&progress);
    (summary.malformed, summary.refused) = (malformed, refused);
    if selection.is_partial() && listed > 0 && summary.entries() == 0 {
        return Ok(report.summarize_failures(&summary));
    }
    Ok(report.summarize(title, &summary))
}

/// Prints and counts the result for one file.
fn print(
    report: &ReportOptions,
    name: &Path,
    is_match: Result<bool, Error>,
    summary: &mut CheckSummary,
    output: &mut Output,
) -> Result<(), WriteError> {
    match is_match {
        Ok(true) => {
            summary.matched += 1;
            report.print_verdict(name, true, "OK", output)
        }
        Ok(false) => {
            summary.mismatched += 1;
            report.print_verdict(name, false, "FAILED", output)
        }
        Err(error) if error.is_not_found() && report.ignore_missing => {
            summary.missing += 1;
            Ok(())
        }
        Err(error) => {
            summary.unreadable += 1;
            output.flush()?;
            complain_of_listed(name, &error);
            report.print_verdict(name, false, "FAILED open or read", output)
        }
    }
}

/// The state of the lines read so far.
#[derive(Default)]
struct ListProgress {
    /// The CRCs of the files that are being read, in order.
    crcs: VecDeque<u32>,
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
        let is_confined = !args.allow_outside && !args.basename || args.beneath.is_some();
        let leads_outside = is_confined && leads_outside(&listed);
        let path = match selection.rename(listed) {
            None => return Ok(None),
            Some(Ok(_)) if leads_outside => Err(BadLine::Outside),
            Some(path) => path,
        };
        match &path {
            Ok(_) => self.crcs.push_back(crc),
            Err(_) => self.refused += 1,
        }
        path.map(Some)
    }
}
