//! Connections: a listener, TLS, and the requests of each connection.

pub(crate) mod log;
pub(crate) mod options;
pub(crate) mod peer;

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::cli::print::complain;
use crate::server::connections::options::ServerOptions;
use crate::server::connections::peer::Peer;

/// Serves `app` until a signal ends the program.
///
/// # Errors
/// Returns an error if the address or the certificate cannot be used.
pub(crate) fn run(options: ServerOptions, app: Router) -> Result<()> {
    Runtime::new()?.block_on(serve(options, app))
}

async fn serve(options: ServerOptions, app: Router) -> Result<()> {
    let tls = match options.tls {
        Some(tls) => Some(TlsAcceptor::from(tls.read()?.protocols(["h2", "http/1.1"]).config()?)),
        None => None,
    };
    let listener = TcpListener::bind(options.bind).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    complain(format_args!("listening on {scheme}://{}/", listener.local_addr()?));
    loop {
        let (socket, address) = listener.accept().await?;
        let (tls, app) = (tls.clone(), app.clone());
        task::spawn(async move {
            match tls {
                None => {
                    converse(
                        socket,
                        Peer { address, certificate: None, subject: None, tls: None },
                        app,
                    )
                    .await
                }
                Some(tls) => {
                    let Ok(stream) = tls.accept(socket).await else { return };
                    let chain = stream.get_ref().1.peer_certificates();
                    let certificate = chain.and_then(|c| c.first()).map(|c| Arc::from(c.as_ref()));
                    converse(stream, Peer { address, certificate, subject: None, tls: None }, app)
                        .await;
                }
            }
        });
    }
}

/// Answers the requests of a connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    app: Router,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        app.clone().oneshot(request)
    });
    let builder = Builder::new(TokioExecutor::new());
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
