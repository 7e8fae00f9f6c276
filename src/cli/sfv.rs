//! SFV files: CRC-32 of each file, which finds accidents and nothing else.

use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Result;
use crc_fast::{CrcAlgorithm, Digest};
use hsum::check::Summary;
use hsum::engine::{self, Next};
use hsum::manifest::{BadLine, List, leads_outside, parse_sfv_line};

use super::args::CheckArgs;
use super::check::{Manner, Report, Warn, summarize};
use super::exit::{self, Exit};
use super::output::{Output, WriteError};
use super::print::{complain, complain_of};
use super::quote::quote;
use super::select::Selection;

/// Checks what an SFV file lists.
pub(super) fn check(
    args: &CheckArgs,
    manner: &Manner,
    list: &mut List<impl BufRead>,
    selection: &mut Selection,
    title: &str,
    output: &mut Output,
) -> Result<Exit> {
    if args.strong {
        complain(format_args!("{title}: CRC-32 is refused by --strong"));
        return Ok(Exit::Failed);
    }
    let mut summary = Summary::default();
    let mut wanted: Vec<(PathBuf, u32)> = Vec::new();
    while let Some((number, line)) = list.next_line() {
        let line = line.unwrap_or_default();
        let text = line.trim_ascii();
        let Some((listed, crc)) = parse_sfv_line(&line) else {
            if !text.is_empty() && !text.starts_with(b";") {
                summary.malformed += 1;
                if manner.warn == Warn::WithReason {
                    let what = "improperly formatted checksum line";
                    complain(format_args!("{title}: {number}: {what}"));
                }
            }
            continue;
        };
        let refused = !args.allow_outside && !args.basename && leads_outside(&listed);
        let Some(path) = selection.rename(listed) else { continue };
        if refused {
            summary.refused += 1;
            complain(format_args!("{title}: {number}: {}", BadLine::Outside));
        } else if path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            // What a list names must not make the program wait.
            summary.unreadable += 1;
            output.flush()?;
            complain(format_args!("{}: Is not a regular file", quote(&path)));
            Verdict::Unreadable.print(manner, &path, output)?;
        } else {
            wanted.push((path, crc));
        }
    }
    let files: Vec<PathBuf> = wanted.iter().map(|(path, _)| path.clone()).collect();
    let mut crcs = wanted.into_iter().map(|(_, crc)| crc);
    engine::fold(
        args.work.threads,
        files,
        || Box::new(Digest::new(CrcAlgorithm::Crc32IsoHdlc)),
        |crc, data| crc.update(data),
        |source, result, next| {
            let expected = crcs.next();
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
                        complain_of(name, error);
                        Verdict::Unreadable
                    }
                };
                verdict.count(&mut summary);
                verdict.print(manner, name, output)?;
                if next == Next::Awaited { output.flush() } else { Ok(()) }
            })();
            if let Err(error) = printed {
                exit::at_once(&error);
            }
            ControlFlow::Continue(())
        },
    );
    output.flush()?;
    Ok(summarize(manner, title, &summary))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Match,
    Differ,
    Unreadable,
}

impl Verdict {
    fn count(self, summary: &mut Summary) {
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
