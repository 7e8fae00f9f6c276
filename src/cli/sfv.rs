//! SFV files: CRC-32 of each file, which finds accidents and nothing else.

use std::collections::VecDeque;
use std::io::BufRead;
use std::iter;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;
use crc_fast::{CrcAlgorithm, Digest};
use hsum::ErrorKind;
use hsum::check::CheckSummary;
use hsum::engine::{self, ConfinedDir, HashOptions, NextOutcome};
use hsum::internals::lock;
use hsum::manifest::{BadLine, List, leads_outside, parse_sfv_line};

use super::check::{Manner, Report, Warn, complain_of_listed, summarize, summarize_unnamed};
use super::exit::{self, Exit};
use super::hints;
use super::output::{Output, WriteError};
use super::plan;
use super::print::complain;
use super::quote::quote;
use super::select::Selection;
use crate::cli::args::check::CheckArgs;

/// Checks what an SFV file lists.
pub(super) fn check(
    args: &CheckArgs,
    manner: &Manner,
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
    let reading = Mutex::new(Reading::default());
    let mut names: Vec<PathBuf> = Vec::new();
    let mut held = VecDeque::new();
    // Which base names are shared is known when the whole list has been read.
    if args.basename && !selection.is_partial() {
        held.extend(iter::from_fn(|| list.next_line()));
        let lines = held.iter().filter_map(|(_, line)| line.as_ref().ok());
        names.extend(lines.filter_map(|line| Some(parse_sfv_line(line)?.0)));
    }
    selection.begin(names.iter().map(PathBuf::as_path));
    let files = iter::from_fn(|| {
        loop {
            let (number, line) = held.pop_front().or_else(|| list.next_line())?;
            let mut reading = lock(&reading);
            match reading.take_line(args, selection, line) {
                Ok(Some(path)) => return Some(path),
                Ok(None) => {}
                Err(Some(reason)) => complain(format_args!("{title}: {number}: {reason}")),
                Err(None) if manner.warn == Warn::WithReason => {
                    let what = "improperly formatted checksum line";
                    complain(format_args!("{title}: {number}: {what}"));
                }
                Err(None) => {}
            }
        }
    });
    let mut summary = CheckSummary::default();
    let mut plan = HashOptions::default().reading(engine::ReadPolicy::Listed);
    if let Some(threads) = args.work.threads {
        plan = plan.threads(threads);
    }
    if let Some(directory) = beneath {
        plan = plan.confined_to(directory);
    }
    engine::fold(
        &plan.cache(plan::cache(&args.work)),
        files,
        || Box::new(Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
        |crc, data| crc.update(data),
        |source, result, next| {
            let expected = lock(&reading).crcs.pop_front();
            let is = result.map(|crc| Some(crc.finalize() as u32));
            let printed = (|| {
                let name = source.name();
                let verdict = match &is {
                    Ok(is) if *is == expected => Verdict::Match,
                    Ok(_) => Verdict::Differ,
                    Err(error) if error.is_not_found() && args.ignore_missing => {
                        summary.missing += 1;
                        return Ok(());
                    }
                    Err(error) => {
                        output.flush()?;
                        complain_of_listed(name, error);
                        Verdict::Unreadable
                    }
                };
                verdict.count(&mut summary);
                verdict.print(manner, name, output)?;
                if next == NextOutcome::Awaited { output.flush() } else { Ok(()) }
            })();
            if let Err(error) = printed {
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
    let Reading { listed, malformed, refused, .. } = *lock(&reading);
    summary = CheckSummary { malformed, refused, ..summary };
    if selection.is_partial() && listed > 0 && summary.entries() == 0 {
        return Ok(summarize_unnamed(manner, &summary));
    }
    Ok(summarize(manner, title, &summary))
}

/// What has been read of the list.
#[derive(Default)]
struct Reading {
    /// Of the files that are under way, in their order.
    crcs: VecDeque<u32>,
    /// Lines that are entries, of files that were asked for or not.
    listed: u64,
    malformed: u64,
    refused: u64,
}

impl Reading {
    /// [`Reading::take`], of a line that may be longer than any is.
    fn take_line(
        &mut self,
        args: &CheckArgs,
        selection: &mut Selection,
        line: Result<Vec<u8>, BadLine>,
    ) -> Result<Option<PathBuf>, Option<String>> {
        let Ok(line) = line else {
            self.malformed += 1;
            return Err(None);
        };
        self.take(args, selection, &line)
    }

    /// The file of a line, if it was asked for. An error may have a reason, to be said in any case.
    fn take(
        &mut self,
        args: &CheckArgs,
        selection: &mut Selection,
        line: &[u8],
    ) -> Result<Option<PathBuf>, Option<String>> {
        let text = line.trim_ascii();
        let Some((listed, crc)) = parse_sfv_line(line) else {
            let is_none = text.is_empty() || text.starts_with(b";");
            self.malformed += u64::from(!is_none);
            return if is_none { Ok(None) } else { Err(None) };
        };
        self.listed += 1;
        let is_confined = !args.allow_outside && !args.basename || args.beneath.is_some();
        let leads_outside = is_confined && leads_outside(&listed);
        let Some(path) = selection.rename(listed) else { return Ok(None) };
        let refusal = match &path {
            Err(bad) => hints::bad_line(*bad),
            Ok(_) if leads_outside => hints::bad_line(BadLine::Outside),
            Ok(path) => {
                self.crcs.push_back(crc);
                return Ok(Some(path.clone()));
            }
        };
        self.refused += 1;
        Err(Some(refusal))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Match,
    Differ,
    Unreadable,
}

impl Verdict {
    fn count(self, summary: &mut CheckSummary) {
        match self {
            Self::Match => summary.matched += 1,
            Self::Differ => summary.differed += 1,
            Self::Unreadable => summary.unreadable += 1,
        }
    }

    fn print(self, manner: &Manner, name: &Path, output: &mut Output) -> Result<(), WriteError> {
        let text = match self {
            Self::Match if manner.report != Report::All => return Ok(()),
            _ if manner.report == Report::Nothing => return Ok(()),
            Self::Match => "OK",
            Self::Differ => "FAILED",
            Self::Unreadable => "FAILED open or read",
        };
        output.line(format!("{}: {text}\n", quote(name)).as_bytes())
    }
}
