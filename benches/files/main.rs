//! Whole commands over real files: `hsum` and the checksum tools that are installed.
//!
//! `cargo bench --bench files [-- WORD…]` makes its data below the target folder once (6 GB), and
//! runs each pair alternately, A B A B …. It prints the medians as a Markdown table, then for each
//! task the ratios to the best peer, to an older hsum and to the limit. Only rows that contain every
//! WORD are measured. Peers that are not installed are skipped, with a message.
//!
//! `before` is an older hsum, the program that the environment variable `HSUM_BEFORE` names. The
//! limits are this program itself: `read` only opens, reads and closes the files (`--read THREADS
//! LIST`), `touch` maps them and touches every cache line (`--touch THREADS LIST`). The cold rows drop
//! the page cache before every run, which requires root.

mod data;
mod limits;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use data::{Data, Kind};

/// The number of timed pairs per row; the median is printed.
const PAIRS: usize = 5;
/// The program that is measured.
const HSUM: &str = env!("CARGO_BIN_EXE_hsum");

/// A task, hsum's command for it, and those that it is compared with.
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
    role: Role,
    label: String,
    program: String,
    args: Vec<String>,
    files: Names,
}

/// The role of a command in the comparison; the best of each role is repeated at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Another program for the task.
    Peer,
    /// An older hsum.
    Before,
    /// A program that does only a part of the task.
    Limit,
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
    if let [mode @ ("--read" | "--touch"), threads, list] =
        &*words.iter().map(String::as_str).collect::<Vec<_>>()
    {
        let run = if *mode == "--read" { limits::read } else { limits::touch };
        return run(threads.parse().expect("a number of threads"), Path::new(list));
    }
    let smoke = words.iter().any(|word| word == "--test");
    let filter: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let pairs = if smoke { 1 } else { PAIRS };
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("files");
    println!("| data | work | peer | peer, s | hsum, s | ratio |");
    println!("|---|---|---|---|---|---|");
    let mut summary = Vec::new();
    for work in data::sets(&root, smoke).iter().flat_map(tasks) {
        let mut ratios = Vec::new();
        for peer in &work.peers {
            let row = format!("| {} | {} | {} |", work.data.title, work.title, peer.label);
            if !filter.iter().all(|word| row.contains(word.as_str())) {
                continue;
            }
            if work.cache == Cache::Cold && smoke {
                continue; // dropping the cache would slow down other programs
            }
            match measure(&work, peer, pairs) {
                Ok([theirs, ours, ratio]) => {
                    println!("{row} {theirs:.3} | {ours:.3} | {ratio:.2} |");
                    ratios.push((peer, ratio));
                }
                Err(why) => println!("{row} {why} | | |"),
            }
        }
        if !ratios.is_empty() {
            summary.push(format!("{}, {}: {}", work.data.title, work.title, best(&ratios)));
        }
    }
    println!("\nRatio to the best of each:\n");
    summary.iter().for_each(|line| println!("- {line}"));
}

/// Returns the median times of the peer and of hsum, and the median ratio; the reason if the peer cannot
/// run.
fn measure(work: &Work<'_>, peer: &Tool, pairs: usize) -> Result<[f64; 3], &'static str> {
    if !installed(&peer.program) {
        return Err("not installed");
    }
    if work.cache == Cache::Cold && !drop_caches() {
        return Err("only root can drop caches");
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
    Ok([theirs, ours, ratio])
}

/// Returns the least ratio of each role.
fn best(ratios: &[(&Tool, f64)]) -> String {
    let least = |role| {
        let of_role = ratios.iter().filter(move |(tool, _)| tool.role == role);
        let (tool, ratio) = of_role.min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(format!("{ratio:.2} × {}", tool.label))
    };
    let least = [Role::Peer, Role::Before, Role::Limit].into_iter().filter_map(least);
    least.collect::<Vec<_>>().join("; ")
}

/// Returns the tasks for a set of files.
fn tasks(data: &Data) -> Vec<Work<'_>> {
    let hash = |algorithm: &'static str| {
        let mut peers = peers(algorithm, data);
        peers.push(limit("touch", "2", data));
        Work::new(data, algorithm, Tool::new(HSUM, &["-a", algorithm]), peers)
    };
    match data.kind {
        Kind::Even => {
            let mut tasks: Vec<Work> =
                ["sha256", "md5", "sha1", "sha512", "blake3"].map(hash).into();
            tasks.push(check(data));
            tasks
        }
        Kind::One => vec![hash("sha256"), hash("blake3"), four(data)],
        Kind::Mixed => vec![hash("sha256")],
        Kind::Small => {
            let named = Tool::new(HSUM, &["-a", "sha256"]);
            let tree = Tool { files: Names::Known, ..Tool::new(HSUM, &["."]) };
            let peers = || peers("sha256", data);
            let of_tree = peers().into_iter().chain([limit("read", "2", data)]).collect();
            let cold = Work {
                cache: Cache::Cold,
                ..Work::new(
                    data,
                    "sha256, a tree, cold",
                    tree.clone(),
                    vec![limit("read", "32", data)],
                )
            };
            vec![
                Work::new(data, "sha256", named, peers()),
                Work::new(data, "sha256, a tree", tree, of_tree),
                cold,
            ]
        }
        Kind::Packages => vec![packages(data)],
    }
}

impl<'d> Work<'d> {
    /// Returns a task with a warm cache, which is compared with an older hsum, too.
    fn new(data: &'d Data, title: &'static str, ours: Tool, mut peers: Vec<Tool>) -> Self {
        if let Some(program) = env::var_os("HSUM_BEFORE") {
            let program = fs::canonicalize(program).expect("the program that HSUM_BEFORE names");
            let program = program.to_str().expect("a path in UTF-8").into();
            peers.push(Tool {
                role: Role::Before,
                label: "before".into(),
                program,
                ..ours.clone()
            });
        }
        Self { data, title, ours, peers, cache: Cache::Warm }
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
    let list = data.list.with_extension("sha256");
    let mut hsum = Command::new(HSUM);
    let output = hsum.args(&data.files).current_dir(&data.folder).output().expect("hsum starts");
    assert!(output.status.success(), "hsum failed");
    fs::write(&list, output.stdout).expect("writing the list");
    let list = list.to_str().expect("a path in UTF-8");
    let tool = |program: &str, args: &[&str]| Tool {
        files: Names::Known,
        ..Tool::new(program, &[args, &[list]].concat())
    };
    let peers = vec![tool("rhash", &["-c"]), tool("sha256sum", &["-c"]), limit("touch", "2", data)];
    Work::new(data, "check", tool(HSUM, &["check"]), peers)
}

/// Returns the task of verifying many checksum files, of which some name missing files.
fn packages(data: &Data) -> Work<'_> {
    let list = data.list.with_extension("md5");
    let read = |name| fs::read(data.folder.join(name)).expect("reading a list");
    fs::write(&list, data.files.iter().flat_map(read).collect::<Vec<u8>>()).expect("a list");
    let one = Tool {
        label: "hsum, one list".into(),
        role: Role::Limit,
        files: Names::Known,
        ..Tool::new(HSUM, &["check", list.to_str().expect("a path in UTF-8")])
    };
    let peers = vec![Tool::new("md5sum", &["-c"]), one];
    Work::new(data, "check", Tool::new(HSUM, &["check"]), peers)
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
    let peers = vec![Tool::new("rhash", &["--md5", "--sha1", "--sha256", "--sha512"]), openssl];
    let ours = Tool::new(HSUM, &["-a", "md5,sha1,sha256,sha512"]);
    Work::new(data, "md5,sha1,sha256,sha512", ours, peers)
}

/// Returns this program as a limit: `read` or `touch` on this number of threads.
fn limit(mode: &str, threads: &str, data: &Data) -> Tool {
    let this = env::current_exe().expect("the path of this program");
    let list = write_list(data);
    let words = [&format!("--{mode}"), threads, list.to_str().expect("a path in UTF-8")];
    Tool {
        role: Role::Limit,
        label: format!("{mode}, {threads} threads"),
        files: Names::Known,
        ..Tool::new(this.to_str().expect("a path in UTF-8"), &words)
    }
}

/// Writes the names of the files into a list, and returns its path.
fn write_list(data: &Data) -> PathBuf {
    fs::write(&data.list, data.files.join("\n")).expect("writing the list");
    data.list.clone()
}

/// Empties the page cache; returns `false` if that was not permitted.
fn drop_caches() -> bool {
    let _ = Command::new("sync").status();
    fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

impl Tool {
    fn new(program: &str, args: &[&str]) -> Self {
        let args = args.iter().map(|word| word.to_string()).collect();
        let (label, program) = (program.into(), program.into());
        Self { role: Role::Peer, label, program, args, files: Names::Follow }
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
            command.args(["-P", &processes.to_string(), "-n", &share, "-a"]).arg(write_list(data));
            command.arg(&tool.program).args(&tool.args);
        }
    }
    command.current_dir(&data.folder).stdin(Stdio::null()).stdout(Stdio::null());
    if data.kind == Kind::Packages {
        command.stderr(Stdio::null()); // it names missing files
    }
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let elapsed = start.elapsed().as_secs_f64();
    let most = i32::from(data.kind == Kind::Packages);
    assert!(status.code().is_some_and(|code| code <= most), "{} failed", tool.label);
    elapsed
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
