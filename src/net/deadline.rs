//! The end of a client's time: nothing is begun after it, and what is open then is cut.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::fs::lock::lock;
use crate::net::failure::{Failure, FailureKind, FailureReason};

/// When to give up, whatever comes; the default is never.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deadline(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    at: Instant,
    /// The connections that are open, each with its number.
    open: Mutex<Open>,
    /// Ends the thread that waits, when nobody is left whom it could cut.
    _waiting: mpsc::Sender<()>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    connections: Vec<(u64, TcpStream)>,
}

/// A connection that is cut at the deadline, as long as this is kept.
#[derive(Debug, Default)]
pub(crate) struct Watched(Option<(Weak<Inner>, u64)>);

/// Runs work that has no timeout on a thread of its own, and returns the receiver of its result. If
/// the system grants no thread, this one does the work, and may exceed the deadline.
pub(crate) fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> mpsc::Receiver<T> {
    let (send, receive) = mpsc::channel();
    // The work is sent once the thread has been spawned: if that fails, it is still here.
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
        let inner = Arc::new(Inner { at, open: Mutex::default(), _waiting: send });
        let watched = Arc::downgrade(&inner);
        // A socket's timeout is one for each read: whoever sends a byte now and then outlasts it.
        // Without a thread, what waits for the network is late by up to its own timeout.
        let _ = thread::Builder::new().spawn(move || {
            let left = at.saturating_duration_since(Instant::now());
            if receive.recv_timeout(left) == Err(RecvTimeoutError::Timeout)
                && let Some(inner) = watched.upgrade()
            {
                inner.open().connections.iter().for_each(|(_, tcp)| cut(tcp));
            }
        });
        Self(Some(inner))
    }

    /// The earlier of both.
    pub(crate) fn or(&self, other: Instant) -> Instant {
        self.instant().map_or(other, |own| own.min(other))
    }

    pub(crate) fn instant(&self) -> Option<Instant> {
        self.0.as_ref().map(|inner| inner.at)
    }

    /// The failure that it is, once it is over.
    pub(crate) fn judge(&self) -> Result<(), Failure> {
        match self.instant() {
            Some(at) if Instant::now() >= at => Err(FailureReason::DeadlineExceeded.into()),
            _ => Ok(()),
        }
    }

    /// A failure of the network after it is this one.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        match (failure.kind(), self.judge()) {
            (FailureKind::Network, Err(over)) => over,
            _ => failure,
        }
    }

    /// Cuts the connection when it is over.
    pub(crate) fn watch(&self, tcp: &TcpStream) -> io::Result<Watched> {
        let Some(inner) = &self.0 else { return Ok(Watched::default()) };
        let copy = tcp.try_clone()?;
        let mut open = inner.open();
        // The thread may have been here already.
        if Instant::now() >= inner.at {
            cut(tcp);
        }
        let number = open.next;
        open.next += 1;
        open.connections.push((number, copy));
        Ok(Watched(Some((Arc::downgrade(inner), number))))
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        lock(&self.open)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some((inner, number)) = self.0.take()
            && let Some(inner) = inner.upgrade()
        {
            inner.open().connections.retain(|(own, _)| *own != number);
        }
    }
}

fn cut(tcp: &TcpStream) {
    let _ = tcp.shutdown(Shutdown::Both);
}

/// A body that ends with a failure when the time is over: a connection that was cut then looks like
/// one that has ended.
pub(crate) struct InTime {
    pub(crate) body: Box<dyn Read + Send>,
    pub(crate) deadline: Deadline,
}

impl Read for InTime {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.body.read(buffer);
        match self.deadline.judge() {
            Ok(()) => result,
            Err(over) => Err(io::Error::new(io::ErrorKind::TimedOut, over)),
        }
    }
}

/// What is left of `wait` until then.
pub(crate) fn until(deadline: Option<Instant>, wait: Duration) -> Duration {
    let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
    left.map_or(wait, |left| left.min(wait))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_connection_is_cut_when_it_is_over_and_not_before() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let connect = || TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let deadline = Deadline::at(Instant::now() + Duration::from_millis(50));
        let mut tcp = connect();
        let watched = deadline.watch(&tcp).unwrap();
        // Nobody ever sends anything there.
        assert_eq!(tcp.read(&mut [0]).unwrap(), 0);
        assert!(deadline.judge().is_err());
        drop(watched);
        assert!(deadline.0.as_ref().unwrap().open().connections.is_empty());
        let mut late = connect();
        let _watched = deadline.watch(&late).unwrap();
        assert_eq!(late.read(&mut [0]).unwrap(), 0);
        assert!(Deadline::default().judge().is_ok());
    }
}
