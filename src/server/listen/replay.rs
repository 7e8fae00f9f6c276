//! The replay keys of requests that were handled, in memory and in a file.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;
use hsum::internals::lock;

use crate::cli::print::complain;
use crate::server::listen::journal::{Entry, Journal};

/// The maximum number of keys: 20 MB of memory.
const MAX_KEYS: usize = 1 << 18;
/// The seconds between two removals of keys that are not fresh any more.
const INTERVAL: u64 = 60;

/// A 32-byte replay key.
pub(crate) type ReplayKey = [u8; 32];

/// The answer to whether a request may be handled.
pub(crate) enum Claim<'s> {
    /// It may, and is claimed until the value is dropped.
    New(Claimed<'s>),
    /// An equal request is being handled.
    Busy,
    /// An equal request was handled.
    Seen,
    /// There is no room for another key.
    Full,
}

/// The store of replay keys.
///
/// A key is kept until its request is not fresh any more. The keys of a scheme without time are
/// kept as long as there is room; then the oldest goes.
pub(crate) struct ReplayStore {
    keys: Mutex<Keys>,
    max: usize,
}

struct Keys {
    states: HashMap<ReplayKey, State>,
    /// The keys that are always fresh, the oldest first.
    lasting: VecDeque<ReplayKey>,
    journal: Option<Journal>,
    next_removal: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Claimed,
    /// Handled, and fresh until this second; `None` for ever.
    Handled(Option<u64>),
}

impl ReplayStore {
    /// Opens a store that keeps its keys in a file, if there is one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, is not such a file, or is in use.
    pub(crate) fn open(path: Option<&Path>, now: u64) -> Result<Self> {
        Self::with_limit(path, now, MAX_KEYS)
    }

    fn with_limit(path: Option<&Path>, now: u64, max: usize) -> Result<Self> {
        let mut keys = Keys {
            states: HashMap::new(),
            lasting: VecDeque::new(),
            journal: None,
            next_removal: now + INTERVAL,
        };
        if let Some(path) = path {
            let (journal, entries) = Journal::open(path)?;
            for entry in entries.into_iter().filter(|entry| entry.is_fresh(now)) {
                keys.make_room(max);
                keys.insert(entry);
            }
            keys.journal = Some(journal);
            keys.rewrite()?;
        }
        Ok(Self { keys: Mutex::new(keys), max })
    }

    /// Returns `true` if keys survive the program.
    pub(crate) fn has_file(&self) -> bool {
        lock(&self.keys).journal.is_some()
    }

    /// Claims a request for handling. It has a replay key for each of the secret keys, which may
    /// have been others when it was handled: one that is known is enough.
    pub(crate) fn claim(
        &self,
        request: Vec<ReplayKey>,
        fresh_until: Option<u64>,
        now: u64,
    ) -> Claim<'_> {
        let mut keys = lock(&self.keys);
        keys.remove_stale(now);
        let known = request.iter().filter_map(|key| keys.states.get(key));
        match known.reduce(|a, b| if *a == State::Claimed { b } else { a }) {
            Some(State::Claimed) => return Claim::Busy,
            Some(State::Handled(_)) => return Claim::Seen,
            None => {}
        }
        if !keys.make_room(self.max.saturating_sub(request.len() - 1)) {
            return Claim::Full;
        }
        keys.states.extend(request.iter().map(|key| (*key, State::Claimed)));
        Claim::New(Claimed { store: self, keys: request, fresh_until })
    }
}

/// A request that is being handled. On drop, an equal request may be handled again.
pub(crate) struct Claimed<'s> {
    store: &'s ReplayStore,
    keys: Vec<ReplayKey>,
    fresh_until: Option<u64>,
}

impl Claimed<'_> {
    /// Remembers that the request was handled.
    pub(crate) fn confirm(self) {
        let mut keys = lock(&self.store.keys);
        let entry = |key: &ReplayKey| Entry { key: *key, fresh_until: self.fresh_until };
        let entries: Vec<_> = self.keys.iter().map(entry).collect();
        entries.iter().for_each(|entry| keys.insert(*entry));
        keys.append(&entries);
    }
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        let mut keys = lock(&self.store.keys);
        for key in &self.keys {
            if keys.states.get(key) == Some(&State::Claimed) {
                keys.states.remove(key);
            }
        }
    }
}

impl Keys {
    fn insert(&mut self, entry: Entry) {
        let old = self.states.insert(entry.key, State::Handled(entry.fresh_until));
        let is_known = matches!(old, Some(State::Handled(None)));
        if entry.fresh_until.is_none() && !is_known {
            self.lasting.push_back(entry.key);
        }
    }

    /// Removes the oldest lasting keys until there are fewer than `max` keys; returns `false` if
    /// there are too many others.
    fn make_room(&mut self, max: usize) -> bool {
        while self.states.len() >= max {
            let Some(oldest) = self.lasting.pop_front() else { return false };
            self.states.remove(&oldest);
        }
        true
    }

    fn remove_stale(&mut self, now: u64) {
        if now < self.next_removal {
            return;
        }
        self.next_removal = now + INTERVAL;
        self.states.retain(|_, state| match state {
            State::Handled(Some(until)) => *until >= now,
            State::Handled(None) | State::Claimed => true,
        });
    }

    /// Appends keys to the file, which is rewritten once most of its lines are of no use.
    fn append(&mut self, entries: &[Entry]) {
        let Some(journal) = &mut self.journal else { return };
        let written = journal.append(entries);
        let is_long = journal.lines() > 2 * self.states.len() + 1024;
        let written = written.and_then(|()| if is_long { self.rewrite() } else { Ok(()) });
        if let Err(error) = written {
            // The request was handled; until the program ends, memory has its key.
            complain(format_args!("{error:#}; a restart will forget a replay key"));
        }
    }

    /// Replaces the file by one with the keys that are still needed.
    fn rewrite(&mut self) -> Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let timed = self.states.iter().filter_map(|(key, state)| match state {
            State::Handled(until @ Some(_)) => Some(Entry { key: *key, fresh_until: *until }),
            _ => None,
        });
        let lasting = self.lasting.iter().map(|key| Entry { key: *key, fresh_until: None });
        journal.rewrite(timed.chain(lasting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handle(store: &ReplayStore, byte: u8, until: Option<u64>, now: u64) -> &'static str {
        match store.claim(vec![[byte; 32]], until, now) {
            Claim::New(claimed) => {
                claimed.confirm();
                "new"
            }
            Claim::Busy => "busy",
            Claim::Seen => "seen",
            Claim::Full => "full",
        }
    }

    #[test]
    fn keys_are_kept_while_their_requests_are_fresh() {
        let store = ReplayStore::with_limit(None, 1000, 3).expect("a store");
        assert_eq!(handle(&store, 1, Some(1300), 1000), "new");
        assert_eq!(handle(&store, 1, Some(1300), 1300), "seen");
        assert_eq!(handle(&store, 2, Some(1700), 1301), "new");
        assert_eq!(store.keys.lock().expect("no panic").states.len(), 1 + 1);
        assert_eq!(handle(&store, 3, Some(1700), 1361), "new");
        assert_eq!(store.keys.lock().expect("no panic").states.len(), 2);
        assert_eq!(handle(&store, 4, Some(1700), 1362), "new");
        assert_eq!(handle(&store, 5, Some(1700), 1363), "full");
    }

    #[test]
    fn the_oldest_lasting_key_gives_way() {
        let store = ReplayStore::with_limit(None, 0, 2).expect("a store");
        assert_eq!(handle(&store, 1, None, 0), "new");
        assert_eq!(handle(&store, 2, None, 0), "new");
        assert_eq!(handle(&store, 3, None, 0), "new");
        assert_eq!(handle(&store, 3, None, 9999), "seen");
        assert_eq!(handle(&store, 2, None, 9999), "seen");
        assert_eq!(handle(&store, 1, None, 9999), "new");
    }

    #[test]
    fn one_known_key_of_a_request_is_enough() {
        let store = ReplayStore::with_limit(None, 0, 3).expect("a store");
        let claim = |bytes: &[u8]| {
            let keys = bytes.iter().map(|byte| [*byte; 32]).collect();
            store.claim(keys, None, 0)
        };
        let Claim::New(first) = claim(&[1, 2]) else { panic!("claimed") };
        assert!(matches!(claim(&[3, 1]), Claim::Busy));
        first.confirm();
        assert!(matches!(claim(&[3, 2]), Claim::Seen));
        // Two keys need more room than there is beside two others.
        assert!(matches!(claim(&[4, 5]), Claim::New(_)));
        assert_eq!(handle(&store, 2, None, 0), "seen");
        assert_eq!(handle(&store, 1, None, 0), "new");
    }

    #[test]
    fn a_request_that_failed_may_be_repeated() {
        let store = ReplayStore::with_limit(None, 0, 9).expect("a store");
        let claim = store.claim(vec![[1; 32]], None, 0);
        assert!(matches!(claim, Claim::New(_)));
        assert_eq!(handle(&store, 1, None, 0), "busy");
        drop(claim);
        assert_eq!(handle(&store, 1, None, 0), "new");
    }

    #[test]
    fn a_restart_keeps_the_keys_that_are_fresh() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("seen");
        let store = ReplayStore::with_limit(Some(&path), 0, 9).expect("a store");
        for (byte, until) in [(1, Some(10)), (2, Some(30)), (3, None)] {
            assert_eq!(handle(&store, byte, until, 0), "new");
        }
        drop(store);
        let store = ReplayStore::with_limit(Some(&path), 20, 9).expect("a store");
        assert_eq!(handle(&store, 2, Some(30), 20), "seen");
        assert_eq!(handle(&store, 3, None, 20), "seen");
        assert_eq!(std::fs::read_to_string(&path).expect("text").lines().count(), 2);
        assert!(ReplayStore::open(Some(&path), 20).is_err(), "in use");
    }

    #[test]
    fn the_file_does_not_grow_without_end() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("seen");
        let store = ReplayStore::with_limit(Some(&path), 0, 4).expect("a store");
        for number in 0..1100_u64 {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_le_bytes());
            let Claim::New(claimed) = store.claim(vec![key], None, 0) else { panic!("{number}") };
            claimed.confirm();
        }
        assert!(std::fs::read_to_string(&path).expect("text").lines().count() < 100);
    }
}
