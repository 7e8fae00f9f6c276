//! The open connections: their number, their limits of time, and who has to go when it is full.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hsum::internals::lock;
use tokio::sync::Notify;
use tokio::task::{self, AbortHandle};
use tokio::time::sleep;

use crate::server::connections::meter::Meter;
use crate::server::connections::options::Limits;
use crate::server::connections::watch::{Overdue, Watch};

/// The open connections.
#[derive(Debug)]
pub(crate) struct Table {
    limits: Limits,
    entries: Mutex<Entries>,
    /// Notified when a connection ends.
    ended: Notify,
}

#[derive(Default, Debug)]
struct Entries {
    next: u64,
    open: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    address: SocketAddr,
    meter: Arc<Meter>,
    watch: Watch,
    task: AbortHandle,
}

/// A connection's place in the table, which ends with it.
#[derive(Debug)]
struct Place {
    table: Arc<Table>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.table.entries).open.remove(&self.id);
        self.table.ended.notify_waiters();
    }
}

impl Table {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, entries: Mutex::default(), ended: Notify::new() })
    }

    /// Runs the task of a connection.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        address: SocketAddr,
        meter: Arc<Meter>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut entries = lock(&self.entries);
        let id = entries.next;
        entries.next += 1;
        let place = Place { table: Arc::clone(self), id };
        // Boxed, as a future that another one captures and awaits takes room in it twice.
        let task = Box::pin(task);
        // It cannot leave the table before it is in there, as the table is locked.
        let task = task::spawn(async move {
            let _place = place;
            task.await;
        });
        let watch = Watch::new(Instant::now());
        let entry = Entry { address, meter, watch, task: task.abort_handle() };
        entries.open.insert(id, entry);
    }

    pub(crate) fn count(&self) -> usize {
        lock(&self.entries).open.len()
    }

    /// Returns the number of requests that are not answered yet.
    pub(crate) fn open_requests(&self) -> u64 {
        let entries = lock(&self.entries);
        entries.open.values().map(|entry| u64::from(entry.meter.reading().open)).sum()
    }

    /// Waits until there is room for another connection; closes one that is idle if necessary.
    pub(crate) async fn make_room(&self) {
        while self.count() >= self.limits.connections {
            let ended = self.ended.notified();
            if self.close_dispensable() {
                continue;
            }
            // A connection that is busy now may be idle soon.
            tokio::select! {
                () = ended => {}
                () = sleep(Duration::from_millis(50)) => {}
            }
        }
    }

    /// Waits until no connection is left.
    pub(crate) async fn empty(&self) {
        while self.count() > 0 {
            tokio::select! {
                () = self.ended.notified() => {}
                () = sleep(Duration::from_millis(50)) => {}
            }
        }
    }

    /// Closes the connection that is most dispensable; returns `false` if none is.
    pub(crate) fn close_dispensable(&self) -> bool {
        let now = Instant::now();
        let mut entries = lock(&self.entries);
        for entry in entries.open.values_mut() {
            // A limit that is exceeded is left to the watch, which reports it.
            let _ = entry.watch.look(now, entry.meter.reading(), &self.limits);
        }
        let candidates = entries.open.iter();
        // Of those since the same look, the oldest goes.
        let candidates =
            candidates.filter_map(|(id, e)| Some((e.watch.dispensable(now)?, Reverse(*id))));
        let Some((_, Reverse(id))) = candidates.max() else { return false };
        if let Some(entry) = entries.open.remove(&id) {
            entry.task.abort();
        }
        true
    }

    /// Closes the connections that exceed a limit, and calls `report` for each of them.
    pub(crate) async fn watch(&self, report: impl Fn(SocketAddr, Overdue)) {
        let Limits { handshake, header, idle, .. } = self.limits;
        let shortest = handshake.min(header).min(idle);
        let pause = (shortest / 8).clamp(Duration::from_millis(20), Duration::from_millis(500));
        loop {
            sleep(pause).await;
            let now = Instant::now();
            let mut closed = Vec::new();
            lock(&self.entries).open.retain(|_, entry| {
                let overdue = entry.watch.look(now, entry.meter.reading(), &self.limits);
                if let Some(why) = overdue {
                    entry.task.abort();
                    closed.push((entry.address, why));
                }
                overdue.is_none()
            });
            closed.into_iter().for_each(|(address, why)| report(address, why));
        }
    }
}
