//! Planning of jobs: from the command line, a Metalink or a lock file.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Result;
use hsum::net::{Failure, FailureKind, Origin, Request, redacted};
use hsum::trust::checksum_file::ChecksumFile;
use hsum::trust::file_name::{self, ChosenBy};
use hsum::trust::lock_file;
use hsum::trust::metalink::MetalinkFile;

use crate::cli::args::get::GetArgs;
use crate::cli::client;
use crate::cli::exit::Usage;
use crate::cli::get::job::{Job, Target};
use crate::cli::habits;
use crate::cli::print::{complain, plural};
use crate::cli::quote::quote;

/// Plans the downloads of the URLs on the command line, if there are any.
pub(super) fn from_urls(args: &GetArgs) -> Result<Vec<Job>> {
    let usage = |text: &str| Err(Usage(text.into()).into());
    if let Some(text) = args.output_dir.as_deref().and_then(habits::of_output_dir) {
        return usage(&text);
    }
    if args.urls.is_empty() && args.trust.metalink.is_none() && args.from_lock.is_none() {
        return usage("no URL given: use 'hsum get URL --expect DIGEST'");
    }
    let request = &args.client.request;
    let needs_url = args.remote_name
        || !args.mirrors.is_empty()
        || request.method.is_some()
        || !(request.queries.is_empty() && request.data.is_empty() && request.forms.is_empty())
        || args.client.signing.scheme.is_some();
    if args.urls.is_empty() && needs_url {
        return usage(
            "--remote-name, --mirror, --method, --query, --data, --form and --scheme need a URL",
        );
    }
    let needs_one_url = args.output.is_some()
        || !args.trust.expect.is_empty()
        || args.trust.size.is_some()
        || !args.mirrors.is_empty();
    if args.urls.len() > 1 && needs_one_url {
        return usage("--output, --expect, --size and --mirror accept only one URL");
    }
    let mirrors = args.mirrors.iter().map(|word| client::url(word)).collect::<Result<Vec<_>>>()?;
    let directory = args.output_dir.clone().unwrap_or_default();
    let mut jobs: Vec<Job> = Vec::new();
    for word in &args.urls {
        let url = client::url(word)?;
        let target = match output_target(args) {
            Some(target) => target,
            None if args.remote_name => Target::NamedByServer(directory.clone()),
            None => {
                let name = file_name::from_url(&url, ChosenBy::User).map_err(|reason| {
                    let host = quote(Path::new(url.host_str().unwrap_or("")));
                    Usage(format!("{host}: {reason}; use --output FILE"))
                })?;
                Target::File(directory.join(name))
            }
        };
        if let Target::File(path) = &target
            && jobs.iter().any(|job| job.target == target)
        {
            return usage(&format!("{}: two URLs have this name", quote(path)));
        }
        let request = client::request(&args.client.request, url)?;
        jobs.push(Job { mirrors: mirrors.clone(), ..Job::new(request, target) });
    }
    Ok(jobs)
}

fn output_target(args: &GetArgs) -> Option<Target> {
    Some(match args.output.as_ref()? {
        path if path == Path::new("-") => Target::Stdout,
        path => Target::File(path.clone()),
    })
}

/// Plans the downloads of the files in a Metalink, without credentials: the URLs do not come from
/// the user.
pub(super) fn from_metalink(args: &GetArgs, files: Vec<MetalinkFile>) -> Result<Vec<Job>> {
    if files.len() > 1 && args.output.is_some() {
        return Err(Usage("--output names one file, but the Metalink has several".into()).into());
    }
    let directory = args.output_dir.clone().unwrap_or_default();
    let mut jobs = Vec::new();
    for file in files {
        let mut urls = file.urls.into_iter();
        let Some(first) = urls.next() else {
            let name = quote(Path::new(&file.name));
            let text = format!("{name}: the Metalink has no http, https, ftp or ftps URL for it");
            return Err(Usage(text).into());
        };
        let request = Request { origin: Origin::Foreign, ..Request::get(first) };
        let target =
            output_target(args).unwrap_or_else(|| Target::File(directory.join(&file.name)));
        jobs.push(Job {
            mirrors: urls.collect(),
            metalink_name: Some(file.name.into()),
            ..Job::new(request, target)
        });
    }
    Ok(jobs)
}

/// Plans the downloads of the files in a lock file, without credentials as for [`from_metalink`].
/// Returns the failures of invalid entries too.
pub(super) fn from_lock_file(
    path: &Path,
    args: &GetArgs,
) -> Result<(Vec<Job>, Vec<Failure>), Failure> {
    let text = ChecksumFile::open(path)?;
    let lock = lock_file::read(text.text());
    let directory = args.output_dir.clone().unwrap_or_default();
    let mut rejected = Vec::new();
    let mut reject = |kind, text: String| rejected.push(Failure::new(kind, text));
    for (line, reason) in &lock.bad {
        reject(FailureKind::Unverifiable, format!("{line}: {reason}"));
    }
    let mut jobs: Vec<Job> = Vec::new();
    let mut names = HashSet::new();
    for file in lock.files {
        let url = redacted(&file.url);
        let target = match file_name::from_url(&file.url, ChosenBy::Other) {
            Ok(name) => directory.join(name),
            Err(reason) => {
                reject(FailureKind::Policy, format!("{url}: {reason}"));
                continue;
            }
        };
        if !names.insert(target.clone()) {
            let text = format!("{url}: another URL in it has the same name, {}", quote(&target));
            reject(FailureKind::Policy, text);
            continue;
        }
        let request = Request { origin: Origin::Foreign, ..Request::get(file.url.clone()) };
        jobs.push(Job { locked: Some(file), ..Job::new(request, Target::File(target)) });
    }
    if let (Some(first), count) = (lock.elsewhere.first(), lock.elsewhere.len()) {
        let (path, first) = (quote(path), quote(first));
        let entries = plural(count as u64, "entry", "entries");
        complain(format_args!("{path}: skipped {entries} without a URL, such as {first}"));
    }
    if jobs.is_empty() && rejected.is_empty() {
        let text = format!("{}: no file with URL and digest", quote(path));
        return Err(Failure::new(FailureKind::Unverifiable, text));
    }
    Ok((jobs, rejected))
}
