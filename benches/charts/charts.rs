//! Measures hsum beside its peers, and draws charts of the results into one HTML page.
//!
//! ```text
//! cargo run --release -- HSUM [--quick] [PAGE [DIRECTORY]]
//! ```
//!
//! PAGE is `charts.html` by default; with DIRECTORY, each chart is written there as an SVG file too.

mod draw;
mod measure;

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use draw::{Line, Roof};
use measure::{Data, Peer};

/// The measured results of a chart's task, as the name of a program and its rate or time.
type Results = Vec<(String, f64)>;

/// The programs that hash files; `FILES` stands for their names.
const PEERS: [Peer; 11] = [
    Peer { algorithm: "SHA-256", name: "openssl", command: &["openssl", "dgst", "-sha256"] },
    Peer { algorithm: "SHA-256", name: "sha256sum", command: &["sha256sum"] },
    Peer { algorithm: "SHA-256", name: "rhash", command: &["rhash", "--sha256"] },
    Peer { algorithm: "SHA-256", name: "hashdeep", command: &["hashdeep", "-s", "-c", "sha256"] },
    Peer { algorithm: "MD5", name: "openssl", command: &["openssl", "dgst", "-md5"] },
    Peer { algorithm: "MD5", name: "md5sum", command: &["md5sum"] },
    Peer { algorithm: "MD5", name: "rhash", command: &["rhash", "--md5"] },
    Peer { algorithm: "SHA-1", name: "openssl", command: &["openssl", "dgst", "-sha1"] },
    Peer { algorithm: "SHA-1", name: "sha1sum", command: &["sha1sum"] },
    Peer { algorithm: "SHA-1", name: "rhash", command: &["rhash", "--sha1"] },
    Peer { algorithm: "BLAKE3", name: "b3sum", command: &["b3sum"] },
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("charts: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    arguments.retain(|argument| argument != "--quick");
    let mut arguments = arguments.into_iter();
    let Some(hsum) = arguments.next() else {
        return Err(io::Error::other("usage: charts HSUM [--quick] [PAGE [DIRECTORY]]"));
    };
    let hsum = fs::canonicalize(hsum)?;
    let page = PathBuf::from(arguments.next().unwrap_or_else(|| "charts.html".to_owned()));
    let directory = arguments.next().map(PathBuf::from);

    let data = Data::write(quick)?;
    let (present, missing): (Vec<&Peer>, Vec<&Peer>) =
        PEERS.iter().partition(|peer| peer.is_installed());
    let mut missing: Vec<&str> = missing.iter().map(|peer| peer.name).collect();
    missing.dedup();
    let caption = caption(&hsum, &missing);
    let charts = [
        ("files", draw::bars(&data.title(), "GB/s", &files(&hsum, &data, &present)?, &caption)),
        ("lanes", lanes(quick, &caption)),
        ("sizes", sizes(&hsum, &data, &present, &caption)?),
    ];

    if let Some(directory) = directory {
        for (name, svg) in &charts {
            fs::write(directory.join(name).with_extension("svg"), svg)?;
        }
    }
    fs::write(&page, draw::page(&charts.map(|(_, svg)| svg)))?;
    println!("{}", page.display());
    Ok(())
}

/// Returns the machine, the versions and the date of the measurements.
fn caption(hsum: &std::path::Path, missing: &[&str]) -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut caption = format!(
        "{}, {cores} cores; {}; {}",
        cpu.map_or("unknown CPU", |(_, name)| name),
        first_line(Command::new(hsum).arg("--version")),
        first_line(Command::new("date").args(["-u", "+%F"])),
    );
    if !missing.is_empty() {
        caption += &format!("; not installed: {}", missing.join(", "));
    }
    caption
}

fn first_line(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().to_owned()
}

/// Measures all programs with the same large files, in GB/s.
fn files(
    hsum: &std::path::Path,
    data: &Data,
    peers: &[&Peer],
) -> io::Result<Vec<(&'static str, Results)>> {
    let mut groups = Vec::new();
    for algorithm in ["SHA-256", "SHA-1", "MD5", "BLAKE3"] {
        let ours = hsum.to_string_lossy();
        let mut commands = vec![("hsum", vec![&*ours, "-a", algorithm])];
        let peers = peers.iter().filter(|peer| peer.algorithm == algorithm);
        commands.extend(peers.map(|peer| (peer.name, peer.command.to_vec())));
        let seconds = measure::alternately(&commands, data.large(), data.rounds())?;
        let rates = seconds.iter().map(|seconds| data.large_bytes() / seconds / 1e9);
        let names = commands.iter().map(|(name, _)| (*name).to_owned());
        groups.push((algorithm, names.zip(rates).collect()));
    }
    Ok(groups)
}

/// Measures the library with a growing number of messages in memory, on one core.
fn lanes(quick: bool, caption: &str) -> String {
    let lines: Vec<Line> = ["md5", "sha1", "sha256", "sha512", "sha3-256"]
        .iter()
        .map(|name| {
            let algorithm = name.parse().expect("a name of an algorithm");
            let counts = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];
            let points =
                counts.map(|count| (count as f64, measure::lanes(algorithm, count, quick)));
            Line { name: algorithm.to_string(), points: points.to_vec() }
        })
        .collect();
    let roof = Roof { name: "reading memory, one core".to_owned(), rate: measure::memory() };
    draw::lines(
        "Messages of 16 KiB side by side, one core",
        ("messages", "GB/s"),
        &lines,
        Some(&roof),
        caption,
    )
}

/// Measures whole commands with one file of each size, in seconds.
fn sizes(
    hsum: &std::path::Path,
    data: &Data,
    peers: &[&Peer],
    caption: &str,
) -> io::Result<String> {
    let ours = hsum.to_string_lossy();
    let mut commands = vec![("hsum", vec![&*ours, "-a", "SHA-256"])];
    let peers = peers.iter().filter(|peer| peer.algorithm == "SHA-256");
    commands.extend(peers.map(|peer| (peer.name, peer.command.to_vec())));
    let name = |name: &str| Line { name: name.to_owned(), points: Vec::new() };
    let mut lines: Vec<Line> = commands.iter().map(|(program, _)| name(program)).collect();
    for (size, file) in data.sizes() {
        let seconds =
            measure::alternately(&commands, std::slice::from_ref(file), data.rounds_of(*size))?;
        for (line, seconds) in lines.iter_mut().zip(seconds) {
            line.points.push((*size as f64, seconds * 1e3));
        }
    }
    Ok(draw::lines("SHA-256 of one file, whole command", ("bytes", "ms"), &lines, None, caption))
}
