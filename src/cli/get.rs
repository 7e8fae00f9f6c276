//! `hsum get`: files fetched, and in place only if they are what they should be.

mod bars;
mod lock;
mod report;
mod trust;

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::Result;
use hsum::fetch::Existing;
use hsum::fetch::{
    Decoding, Download, DownloadProgress, OnMismatch, RequiredStrength, Resume, ServerDigest,
    Unverified, VerifiedDownload,
};
use hsum::internals::{TemporaryFolder, lock, read_some};
use hsum::net::{Client, Failure, FailureKind, Origin, Reply, Request, Url, redacted};
use hsum::trust::file_name::{self, ChosenBy, UnsafeName};
use hsum::trust::lock_file::LockedFile;
use hsum::trust::metalink::MetalinkFile;

use super::args::{GetArgs, When};
use super::client::{self, Session};
use super::exit::{self, Exit, Usage, failure_status};
use super::output::Output;
use super::quote::quote;
use bars::Bars;
use trust::Trust;

/// One file to be fetched.
struct Job {
    request: Request,
    mirrors: Vec<Url>,
    target: Target,
    /// Its name in the Metalink that names it, whatever it is called here.
    listed: Option<OsString>,
    /// What a lock file says that it is.
    locked: Option<LockedFile>,
    progress: Arc<DownloadProgress>,
}

/// Where a file goes.
enum Target {
    File(PathBuf),
    /// Into this folder, under a name that the server says.
    Named(PathBuf),
    Stdout,
}

/// What became of a job.
pub(super) struct Done {
    pub(super) url: Url,
    /// Where it is, or should be.
    pub(super) path: Option<PathBuf>,
    pub(super) result: Result<VerifiedDownload, Failure>,
    /// The folder that holds the bytes for standard output until they are verified.
    _folder: Option<TemporaryFolder>,
}

pub(crate) fn run(args: GetArgs) -> Result<Exit> {
    exit::or_status(get(&args), exit::LOCAL)
}

fn get(args: &GetArgs) -> Result<Exit> {
    let jobs = jobs(args)?;
    let session = Session::new(&args.client)?;
    let fetched = fetch_all(args, jobs, &session);
    // Cookies are saved even if a download failed.
    let saved = session.finish();
    fetched?.and(saved)
}

fn fetch_all(args: &GetArgs, mut jobs: Vec<Job>, session: &Session) -> Result<Exit> {
    let mut trust = Trust::new(&args.trust)?;
    let mut output = Output::stdout()?;
    // What serves all jobs is fetched once, before them.
    let own = jobs.first().map(|job| job.request.url.clone());
    let loaded = trust.load(&session.client, own.as_ref());
    match loaded.and_then(|()| trust.metalink()) {
        Ok(files) if jobs.is_empty() => jobs.extend(from_metalink(args, files)?),
        Ok(_) => {}
        Err(failure) => {
            report::failed(&failure, None);
            return Ok(Exit::Code(failure_status(&failure)));
        }
    }
    let mut exit = Exit::Well;
    if let Some(path) = &args.from_lock {
        match lock::jobs(path, args) {
            Ok((locked, found)) => (jobs, exit) = (locked, found),
            Err(failure) => {
                report::failed(&failure, Some(path));
                return Ok(Exit::Code(failure_status(&failure)));
            }
        }
    }
    // Who wants nothing but errors wants no bars, unless he says so.
    let bars = match (args.quiet, args.progress) {
        (true, When::Auto) => When::Never,
        (_, when) => when,
    };
    let bars = Bars::start(bars, &jobs);
    let taken = Mutex::default();
    let mut result = Ok(());
    in_order(
        args.jobs,
        thread::Builder::new,
        &jobs,
        |job| fetch(job, args, &session.client, &trust, &taken),
        |job, done| {
            let printed = bars.suspend(|| report::done(&done, args, &mut output));
            let to_stdout = matches!(job.target, Target::Stdout);
            if let (Exit::Well, Err(failure)) = (exit, &done.result) {
                exit = Exit::Code(failure_status(&failure));
            }
            result = match printed {
                Ok(()) if to_stdout && done.result.is_ok() => copy_out(&done, &mut output),
                printed => printed.map_err(Into::into),
            };
            result.is_ok()
        },
    );
    drop(bars);
    exit.and(result.and_then(|()| Ok(output.finish()?)))
}

/// Does the jobs, several at once, and hands over what became of them, in their order, as long as
/// `emit` wants more. If the system grants fewer threads, those do the work; if none, this one.
fn in_order<J: Sync, D: Send>(
    threads: NonZeroUsize,
    builder: impl Fn() -> thread::Builder,
    jobs: &[J],
    work: impl Fn(&J) -> D + Sync,
    mut emit: impl FnMut(&J, D) -> bool,
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        let start = |_: &usize| {
            let (send, next, work) = (send.clone(), &next, &work);
            let worker = move || {
                while let Some((i, job)) =
                    Some(next.fetch_add(1, Relaxed)).and_then(|i| Some((i, jobs.get(i)?)))
                {
                    if send.send((i, work(job))).is_err() {
                        return;
                    }
                }
            };
            builder().spawn_scoped(scope, worker).is_ok()
        };
        if (0..threads.get().min(jobs.len())).take_while(start).count() == 0 {
            jobs.iter().all(|job| emit(job, work(job)));
            return;
        }
        drop(send);
        let mut early: Vec<Option<D>> = jobs.iter().map(|_| None).collect();
        let mut due = 0;
        for (i, done) in receive {
            early[i] = Some(done);
            while let Some(done) = early.get_mut(due).and_then(Option::take) {
                if !emit(&jobs[due], done) {
                    next.store(jobs.len(), Relaxed);
                    return;
                }
                due += 1;
            }
        }
    });
}

fn jobs(args: &GetArgs) -> Result<Vec<Job>> {
    let usage = |text: &str| Err(Usage(text.into()).into());
    if args.urls.is_empty() && args.trust.metalink.is_none() && args.from_lock.is_none() {
        return usage("what to fetch? 'hsum get URL --expect DIGEST'");
    }
    let request = &args.client.request;
    let about_urls = args.remote_name
        || !args.mirrors.is_empty()
        || request.method.is_some()
        || !(request.queries.is_empty() && request.data.is_empty() && request.forms.is_empty())
        || args.client.signing.scheme.is_some();
    if args.urls.is_empty() && about_urls {
        return usage(
            "--remote-name, --mirror, --method, --query, --data, --form and --sign are about a URL, and there is none",
        );
    }
    let single = args.output.is_some()
        || !args.trust.expect.is_empty()
        || args.trust.size.is_some()
        || !args.mirrors.is_empty();
    if args.urls.len() > 1 && single {
        return usage("--output, --expect, --size and --mirror are about one URL");
    }
    let mirrors = args.mirrors.iter().map(|word| client::url(word)).collect::<Result<Vec<_>>>()?;
    let mut jobs: Vec<Job> = Vec::new();
    for word in &args.urls {
        let url = client::url(word)?;
        let folder = args.output_dir.clone().unwrap_or_default();
        let target = match &args.output {
            Some(path) if path == Path::new("-") => Target::Stdout,
            Some(path) => Target::File(path.clone()),
            None if args.remote_name => Target::Named(folder),
            None => {
                let name = file_name::from_url(&url, ChosenBy::User).map_err(|why| {
                    Usage(format!("{}: {why}; --output names it", quote(Path::new(word_of(&url)))))
                })?;
                Target::File(folder.join(name))
            }
        };
        let taken = |job: &Job| matches!((&job.target, &target), (Target::File(a), Target::File(b)) if a == b);
        if let (true, Target::File(path)) = (jobs.iter().any(taken), &target) {
            return usage(&format!("{}: two URLs would have this name", quote(path)));
        }
        let request = client::request(&args.client.request, url)?;
        jobs.push(Job {
            request,
            mirrors: mirrors.clone(),
            target,
            listed: None,
            locked: None,
            progress: Arc::default(),
        });
    }
    Ok(jobs)
}

/// A job for each file of a Metalink: the first of its places, and the others as mirrors. Nobody
/// but the Metalink names them, so none is told who the user is.
fn from_metalink(args: &GetArgs, files: Vec<MetalinkFile>) -> Result<Vec<Job>> {
    let folder = args.output_dir.clone().unwrap_or_default();
    if files.len() > 1 && args.output.is_some() {
        return Err(Usage("the Metalink has several files, and --output names one".into()).into());
    }
    // To pass it over would be to end well without it.
    if let Some(file) = files.iter().find(|file| file.urls.is_empty()) {
        let name = quote(Path::new(&file.name));
        let text = format!("{name}: the Metalink has no place for it in http, https, ftp or ftps");
        return Err(Usage(text).into());
    }
    let job = |file: MetalinkFile| {
        let mut urls = file.urls.into_iter();
        let first = urls.next()?;
        let target = match &args.output {
            Some(path) if path == Path::new("-") => Target::Stdout,
            Some(path) => Target::File(path.clone()),
            None => Target::File(folder.join(&file.name)),
        };
        let request = Request { origin: Origin::Foreign, ..Request::get(first) };
        let listed = Some(file.name.into());
        Some(Job {
            request,
            mirrors: urls.collect(),
            target,
            listed,
            locked: None,
            progress: Arc::default(),
        })
    };
    Ok(files.into_iter().filter_map(job).collect())
}

/// The host, for messages.
fn word_of(url: &Url) -> &str {
    url.host_str().unwrap_or("")
}

fn fetch(
    job: &Job,
    args: &GetArgs,
    client: &Client,
    trust: &Trust,
    taken: &Mutex<HashSet<PathBuf>>,
) -> Done {
    let url = job.request.url.clone();
    let mut path = None;
    let mut folder = None;
    let result = path_of(job, client, taken, &mut folder).and_then(|found| {
        path = Some(found.clone());
        fetch_to(job, &found, args, client, trust)
    });
    Done { url, path, result, _folder: folder }
}

fn fetch_to(
    job: &Job,
    path: &Path,
    args: &GetArgs,
    client: &Client,
    trust: &Trust,
) -> Result<VerifiedDownload, Failure> {
    let url = &job.request.url;
    let mut fetch = Download::from_request(job.request.clone())
        .resume(if args.no_resume { Resume::Off } else { Resume::On })
        .existing(if args.force { Existing::Replace } else { Existing::Keep })
        .on_mismatch(if args.keep_bad { OnMismatch::Keep } else { OnMismatch::Remove })
        .decoding(if args.decode { Decoding::IfNeeded } else { Decoding::Never })
        .strength(if args.trust.strong { RequiredStrength::Sound } else { RequiredStrength::Any })
        .progress(Arc::clone(&job.progress));
    if matches!(job.target, Target::Stdout) {
        fetch = fetch.private();
    }
    for mirror in &job.mirrors {
        fetch = fetch.mirror(mirror.clone());
    }
    if let Some(locked) = &job.locked {
        for expected in &locked.expected {
            fetch = fetch.expected(expected.clone(), "the lock file");
        }
        if let Some(size) = locked.size {
            fetch = fetch.size(size);
        }
    }
    if let Some(size) = args.trust.size {
        fetch = fetch.size(size);
    }
    if let Some(most) = args.max_size {
        fetch = fetch.max_size(most);
    }
    if args.trust.trust_server_digest {
        fetch = fetch.server_digest(ServerDigest::Trusted);
    }
    if args.trust.no_verify {
        fetch = fetch.unverified(Unverified::Accepted);
    }
    let fetch =
        trust.bring(fetch, client, url, job.listed.as_deref().unwrap_or(path.as_os_str()))?;
    let found = fetch.to_path(client, path)?;
    trust.pin(url, &found)?;
    Ok(found)
}

/// Returns the path to download to; for standard output, one in a temporary `folder`. `taken` has the
/// paths of the files that servers have named so far.
fn path_of(
    job: &Job,
    client: &Client,
    taken: &Mutex<HashSet<PathBuf>>,
    folder: &mut Option<TemporaryFolder>,
) -> Result<PathBuf, Failure> {
    match &job.target {
        Target::File(path) => Ok(path.clone()),
        Target::Stdout => {
            let made = TemporaryFolder::new();
            let made = made.map_err(|error| Failure::local(&std::env::temp_dir(), error))?;
            Ok(folder.insert(made).path().join("stdout"))
        }
        Target::Named(folder) => {
            let head = Request { method: "HEAD".into(), ..job.request.clone() };
            let reply = client.send(&head)?;
            let refuse = |why: String| {
                let url = redacted(&reply.url);
                let text = format!("{url}: {why}; use --output FILE instead of --remote-name");
                Failure::new(FailureKind::Policy, text)
            };
            let name = remote_name(&job.request.url, &reply);
            let name = name.map_err(|why| refuse(format!("unsafe name from the server: {why}")))?;
            let path = folder.join(name);
            // The second one would replace the first.
            match lock(taken).insert(path.clone()) {
                true => Ok(path),
                false => Err(refuse(format!("another URL has the same name, {}", quote(&path)))),
            }
        }
    }
}

/// Returns the name that the server gives to the file, in `Content-Disposition` or by a redirect.
/// A server that refuses HEAD has named nothing.
fn remote_name(typed: &Url, reply: &Reply) -> Result<OsString, UnsafeName> {
    if !(200..300).contains(&reply.response.status) {
        return file_name::from_url(typed, ChosenBy::User);
    }
    let mut headers = reply.response.headers.iter();
    let field = headers.find(|(name, _)| name.eq_ignore_ascii_case("Content-Disposition"));
    let named = field.map(|(_, value)| file_name::from_disposition(value)).transpose()?.flatten();
    match named {
        Some(name) => Ok(name),
        None if reply.chain.is_empty() => file_name::from_url(typed, ChosenBy::User),
        None => file_name::from_url(&reply.url, ChosenBy::Other),
    }
}

/// Writes to standard output what is verified.
fn copy_out(done: &Done, output: &mut Output) -> Result<()> {
    let Some(path) = &done.path else { return Ok(()) };
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut copy = || loop {
        match read_some(&mut file, &mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => output.bytes(&buffer[..count])?,
            Err(error) => return Err(anyhow::Error::from(error)),
        }
    };
    copy()
}

/// Whether what the sums say comes from the file's own origin.
pub(super) fn origin_of(url: &Url, own: &Url) -> Origin {
    if url.origin() == own.origin() { Origin::Own } else { Origin::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_done_with_as_many_threads_as_there_are() {
        let jobs: Vec<u32> = (0..50).collect();
        for granted in [0, 1, 2, 8] {
            let asked = AtomicUsize::new(0);
            // No system has an address space for the stack of those that are to fail.
            let builder = || match asked.fetch_add(1, Relaxed) < granted {
                true => thread::Builder::new(),
                false => thread::Builder::new().stack_size(1 << 60),
            };
            let mut done = Vec::new();
            let each = |job: &u32, result: u32| {
                done.push((*job, result));
                *job < 40
            };
            in_order(NonZeroUsize::new(4).unwrap(), builder, &jobs, |job| job * 2, each);
            let all: Vec<_> = (0..=40).map(|job| (job, job * 2)).collect();
            assert_eq!(done, all, "{granted} threads");
        }
    }
}
