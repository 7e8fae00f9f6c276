//! The deadline of a client, at which open connections are closed.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::fs::lock::lock;
use crate::net::failure::{Failure, FailureKind, FailureReason};

/// The deadline of a client; by default there is none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deadline(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    at: Instant,
    connections: Mutex<Connections>,
    /// Ends the waiting thread when it is dropped with the last clone of the deadline.
    _waiting: mpsc::Sender<()>,
}

/// The open connections, each with its number.
#[derive(Debug, Default)]
struct Connections {
    next: u64,
    open: Vec<(u64, TcpStream)>,
}

/// A guard whose connection is closed at the deadline.
#[derive(Debug, Default)]
pub(crate) struct WatchedConnection(Option<(Weak<Inner>, u64)>);

/// Runs work that has no timeout on another thread, and returns the receiver of its result.
///
/// If no thread can be created, the work runs on the current one, and may exceed the deadline.
pub(crate) fn run_on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> mpsc::Receiver<T> {
    let (send, receive) = mpsc::channel();
    // A failed `spawn` drops its closure, so the work is sent to the thread afterwards.
    let (hand_over, handed) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
    let work: Box<dyn FnOnce() + Send> = Box::new(move || drop(send.send(work())));
    match thread::Builder::new().spawn(move || handed.into_iter().for_each(|work| work())) {
        Ok(_) => drop(hand_over.send(work)),
        Err(_) => work(),
    }
    receive
}

impl Deadline {
    pub(crate) fn at(at: Instant) -> Self {
        let (send, receive) = mpsc::channel();
        let inner = Arc::new(Inner { at, connections: Mutex::default(), _waiting: send });
        let watched = Arc::downgrade(&inner);
        // A socket's timeout limits single reads, so a slow server can exceed the deadline. If no
        // thread can be created, a read may exceed it by that timeout.
        let _ = thread::Builder::new().spawn(move || {
            let left = at.saturating_duration_since(Instant::now());
            if receive.recv_timeout(left) == Err(RecvTimeoutError::Timeout)
                && let Some(inner) = watched.upgrade()
            {
                inner.connections().open.iter().for_each(|(_, tcp)| close(tcp));
            }
        });
        Self(Some(inner))
    }

    /// Returns the earlier of the deadline and `other`.
    pub(crate) fn min(&self, other: Instant) -> Instant {
        self.instant().map_or(other, |own| own.min(other))
    }

    pub(crate) fn instant(&self) -> Option<Instant> {
        self.0.as_ref().map(|inner| inner.at)
    }

    /// Fails if the deadline has passed.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.instant() {
            Some(at) if Instant::now() >= at => Err(FailureReason::DeadlineExceeded.into()),
            _ => Ok(()),
        }
    }

    /// Replaces a network failure after the deadline, which closing the connections has caused.
    pub(crate) fn replace(&self, failure: Failure) -> Failure {
        match (failure.kind(), self.check()) {
            (FailureKind::Network, Err(expired)) => expired,
            _ => failure,
        }
    }

    /// Returns a guard that closes the connection at the deadline.
    pub(crate) fn watch(&self, tcp: &TcpStream) -> io::Result<WatchedConnection> {
        let Some(inner) = &self.0 else { return Ok(WatchedConnection::default()) };
        let copy = tcp.try_clone()?;
        let mut connections = inner.connections();
        // The thread may already have closed the others.
        if Instant::now() >= inner.at {
            close(tcp);
        }
        let number = connections.next;
        connections.next += 1;
        connections.open.push((number, copy));
        Ok(WatchedConnection(Some((Arc::downgrade(inner), number))))
    }
}

impl Inner {
    fn connections(&self) -> MutexGuard<'_, Connections> {
        lock(&self.connections)
    }
}

impl Drop for WatchedConnection {
    fn drop(&mut self) {
        if let Some((inner, number)) = self.0.take()
            && let Some(inner) = inner.upgrade()
        {
            inner.connections().open.retain(|(own, _)| *own != number);
        }
    }
}

fn close(tcp: &TcpStream) {
    let _ = tcp.shutdown(Shutdown::Both);
}

/// A body whose reads fail after the deadline: a closed connection may look like the body's end.
pub(crate) struct DeadlineReader {
    pub(crate) body: Box<dyn Read + Send>,
    pub(crate) deadline: Deadline,
}

impl Read for DeadlineReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.body.read(buffer);
        match self.deadline.check() {
            Ok(()) => result,
            Err(expired) => Err(io::Error::new(io::ErrorKind::TimedOut, expired)),
        }
    }
}

/// Returns `wait`, shortened to end at the deadline.
pub(crate) fn until(deadline: Option<Instant>, wait: Duration) -> Duration {
    let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
    left.map_or(wait, |left| left.min(wait))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn connections_are_closed_at_the_deadline() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connect = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let deadline = Deadline::at(Instant::now() + Duration::from_millis(50));
        let mut tcp = connect();
        let watched = deadline.watch(&tcp).unwrap();
        assert_eq!(tcp.read(&mut [0]).unwrap(), 0);
        assert!(deadline.check().is_err());
        drop(watched);
        assert!(deadline.0.as_ref().unwrap().connections().open.is_empty());
        let mut late = connect();
        let _watched = deadline.watch(&late).unwrap();
        assert_eq!(late.read(&mut [0]).unwrap(), 0);
        assert!(Deadline::default().check().is_ok());
    }
}
