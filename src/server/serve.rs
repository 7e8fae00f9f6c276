//! `hsum serve`: serves a directory over HTTPS, with the digests of its files.

mod answer;
mod body;
mod conditions;
mod content_type;
pub(crate) mod digests;
mod file;
mod hashing;
mod listing;
mod ranges;
mod record_file;
mod repr_digest;
mod response;
pub(crate) mod site;
mod sums;
pub(crate) mod target;
mod time;
mod validators;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};

use anyhow::Result;
use axum::Router;
use hsum::engine::ConfinedDir;
use hsum::{ErrorKind, HashFunction};

use crate::cli::exit::{Exit, SetupError, Usage};
use crate::cli::quote::quote;
use crate::server::args::serve::ServeArgs;
use crate::server::connections;
use crate::server::connections::log::LogFormat;
use crate::server::connections::options::ServerOptions;
use crate::server::rpc;
use crate::server::serve::digests::Digests;
use crate::server::serve::hashing::Tree;
use crate::server::serve::record_file::RecordFile;
use crate::server::serve::site::Site;
use crate::server::serve::sums::SumsCache;
use crate::server::serve::target::HiddenNames;

pub(crate) fn run(args: ServeArgs) -> Result<Exit> {
    let mut options = ServerOptions::new(args.bind.bind, &args.tls, &args.limits)?;
    options.htpasswd = args.access.htpasswd.clone();
    options.log = LogFormat::of(&args.log);
    options.notes.extend(reach(&args));
    let (listening, begin) = mpsc::channel();
    options.listening = Some(listening);
    let site = Arc::new(site(&args, begin)?);
    let mut app = router(&site);
    if let Some(methods) = rpc::router(&args.rpc, Arc::<Site>::clone(&site))? {
        app = app.merge(methods);
    }
    connections::run(options, app)?;
    Ok(Exit::Success)
}

/// Opens the directory, and starts the thread that hashes its files after `begin`.
fn site(args: &ServeArgs, begin: Receiver<()>) -> Result<Site> {
    let setup = |error| SetupError(format!("{}: {}", quote(&args.directory), ErrorKind::Io(error)));
    // A link is resolved once: the files of two directories must not be mixed.
    let path = fs::canonicalize(&args.directory).map_err(setup)?;
    let directory = ConfinedDir::new(&path)
        .map_err(|error| SetupError(format!("{}: {}", quote(&args.directory), error.kind())))?;
    let functions = hash_functions(args);
    let digests = Arc::new(Digests::new(functions));
    let record = record(args, &path, &digests)?;
    let hidden = if args.hidden { HiddenNames::Served } else { HiddenNames::Refused };
    let identity = hashing::identity(&path).map_err(setup)?;
    let threads = args.threads;
    let tree = Tree { path, directory: directory.clone(), identity, hidden, threads, record };
    hashing::start(tree, Arc::clone(&digests), begin)?;
    let has_listings = !args.no_index;
    Ok(Site { directory, hidden, digests, has_listings, sums: SumsCache::default() })
}

/// Returns the hash functions without repetitions.
fn hash_functions(args: &ServeArgs) -> Vec<HashFunction> {
    let mut functions = Vec::new();
    for function in &args.algorithms {
        if !functions.contains(function) {
            functions.push(*function);
        }
    }
    functions
}

/// Reads the digests that an earlier run has kept.
fn record(args: &ServeArgs, root: &Path, digests: &Digests) -> Result<Option<RecordFile>> {
    let Some(path) = &args.record else { return Ok(None) };
    let &[function] = digests.functions() else {
        return Err(Usage("--record keeps the digests of one algorithm only".into()).into());
    };
    if directory_of(path).is_some_and(|directory| directory.starts_with(root)) {
        let text = format!("{}: the record must be outside the directory", quote(path));
        return Err(SetupError(text).into());
    }
    let record = RecordFile::new(path.clone(), function);
    digests.extend(record.load().map_err(|error| SetupError(format!("{error:#}")))?);
    Ok(Some(record))
}

fn directory_of(path: &Path) -> Option<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()
}

/// Returns the routes: every path is a name below the directory.
fn router(site: &Arc<Site>) -> Router {
    Router::new().fallback(answer::answer).with_state(Arc::clone(site))
}

/// Returns a warning that names who can reach the server; `None` if that is only this machine.
fn reach(args: &ServeArgs) -> Option<String> {
    let address = args.bind.bind.ip();
    if address.is_loopback() {
        return None;
    }
    let clients = match (&args.tls.client_ca, &args.access.htpasswd) {
        (Some(_), _) => "every client with a certificate of --client-ca",
        (None, Some(_)) => "every client with a password of --htpasswd",
        (None, None) => "everyone",
    };
    let network = match address.is_unspecified() {
        true => "on any network of this machine".to_owned(),
        false => format!("that can reach {address}"),
    };
    let directory = quote(&args.directory);
    Some(format!("warning: {clients} {network} can read the files in {directory}"))
}
