//! Whole commands over real files: `hsum` and the checksum tools that are installed.
//!
//! `cargo bench --bench files [-- WORD…]` makes its data below the target folder once (6 GB), and
//! runs each pair alternately, A B A B …. It prints the medians as a Markdown table, then for each
//! task the ratio to the best peer. Only rows that contain every WORD are measured. Peers that are
//! not installed are skipped, with a message.
//!
//! `read` is a program that only opens, reads and closes the files: this one, with `--read THREADS
//! LIST`. The cold rows drop the page cache before every run, which requires root.

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

/// The number of timed pairs per row; the median is printed.
const PAIRS: usize = 5;

/// The number of bytes per write, as in `cp`.
///
/// The page cache stores small writes in small pieces, which are read at half the rate.
const WRITE: usize = 256 * 1024;

/// A set of files.
struct Data {
    title: &'static str,
    folder: PathBuf,
    files: Vec<String>,
}

/// A task, hsum's command for it, and those of its peers.
struct Work<'d> {
    data: &'d Data,
    title: &'static str,
    ours: Tool,
    peers: Vec<Tool>,
    cache: Cache,
}

/// The state of the page cache at the start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cache {
    Warm,
    Cold,
}

/// A command line.
#[derive(Clone)]
struct Tool {
    label: String,
    program: String,
    args: Vec<String>,
    files: Names,
}

/// The way in which a command receives the names of the files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// The names are arguments.
    Follow,
    /// `xargs` passes the names to this number of parallel processes.
    Xargs(usize),
    /// The arguments of the command contain the names already.
    Known,
}

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    if let [mode, threads, list] = &words[..]
        && mode == "--read"
    {
        return read_only(threads.parse().expect("a number of threads"), Path::new(list));
    }
    let smoke = words.iter().any(|word| word == "--test");
    let filter: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let pairs = if smoke { 1 } else { PAIRS };
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files");
    let sets = if smoke {
        vec![small(&root.join("smoke"), "100 small files", 100)]
    } else {
        vec![
            even(&root.join("even"), "64 × 32 MiB", 64, 32 << 20),
            mixed(&root.join("mixed"), "400 files, bytes to 400 MiB", 400, 400 << 20),
            small(&root.join("small"), "40,000 small files", 40_000),
            even(&root.join("one"), "1 × 2 GiB", 1, 2 << 30),
        ]
    };
    println!("| data | work | peer | peer, s | hsum, s | ratio |");
    println!("|---|---|---|---|---|---|");
    let mut best = Vec::new();
    for work in sets.iter().flat_map(tasks) {
        let mut least = None::<(f64, &str)>;
        for peer in &work.peers {
            let row = format!("| {} | {} | {} |", work.data.title, work.title, peer.label);
            if !filter.iter().all(|word| row.contains(word.as_str())) {
                continue;
            }
            if !installed(&peer.program) {
                println!("{row} not installed | | |");
                continue;
            }
            if work.cache == Cache::Cold && smoke {
                continue; // dropping the cache would slow down other programs
            }
            if work.cache == Cache::Cold && !drop_caches() {
                println!("{row} only root can drop caches | | |");
                continue;
            }
            let round = || {
                [peer, &work.ours].map(|tool| {
                    if work.cache == Cache::Cold {
                        drop_caches();
                    }
                    seconds(tool, work.data)
                })
            };
            if work.cache == Cache::Warm {
                round();
            }
            let rounds: Vec<[f64; 2]> = (0..pairs).map(|_| round()).collect();
            let ratio = median(rounds.iter().map(|[theirs, ours]| theirs / ours));
            let [theirs, ours] = [0, 1].map(|i| median(rounds.iter().map(|round| round[i])));
            println!("{row} {theirs:.3} | {ours:.3} | {ratio:.2} |");
            if least.is_none_or(|(least, _)| ratio < least) {
                least = Some((ratio, &peer.label));
            }
        }
        if let Some((ratio, peer)) = least {
            best.push(format!("{}, {}: {ratio:.2} × {peer}", work.data.title, work.title));
        }
    }
    println!("\nRatio to the best peer of each:\n");
    best.iter().for_each(|line| println!("- {line}"));
}

/// Returns the tasks for a set of files.
fn tasks(data: &Data) -> Vec<Work<'_>> {
    let hash = |algorithm: &'static str| Work {
        data,
        title: algorithm,
        ours: Tool::new(env!("CARGO_BIN_EXE_hsum"), &["-a", algorithm]),
        peers: peers(algorithm, data),
        cache: Cache::Warm,
    };
    let read = |threads: &'static str, cache| Work {
        data,
        title: if cache == Cache::Cold { "sha256, a tree, cold" } else { "sha256, a tree, warm" },
        ours: Tool { files: Names::Known, ..Tool::new(env!("CARGO_BIN_EXE_hsum"), &["."]) },
        peers: vec![reader(threads, data)],
        cache,
    };
    match data.title {
        "64 × 32 MiB" => {
            let mut tasks: Vec<Work> = ["sha256", "md5", "sha1", "sha512"].map(hash).into();
            tasks.push(check(data));
            tasks
        }
        "1 × 2 GiB" => vec![hash("sha256"), hash("blake3"), four(data)],
        "400 files, bytes to 400 MiB" => vec![hash("sha256")],
        _ => {
            let named = hash("sha256");
            let tree = Work {
                title: "sha256, a tree",
                ours: read("2", Cache::Warm).ours,
                peers: named.peers.clone(),
                ..named
            };
            vec![hash("sha256"), tree, read("2", Cache::Warm), read("32", Cache::Cold)]
        }
    }
}

/// Returns the other programs that compute this digest.
fn peers(algorithm: &'static str, data: &Data) -> Vec<Tool> {
    let (dgst, rhash) = (format!("-{algorithm}"), format!("--{algorithm}"));
    let mut alone = vec![
        Tool::new("openssl", &["dgst", &dgst]),
        Tool::new(&format!("{algorithm}sum"), &[]),
        Tool::new("rhash", &[&rhash]),
    ];
    match algorithm {
        "blake3" => alone = vec![Tool::new("b3sum", &[])],
        "sha512" => {} // not supported by hashdeep
        _ => alone.push(Tool::new("hashdeep", &["-c", algorithm])),
    }
    let side_by_side = |tool: &Tool| Tool {
        label: format!("{}, xargs -P2", tool.label),
        files: Names::Xargs(2),
        ..tool.clone()
    };
    let processes: Vec<Tool> = match data.files.len() {
        1 => Vec::new(),
        _ => alone.iter().map(side_by_side).collect(),
    };
    alone.into_iter().chain(processes).collect()
}

/// Returns the task of verifying a checksum file.
fn check(data: &Data) -> Work<'_> {
    let list = data.folder.join("../even.sha256");
    let out = File::create(&list).expect("making the list");
    let mut hsum = Command::new(env!("CARGO_BIN_EXE_hsum"));
    let status = hsum.args(&data.files).current_dir(&data.folder).stdout(out).status();
    assert!(status.expect("hsum starts").success(), "hsum failed");
    let list = list.to_str().expect("a path in UTF-8");
    let tool = |program: &str, args: &[&str]| Tool {
        files: Names::Known,
        ..Tool::new(program, &[args, &[list]].concat())
    };
    Work {
        data,
        title: "check",
        ours: tool(env!("CARGO_BIN_EXE_hsum"), &["check"]),
        peers: vec![tool("rhash", &["-c"]), tool("sha256sum", &["-c"])],
        cache: Cache::Warm,
    }
}

/// Returns the task of computing four digests of each file.
fn four(data: &Data) -> Work<'_> {
    let two_at_a_time = "for a in md5 sha512 sha1 sha256; do echo $a; done | \
        xargs -P2 -I{} openssl dgst -{} ";
    let openssl = Tool {
        label: "openssl, four, two at a time".into(),
        files: Names::Known,
        ..Tool::new("sh", &["-c", &format!("{two_at_a_time}{}", data.files[0])])
    };
    Work {
        data,
        title: "md5,sha1,sha256,sha512",
        ours: Tool::new(env!("CARGO_BIN_EXE_hsum"), &["-a", "md5,sha1,sha256,sha512"]),
        peers: vec![Tool::new("rhash", &["--md5", "--sha1", "--sha256", "--sha512"]), openssl],
        cache: Cache::Warm,
    }
}

/// Returns the command that only opens, reads and closes the files.
fn reader(threads: &str, data: &Data) -> Tool {
    let list = data.folder.join("../list");
    fs::write(&list, data.files.join("\n")).expect("writing the list");
    let this = env::current_exe().expect("the path of this program");
    let program = this.to_str().expect("a path in UTF-8");
    Tool {
        label: format!("read, {threads} threads"),
        files: Names::Known,
        ..Tool::new(program, &["--read", threads, list.to_str().expect("a path in UTF-8")])
    }
}

/// Opens, reads and closes the listed files.
fn read_only(threads: usize, list: &Path) {
    let list = fs::read_to_string(list).expect("reading the list");
    let names: Vec<&str> = list.lines().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut room = vec![0; 128 * 1024];
        while let Some(name) = names.get(next.fetch_add(1, Relaxed)) {
            let mut file = File::open(name).expect("opening a file");
            while file.read(&mut room).expect("reading a file") > 0 {}
        }
    };
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
}

/// Empties the page cache; returns `false` if that was not permitted.
fn drop_caches() -> bool {
    let _ = Command::new("sync").status();
    fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

impl Tool {
    fn new(program: &str, args: &[&str]) -> Self {
        let args = args.iter().map(|word| word.to_string()).collect();
        Self { label: program.into(), program: program.into(), args, files: Names::Follow }
    }
}

fn installed(program: &str) -> bool {
    Path::new(program).is_absolute()
        || env::var_os("PATH")
            .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

/// Measures the wall-clock time of one run over all files.
fn seconds(tool: &Tool, data: &Data) -> f64 {
    let mut command = Command::new(&tool.program);
    match tool.files {
        Names::Follow => drop(command.args(&tool.args).args(&data.files)),
        Names::Known => drop(command.args(&tool.args)),
        Names::Xargs(processes) => {
            // Shares are small, so that the processes end at about the same time.
            let share = data.files.len().div_ceil(processes * 8).to_string();
            command = Command::new("xargs");
            command.args(["-P", &processes.to_string(), "-n", &share, "-a", "../list"]);
            command.arg(&tool.program).args(&tool.args);
            let list = data.folder.parent().expect("below the root").join("list");
            fs::write(list, data.files.join("\n")).expect("writing the list");
        }
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

/// Creates files around 4 KiB, over three orders of magnitude; 200 files per folder.
fn small(folder: &Path, title: &'static str, count: usize) -> Data {
    let mut random = Random(7);
    let sizes = (0..count).map(move |i| {
        // A sum of uniform numbers is nearly normal, so its exponential is nearly log-normal.
        let normal: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        (format!("{:03}/{i:05}", i / 200), (8.3 + 1.2 * normal).exp() as usize)
    });
    make(folder, title, sizes)
}

/// Creates files over eight orders of magnitude; one of the last is the largest.
fn mixed(folder: &Path, title: &'static str, count: usize, largest: usize) -> Data {
    let mut random = Random(11);
    let sizes = (0..count).map(move |i| {
        let normal: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        let size = ((11.0 + 2.75 * normal).exp() as usize).min(largest / 2);
        (format!("f{i:03}"), if i + 9 == count { largest } else { size })
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
            let file = File::create(&path).expect("making a file");
            let mut file = BufWriter::with_capacity(WRITE, file);
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
