//! A server that runs until the end of its test.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::support::{Dir, HSUM};

/// The time after which a server or a connection is considered hung.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running `hsum serve` or `hsum listen`.
pub(crate) struct Running {
    pub(crate) child: Child,
    /// The URL that it printed, with a slash at its end.
    pub(crate) url: String,
    /// The lines of standard output and of standard error after the first.
    pub(crate) stdout: Receiver<String>,
    pub(crate) stderr: Receiver<String>,
}

impl Running {
    /// Starts `hsum WORDS` in `dir`, and waits until it listens.
    pub(crate) fn start(dir: &Dir, words: &str) -> Self {
        let mut command = Command::new(HSUM);
        command.args(words.split_whitespace()).current_dir(dir.path(""));
        Self::start_command(command)
    }

    pub(crate) fn start_command(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("hsum starts");
        let stdout = lines(child.stdout.take().expect("a pipe"));
        let stderr = lines(child.stderr.take().expect("a pipe"));
        let first = stderr.recv_timeout(TIMEOUT).expect("a first line");
        let url = first.strip_prefix("hsum: listening on ").unwrap_or_else(|| {
            let _ = child.kill();
            let rest: Vec<_> = stderr.iter().collect();
            panic!("hsum does not listen: {first} {rest:?}")
        });
        Self { child, url: url.to_owned(), stdout, stderr }
    }

    /// Returns the address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        let host = self.url.split('/').nth(2).expect("a host");
        host.parse().expect("an address")
    }

    /// Connects without TLS.
    pub(crate) fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address()).expect("a connection");
        socket.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        socket
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -s {name}");
    }

    /// Waits for the end, and returns the exit status.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("an end").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines in a thread, so that no pipe fills up.
fn lines(pipe: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}
