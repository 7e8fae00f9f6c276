//! `hsum bench`: measures the speed of this machine and the bottleneck of `hsum` on it.

mod tune;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hsum::engine::{self, HashOptions};
use hsum::internals;
use hsum::internals::TemporaryDirectory;
use hsum::simd::{self, Tier};
use hsum::{Algorithm, Digest, Hasher, digest, digest_many};
use serde_json::{Map, Value};

use crate::cli::args::machine::BenchArgs;
use crate::cli::exit::Exit;
use crate::cli::json::{Object, stopped};
use crate::cli::output::Output;

/// The time to measure one figure; all figures take about ten seconds.
const FIGURE_TIME: Duration = Duration::from_millis(70);
/// The number of messages hashed at once, which fit into an L2 cache of 1 MiB together.
const MESSAGES: usize = 64;
/// The bytes of each message.
const LENGTH: usize = 8 * 1024;
/// The bytes from one message to the next. Messages at equal offsets within a page, which are rare
/// in practice, would compete for the same sets of the L1 cache.
const STRIDE: usize = LENGTH + 192;
/// The bytes of the file for the read rate.
const FILE: usize = 64 << 20;
/// The number of empty files in the tree for the walk rate.
const TREE: usize = 4000;
/// The width of the longest bar in columns.
const BAR: f64 = 20.0;

/// The speed of one algorithm on one core, in bytes per second.
struct Speed {
    algorithm: Algorithm,
    /// One message.
    single: f64,
    /// Many messages at once, by tier, the best tier first; empty if the algorithm has no kernels.
    many: Vec<(Tier, f64)>,
}

impl Speed {
    fn best(&self) -> f64 {
        self.many.iter().map(|(_, rate)| *rate).fold(self.single, f64::max)
    }
}

pub(crate) fn run(args: BenchArgs) -> Result<Exit> {
    let is_json = args.json;
    let result = if args.tune { tune::run(is_json) } else { bench(&args) };
    stopped::with_error("bench", is_json, result)
}

fn bench(args: &BenchArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    let directory = TemporaryDirectory::new().context("cannot create a temporary directory")?;
    let read = read_rate(directory.path()).context("cannot measure reading")?;
    let walk = walk_rate(directory.path()).context("cannot measure walking")?;
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    if args.json {
        let mut object = Object::new("machine");
        object.set("cores", cores).set("read_bytes_per_second", read as u64);
        output.line(&object.set("files_per_second", walk as u64).line())?;
    } else {
        output.line(head().as_bytes())?;
    }
    let data = pattern(MESSAGES * STRIDE);
    let mut sha256 = 0.0;
    for algorithm in Algorithm::ALL {
        let speed = speed(*algorithm, &data);
        if *algorithm == Algorithm::Sha256 {
            sha256 = speed.best();
        }
        output.line(&if args.json { json_line(&speed) } else { text_line(&speed).into_bytes() })?;
        output.flush()?;
    }
    if args.json {
        let mut summary = Object::summary("bench");
        output.line(&summary.set("algorithms", Algorithm::ALL.len()).exit(0))?;
    } else {
        output.line(verdict(cores, read, walk, sha256).as_bytes())?;
    }
    output.finish()?;
    Ok(Exit::Success)
}

fn speed(algorithm: Algorithm, data: &[u8]) -> Speed {
    let mut hasher = Hasher::new(algorithm);
    let single = rate(data.len(), || hasher.update(data));
    let messages: Vec<&[u8]> = data.chunks_exact(STRIDE).map(|m| &m[..LENGTH]).collect();
    let mut digests: Vec<Digest> = vec![digest(algorithm, b""); MESSAGES];
    let kernels = internals::kernels(algorithm);
    let mut many = Vec::new();
    for tier in simd::tiers().filter(|tier| kernels.iter().any(|(of, _)| of == tier)) {
        let hash = || digest_many(algorithm, &messages, &mut digests);
        many.push((tier, internals::with_tier(tier, || rate(MESSAGES * LENGTH, hash))));
    }
    Speed { algorithm, single, many }
}

/// Measures the bytes per second of work that processes `bytes` at a time. The best of three runs
/// counts, as other processes only ever slow a run down.
fn rate(bytes: usize, mut work: impl FnMut()) -> f64 {
    work();
    let mut best = 0.0f64;
    for _ in 0..3 {
        let start = Instant::now();
        let mut total = 0;
        while start.elapsed() < FIGURE_TIME / 3 {
            work();
            total += bytes;
        }
        best = best.max(total as f64 / start.elapsed().as_secs_f64());
    }
    best
}

/// Measures the bytes per second of reading a file from the page cache, on one core.
fn read_rate(directory: &Path) -> std::io::Result<f64> {
    let path = directory.join("file");
    File::create(&path)?.write_all(&pattern(FILE))?;
    let mut buffer = vec![0; 128 * 1024];
    let mut best = 0.0f64;
    for _ in 0..4 {
        let mut file = File::open(&path)?;
        let start = Instant::now();
        while file.read(&mut buffer)? > 0 {}
        best = best.max(FILE as f64 / start.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// Measures how many empty files per second all cores find, open, hash and put in order.
fn walk_rate(directory: &Path) -> std::io::Result<f64> {
    let tree = directory.join("tree");
    for i in 0..TREE {
        let directory = tree.join((i / 200).to_string());
        if i % 200 == 0 {
            fs::create_dir_all(&directory)?;
        }
        File::create(directory.join(i.to_string()))?;
    }
    let plan = HashOptions::new([Algorithm::Sha256]);
    let mut best = 0.0f64;
    for _ in 0..3 {
        let start = Instant::now();
        engine::run(&plan, [&tree], |_| ControlFlow::Continue(()));
        best = best.max(TREE as f64 / start.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn head() -> String {
    let tiers = simd::tiers().map(|tier| format!(" {:>8}", tier.name()));
    format!(
        "GB/s on one core: one message at a time, and many at once on each tier of\n\
         kernels. The bars show the best.\n\n{:11} {:>8}{}\n",
        "NAME",
        "SINGLE",
        tiers.collect::<String>()
    )
}

fn text_line(speed: &Speed) -> String {
    // A square root scale, on which 1 GB/s is still visible next to 20 GB/s.
    let bar = "█".repeat(((speed.best() / 1e9).sqrt() * BAR / 5.0).ceil() as usize);
    let mut line = format!("{:11} {:8.2}", speed.algorithm.name(), speed.single / 1e9);
    for tier in simd::tiers() {
        let rate = speed.many.iter().find(|(measured, _)| *measured == tier);
        let rate = rate.map(|(_, rate)| format!("{:.2}", rate / 1e9)).unwrap_or_default();
        line += &format!(" {rate:>8}");
    }
    format!("{line}  {bar}\n")
}

fn json_line(speed: &Speed) -> Vec<u8> {
    let many = speed.many.iter().map(|(tier, rate)| (tier.name().into(), (*rate as u64).into()));
    let mut object = Object::new("speed");
    object.set("algorithm", speed.algorithm.name());
    object.set("single_bytes_per_second", speed.single as u64);
    object.set("many_bytes_per_second", many.collect::<Map<String, Value>>()).line()
}

fn verdict(cores: usize, read: f64, walk: f64, sha256: f64) -> String {
    let (slower, limit) = match read < sha256 {
        true => ("reading", "memory and system calls, not the hash"),
        false => ("hashing", "the hash, not the page cache"),
    };
    let (read, rate, size) = (read / 1e9, walk, sha256 * cores as f64 / walk / 1e3);
    format!(
        "\nOne core reads {read:.1} GB/s from the page cache.\n\
         {cores} cores open and hash {rate:.0} small files per second.\n\
         Large files with sha256: {slower} is slower; the limit is\n{limit}.\n\
         Files below {size:.0} KB: opening them takes longer than hashing them.\n"
    )
}
