//! Checksum files in any format: verification of the files that they list.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::iter;
use std::mem;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::vec;

use anyhow::Result;
use hsum::ErrorKind;
use hsum::check::{self, CheckEvent, CheckOptions, CheckSummary};
use hsum::engine::{ConfinedDir, HashProgress, PathFilter, StableFile};
use hsum::manifest::{BadLine, List, ListEntry, ListFormat, ListOptions};

use crate::cli::args::check::CheckArgs;
use crate::cli::check::hints::CheckedList;
use crate::cli::check::mismatches::Mismatches;
use crate::cli::check::report::{Report, needs_warning};
use crate::cli::check::result::ListName;
use crate::cli::check::select::{Selection, by_base_name};
use crate::cli::check::sfv;
use crate::cli::exit::{self, Exit, Usage};
use crate::cli::input::ListedInput;
use crate::cli::output::WriteError;
use crate::cli::plan;
use crate::cli::print::complain;
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;

pub(super) fn run(args: &Arc<CheckArgs>) -> Result<Exit> {
    let paths = paths(args);
    if args.files.is_empty() && io::stdin().is_terminal() {
        let text = "no FILE given, and standard input is a terminal; use '-' to type a list";
        return Err(Usage(text.into()).into());
    }
    let filter = filter(args)?;
    let mut report = Report::new(args)?;
    let mut exit = Exit::Success;
    let mut selection = Selection::new(args, filter.clone());
    let mut confined = None;
    let mut ended = 0;
    while let Some(path) = paths.get(ended) {
        let mut name = ListName::new(path);
        let (mut sfv, mut lists) = (None, run_of_lists(&paths[ended..]));
        let lists = iter::from_fn(|| {
            let list = OpenList::new(args, lists.next()?, filter.clone(), &mut confined);
            if list.format == ListFormat::Sfv {
                sfv = Some(list);
                return None;
            }
            Some((check_options(args, &list.path, list.beneath.as_ref()), list))
        });
        let progress = Arc::new(HashProgress::default());
        let survey = survey(Arc::clone(args), filter.clone(), ended);
        let view = ProgressLine::start(args.progress(), &progress, Some(survey));
        let options = check_options(args, path, None).progress(progress);
        let mut mismatches = Mismatches::default();
        check::check_lists(&options, lists, |event| {
            let printed = match event {
                CheckEvent::Line(checked) => {
                    mismatches.add(&checked);
                    view.suspend(|| report.line(&name, &checked))
                }
                CheckEvent::End { list, summary } => {
                    selection.add_found(&list.selection);
                    let mismatches = mem::take(&mut mismatches);
                    let end = || list.end(args, &mut report, &summary, mismatches, &name);
                    let ended_as = view.suspend(end);
                    ended += 1;
                    name = paths.get(ended).map_or(ListName::default(), |path| ListName::new(path));
                    ended_as.map(|ended_as| exit = worse(exit, ended_as))
                }
            };
            if let Err(error) = printed {
                exit::exit_now(&error);
            }
            ControlFlow::Continue(())
        });
        drop(view);
        if let Some(mut sfv) = sfv {
            ended += 1;
            exit = worse(exit, sfv.check_crcs(args, &mut report, &mut selection, &name)?);
        }
    }
    report.flush()?;
    for file in selection.missed() {
        let text = "not listed";
        complain(format_args!("{}: {text}", quote(file)));
        report.error(file, "not-listed", text)?;
        exit = Exit::Failed;
    }
    if filter.is_some() && exit == Exit::Success && !report.has_results() {
        let text = "no listed file is selected by --include and --exclude";
        complain(text);
        report.problem("not-listed", text)?;
        exit = Exit::Failed;
    }
    report.finish(exit)
}

/// Returns the filter of listed names, if there is one.
fn filter(args: &CheckArgs) -> Result<Option<Arc<PathFilter>>, Usage> {
    let is_empty = args.filter.include.is_empty() && args.filter.exclude.is_empty();
    if is_empty {
        Ok(None)
    } else {
        plan::filter(&args.filter).map(|filter| Some(Arc::new(filter)))
    }
}

/// Returns the status of a run whose parts ended with these.
fn worse(exit: Exit, part: Exit) -> Exit {
    if part == Exit::Success { exit } else { part }
}

fn paths(args: &CheckArgs) -> Vec<PathBuf> {
    if args.files.is_empty() { vec!["-".into()] } else { args.files.clone() }
}

/// Returns the lists that one run may read ahead: the first and the regular files that follow.
///
/// A pipe is read only after the files in earlier lists, which may be the same pipe.
fn run_of_lists(paths: &[PathBuf]) -> impl Iterator<Item = &Path> {
    let is_ahead = |(index, path): &(usize, &PathBuf)| *index == 0 || path.is_file();
    paths.iter().enumerate().take_while(is_ahead).map(|(_, path)| path.as_path())
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// The reason why a list could not be opened, or not read to its end.
struct Failure {
    /// The list, or the directory of its names.
    path: PathBuf,
    reason: &'static str,
    text: String,
}

impl Failure {
    fn new(path: &Path, error: &ErrorKind) -> Self {
        Self { path: path.to_owned(), reason: error.reason(), text: error.to_string() }
    }
}

/// A list that is read, or was read to its end, while files of earlier lists are hashed.
struct OpenList {
    path: PathBuf,
    format: ListFormat,
    beneath: Option<ConfinedDir>,
    selection: Selection,
    /// Closed at the end, because many lists may wait for results of earlier ones.
    list: Option<List<Box<dyn BufRead + Send>>>,
    /// Entries that were renamed, which takes the whole list.
    renamed: vec::IntoIter<ListEntry>,
    /// The number of well-formed entries, selected or not.
    listed: u64,
    /// Set if a filter left out an entry.
    is_filtered: bool,
    /// Set if a bad line makes the rest of the list unreadable.
    is_cut_short: bool,
    has_nameless: bool,
    /// Set if a warning about a line says what the list is.
    is_explained: bool,
    is_signed: bool,
    failure: Option<Failure>,
}

impl OpenList {
    fn new(
        args: &CheckArgs,
        path: &Path,
        filter: Option<Arc<PathFilter>>,
        confined: &mut Option<ConfinedDir>,
    ) -> Self {
        let mut new = Self {
            path: path.to_owned(),
            format: ListFormat::Plain,
            beneath: None,
            selection: Selection::new(args, filter),
            list: None,
            renamed: Vec::new().into_iter(),
            listed: 0,
            is_filtered: false,
            is_cut_short: false,
            has_nameless: false,
            is_explained: false,
            is_signed: false,
            failure: None,
        };
        new.failure = new.open(args, confined).err();
        new
    }

    fn open(
        &mut self,
        args: &CheckArgs,
        confined: &mut Option<ConfinedDir>,
    ) -> Result<(), Failure> {
        let input: Box<dyn BufRead + Send> = match is_stdin(&self.path) {
            true => Box::new(BufReader::new(ListedInput::open())),
            false => {
                let file = File::open(&self.path).map_err(|error| self.io_failure(error));
                Box::new(BufReader::new(file?))
            }
        };
        let mut list = List::new(input, list_options(args, &self.path));
        let format = list.format();
        self.beneath = beneath(args, format, confined)?;
        (self.format, self.list) = (format, Some(list));
        if args.basename && !self.selection.is_partial() && format != ListFormat::Sfv {
            self.renamed = by_base_name(iter::from_fn(|| self.read()).collect()).into_iter();
        }
        Ok(())
    }

    fn io_failure(&self, error: io::Error) -> Failure {
        Failure::new(&self.path, &ErrorKind::Io(error))
    }

    /// Returns the next entry that `--include` and `--exclude` select.
    fn read(&mut self) -> Option<ListEntry> {
        loop {
            let listed = self.read_any()?;
            let name = listed.entry.as_ref().map_or(listed.name.as_deref(), |e| Some(&*e.path));
            if name.is_none_or(|name| self.selection.includes(name)) {
                return Some(listed);
            }
            self.is_filtered = true;
        }
    }

    /// Returns the next entry, selected or not.
    fn read_any(&mut self) -> Option<ListEntry> {
        let list = self.list.as_mut()?;
        let Some(mut listed) = list.next() else {
            self.is_signed = list.is_signed();
            let error = list.take_error();
            self.failure = error.map(|error| self.io_failure(error));
            self.list = None;
            return None;
        };
        let is_plain = self.format == ListFormat::Plain;
        match listed.entry {
            Ok(_) => self.listed += 1,
            Err(bad) => {
                // In formats of objects a digest without a name is an entry; in others it may be
                // part of other text.
                self.has_nameless |= self.format.has_objects() && bad == BadLine::NoName;
                self.is_explained |= needs_warning(bad);
                self.is_cut_short |= hides_the_rest(bad, is_plain);
            }
        }
        // A bad GNU, BSD or OpenSSL line is a warning, unless --only names its file.
        if is_plain && !self.selection.is_partial() {
            listed.name = None;
        }
        Some(listed)
    }

    /// Checks an SFV file.
    fn check_crcs(
        &mut self,
        args: &CheckArgs,
        report: &mut Report,
        selection: &mut Selection,
        name: &ListName,
    ) -> Result<Exit> {
        match &mut self.list {
            Some(list) => {
                let place = (base(args), self.beneath.take());
                let (exit, summary) = sfv::check(args, report, list, selection, place, name)?;
                if let Some(summary) = summary {
                    report.hint(&self.describe(args), &summary);
                }
                Ok(exit)
            }
            None => Ok(Exit::Success),
        }
    }

    /// Prints what there is to say about the list, and returns the exit status.
    fn end(
        self,
        args: &CheckArgs,
        report: &mut Report,
        summary: &CheckSummary,
        mismatches: Mismatches,
        name: &ListName,
    ) -> Result<Exit, WriteError> {
        let exit = self.warn(args, report, summary, mismatches, name)?;
        let is_chosen = self.listed == 0 || summary.entries() > 0;
        if is_chosen && !self.is_explained {
            report.hint(&self.describe(args), summary);
        }
        Ok(exit)
    }

    fn describe<'a>(&'a self, args: &'a CheckArgs) -> CheckedList<'a> {
        CheckedList {
            path: &self.path,
            format: self.format,
            base: base(args),
            takes_directory: args.beneath.is_none(),
        }
    }

    fn warn(
        &self,
        args: &CheckArgs,
        report: &mut Report,
        summary: &CheckSummary,
        mismatches: Mismatches,
        name: &ListName,
    ) -> Result<Exit, WriteError> {
        let title = &name.title;
        report.flush()?;
        let has_messages = report.options().has_messages();
        if has_messages {
            if self.is_signed {
                complain(format_args!("{title}: the list is signed; the signature is not checked"));
            }
            mismatches.explain(self.beneath.as_ref(), base(args), || {
                let list = BufReader::new(StableFile::open(&self.path).ok()?);
                Some(List::new(list, list_options(args, &self.path)))
            });
        }
        if let Some(Failure { path, reason, text }) = &self.failure {
            complain(format_args!("{}: {text}", ListName::new(path).title));
            report.error(path, reason, text)?;
            return Ok(Exit::Failed);
        }
        let is_partial = self.selection.is_partial();
        let is_list = self.listed > 0 || summary.unverified + summary.without_digest > 0;
        let may_be_empty = is_partial || self.is_filtered;
        if may_be_empty && !self.is_cut_short && is_list && summary.entries() == 0 {
            return Ok(report.warn_of_failures(summary));
        }
        let exit = report.end_list(name, summary)?;
        if self.has_nameless && !is_partial && summary.entries() > 0 {
            if has_messages {
                complain(format_args!(
                    "{title}: a digest has no file name, so its file is not verified"
                ));
            }
            return Ok(Exit::Failed);
        }
        // The files in the unreadable rest of the list were not verified.
        Ok(if self.is_cut_short { Exit::Failed } else { exit })
    }
}

impl Iterator for OpenList {
    type Item = ListEntry;

    fn next(&mut self) -> Option<ListEntry> {
        loop {
            let listed = self.renamed.next().or_else(|| self.read())?;
            if let Some(chosen) = self.selection.choose(listed) {
                return Some(chosen);
            }
        }
    }
}

/// Returns the options for reading the list at `path`.
fn list_options(args: &CheckArgs, path: &Path) -> ListOptions {
    // The file of a bare digest is in the directory of the names.
    let is_elsewhere = args.beneath.is_some() || args.directory.is_some();
    let name = (!is_stdin(path)).then(|| match is_elsewhere {
        true => path.file_name().unwrap_or_default().into(),
        false => path.to_owned(),
    });
    ListOptions::new()
        .name(name)
        .untagged(args.algorithm)
        .file(Some(&args.only).filter(|files| files.len() == 1).map(|files| files[0].clone()))
        // A base name cannot lead out of the directory.
        .allow_outside(args.allow_outside || args.basename)
}

/// Returns the directory of the listed names; the empty path is the working directory.
fn base(args: &CheckArgs) -> &Path {
    args.beneath.as_ref().or(args.directory.as_ref()).map_or(Path::new(""), PathBuf::as_path)
}

/// Returns the options for checking the list at `path`.
fn check_options(args: &CheckArgs, path: &Path, beneath: Option<&ConfinedDir>) -> CheckOptions {
    let options = CheckOptions::new()
        .stdin_is_list(is_stdin(path))
        .cache(plan::cache(&args.work))
        .reading(plan::reading(args.work.no_mmap));
    let options = match args.work.threads {
        Some(threads) => options.threads(threads),
        None => options,
    };
    match (beneath, &args.directory) {
        (Some(directory), _) => options.confined_to(directory.clone()),
        (None, Some(directory)) => options.base_directory(directory),
        (None, None) => options,
    }
}

/// Counts the files of a run over lists, the first of which is at `first`.
fn survey(
    args: Arc<CheckArgs>,
    filter: Option<Arc<PathFilter>>,
    first: usize,
) -> impl FnOnce(&Totals) -> ControlFlow<()> + Send + 'static {
    move |expected| {
        let paths = paths(&args);
        let mut confined = None;
        for path in run_of_lists(&paths[first..]) {
            if !path.is_file() {
                return ControlFlow::Break(()); // it can be read only once
            }
            // A list that cannot be opened has no files.
            let Ok(input) = StableFile::open(path) else { continue };
            let mut list = List::new(BufReader::new(input), list_options(&args, path));
            let format = list.format();
            if format == ListFormat::Sfv {
                break;
            }
            let Ok(beneath) = beneath(&args, format, &mut confined) else { continue };
            let options = check_options(&args, path, beneath.as_ref());
            let selection = Selection::new(&args, filter.clone());
            let is_included = |listed: &ListEntry| {
                listed.entry.as_ref().is_ok_and(|entry| selection.includes(&entry.path))
            };
            let entries = list.filter(is_included);
            check::file_sizes(&options, entries, |size| expected.add(size))?;
        }
        ControlFlow::Continue(())
    }
}

/// Returns the directory that names must not lead out of: the argument of `--beneath`; for foreign
/// lists, the argument of `-C` or the working directory. Opens it once and keeps it in `opened`.
fn beneath(
    args: &CheckArgs,
    format: ListFormat,
    opened: &mut Option<ConfinedDir>,
) -> Result<Option<ConfinedDir>, Failure> {
    let directory = match &args.beneath {
        Some(directory) => directory,
        // The names of --only come from the user, and may lead anywhere.
        None if format.is_confined() && !args.allow_outside && args.only.is_empty() => {
            args.directory.as_deref().unwrap_or(Path::new("."))
        }
        None => return Ok(None),
    };
    if opened.is_none() {
        let new = ConfinedDir::new(directory);
        *opened = Some(new.map_err(|error| Failure::new(directory, error.kind()))?);
    }
    Ok(opened.clone())
}

/// Returns `true` if a bad line makes the rest of the list unreadable.
fn hides_the_rest(bad: BadLine, is_plain: bool) -> bool {
    match bad {
        BadLine::Syntax | BadLine::TooLarge { .. } | BadLine::Damaged => true,
        BadLine::TooLong => !is_plain,
        _ => false,
    }
}
