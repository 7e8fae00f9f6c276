//! `hsum publish`: the lists of digests that go beside a release's files.

use std::ffi::OsStr;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use hsum::engine::{self, Filter, Outcome, Plan, Progress, Source};
use hsum::manifest::publish::{Listing, Published, is_own};
use hsum::{ErrorKind, HashFunction};
use url::Url;

use super::args::{PublishArgs, PublishFormat};
use super::exit::{Exit, Usage};
use super::output::Output;
use super::print::{complain, complain_of, plural, skipped};
use super::progress::View;
use super::quote::quote;

pub(crate) fn run(args: PublishArgs) -> Result<Exit> {
    let bases = bases(&args.base_url)?;
    let listings = listings(&args, !bases.is_empty())?;
    let folder = &args.folder;
    let metadata = fs::metadata(folder);
    let metadata =
        metadata.map_err(|error| anyhow!("{}: {}", quote(folder), ErrorKind::Io(error)))?;
    if !metadata.is_dir() {
        return Err(anyhow!("{}: Not a directory", quote(folder)));
    }
    let Some(files) = digests(&args)? else {
        complain(format_args!("{}: nothing is written", quote(folder)));
        return Ok(Exit::Failed);
    };
    if files.is_empty() {
        return Err(anyhow!("{}: no files to publish", quote(folder)));
    }
    // All of them, before the first one changes.
    let mut texts = Vec::new();
    for listing in &listings {
        let text = listing.write(&files, &bases).map_err(|unlistable| {
            let name = folder.join(OsStr::from_bytes(&unlistable.name));
            anyhow!("{}: {}: {}", quote(&name), listing.file_name(), unlistable.reason)
        })?;
        texts.push((folder.join(listing.file_name()), text));
    }
    let mut outputs = Vec::new();
    for (path, text) in &texts {
        let mut output = Output::replacing(path)?;
        output.bytes(text)?;
        outputs.push(output);
    }
    Output::finish_all(outputs)?;
    let mut report = Output::stdout()?;
    for (path, _) in &texts {
        let count = plural(files.len() as u64, "file", "files");
        report.line(format!("{}: {count}\n", quote(path)).as_bytes())?;
    }
    report.finish()?;
    warn_of_old_ones(folder, &listings);
    Ok(Exit::Well)
}

fn bases(texts: &[String]) -> Result<Vec<Url>> {
    let wrong = || Usage("--base-url takes an http, https, ftp or ftps URL of a folder".into());
    let parse = |text: &String| {
        let url: Url = text.parse().map_err(|_| wrong())?;
        if !hsum::internals::is_supported(&url) {
            return Err(wrong().into());
        }
        if url.password().is_some() {
            return Err(Usage("--base-url: everybody will read the password in it".into()).into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong().into());
        }
        Ok(url)
    };
    texts.iter().map(parse).collect()
}

fn listings(args: &PublishArgs, has_base: bool) -> Result<Vec<Listing>> {
    use PublishFormat::{Bsd, Json, Metalink, Sri, Sums};
    let formats = match &args.formats[..] {
        [] => {
            let mut all = vec![Sums, Bsd, Json];
            // By default, only what the algorithms have names in.
            let probe = |listing: Listing| {
                let digests = args.algorithms.iter().map(|f| hsum::digest(*f, b"")).collect();
                let probe = Published { name: b"a".to_vec(), size: 0, digests };
                listing.write(&[probe], &[]).is_ok()
            };
            if probe(Listing::Sri) {
                all.push(Sri);
            }
            if has_base && probe(Listing::Metalink) {
                all.push(Metalink);
            }
            all
        }
        some => some.to_vec(),
    };
    if formats.contains(&Metalink) && !has_base {
        return Err(Usage("a Metalink says where the files are: give --base-url".into()).into());
    }
    let mut listings = Vec::new();
    for format in formats {
        let new: Vec<Listing> = match format {
            Sums => functions(args).into_iter().map(Listing::Sums).collect(),
            Bsd => vec![Listing::Bsd],
            Sri => vec![Listing::Sri],
            Metalink => vec![Listing::Metalink],
            Json => vec![Listing::Json],
        };
        listings.extend(new.into_iter().filter(|new| !listings.contains(new)).collect::<Vec<_>>());
    }
    Ok(listings)
}

/// Each once.
fn functions(args: &PublishArgs) -> Vec<HashFunction> {
    let mut functions = Vec::new();
    for function in &args.algorithms {
        if !functions.contains(function) {
            functions.push(*function);
        }
    }
    functions
}

/// The digests of all files; `None` where one could not be read, and it has been said which.
fn digests(args: &PublishArgs) -> Result<Option<Vec<Published>>> {
    let filter = Filter::new(&args.include, &args.exclude).map_err(|e| Usage(e.to_string()))?;
    let progress = Arc::new(Progress::default());
    let mut plan = Plan::new(functions(args)).filter(filter).progress(Arc::clone(&progress));
    if let Some(threads) = args.work.threads {
        plan = plan.threads(threads);
    }
    let survey = {
        let (plan, folder) = (plan.clone(), args.folder.clone());
        move |expected: &super::progress::Expected| {
            engine::survey(&plan, [folder], |size| expected.add(size))
        }
    };
    let view = View::start(args.work.progress, &progress, Some(survey));
    let mut files = Vec::new();
    let mut failed = false;
    engine::run(&plan, [args.folder.clone()], |outcome| {
        let name = name_below(&args.folder, &outcome);
        if is_own(&name) {
            return ControlFlow::Continue(());
        }
        match &outcome.result {
            Ok(hashed) => {
                let digests = hashed.digests.to_vec();
                files.push(Published { name, size: hashed.size, digests });
            }
            Err(error) if error.is_temporary() => {
                view.suspend(|| skipped(outcome.source.name(), error))
            }
            // A release is not complete without it.
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

/// The path within the folder.
fn name_below(folder: &Path, outcome: &Outcome) -> Vec<u8> {
    let path = match &outcome.source {
        Source::Path(path) => path.clone(),
        Source::Stdin => PathBuf::new(),
    };
    let name = path.strip_prefix(folder).map(Path::to_owned).unwrap_or(path);
    name.into_os_string().into_vec()
}

/// A list of an earlier day is wrong as soon as a file has changed.
fn warn_of_old_ones(folder: &Path, listings: &[Listing]) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    let is_new = |name: &[u8]| listings.iter().any(|l| l.file_name().as_bytes() == name);
    for name in names.iter().filter(|n| is_own(n.as_bytes()) && !is_new(n.as_bytes())) {
        let path = quote(&folder.join(name));
        complain(format_args!(
            "warning: {path} is of an earlier day: not written anew, not listed"
        ));
    }
}
