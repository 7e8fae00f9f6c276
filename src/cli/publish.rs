//! `hsum publish`: writes the lists of digests beside a release's files.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, anyhow};
use hsum::engine::{self, HashOptions, HashProgress, Outcome, Source};
use hsum::internals::is_supported;
use hsum::manifest::publish::{
    ReleaseFile, ReleaseFormat, ReleaseList, UnlistableReason, is_release_list,
};
use hsum::{Error, ErrorKind, HashFunction};
use url::Url;

use crate::cli::args::publish::PublishArgs;
use crate::cli::args::shared::ReportArgs;
use crate::cli::colour::Status;
use crate::cli::exit::{Exit, Usage};
use crate::cli::json::{Object, stopped};
use crate::cli::output::{Output, WriteError};
use crate::cli::plan;
use crate::cli::print::{complain, complain_of, plural, skipped};
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;
use crate::cli::summary::{self, Summary};

pub(crate) fn run(args: PublishArgs) -> Result<Exit> {
    let is_json = args.report.json;
    stopped::with_error("publish", is_json, publish(args))
}

fn publish(args: PublishArgs) -> Result<Exit> {
    let begun = Instant::now();
    let bases = bases(&args.base_url)?;
    if args.formats.contains(&ReleaseFormat::Metalink) && bases.is_empty() {
        return Err(Usage("--formats metalink needs --base-url".into()).into());
    }
    let directory = &args.directory;
    let metadata = fs::metadata(directory);
    let metadata =
        metadata.map_err(|error| anyhow!("{}: {}", quote(directory), ErrorKind::Io(error)))?;
    if !metadata.is_dir() {
        return Err(anyhow!("{}: Not a directory", quote(directory)));
    }
    let mut report = Output::stdout()?;
    let progress = Arc::new(HashProgress::default());
    let Hashed { files, failed, skipped } = digests(&args, &progress, &mut report)?;
    // Without those of lists that an earlier run has left.
    let bytes = files.iter().map(|file| file.size).sum();
    let summary = |lists: usize, exit: Exit| {
        let mut object = Object::summary("publish");
        object.set("lists", lists).set("files", files.len());
        object.set("failed", failed).set("skipped", skipped);
        object.work(bytes, begun.elapsed()).exit(exit.status())
    };
    if failed > 0 {
        if args.report.json {
            report.line(&summary(0, Exit::Failed))?;
        }
        report.finish()?;
        complain(format_args!("{}: no lists written", quote(directory)));
        return Ok(Exit::Failed);
    }
    if files.is_empty() {
        return Err(anyhow!("{}: no files to publish", quote(directory)));
    }
    let lists = lists(&args, &files, &bases)?;
    // Every list is complete before the first old one is replaced.
    let mut outputs = Vec::new();
    for list in &lists {
        let mut output = Output::replacing(&directory.join(&list.file_name))?;
        output.bytes(&list.text)?;
        outputs.push(output);
    }
    Output::finish_all(outputs)?;
    for list in &lists {
        let path = directory.join(&list.file_name);
        if args.report.json {
            report.line(&Object::new("list").path(&path).set("files", files.len()).line())?;
        } else if !args.report.quiet {
            let count = plural(files.len() as u64, "file", "files");
            report.line(format!("{}: {count}\n", quote(&path)).as_bytes())?;
        }
    }
    if args.report.json {
        report.line(&summary(lists.len(), Exit::Success))?;
    }
    report.finish()?;
    warn_of_old_lists(directory, &lists);
    let ReportArgs { quiet, verbose, json, color } = args.report;
    if summary::is_wanted(quiet, verbose, json) {
        let count = plural(lists.len() as u64, "list", "lists");
        let text = format!("published {} in {count}", summary::files(files.len() as u64));
        let summary = Summary::new(text).data(bytes, begun.elapsed());
        summary.count(Status::Skipped, skipped).print(color);
    }
    Ok(Exit::Success)
}

/// Parses the base URLs.
fn bases(texts: &[String]) -> Result<Vec<Url>> {
    let invalid =
        || Usage("--base-url takes an http, https, ftp or ftps URL without a query".into());
    let parse = |text: &String| {
        let url: Url = text.parse().map_err(|_| invalid())?;
        if url.password().is_some() {
            let public = "the URL in --base-url is published and must not contain a password";
            return Err(Usage(public.into()).into());
        }
        match is_supported(&url) && url.query().is_none() && url.fragment().is_none() {
            true => Ok(url),
            false => Err(invalid().into()),
        }
    };
    texts.iter().map(parse).collect()
}

/// Writes the lists of every format; by default, of those that have a name for one of the
/// algorithms, and Metalink only with base URLs.
fn lists(args: &PublishArgs, files: &[ReleaseFile], bases: &[Url]) -> Result<Vec<ReleaseList>> {
    let is_default = args.formats.is_empty();
    let formats = if is_default { ReleaseFormat::ALL } else { &args.formats };
    let mut lists: Vec<ReleaseList> = Vec::new();
    for format in formats {
        match format.write(files, bases) {
            _ if is_default && *format == ReleaseFormat::Metalink && bases.is_empty() => {}
            Ok(new) => {
                let is_new = |list: &ReleaseList| !lists.contains(list);
                let new: Vec<_> = new.into_iter().filter(is_new).collect();
                lists.extend(new);
            }
            Err(error) if is_default && error.reason == UnlistableReason::NoAlgorithm => {}
            Err(error) => {
                let name = quote(&args.directory.join(OsStr::from_bytes(&error.name)));
                let (format, reason) = (format.name(), error.reason);
                return Err(anyhow!("{name}: cannot be listed as '{format}': {reason}"));
            }
        }
    }
    Ok(lists)
}

/// Returns the hash functions without repetitions.
fn hash_functions(args: &PublishArgs) -> Vec<HashFunction> {
    let mut functions = Vec::new();
    for function in &args.algorithms {
        if !functions.contains(function) {
            functions.push(*function);
        }
    }
    functions
}

/// The files of a release, and how many could not be read or were skipped.
#[derive(Default)]
struct Hashed {
    files: Vec<ReleaseFile>,
    failed: u64,
    skipped: u64,
}

/// Hashes the files, and reports those that cannot be read.
fn digests(
    args: &PublishArgs,
    progress: &Arc<HashProgress>,
    report: &mut Output,
) -> Result<Hashed> {
    let plan = plan::work(
        HashOptions::new(hash_functions(args)).filter(plan::filter(&args.filter)?),
        &args.work,
    )
    .progress(Arc::clone(progress));
    let survey = {
        let (plan, directory) = (plan.clone(), args.directory.clone());
        move |expected: &Totals| engine::survey(&plan, [directory], |size| expected.add(size))
    };
    let view = ProgressLine::start(args.report.progress(&args.work), progress, Some(survey));
    let mut hashed_files = Hashed::default();
    let mut failure = None;
    engine::run(&plan, [args.directory.clone()], |outcome| {
        let name = name_below(&args.directory, &outcome);
        if is_release_list(&name) {
            return ControlFlow::Continue(());
        }
        match &outcome.result {
            Ok(hashed) => {
                let digests = hashed.digests.to_vec();
                hashed_files.files.push(ReleaseFile { name, size: hashed.size, digests });
            }
            Err(error) => {
                let path = outcome.source.name();
                // A release without this file would be incomplete.
                let is_skipped = error.is_temporary();
                match is_skipped {
                    true => hashed_files.skipped += 1,
                    false => hashed_files.failed += 1,
                }
                let printed = view.suspend(|| {
                    if args.report.json {
                        report.line(&unread(path, error, is_skipped))?;
                        report.flush()?;
                    }
                    match is_skipped {
                        false => complain_of(path, error),
                        true if args.report.quiet => {}
                        true => skipped(path, error),
                    }
                    Ok(())
                });
                if let Err(error) = printed {
                    failure = Some(error);
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    });
    drop(view);
    match failure {
        Some(error) => Err(WriteError::into(error)),
        None => Ok(hashed_files),
    }
}

/// Returns the object of a file that could not be read; here a FIFO is one too.
fn unread(path: &Path, error: &Error, is_skipped: bool) -> Vec<u8> {
    let (reason, text) = (error.kind().reason(), error.kind());
    match is_skipped {
        true => Object::skipped(path, reason, text).line(),
        false => Object::error(path, reason, text).line(),
    }
}

/// Returns the path within the directory.
fn name_below(directory: &Path, outcome: &Outcome) -> Vec<u8> {
    let path = match &outcome.source {
        Source::Path(path) => path.clone(),
        Source::Stdin => PathBuf::new(),
    };
    let name = path.strip_prefix(directory).map(Path::to_owned).unwrap_or(path);
    name.into_os_string().into_vec()
}

/// Warns of lists that this run did not write, which may be out of date.
fn warn_of_old_lists(directory: &Path, lists: &[ReleaseList]) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    let is_new = |name: &[u8]| lists.iter().any(|list| list.file_name.as_bytes() == name);
    let is_old = |name: &&OsString| is_release_list(name.as_bytes()) && !is_new(name.as_bytes());
    for name in names.iter().filter(is_old) {
        let path = quote(&directory.join(name));
        complain(format_args!("warning: {path}: left by an earlier run; not updated, not listed"));
    }
}
