//! The access log: one line for each request, and for each connection that failed.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use hsum::internals::{basic_time, escape};

use crate::cli::json::Object;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;
use crate::server::args::shared::LogArgs;
use crate::server::connections::peer::{Peer, User};

/// The lines that wait for a slow reader of standard output; more are left out.
const WAITING: usize = 8192;

/// The characters of a path that are logged; the rest becomes '…'.
pub(crate) const LONGEST_PATH: usize = 1024;

/// The characters of a method that are logged: it may be as long as all headers together.
pub(crate) const LONGEST_METHOD: usize = 32;

/// The format of the lines about requests on standard output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogFormat {
    /// A line of text for each request.
    Text,
    /// A JSON object for each request.
    Json,
}

impl LogFormat {
    /// Returns the format that the arguments ask for: JSON unless standard output is a terminal.
    pub(crate) fn of(args: &LogArgs) -> Option<Self> {
        match (args.quiet, args.json || !io::stdout().is_terminal()) {
            (true, _) => None,
            (false, true) => Some(Self::Json),
            (false, false) => Some(Self::Text),
        }
    }
}

/// An answered request.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) time: SystemTime,
    pub(crate) peer: Peer,
    pub(crate) user: Option<User>,
    pub(crate) method: String,
    /// The path as it was sent, without the query, which may contain secrets.
    pub(crate) path: String,
    pub(crate) protocol: &'static str,
    pub(crate) status: u16,
    /// The bytes of the body that were handed to the connection.
    pub(crate) bytes: u64,
    pub(crate) taken: Duration,
    /// `true` if nothing of the body is missing.
    pub(crate) is_complete: bool,
}

/// A connection that ended before a request, or within one.
#[derive(Debug)]
pub(crate) struct Dropped {
    pub(crate) time: SystemTime,
    pub(crate) address: SocketAddr,
    pub(crate) reason: &'static str,
    pub(crate) error: String,
}

#[derive(Debug)]
enum Event {
    Answered(Answered),
    Dropped(Dropped),
}

/// The log of a server; without a format, it takes everything and writes nothing.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    send: Option<SyncSender<Event>>,
    left_out: Arc<AtomicU64>,
}

/// The thread that writes the log.
pub(crate) struct LogWriter(Option<JoinHandle<()>>);

impl Log {
    /// Starts the thread that writes the lines: a slow terminal must not delay requests.
    ///
    /// # Errors
    /// Returns an error if standard output cannot be used.
    pub(crate) fn start(format: Option<LogFormat>) -> Result<(Self, LogWriter)> {
        let left_out = Arc::new(AtomicU64::new(0));
        let Some(format) = format else {
            return Ok((Self { send: None, left_out }, LogWriter(None)));
        };
        let output = Output::stdout()?;
        let (send, receive) = mpsc::sync_channel(WAITING);
        let missing = Arc::clone(&left_out);
        let thread = thread::Builder::new().name("log".into()).spawn(move || {
            if let Err(error) = write(output, format, &receive, &missing) {
                complain(format_args!("access log: {error}; no more requests are logged"));
            }
        })?;
        Ok((Self { send: Some(send), left_out }, LogWriter(Some(thread))))
    }

    pub(crate) fn answered(&self, request: Answered) {
        self.push(Event::Answered(request));
    }

    pub(crate) fn dropped(&self, address: SocketAddr, reason: &'static str, error: String) {
        self.push(Event::Dropped(Dropped { time: SystemTime::now(), address, reason, error }));
    }

    fn push(&self, event: Event) {
        if let Some(send) = &self.send
            && let Err(mpsc::TrySendError::Full(_)) = send.try_send(event)
        {
            self.left_out.fetch_add(1, Relaxed);
        }
    }
}

impl LogWriter {
    /// Waits until everything is written; every [`Log`] must have been dropped.
    pub(crate) fn finish(self) {
        if let Some(thread) = self.0 {
            let _ = thread.join();
        }
    }
}

fn write(
    mut output: Output,
    format: LogFormat,
    events: &Receiver<Event>,
    left_out: &AtomicU64,
) -> Result<(), WriteError> {
    loop {
        let event = match events.try_recv() {
            Ok(event) => event,
            Err(TryRecvError::Empty) => {
                output.flush()?;
                let Ok(event) = events.recv() else { return Ok(()) };
                event
            }
            Err(TryRecvError::Disconnected) => return output.flush(),
        };
        output.line(&line(format, &event))?;
        let count = left_out.swap(0, Relaxed);
        if count > 0 {
            complain(format_args!(
                "access log: {count} lines left out: standard output is read too slowly"
            ));
        }
    }
}

fn line(format: LogFormat, event: &Event) -> Vec<u8> {
    match (format, event) {
        (LogFormat::Text, Event::Answered(request)) => answered_text(request),
        (LogFormat::Json, Event::Answered(request)) => answered_object(request),
        (LogFormat::Text, Event::Dropped(end)) => {
            let error = escape(end.error.as_bytes(), &[]);
            format!("{} {} {error}\n", timestamp(end.time), end.address.ip()).into_bytes()
        }
        (LogFormat::Json, Event::Dropped(end)) => {
            let mut object = Object::new("connection");
            object.set("time", timestamp(end.time)).set("peer", end.address.to_string());
            object.problem(end.reason, &end.error).line()
        }
    }
}

/// Returns `TIME PEER [USER] METHOD PATH STATUS BYTES SECONDS`.
fn answered_text(request: &Answered) -> Vec<u8> {
    let Answered { peer, method, status, bytes, .. } = request;
    let name = request.user.as_ref().map(|user| &user.0).or(peer.subject.as_ref());
    let name = name.map(|name| format!(" {}", escape(name.as_bytes(), &[]))).unwrap_or_default();
    let path = escape(request.path.as_bytes(), &[]);
    let (time, seconds) = (timestamp(request.time), request.taken.as_secs_f64());
    let cut = if request.is_complete { "" } else { " incomplete" };
    let ip = peer.address.ip();
    format!("{time} {ip}{name} {method} {path} {status} {bytes} {seconds:.3}s{cut}\n").into_bytes()
}

fn answered_object(request: &Answered) -> Vec<u8> {
    let mut object = Object::new("request");
    object.set("time", timestamp(request.time)).set("peer", request.peer.address.to_string());
    object.set("method", &request.method).set("path", &request.path);
    object.set("status", request.status).set("bytes", request.bytes);
    object.set("seconds", (request.taken.as_secs_f64() * 1e3).round() / 1e3);
    object.set("complete", request.is_complete).set("protocol", request.protocol);
    if let Some(version) = request.peer.tls {
        object.set("tls", version);
    }
    if let Some(User(name)) = &request.user {
        object.set("user", &**name);
    }
    if let Some(subject) = &request.peer.subject {
        object.set("subject", &**subject);
    }
    object.line()
}

/// Returns the first `longest` characters of a text, which are logged.
pub(crate) fn logged(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// Formats a time as in RFC 3339: `2015-08-30T12:36:00Z`.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let basic = basic_time(seconds);
    let mut text = String::with_capacity(20);
    for (at, c) in basic.char_indices() {
        match at {
            4 | 6 => text.push('-'),
            11 | 13 => text.push(':'),
            _ => {}
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Answered {
        let address = "127.0.0.1:9".parse().unwrap();
        let peer = Peer { address, certificate: None, subject: None, tls: Some("1.3") };
        Answered {
            time: UNIX_EPOCH + Duration::from_secs(1_440_938_160),
            peer,
            user: Some(User("a\u{1b}b".into())),
            method: "GET".into(),
            path: "/a\u{202e}".into(),
            protocol: "HTTP/2",
            status: 200,
            bytes: 17,
            taken: Duration::from_micros(1_234_567),
            is_complete: false,
        }
    }

    #[test]
    fn lines_escape_what_controls_terminals() {
        let text = String::from_utf8(answered_text(&request())).unwrap();
        let expected =
            "2015-08-30T12:36:00Z 127.0.0.1 a\\x1bb GET /a\\u{202e} 200 17 1.235s incomplete\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn objects_contain_all_fields() {
        let text = String::from_utf8(answered_object(&request())).unwrap();
        let expected = "{\"type\":\"request\",\"time\":\"2015-08-30T12:36:00Z\",\
            \"peer\":\"127.0.0.1:9\",\"method\":\"GET\",\"path\":\"/a\\u202e\",\"status\":200,\
            \"bytes\":17,\"seconds\":1.235,\"complete\":false,\"protocol\":\"HTTP/2\",\
            \"tls\":\"1.3\",\"user\":\"a\\u001bb\"}\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(logged("/a", LONGEST_PATH), "/a");
        assert_eq!(logged(&"é".repeat(2000), LONGEST_PATH).chars().count(), LONGEST_PATH + 1);
    }
}
