//! The start of the program: the time to hash an empty file.
//!
//! `cargo bench --bench startup` runs coreutils' `sha256sum`, `hsum` through a link of that name, and
//! `hsum` alternately, A B C A B C …, and prints the medians and those of the differences from
//! `sha256sum`, each from the creation of the process to its end.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The number of timed runs of each program.
const RUNS: usize = 1000;

fn main() {
    let smoke = env::args().any(|word| word == "--test");
    let runs = if smoke { 1 } else { RUNS };
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("startup");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder is writable");
    // The linker writes in small pieces, and the page cache maps those more slowly.
    let program = folder.join("hsum");
    fs::copy(env!("CARGO_BIN_EXE_hsum"), &program).expect("hsum can be copied");
    let link = folder.join("sha256sum");
    symlink(&program, &link).expect("a link");
    let empty = folder.join("empty");
    fs::write(&empty, "").expect("an empty file");

    let programs = [
        ("sha256sum", PathBuf::from("/usr/bin/sha256sum")),
        ("hsum as sha256sum", link),
        ("hsum", program),
    ];
    if let Some((_, absent)) = programs.iter().find(|(_, program)| !program.exists()) {
        return println!("skipped: no {}", absent.display());
    }
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..runs {
        for ((_, program), times) in programs.iter().zip(&mut times) {
            times.push(milliseconds(program, &empty));
        }
    }
    println!("| program | ms | more than sha256sum, ms |\n|---|---|---|");
    for ((name, _), own) in programs.iter().zip(&times) {
        let more = own.iter().zip(&times[0]).map(|(own, first)| own - first).collect();
        println!("| {name} | {:.2} | {:.2} |", median(own.clone()), median(more));
    }
}

/// Runs a program, and returns the time until its end.
fn milliseconds(program: &Path, file: &Path) -> f64 {
    let mut command = Command::new(program);
    command.arg(file).stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let time = start.elapsed().as_secs_f64() * 1e3;
    assert!(status.success(), "{}: {status}", program.display());
    time
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
