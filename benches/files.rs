//! Whole commands over real files: `hsum` beside the checksum tools found on this machine.
//!
//! `cargo bench --bench files [-- FILTER]` makes its data below the target folder once, runs each
//! pair in turn, A B A B …, and prints the medians as a Markdown table. A peer that is not
//! installed is left out by name.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Timed pairs a row; the median is printed.
const PAIRS: usize = 5;

/// A set of files, and where its data came from.
struct Data {
    title: &'static str,
    folder: PathBuf,
    files: Vec<String>,
}

/// A command line; the files follow.
#[derive(Clone)]
struct Tool {
    label: String,
    program: &'static str,
    args: Vec<&'static str>,
    /// Processes side by side, by `xargs -P`.
    processes: usize,
}

fn main() {
    let filter: Vec<String> = env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let smoke = env::args().any(|argument| argument == "--test");
    let pairs = if smoke { 1 } else { PAIRS };
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files");
    let sets = if smoke {
        vec![small(&root.join("smoke"), "100 small files", 100)]
    } else {
        vec![
            even(&root.join("even"), "64 × 32 MiB", 64, 32 << 20),
            small(&root.join("small"), "40,000 small files", 40_000),
            even(&root.join("one"), "1 × 2 GiB", 1, 2 << 30),
        ]
    };
    println!("| data | algorithm | peer | peer, s | hsum, s | ratio |");
    println!("|---|---|---|---|---|---|");
    for data in &sets {
        for (algorithm, peers) in peers() {
            for peer in peers {
                let row = format!("{} {algorithm} {}", data.title, peer.label);
                if !filter.iter().all(|word| row.contains(word.as_str())) {
                    continue;
                }
                if !installed(peer.program) {
                    println!(
                        "| {} | {algorithm} | {} | not installed | | |",
                        data.title, peer.label
                    );
                    continue;
                }
                let ours = hsum(algorithm);
                let rounds: Vec<(f64, f64)> =
                    (0..=pairs).map(|_| (seconds(&peer, data), seconds(&ours, data))).collect();
                let rounds = &rounds[1..]; // the first warms the cache
                println!(
                    "| {} | {algorithm} | {} | {:.3} | {:.3} | {:.2} |",
                    data.title,
                    peer.label,
                    median(rounds.iter().map(|pair| pair.0)),
                    median(rounds.iter().map(|pair| pair.1)),
                    median(rounds.iter().map(|pair| pair.0 / pair.1)),
                );
            }
        }
    }
}

fn hsum(algorithm: &'static str) -> Tool {
    let program = env!("CARGO_BIN_EXE_hsum");
    Tool { label: "hsum".into(), program, args: vec!["-a", algorithm], processes: 1 }
}

/// Everybody who computes the same.
fn peers() -> BTreeMap<&'static str, Vec<Tool>> {
    let mut peers: BTreeMap<&str, Vec<Tool>> = BTreeMap::new();
    let alone: [(&'static str, &'static str, &[&'static str]); 11] = [
        ("sha256", "openssl", &["dgst", "-sha256"]),
        ("sha256", "sha256sum", &[]),
        ("sha256", "rhash", &["--sha256"]),
        ("sha256", "hashdeep", &["-c", "sha256"]),
        ("md5", "openssl", &["dgst", "-md5"]),
        ("md5", "md5sum", &[]),
        ("sha1", "openssl", &["dgst", "-sha1"]),
        ("sha1", "sha1sum", &[]),
        ("sha512", "openssl", &["dgst", "-sha512"]),
        ("sha512", "sha512sum", &[]),
        ("blake3", "b3sum", &[]),
    ];
    for (algorithm, program, args) in alone {
        for processes in [1, 2] {
            let label = match processes {
                1 => program.to_owned(),
                n => format!("{program}, xargs -P{n}"),
            };
            let tool = Tool { label, program, args: args.to_vec(), processes };
            peers.entry(algorithm).or_default().push(tool);
        }
    }
    peers
}

fn installed(program: &str) -> bool {
    Path::new(program).is_absolute()
        || env::var_os("PATH")
            .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Wall-clock time of one run over all the files.
fn seconds(tool: &Tool, data: &Data) -> f64 {
    let mut command;
    if tool.processes == 1 {
        command = Command::new(tool.program);
        command.args(&tool.args).args(&data.files);
    } else {
        // Small shares, so that both processes end together.
        let share = data.files.len().div_ceil(tool.processes * 8).to_string();
        command = Command::new("xargs");
        command.args(["-P", &tool.processes.to_string(), "-n", &share, "-a", "../list"]);
        command.arg(tool.program).args(&tool.args);
        let list = data.folder.parent().expect("below the root").join("list");
        fs::write(list, data.files.join("\n")).expect("writing the list");
    }
    command.current_dir(&data.folder).stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let elapsed = start.elapsed().as_secs_f64();
    assert!(status.success(), "{} failed", tool.label);
    elapsed
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn even(folder: &Path, title: &'static str, count: usize, size: usize) -> Data {
    make(folder, title, (0..count).map(move |i| (format!("f{i:02}"), size)))
}

/// Sizes around 4 KiB, over three orders of magnitude; 200 files a folder.
fn small(folder: &Path, title: &'static str, count: usize) -> Data {
    let mut random = Random(7);
    let sizes = (0..count).map(move |i| {
        // The sum of uniform numbers is close to normal; its exponential, log-normal.
        let normal: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        (format!("{:03}/{i:05}", i / 200), (8.3 + 1.2 * normal).exp() as usize)
    });
    make(folder, title, sizes)
}

fn make(folder: &Path, title: &'static str, files: impl Iterator<Item = (String, usize)>) -> Data {
    let files: Vec<(String, usize)> = files.collect();
    let complete = folder.join(".complete");
    if !complete.exists() {
        let mut random = Random(1);
        for (name, size) in &files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("making a folder");
            let mut file = BufWriter::new(File::create(&path).expect("making a file"));
            for _ in 0..size / 8 {
                file.write_all(&random.next().to_le_bytes()).expect("writing data");
            }
            file.write_all(&random.next().to_le_bytes()[..size % 8]).expect("writing data");
        }
        File::create(complete).expect("marking the data as complete");
    }
    Data { title, folder: folder.into(), files: files.into_iter().map(|(name, _)| name).collect() }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
