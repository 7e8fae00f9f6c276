//! `hsum serve`: serves a directory over HTTPS.

use anyhow::Result;
use axum::Router;

use crate::cli::exit::Exit;
use crate::server::args::serve::ServeArgs;
use crate::server::connections::{self, ServerOptions};
use crate::server::tls;

pub(crate) fn run(args: ServeArgs) -> Result<Exit> {
    let options = ServerOptions { bind: args.bind.bind, tls: tls::options(&args.tls)? };
    let app = Router::new();
    connections::run(options, app)?;
    Ok(Exit::Success)
}
