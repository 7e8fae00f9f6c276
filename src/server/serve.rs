//! `hsum serve`: serves a directory over HTTPS.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;

use crate::cli::exit::Exit;
use crate::server::args::serve::ServeArgs;
use crate::server::connections;
use crate::server::connections::log::LogFormat;
use crate::server::connections::options::ServerOptions;
use crate::server::rpc::{self, NoFiles};

pub(crate) fn run(args: ServeArgs) -> Result<Exit> {
    let mut options = ServerOptions::new(args.bind.bind, &args.tls, &args.limits)?;
    options.htpasswd = args.access.htpasswd;
    options.log = LogFormat::of(&args.log);
    let mut app = Router::new();
    if let Some(methods) = rpc::router(&args.rpc, Arc::new(NoFiles))? {
        app = app.merge(methods);
    }
    connections::run(options, app)?;
    Ok(Exit::Success)
}
