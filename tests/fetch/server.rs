//! A server that answers each path as the test says, even with truncated or missing responses.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// The path and query, or the absolute URL in a request to a proxy.
    pub(crate) target: String,
    /// The headers, with names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(n, _)| n == name);
        named.next().map(|(_, value)| value.as_str())
    }
}

/// A step of a response.
#[derive(Clone)]
pub(crate) enum Do {
    Send(Vec<u8>),
    Pause(u64),
    /// Waits until the flag is set.
    Until(Arc<AtomicBool>),
    /// Sends nothing until the client closes the connection.
    Hang,
    /// Ends the connection without `close_notify`.
    Cut,
}

/// A function that answers a request; the number counts the requests for the path from 0.
type Answer = dyn Fn(&Seen, usize) -> Vec<Do> + Send + Sync;

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) scheme: &'static str,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    answers: Mutex<HashMap<String, Arc<Answer>>>,
    seen: Mutex<Vec<Seen>>,
}

impl Server {
    pub(crate) fn http() -> Self {
        Self::start(None)
    }

    pub(crate) fn https(config: Arc<ServerConfig>) -> Self {
        Self::start(Some(config))
    }

    fn start(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let (state, tls) = (Arc::clone(&shared), tls.clone());
                thread::spawn(move || match tls {
                    None => serve(connection, &state),
                    Some(config) => {
                        let connection = connection.try_clone().map(|tcp| (tcp, connection));
                        let (Ok((tcp, kept)), Ok(tls)) =
                            (connection, ServerConnection::new(config))
                        else {
                            return;
                        };
                        serve(Secure { inner: StreamOwned::new(tls, tcp), tcp: kept }, &state);
                    }
                });
            }
        });
        Self { port, scheme, state }
    }

    /// Sets the answer for a path, whatever the query.
    pub(crate) fn at(
        &self,
        path: &str,
        answer: impl Fn(&Seen, usize) -> Vec<Do> + Send + Sync + 'static,
    ) -> &Self {
        self.state.answers.lock().unwrap().insert(path.into(), Arc::new(answer));
        self
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://localhost:{}{path}", self.scheme, self.port)
    }

    /// Returns all requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub(crate) fn forget(&self) {
        self.state.seen.lock().unwrap().clear();
    }
}

trait Stream: Read + Write {
    fn end(&mut self, close_notify: bool);
}

impl Stream for TcpStream {
    fn end(&mut self, _: bool) {
        let _ = self.shutdown(Shutdown::Write);
        drain(self);
    }
}

/// Waits for the client to close the connection: a reset could discard sent bytes.
fn drain(tcp: &mut TcpStream) {
    let _ = tcp.set_read_timeout(Some(Duration::from_millis(500)));
    let _ = std::io::copy(tcp, &mut std::io::sink());
}

struct Secure {
    inner: StreamOwned<ServerConnection, TcpStream>,
    tcp: TcpStream,
}

impl Read for Secure {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl Write for Secure {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.inner.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl Stream for Secure {
    fn end(&mut self, close_notify: bool) {
        if close_notify {
            self.inner.conn.send_close_notify();
        }
        let _ = self.inner.flush();
        let _ = self.tcp.shutdown(Shutdown::Write);
        drain(&mut self.tcp);
    }
}

/// Serves one request.
fn serve(stream: impl Stream, state: &State) {
    let mut stream = BufReader::new(stream);
    let Some(seen) = read(&mut stream) else { return };
    let path = seen.target.split('?').next().unwrap_or("").to_owned();
    let number = {
        let mut all = state.seen.lock().unwrap();
        let before =
            all.iter().filter(|other| other.target.split('?').next() == Some(&path)).count();
        all.push(seen.clone());
        before
    };
    let answer = state.answers.lock().unwrap().get(&path).cloned();
    let pieces = match answer {
        Some(answer) => answer(&seen, number),
        None => status("404 Not Found", &[], b"nothing here"),
    };
    let stream = stream.get_mut();
    for piece in pieces {
        match piece {
            Do::Send(bytes) => {
                if stream.write_all(&bytes).and_then(|()| stream.flush()).is_err() {
                    return;
                }
            }
            Do::Pause(milliseconds) => thread::sleep(Duration::from_millis(milliseconds)),
            Do::Until(flag) => {
                while !flag.load(Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            }
            Do::Hang => {
                let _ = stream.read(&mut [0; 1]);
                return;
            }
            Do::Cut => return stream.end(false),
        }
    }
    stream.end(true);
}

fn read(stream: &mut impl BufRead) -> Option<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut seen = Seen { method, target, headers, body: Vec::new() };
    let length = seen.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
    seen.body.resize(length, 0);
    stream.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

/// Returns the head of a response with these headers only.
pub(crate) fn head(line: &str, headers: &[&str]) -> Do {
    let mut text = format!("HTTP/1.1 {line}\r\nConnection: close\r\n");
    headers.iter().for_each(|header| text += &format!("{header}\r\n"));
    Do::Send((text + "\r\n").into_bytes())
}

/// Returns a complete response.
pub(crate) fn status(line: &str, headers: &[&str], body: &[u8]) -> Vec<Do> {
    let length = format!("Content-Length: {}", body.len());
    let mut all = headers.to_vec();
    all.push(&length);
    vec![head(line, &all), Do::Send(body.to_vec())]
}

pub(crate) fn ok(headers: &[&str], body: &[u8]) -> Vec<Do> {
    status("200 OK", headers, body)
}

pub(crate) fn redirect(to: impl Into<String>) -> impl Fn(&Seen, usize) -> Vec<Do> + Send + Sync {
    let location = format!("Location: {}", to.into());
    move |_, _| status("302 Found", &[&location], b"")
}

/// Answers as a good server: with a range, if the request is for a range of this version.
pub(crate) fn ranges(seen: &Seen, etag: &str, body: &[u8]) -> Vec<Do> {
    let tag = format!("ETag: {etag}");
    let offset = seen
        .header("range")
        .filter(|_| seen.header("if-range").is_none_or(|own| own == etag))
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    match offset {
        Some(offset) if offset < body.len() => {
            let range = format!("Content-Range: bytes {offset}-{}/{}", body.len() - 1, body.len());
            status("206 Partial Content", &[&tag, &range], &body[offset..])
        }
        Some(_) => {
            let range = format!("Content-Range: bytes */{}", body.len());
            status("416 Range Not Satisfiable", &[&range], b"")
        }
        None => ok(&[&tag], body),
    }
}
