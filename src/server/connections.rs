//! Connections: a listener, TLS, and the requests of each connection.
//!
//! A [`table`] holds all connections. Tasks count what happens on theirs ([`meter`]), and a watch
//! over the table closes those that exceed a limit of time.

mod acceptor;
mod auth;
mod conversation;
mod descriptors;
mod framing;
mod htpasswd;
pub(crate) mod log;
mod meter;
pub(crate) mod options;
pub(crate) mod peer;
mod service;
mod table;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Result, bail};
use axum::Router;
use hsum::ErrorKind;
use hsum::internals::remove_all;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch as channel;
use tokio::task;
use tokio::time::{sleep, timeout};

use crate::cli::exit::{SetupError, Usage};
use crate::cli::print::{complain, plural};
use crate::cli::signals;
use crate::server::connections::acceptor::Acceptor;
use crate::server::connections::auth::Gate;
use crate::server::connections::conversation::Host;
use crate::server::connections::htpasswd::Users;
use crate::server::connections::log::Log;
use crate::server::connections::meter::Meter;
use crate::server::connections::options::{Reload, ServerOptions};
use crate::server::connections::service::Shared;
use crate::server::connections::table::Table;

/// The time that running requests have after a signal.
const GRACE: Duration = Duration::from_secs(30);

/// The threads for blocking work, such as reads of files and password hashes.
const BLOCKING_THREADS: usize = 16;

/// Serves `app` until a signal ends the program.
///
/// # Errors
/// Returns an error if the address, the certificate or another file cannot be used, or if requests
/// were cut off at the end.
pub(crate) fn run(options: ServerOptions, app: Router) -> Result<()> {
    signals::LEFT_TO_SERVER.store(true, Relaxed);
    descriptors::raise_limit(options.limits.connections);
    let mut runtime = runtime::Builder::new_multi_thread();
    let runtime = runtime.enable_all().max_blocking_threads(BLOCKING_THREADS).build()?;
    let result = runtime.block_on(serve(options, app));
    // A blocked thread must not delay the end.
    runtime.shutdown_background();
    remove_all();
    result
}

/// The files that a SIGHUP reads again.
#[derive(Clone, Debug)]
struct Files {
    tls: Option<Arc<Acceptor>>,
    htpasswd: Option<PathBuf>,
    others: Option<Reload>,
    shared: Arc<Shared>,
}

async fn serve(options: ServerOptions, app: Router) -> Result<()> {
    let gate = options.htpasswd.as_deref().map(Users::read).transpose()?.map(Gate::new);
    if gate.is_some() && options.tls.is_none() && !options.bind.ip().is_loopback() {
        let text =
            "--htpasswd needs TLS, except on a loopback address: passwords are sent in clear";
        return Err(Usage(text.into()).into());
    }
    let tls = options.tls.map(Acceptor::new).transpose()?.map(Arc::new);
    let mut signals = Signals::new()?;
    let listener = listen(options.bind).await?;
    let (log, writer) = Log::start(options.log)?;
    let shared = Arc::new(Shared { app, gate, log, requests: AtomicU64::new(0) });
    let files = Files {
        tls: tls.clone(),
        htpasswd: options.htpasswd,
        others: options.reload,
        shared: Arc::clone(&shared),
    };
    let (stop, stopped) = channel::channel(false);
    let host = Host { shared: Arc::clone(&shared), tls, stop: stopped };
    let table = Table::new(options.limits);
    let scheme = if host.tls.is_some() { "https" } else { "http" };
    let address = listener.local_addr()?;
    complain(format_args!("listening on {scheme}://{address}/"));
    if let Some(tls) = &host.tls {
        tls.introduce(&own_url(scheme, address));
    }
    options.notes.iter().for_each(complain);
    if let Some(listening) = options.listening {
        let _ = listening.send(());
    }

    let log = shared.log.clone();
    let watched = Arc::clone(&table);
    let watch = task::spawn(async move {
        let report = |address, why: watch::Overdue| {
            let (reason, text) = why.describe();
            if reason != "idle" {
                log.dropped(address, reason, text.to_owned());
            }
        };
        watched.watch(report).await
    });
    tokio::select! {
        () = accept(&listener, &table, &host) => {}
        () = signals.ended(&files) => {}
    }
    drop(listener);
    let _ = stop.send(true);
    let cut = finish(&table, &mut signals).await;
    watch.abort();
    drop((host, files, shared));
    // Tasks that a second signal cut off still hold the log.
    let _ = timeout(Duration::from_secs(1), task::spawn_blocking(|| writer.finish())).await;
    match cut {
        0 => Ok(()),
        _ => bail!("stopped before {} answered", plural(cut, "request was", "requests were")),
    }
}

/// Returns the URL of the server for clients on this machine.
fn own_url(scheme: &str, address: SocketAddr) -> String {
    // An unspecified address stands for all of the machine's, and no certificate names it.
    match address.ip().is_unspecified() {
        true => format!("{scheme}://localhost:{}/", address.port()),
        false => format!("{scheme}://{address}/"),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        SetupError(format!("cannot listen on {address}: {}", ErrorKind::Io(error))).into()
    })
}

/// Accepts connections without end.
async fn accept(listener: &TcpListener, table: &Arc<Table>, host: &Host) {
    let mut complained = false;
    loop {
        match listener.accept().await {
            Ok((socket, address)) => {
                table.make_room().await;
                start(socket, address, table, host);
            }
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                // Without a free descriptor, the client stays in the queue of the kernel.
                table.close_dispensable();
                if !std::mem::replace(&mut complained, true) {
                    let error = ErrorKind::Io(error);
                    complain(format_args!("cannot accept a connection: {error}; trying again"));
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

fn start(socket: TcpStream, address: SocketAddr, table: &Arc<Table>, host: &Host) {
    let meter = Arc::new(Meter::default());
    let serve = host.clone().serve(socket, address, Arc::clone(&meter));
    table.spawn(address, meter, serve);
}

/// Returns `true` if the error concerns a client that has left already.
fn is_of_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Waits for running requests; returns how many were not answered in time, or before a second
/// signal.
async fn finish(table: &Table, signals: &mut Signals) -> u64 {
    tokio::select! {
        () = table.empty() => {}
        () = sleep(GRACE) => {}
        () = signals.stop() => {}
    }
    table.open_requests()
}

/// The signals that a server handles.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    had_terminal: bool,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            had_terminal: has_terminal(),
        })
    }

    /// Waits for SIGINT or SIGTERM.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Reads the files again at each SIGHUP, until SIGINT or SIGTERM, or until the terminal closes.
    async fn ended(&mut self, files: &Files) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hangup.recv() => {
                    if self.had_terminal && !has_terminal() {
                        return;
                    }
                    let files = files.clone();
                    let _ = task::spawn_blocking(move || files.reload()).await;
                }
            }
        }
    }
}

/// Returns `true` if the program has a controlling terminal.
fn has_terminal() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

impl Files {
    /// Reads the files again; keeps what a bad file would replace.
    fn reload(&self) {
        let mut done = Vec::new();
        if let Some(tls) = &self.tls {
            match tls.reload() {
                Ok(()) => done.push("certificates"),
                Err(error) => complain(format_args!("{error:#}; the old certificates stay")),
            }
        }
        if let (Some(path), Some(gate)) = (&self.htpasswd, &self.shared.gate) {
            match Users::read(path) {
                Ok(users) => {
                    gate.replace(users);
                    done.push("passwords");
                }
                Err(error) => complain(format_args!("{error:#}; the old passwords stay")),
            }
        }
        if let Some(Reload { name, read }) = &self.others {
            match read() {
                Ok(()) => done.push(name),
                Err(error) => complain(format_args!("{error:#}; the old {name} stay")),
            }
        }
        if !done.is_empty() {
            complain(format_args!("{} read again", done.join(" and ")));
        }
    }
}
