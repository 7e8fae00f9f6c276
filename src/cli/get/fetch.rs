//! The download of one job: file name, options, evidence.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use hsum::fetch::{
    Decoding, Download, Existing, OnMismatch, RequiredStrength, Resume, ServerDigest, Unverified,
};
use hsum::internals::{TemporaryDirectory, lock};
use hsum::net::{Client, Failure, FailureKind, Reply, Request, Url, redacted};
use hsum::trust::file_name::{self, ChosenBy, UnsafeName};

use crate::cli::args::get::GetArgs;
use crate::cli::get::evidence::EvidenceSources;
use crate::cli::get::job::{Finished, Job, Stage, Target};
use crate::cli::quote::quote;

/// Downloads the file of a job. `server_names` collects the paths that servers have chosen.
pub(super) fn fetch(
    job: &Job,
    args: &GetArgs,
    client: &Client,
    sources: &EvidenceSources,
    server_names: &Mutex<HashSet<PathBuf>>,
) -> Finished {
    let mut path = None;
    let mut directory = None;
    job.state.set(Stage::Running);
    let result = choose_path(job, client, server_names, &mut directory).and_then(|chosen| {
        path = Some(chosen.clone());
        let url = &job.request.url;
        let listed_as = job.metalink_name.as_deref().unwrap_or(chosen.as_os_str());
        let download = sources.add_to(download(job, args), client, url, listed_as.as_ref())?;
        let file = download.to_path(client, &chosen)?;
        sources.pin(url, &file)?;
        Ok(file)
    });
    job.state.set(Stage::Finished);
    Finished { url: job.request.url.clone(), path, result, _directory: directory }
}

/// Returns the download with the options of the command line.
fn download(job: &Job, args: &GetArgs) -> Download {
    let mut download = Download::from_request(job.request.clone())
        .resume(if args.no_resume { Resume::Off } else { Resume::On })
        .existing(if args.force { Existing::Replace } else { Existing::Keep })
        .on_mismatch(if args.keep_bad { OnMismatch::Keep } else { OnMismatch::Remove })
        .decoding(if args.decode { Decoding::IfNeeded } else { Decoding::Never })
        .strength(if args.trust.strong { RequiredStrength::Sound } else { RequiredStrength::Any })
        .progress(Arc::clone(&job.progress));
    if job.target == Target::Stdout {
        download = download.private();
    }
    for mirror in &job.mirrors {
        download = download.mirror(mirror.clone());
    }
    let mut size = args.trust.size;
    if let Some(locked) = &job.locked {
        for expected in &locked.expected {
            download = download.expected(expected.clone(), "the lock file");
        }
        size = size.or(locked.size);
    }
    if let Some(size) = size {
        download = download.size(size);
    }
    if let Some(max) = args.max_size {
        download = download.max_size(max);
    }
    if args.trust.trust_server_digest {
        download = download.server_digest(ServerDigest::Trusted);
    }
    if args.trust.no_verify {
        download = download.unverified(Unverified::Accepted);
    }
    download
}

/// Returns the path to download to; for standard output, one in a temporary `directory`.
fn choose_path(
    job: &Job,
    client: &Client,
    server_names: &Mutex<HashSet<PathBuf>>,
    directory: &mut Option<TemporaryDirectory>,
) -> Result<PathBuf, Failure> {
    match &job.target {
        Target::File(path) => Ok(path.clone()),
        Target::Stdout => {
            let created = TemporaryDirectory::new()
                .map_err(|error| Failure::local(&std::env::temp_dir(), error))?;
            Ok(directory.insert(created).path().join("stdout"))
        }
        Target::NamedByServer(directory) => {
            let head = Request { method: "HEAD".into(), ..job.request.clone() };
            let reply = client.send(&head)?;
            let refuse = |reason: String| {
                let url = redacted(&reply.url);
                let text = format!("{url}: {reason}; use --output FILE instead of --remote-name");
                Failure::new(FailureKind::Policy, text)
            };
            let name = server_name(&job.request.url, &reply)
                .map_err(|reason| refuse(format!("unsafe name from the server: {reason}")))?;
            let path = directory.join(name);
            // A second file of the same name would replace the first.
            match lock(server_names).insert(path.clone()) {
                true => Ok(path),
                false => Err(refuse(format!("another URL has the same name, {}", quote(&path)))),
            }
        }
    }
}

/// Returns the name that the server gives to the file, in `Content-Disposition` or by a redirect;
/// if it refuses HEAD, the name in the URL.
fn server_name(requested: &Url, reply: &Reply) -> Result<OsString, UnsafeName> {
    if !(200..300).contains(&reply.response.status) {
        return file_name::from_url(requested, ChosenBy::User);
    }
    let mut headers = reply.response.headers.iter();
    let field = headers.find(|(name, _)| name.eq_ignore_ascii_case("Content-Disposition"));
    match field.map(|(_, value)| file_name::from_disposition(value)).transpose()?.flatten() {
        Some(name) => Ok(name),
        None if reply.redirects.is_empty() => file_name::from_url(requested, ChosenBy::User),
        None => file_name::from_url(&reply.url, ChosenBy::Other),
    }
}
