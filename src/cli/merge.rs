//! `hsum merge`: merges checksum files of one tree into one.

mod report;

use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use hsum::engine::HashProgress;
use hsum::manifest::Terminator;
use hsum::manifest::merge::{ListFile, MergeEvent, MergeOptions, merge};

use crate::cli::args::merge::MergeArgs;
use crate::cli::args::shared::When;
use crate::cli::exit::{Exit, Usage};
use crate::cli::input::ListedInput;
use crate::cli::json::stopped;
use crate::cli::merge::report::Report;
use crate::cli::output::Output;
use crate::cli::print::complain;
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::signals::InterruptMessage;
use crate::cli::summary::SummaryData;

pub(crate) fn run(args: MergeArgs) -> Result<Exit> {
    let is_json = args.report.json;
    stopped::with_error("merge", is_json, try_run(&args))
}

fn try_run(args: &MergeArgs) -> Result<Exit> {
    if args.lists.iter().filter(|list| is_stdin(list)).count() > 1 {
        return Err(Usage("'-' can be only one of the lists".into()).into());
    }
    let file = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let list = match file {
        Some(path) => Output::replacing(path)?,
        None => Output::stdout()?,
    };
    let interrupt_message = list
        .unwritten()
        .map(|file| InterruptMessage::new(move || complain(format_args!("interrupted: {file}"))));
    let mut report = Report::new(args, list, file.is_some())?;
    let progress = Arc::new(HashProgress::default());
    let when = if args.report.quiet { When::Never } else { args.progress };
    let view = ProgressLine::start(when, &progress, Some(survey(args.lists.clone())));
    let (started, mut failure) = (Instant::now(), None);
    let inputs = args.lists.iter().map(|path| Input::new(path, args.lists.len(), &progress));
    let summary = merge(inputs, &options(args), |event| {
        let handled = match event {
            // Most events. They print nothing on the terminal, so the progress can stay visible.
            MergeEvent::Entry(entry) if file.is_some() => report.file(&entry),
            event => view.suspend(|| report.event(event)),
        };
        match handled {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    let was_long = view.has_appeared();
    drop((view, interrupt_message));
    if let Some(error) = failure {
        return Err(error.into());
    }
    let data = SummaryData { bytes: progress.bytes(), time: started.elapsed() };
    report.finish(&summary, data, was_long)
}

fn options(args: &MergeArgs) -> MergeOptions {
    let terminator = if args.zero { Terminator::Nul } else { Terminator::Newline };
    MergeOptions::new().untagged(args.algorithm).terminator(terminator).sort(args.sort)
}

fn is_stdin(list: &Path) -> bool {
    list == Path::new("-")
}

/// Counts the bytes of the lists.
fn survey(lists: Vec<PathBuf>) -> impl FnOnce(&Totals) -> ControlFlow<()> + Send + 'static {
    move |expected| {
        for list in lists {
            match list.metadata() {
                Ok(metadata) if metadata.is_file() => expected.add(metadata.len())?,
                // The size of a pipe is unknown.
                _ => return ControlFlow::Break(()),
            }
        }
        ControlFlow::Continue(())
    }
}

/// A list, whose bytes are counted as they are read.
struct Input {
    kind: InputKind,
    is_at_end: bool,
    progress: Arc<HashProgress>,
}

enum InputKind {
    Stdin(BufReader<ListedInput>),
    File(ListFile),
}

impl Input {
    /// Creates one of `count` lists; a file is opened when it is first read.
    fn new(path: &Path, count: usize, progress: &Arc<HashProgress>) -> Self {
        let kind = match is_stdin(path) {
            true => InputKind::Stdin(BufReader::new(ListedInput::open())),
            false => InputKind::File(ListFile::new(path, count)),
        };
        Self { kind, is_at_end: false, progress: Arc::clone(progress) }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Input {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = match &mut self.kind {
            InputKind::Stdin(input) => input.fill_buf()?,
            InputKind::File(file) => file.fill_buf()?,
        };
        if bytes.is_empty() && !std::mem::replace(&mut self.is_at_end, true) {
            self.progress.add_files(1);
        }
        Ok(bytes)
    }

    fn consume(&mut self, count: usize) {
        match &mut self.kind {
            InputKind::Stdin(input) => input.consume(count),
            InputKind::File(file) => file.consume(count),
        }
        self.progress.add_bytes(count);
    }
}
