//! `hsum get`: downloads files; each appears only once it is verified.

mod bars;
mod evidence;
mod fetch;
mod job;
mod kept;
mod plan;
mod report;
mod workers;

use std::fs::File;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use anyhow::Result;
use hsum::internals::read_some;

use crate::cli::args::get::GetArgs;
use crate::cli::args::shared::When;
use crate::cli::client::Session;
use crate::cli::exit::{self, Exit, failure_status};
use crate::cli::get::evidence::EvidenceSources;
use crate::cli::get::fetch::fetch;
use crate::cli::get::job::{Finished, Job, Target};
use crate::cli::get::kept::Parts;
use crate::cli::get::report::Reporter;
use crate::cli::get::workers::in_order;
use crate::cli::json::stopped;
use crate::cli::output::Output;
use crate::cli::signals::InterruptMessage;

pub(crate) fn run(args: GetArgs) -> Result<Exit> {
    let result = get(&args).inspect_err(|error| {
        if args.report.json && args.output.as_deref() != Some(Path::new("-")) {
            stopped::print("get", error, exit::LOCAL);
        }
    });
    exit::with_status(result, exit::LOCAL)
}

fn get(args: &GetArgs) -> Result<Exit> {
    let jobs = plan::from_urls(args)?;
    let session = Session::new(&args.client)?;
    let mut reporter = Reporter::new(args)?;
    let fetched = fetch_all(args, jobs, &session, &mut reporter);
    // Cookies are saved even if a download failed.
    let saved = session.finish();
    let exit = fetched?.and(saved)?;
    exit.and(reporter.finish(exit).map_err(Into::into))
}

fn fetch_all(
    args: &GetArgs,
    mut jobs: Vec<Job>,
    session: &Session,
    reporter: &mut Reporter,
) -> Result<Exit> {
    let show_bars = match (args.report.quiet, args.progress) {
        (true, When::Auto) => When::Never,
        (_, when) => when,
    };
    let mut sources = EvidenceSources::new(&args.trust)?;
    // A checksum file that serves all jobs is fetched once.
    let first = jobs.first().map(|job| job.request.url.clone());
    let connecting = sources.list_host().map(|host| bars::start_connecting(show_bars, host));
    let loaded = sources.load(&session.client, first.as_ref());
    drop(connecting);
    let mut rejected = Vec::new();
    let planned = loaded.and_then(|()| match &args.from_lock {
        Some(path) => {
            (jobs, rejected) = plan::from_lock_file(path, args)?;
            Ok(Vec::new())
        }
        None => sources.metalink(),
    });
    match planned {
        Ok(files) if jobs.is_empty() && args.from_lock.is_none() => {
            jobs.extend(plan::from_metalink(args, files)?);
        }
        Ok(_) => {}
        Err(failure) => {
            reporter.failure(&failure, None)?;
            return Ok(Exit::Code(failure_status(&failure)));
        }
    }
    for failure in &rejected {
        reporter.failure(failure, args.from_lock.as_deref())?;
    }
    let mut exit = match rejected.first() {
        Some(failure) => Exit::Code(failure_status(failure)),
        None => Exit::Success,
    };
    let bars = bars::start(show_bars, &jobs);
    let parts = Parts::new(&jobs);
    let interrupt_message = InterruptMessage::new(move || parts.report_kept());
    let server_names = Mutex::default();
    let mut result = Ok(());
    in_order(
        args.jobs,
        thread::Builder::new,
        &jobs,
        |job| fetch(job, args, &session.client, &sources, &server_names),
        |job, finished| {
            let printed = bars.suspend(|| reporter.finished(job, &finished));
            if let (Exit::Success, Err(failure)) = (exit, &finished.result) {
                exit = Exit::Code(failure_status(failure));
            }
            result = match printed {
                Ok(()) if matches!(job.target, Target::Stdout) && finished.result.is_ok() => {
                    copy_to_stdout(&finished, &mut reporter.output)
                }
                printed => printed.map_err(Into::into),
            };
            result.is_ok()
        },
    );
    drop((bars, interrupt_message));
    exit.and(result)
}

fn copy_to_stdout(finished: &Finished, output: &mut Output) -> Result<()> {
    let Some(path) = &finished.path else { return Ok(()) };
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match read_some(&mut file, &mut buffer)? {
            0 => return Ok(()),
            count => output.bytes(&buffer[..count])?,
        }
    }
}
