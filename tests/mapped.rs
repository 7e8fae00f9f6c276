//! Mapped reading of files that other threads truncate, extend, write and replace meanwhile.
//!
//! `HSUM_TORTURE=SECONDS` sets the duration; the counts are printed with `-- --nocapture`.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod common;

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, OpenOptions};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use common::noise;
use hsum::engine::{FaultHandler, HashOptions, Outcome, ReadPolicy, Reading, run};
use hsum::{Algorithm, Digest, ErrorKind, digest};

/// The algorithms of a run; each set is hashed in its own way.
const SETS: [&[Algorithm]; 4] = [
    &[Algorithm::Sha256],
    &[Algorithm::Md5],
    &[Algorithm::Md5, Algorithm::Sha512],
    &[Algorithm::Blake3],
];
const POLICIES: [ReadPolicy; 2] = [ReadPolicy::Guarded, ReadPolicy::Plain];
/// The time between two mutations of a file. Older kernels update timestamps every 4 to 10 ms, and a
/// change within one step cannot be detected.
const INTERVAL: Duration = Duration::from_millis(12);
const FILES: usize = 10;
/// The number of the first file that is only replaced, so that its contents are of one state even if
/// changes are ignored.
const FIRST_REPLACED: usize = 6;

/// A file that is mutated, with everything that is known about it.
struct Target {
    path: PathBuf,
    contents: Vec<u8>,
    mutated: Instant,
    /// The lengths so far. No two states have the same length: a state with some bytes replaced by
    /// zeros is not another state.
    lengths: HashSet<usize>,
}

/// The digests that each path may have, recorded before the file gets them.
#[derive(Default)]
struct States(Mutex<HashSet<(PathBuf, Digest)>>);

impl States {
    fn record(&self, path: &Path, contents: &[u8]) {
        for algorithm in [Algorithm::Sha256, Algorithm::Md5, Algorithm::Sha512, Algorithm::Blake3] {
            let state = (path.to_owned(), digest(algorithm, contents));
            self.0.lock().unwrap().insert(state);
        }
    }

    fn contains(&self, path: &Path, digest: &Digest) -> bool {
        self.0.lock().unwrap().contains(&(path.to_owned(), *digest))
    }
}

/// Counts of events by kind.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, u64>>);

impl Counts {
    fn add(&self, kind: impl Into<String>) {
        *self.0.lock().unwrap().entry(kind.into()).or_default() += 1;
    }

    fn get(&self, kind: &str) -> u64 {
        self.0.lock().unwrap().get(kind).copied().unwrap_or_default()
    }
}

/// Pseudo-random numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(1);
        let bytes = noise(self.0, 8).try_into().expect("8 bytes");
        (u64::from_le_bytes(bytes) % end as u64) as usize
    }
}

#[derive(Clone, Copy, Debug)]
enum Mutation {
    Truncate,
    TruncateInLastPage,
    Extend,
    WriteByte,
    Replace,
    UnlinkAndCreate,
}

impl Mutation {
    const IN_PLACE: [Self; 4] =
        [Self::Truncate, Self::TruncateInLastPage, Self::Extend, Self::WriteByte];
    const BY_NAME: [Self; 2] = [Self::Replace, Self::UnlinkAndCreate];
}

impl Target {
    fn create(path: PathBuf, states: &States, numbers: &mut Numbers) -> Self {
        let mutated = Instant::now();
        let mut target = Self { path, contents: Vec::new(), mutated, lengths: HashSet::new() };
        target.contents = target.new_contents(numbers);
        states.record(&target.path, &target.contents);
        fs::write(&target.path, &target.contents).unwrap();
        target
    }

    /// Returns a length in the range that no state had before.
    fn new_length(&mut self, start: usize, end: usize, numbers: &mut Numbers) -> Option<usize> {
        let mut lengths = (0..100).map(|_| start + numbers.below((end - start).max(1)));
        lengths.find(|length| *length < end && self.lengths.insert(*length))
    }

    /// Returns 1 to 6 MiB of noise.
    fn new_contents(&mut self, numbers: &mut Numbers) -> Vec<u8> {
        let length = self.new_length(1 << 20, 6 << 20, numbers).expect("a new length");
        noise(numbers.below(1 << 30) as u64, length)
    }

    /// Mutates the file; returns `false` if there is nothing to mutate.
    fn mutate(&mut self, mutation: Mutation, states: &States, numbers: &mut Numbers) -> bool {
        let old = self.contents.len();
        let next = match mutation {
            Mutation::Truncate => self.new_length(0, old, numbers),
            Mutation::TruncateInLastPage => self.new_length(old & !4095, old, numbers),
            Mutation::Extend => self.new_length(old + 1, 6 << 20, numbers),
            _ => Some(old),
        };
        let Some(length) = next else { return false };
        match mutation {
            Mutation::WriteByte if old == 0 => return false,
            Mutation::WriteByte => {
                let at = numbers.below(old);
                self.contents[at] ^= 1;
                states.record(&self.path, &self.contents);
                let file = OpenOptions::new().write(true).open(&self.path).unwrap();
                file.write_all_at(&self.contents[at..=at], at as u64).unwrap();
            }
            Mutation::Replace | Mutation::UnlinkAndCreate => {
                self.contents = self.new_contents(numbers);
                states.record(&self.path, &self.contents);
                let new = self.path.with_extension("new");
                fs::write(&new, &self.contents).unwrap();
                if let Mutation::UnlinkAndCreate = mutation {
                    fs::remove_file(&self.path).unwrap();
                    thread::sleep(Duration::from_millis(1));
                }
                fs::rename(&new, &self.path).unwrap();
            }
            _ => {
                self.contents.resize(length, 0);
                states.record(&self.path, &self.contents);
                let file = OpenOptions::new().write(true).open(&self.path).unwrap();
                file.set_len(length as u64).unwrap();
            }
        }
        self.mutated = Instant::now();
        true
    }
}

/// Mutates the targets in a random order until `is_over`.
fn mutate(targets: &mut [(usize, Target)], states: &States, counts: &Counts, is_over: &AtomicBool) {
    let mut numbers = Numbers(targets[0].0 as u64 * 1000);
    while !is_over.load(Relaxed) {
        let chosen = numbers.below(targets.len());
        let (number, target) = &mut targets[chosen];
        let in_place = if *number < FIRST_REPLACED { Mutation::IN_PLACE.len() } else { 0 };
        let kind = numbers.below(in_place + Mutation::BY_NAME.len());
        let mutation = match kind.checked_sub(in_place) {
            Some(by_name) => Mutation::BY_NAME[by_name],
            None => Mutation::IN_PLACE[kind],
        };
        thread::sleep(INTERVAL.saturating_sub(target.mutated.elapsed()));
        if target.mutate(mutation, states, &mut numbers) {
            counts.add(format!("{mutation:?}"));
        }
        thread::sleep(Duration::from_micros(numbers.below(5000) as u64));
    }
}

/// Hashes one or all files again and again until `is_over`.
fn hash(number: usize, paths: &[PathBuf], states: &States, counts: &Counts, is_over: &AtomicBool) {
    let handler = FaultHandler::install().unwrap();
    let mut numbers = Numbers(1 << 40 | (number as u64) << 32);
    while !is_over.load(Relaxed) {
        let threads = [1, 2, 4][numbers.below(3)];
        let policy = POLICIES[numbers.below(POLICIES.len())];
        let options = HashOptions::new(SETS[numbers.below(SETS.len())].iter().copied())
            .threads(NonZeroUsize::new(threads).unwrap())
            .policy(policy)
            .reading(Reading::Mapped(handler));
        let first = numbers.below(paths.len());
        let (kind, chosen) = match numbers.below(2) {
            0 => ("runs of one file", &paths[first..=first]),
            _ => ("runs of all files", paths),
        };
        counts.add(kind);
        run(&options, chosen, |outcome| {
            counts.add(format!("{policy:?}: {}", judge(&outcome, policy, paths, states)));
            ControlFlow::Continue(())
        });
    }
}

/// Returns the kind of an outcome; panics if it must not happen.
fn judge(
    outcome: &Outcome,
    policy: ReadPolicy,
    paths: &[PathBuf],
    states: &States,
) -> &'static str {
    let path = outcome.source.name();
    let is_guarded = policy == ReadPolicy::Guarded;
    let file = match &outcome.result {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return "not found",
        Err(error) => match error.kind() {
            ErrorKind::Changed if is_guarded => return "changed",
            ErrorKind::Length { .. } if is_guarded => return "other length",
            _ => panic!("{policy:?}: {error}"),
        },
    };
    // Without guard, the bytes of a file that is changed in place may be of several states.
    if !is_guarded && paths[..FIRST_REPLACED].iter().any(|changed| changed == path) {
        return "a digest";
    }
    for digest in &file.digests {
        assert!(states.contains(path, digest), "{policy:?}: {path:?}: {digest} was never right");
    }
    "the digest of a state"
}

#[test]
fn no_digest_is_of_a_torn_file() {
    let seconds = std::env::var("HSUM_TORTURE").ok().and_then(|seconds| seconds.parse().ok());
    let duration = Duration::from_secs(seconds.unwrap_or(2));
    let directory = tempfile::tempdir().unwrap();
    let (states, counts, is_over) = Default::default();
    let mut numbers = Numbers(7);
    let paths: Vec<_> = (0..FILES).map(|i| directory.path().join(i.to_string())).collect();
    let create = |path: &PathBuf| Target::create(path.clone(), &states, &mut numbers);
    let mut targets: Vec<_> = paths.iter().map(create).enumerate().collect();
    thread::scope(|scope| {
        let (states, counts, is_over, paths) = (&states, &counts, &is_over, &paths);
        for part in targets.chunks_mut(FILES / 2) {
            scope.spawn(move || mutate(part, states, counts, is_over));
        }
        let runs: Vec<_> =
            (0..2).map(|i| scope.spawn(move || hash(i, paths, states, counts, is_over))).collect();
        let start = Instant::now();
        while start.elapsed() < duration && !runs.iter().any(|run| run.is_finished()) {
            thread::sleep(Duration::from_millis(20));
        }
        is_over.store(true, Relaxed);
    });
    for (kind, count) in &*counts.0.lock().unwrap() {
        println!("{count:8} {kind}");
    }
    assert!(counts.get("Guarded: the digest of a state") > 0);
    // At rest, every file has the digest of its last state.
    let handler = FaultHandler::install().unwrap();
    for (policy, set) in POLICIES.iter().flat_map(|policy| SETS.map(|set| (*policy, set))) {
        let options = HashOptions::new(set.iter().copied());
        let mut rest = targets.iter();
        run(&options.policy(policy).reading(Reading::Mapped(handler)), &paths, |outcome| {
            let (_, target) = rest.next().expect("one outcome for each file");
            let expected: Vec<_> = set.iter().map(|one| digest(*one, &target.contents)).collect();
            assert_eq!(outcome.result.unwrap().digests, expected, "{:?}", target.path);
            ControlFlow::Continue(())
        });
        assert!(rest.next().is_none());
    }
}
