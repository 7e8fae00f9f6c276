//! `--from-lock`: what a lock file names, under the names that its URLs have.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use hsum::net::{Failure, FailureKind, Origin, Request, redacted};
use hsum::trust::checksum_file::ChecksumFile;
use hsum::trust::file_name::{self, ChosenBy};
use hsum::trust::lock_file;

use super::super::args::GetArgs;
use super::super::exit::{Exit, failure_status};
use super::super::hints;
use super::super::print::complain;
use super::super::quote::quote;
use super::{Job, Target};

/// The jobs of the lock file at `path`, and how it ends at best: what is refused in it does not
/// keep the rest from being fetched. Nobody but the lock names the places, so none is told who
/// the user is.
pub(super) fn jobs(path: &Path, args: &GetArgs) -> Result<(Vec<Job>, Exit), Failure> {
    let text = ChecksumFile::open(path)?;
    let lock = lock_file::read(text.text());
    let folder = args.output_dir.clone().unwrap_or_default();
    let mut exit = Exit::Well;
    let mut refuse = |failure: &Failure| {
        complain(format_args!("{}: {}", quote(path), hints::failure(failure)));
        if exit == Exit::Well {
            exit = Exit::Code(failure_status(failure));
        }
    };
    for (line, bad) in &lock.bad {
        let text = format!("{line}: {bad}");
        refuse(&Failure::new(FailureKind::Unverifiable, text));
    }
    let mut jobs: Vec<Job> = Vec::new();
    let mut taken = HashSet::new();
    for file in lock.files {
        let shown = redacted(&file.url);
        let own = match file_name::from_url(&file.url, ChosenBy::Other) {
            Ok(name) => folder.join(name),
            Err(why) => {
                refuse(&Failure::new(FailureKind::Policy, format!("{shown}: {why}")));
                continue;
            }
        };
        if !taken.insert(own.clone()) {
            let text = format!("{shown}: another URL in it has the same name, {}", quote(&own));
            refuse(&Failure::new(FailureKind::Policy, text));
            continue;
        }
        let request = Request { origin: Origin::Foreign, ..Request::get(file.url.clone()) };
        let (target, mirrors) = (Target::File(own), Vec::new());
        let (listed, locked) = (None, Some(file));
        jobs.push(Job { request, mirrors, target, listed, locked, progress: Arc::default() });
    }
    if let (Some(first), count) = (lock.elsewhere.first(), lock.elsewhere.len()) {
        let (path, first) = (quote(path), quote(first));
        complain(format_args!("{path}: passed over, having no URL: {count} ({first} first)"));
    }
    if jobs.is_empty() && exit == Exit::Well {
        let text = "it names no file with URL and digest";
        return Err(Failure::new(FailureKind::Unverifiable, text));
    }
    Ok((jobs, exit))
}
