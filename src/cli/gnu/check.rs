//! `md5sum --check` and the like: verifies the files that checksum files list.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader};
use std::iter;
use std::mem;
use std::ops::ControlFlow;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use hsum::ErrorKind;
use hsum::check::{CheckEvent, CheckOptions, CheckSummary, check_lists};
use hsum::engine::ReadPolicy;
use hsum::internals::{Lines, lock};
use hsum::manifest::{GnuDialect, LineParser, ListEntry};

use crate::cli::check::report::{Report, ReportOptions};
use crate::cli::check::result::ListName;
use crate::cli::exit::{self, Exit};
use crate::cli::output::WriteError;
use crate::cli::plan;
use crate::cli::print::complain;

pub(super) fn run(
    dialect: GnuDialect,
    report: ReportOptions,
    mut operands: Vec<OsString>,
) -> Result<Exit> {
    let mut report = Report::gnu(report)?;
    if operands.is_empty() {
        operands.push("-".into());
    }
    // As in GNU's tools, the first untagged line decides the format of all later ones.
    let parser = Arc::new(Mutex::new(LineParser::new().dialect(dialect)));
    let mut exit = Exit::Success;
    let mut operands = operands.iter().map(Path::new).peekable();
    while let Some(&first) = operands.peek() {
        let mut name = ListName::new(first);
        let mut names = operands.clone().map(ListName::new).skip(1);
        let mut is_first = true;
        // Files in earlier lists may be the same pipe, and must be read before it.
        let lists = iter::from_fn(|| {
            let path = operands.next_if(|path| mem::take(&mut is_first) || path.is_file())?;
            let options = CheckOptions::new().stdin_is_list(is_stdin(path));
            let options = options.policy(ReadPolicy::Plain).reading(plan::reading(false));
            Some((options, List::open(path, &parser)))
        });
        check_lists(&CheckOptions::new(), lists, |event| {
            let printed = match event {
                CheckEvent::Line(checked) => report.line(&name, &checked),
                CheckEvent::End { list, summary } => {
                    let ended = end_list(&mut report, &name, &list, &summary);
                    name = names.next().unwrap_or_default();
                    ended.map(|ended| {
                        if ended == Exit::Failed {
                            exit = Exit::Failed;
                        }
                    })
                }
            };
            if let Err(error) = printed {
                exit::exit_now(&error);
            }
            ControlFlow::Continue(())
        });
    }
    report.finish(exit)
}

fn end_list(
    report: &mut Report,
    name: &ListName,
    list: &List,
    summary: &CheckSummary,
) -> Result<Exit, WriteError> {
    report.flush()?;
    match &list.state {
        State::Failed(message) => {
            complain(format_args!("{}: {message}", name.title));
            Ok(Exit::Failed)
        }
        _ => report.end_list(name, summary),
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// A checksum file. It is closed at its end, because results of earlier lists may be outstanding.
struct List {
    parser: Arc<Mutex<LineParser>>,
    state: State,
}

enum State {
    Open(Lines<BufReader<File>>),
    Ended,
    /// The list could not be opened or read, for this reason.
    Failed(String),
}

impl List {
    fn open(path: &Path, parser: &Arc<Mutex<LineParser>>) -> Self {
        // `io::stdin()` treats a closed descriptor as an empty file.
        let list = match is_stdin(path) {
            true => io::stdin().as_fd().try_clone_to_owned().map(File::from),
            false => File::open(path),
        };
        let state = match list {
            Ok(list) => State::Open(Lines::new(BufReader::new(list))),
            Err(error) => State::Failed(ErrorKind::Io(error).to_string()),
        };
        Self { parser: Arc::clone(parser), state }
    }
}

impl Iterator for List {
    type Item = ListEntry;

    fn next(&mut self) -> Option<ListEntry> {
        let State::Open(lines) = &mut self.state else { return None };
        let entry = lines.next_entry(&mut lock(&self.parser));
        if entry.is_none() {
            self.state = match lines.error {
                Some(_) => State::Failed("read error".into()),
                None => State::Ended,
            };
        }
        entry
    }
}
