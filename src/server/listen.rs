//! `hsum listen`: receives webhooks, verifies them, and saves, runs a command or forwards.

mod actions;
mod answer;
mod budget;
mod challenge;
mod command;
mod forward;
mod gate;
mod handler;
mod journal;
mod json;
mod provider;
mod public_url;
mod received;
mod replay;
mod report;
mod save;
mod works;

use std::ffi::{OsStr, OsString};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use hsum::sign::{Clock, KeyFormat, Setting, SystemClock};
use zeroize::Zeroizing;

use crate::cli::exit::{Exit, Usage, as_setup_error};
use crate::cli::json::stopped;
use crate::cli::key::KeySource;
use crate::cli::print::complain;
use crate::cli::sign::verdict::{self, Freshness};
use crate::cli::sign::{request, scheme};
use crate::server::args::listen::ListenArgs;
use crate::server::connections;
use crate::server::connections::options::{Reload, ServerOptions};
use crate::server::listen::actions::Actions;
use crate::server::listen::budget::Budget;
use crate::server::listen::command::ShellCommand;
use crate::server::listen::forward::Target;
use crate::server::listen::gate::Gate;
use crate::server::listen::handler::{Listener, handle};
use crate::server::listen::provider::{Handshake, Provider};
use crate::server::listen::public_url::PublicUrl;
use crate::server::listen::replay::ReplayStore;
use crate::server::listen::report::Reporter;
use crate::server::listen::save::Directory;

/// The memory for bodies above 64 KiB: that of four large ones, and at least this.
const LEAST_MEMORY: u64 = 256 << 20;

/// The message to users of a scheme without a signed time.
const REPLAY_NOTE: &str =
    "note: without a signed time, repeated requests are recognised only with --replay FILE";

/// The time that actions have after the last answer: those of clients that have left.
const GRACE: Duration = Duration::from_secs(30);

/// The time for the last line: a program that reads standard output may have stalled.
const LAST_WRITE: Duration = Duration::from_secs(1);

pub(crate) fn run(args: ListenArgs) -> Result<Exit> {
    let is_json = args.json;
    stopped::with_error("listen", is_json, listen(args))
}

fn listen(args: ListenArgs) -> Result<Exit> {
    let (mut options, listener) = as_setup_error(prepare(args))?;
    let listener = Arc::new(listener);
    if listener.gate.is_reloadable() {
        let listener = Arc::clone(&listener);
        let read = Arc::new(move || listener.gate.reload());
        options.reload = Some(Reload { name: "keys", read });
    }
    let app = Router::new().fallback(handle).with_state(Arc::clone(&listener));
    let result = connections::run(options, app);
    listener.works.wait(GRACE);
    result?;
    Ok(if finish(listener) { Exit::Success } else { Exit::Failed })
}

/// Prints the counts. Returns `true` if everything could be written.
fn finish(listener: Arc<Listener>) -> bool {
    let (done, is_written) = mpsc::channel();
    thread::spawn(move || _ = done.send(listener.reporter.finish()));
    is_written.recv_timeout(LAST_WRITE).unwrap_or_else(|_| {
        complain("write error: nothing reads standard output");
        false
    })
}

/// Reads the keys and opens the files that the arguments name.
fn prepare(args: ListenArgs) -> Result<(ServerOptions, Listener)> {
    let scheme = scheme::scheme(&args.scheme, &given(&args))?;
    check_stdin(&args)?;
    check_descriptors(&args)?;
    let url = match &args.url {
        Some(url) => PublicUrl::parse(url)?,
        None if verdict::needs_url(&scheme) => {
            let text = format!(
                "scheme {scheme}: missing url (the one that the sender saw is signed); use --url URL"
            );
            return Err(Usage(text).into());
        }
        None => PublicUrl::Received(if args.tls.http { "http" } else { "https" }),
    };
    let mut options = ServerOptions::new(args.address, &args.tls, &args.limits)?;
    let is_timed = scheme.has_setting(Setting::Freshness) && !args.no_freshness;
    if !is_timed && args.replay.is_none() {
        options.notes.push(REPLAY_NOTE.to_owned());
    }
    let actions = actions(&args)?;
    let token = args.verify_token.as_deref().map(token).transpose()?;
    let provider = Provider::of(scheme.name());
    let reporter = Reporter::new(scheme.name(), args.json, args.color)?;
    let freshness = Freshness { tolerance: args.tolerance, is_ignored: args.no_freshness };
    let keeps_texts = !args.no_explain || provider.handshake == Handshake::Zoom;
    let listener = Listener {
        replays: ReplayStore::open(args.replay.as_deref(), SystemClock.now())?,
        gate: Gate::new(args.scheme, scheme, freshness, keeps_texts)?,
        provider,
        path: args.path,
        url,
        max_body: args.max_body,
        timeout: args.timeout,
        budget: Budget::new(LEAST_MEMORY.max(args.max_body.saturating_mul(4))),
        token,
        actions,
        reporter,
        works: Arc::default(),
    };
    Ok((options, listener))
}

/// Returns the options of the message, and whether they were given.
fn given(args: &ListenArgs) -> [scheme::Given; 2] {
    [
        (Setting::Freshness, "--tolerance", args.tolerance.is_some()),
        (Setting::Freshness, "--no-freshness", args.no_freshness),
    ]
}

/// Checks that standard input is the source of one secret at most.
fn check_stdin(args: &ListenArgs) -> Result<()> {
    let has_stdin_key = scheme::has_stdin_key(&args.scheme)?;
    let token = args.verify_token.as_deref();
    let token = token.map(|spec| KeySource::parse(spec, "--verify-token")).transpose()?;
    match token.is_some_and(|token| token.is_stdin()) && has_stdin_key {
        true => Err(Usage("only one secret can be standard input".into()).into()),
        false => request::check_stdin(has_stdin_key, &[]),
    }
}

/// Checks that the command does not inherit an open file that contains a key.
fn check_descriptors(args: &ListenArgs) -> Result<()> {
    let inherited = secrets(args).find_map(|spec| match KeySource::parse(spec, "--key") {
        Ok(KeySource::Descriptor(number)) if number > 2 => Some(number),
        _ => None,
    });
    match inherited.filter(|_| args.exec.is_some()) {
        None => Ok(()),
        Some(number) => {
            let text = format!(
                "--exec: the command would inherit file descriptor {number}, which contains a key; \
                 use file:PATH, env:NAME or '-'"
            );
            Err(Usage(text).into())
        }
    }
}

fn token(spec: &OsStr) -> Result<Zeroizing<Vec<u8>>> {
    KeySource::parse(spec, "--verify-token")?.read(KeyFormat::Text)
}

fn actions(args: &ListenArgs) -> Result<Actions> {
    let command = args.exec.clone().map(|line| ShellCommand {
        line,
        limit: args.timeout,
        secrets: secret_variables(args),
    });
    Ok(Actions {
        directory: args.save.as_deref().map(Directory::open).transpose()?,
        command,
        target: args.forward.as_deref().map(|url| Target::parse(url, args.timeout)).transpose()?,
    })
}

/// Returns the sources of keys and tokens.
fn secrets(args: &ListenArgs) -> impl Iterator<Item = &OsString> {
    let keys = args.scheme.key.iter().chain(&args.scheme.settings.session_token);
    keys.chain(&args.verify_token)
}

/// Returns the environment variables that hold keys and tokens.
fn secret_variables(args: &ListenArgs) -> Vec<OsString> {
    let name = |spec: &OsString| match KeySource::parse(spec, "--key") {
        Ok(KeySource::Environment(name)) => Some(name.to_owned()),
        _ => None,
    };
    secrets(args).filter_map(name).collect()
}
