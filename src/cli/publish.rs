//! `hsum publish`: writes the lists of digests beside a release's files.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use hsum::engine::{self, HashOptions, HashProgress, Outcome, Source};
use hsum::internals::is_supported;
use hsum::manifest::publish::{
    ReleaseFile, ReleaseFormat, ReleaseList, UnlistableReason, is_release_list,
};
use hsum::{ErrorKind, HashFunction};
use url::Url;

use crate::cli::args::publish::PublishArgs;
use crate::cli::exit::{Exit, Usage};
use crate::cli::output::Output;
use crate::cli::plan;
use crate::cli::print::{complain, complain_of, plural, skipped};
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;

pub(crate) fn run(args: PublishArgs) -> Result<Exit> {
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
    let Some(files) = digests(&args)? else {
        complain(format_args!("{}: no lists written", quote(directory)));
        return Ok(Exit::Failed);
    };
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
    let mut report = Output::stdout()?;
    for list in &lists {
        let path = quote(&directory.join(&list.file_name));
        let count = plural(files.len() as u64, "file", "files");
        report.line(format!("{path}: {count}\n").as_bytes())?;
    }
    report.finish()?;
    warn_of_old_lists(directory, &lists);
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

/// Hashes the files; returns `None` after reporting a file that could not be read.
fn digests(args: &PublishArgs) -> Result<Option<Vec<ReleaseFile>>> {
    let progress = Arc::new(HashProgress::default());
    let plan = plan::work(
        HashOptions::new(hash_functions(args)).filter(plan::filter(&args.filter)?),
        &args.work,
    )
    .progress(Arc::clone(&progress));
    let survey = {
        let (plan, directory) = (plan.clone(), args.directory.clone());
        move |expected: &Totals| engine::survey(&plan, [directory], |size| expected.add(size))
    };
    let view = ProgressLine::start(args.work.progress, &progress, Some(survey));
    let mut files = Vec::new();
    let mut failed = false;
    engine::run(&plan, [args.directory.clone()], |outcome| {
        let name = name_below(&args.directory, &outcome);
        if is_release_list(&name) {
            return ControlFlow::Continue(());
        }
        match &outcome.result {
            Ok(hashed) => {
                let digests = hashed.digests.to_vec();
                files.push(ReleaseFile { name, size: hashed.size, digests });
            }
            Err(error) if error.is_temporary() => {
                view.suspend(|| skipped(outcome.source.name(), error))
            }
            // A release without this file would be incomplete.
            Err(error) => {
                view.suspend(|| complain_of(outcome.source.name(), error));
                failed = true;
            }
        }
        ControlFlow::Continue(())
    });
    drop(view);
    Ok((!failed).then_some(files))
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
