//! Data, and the measured times of programs and of the library.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, io};

use hsum::{Algorithm, digest, digest_many};

/// A program that hashes the files whose names follow its arguments.
pub(crate) struct Peer {
    pub(crate) algorithm: &'static str,
    pub(crate) name: &'static str,
    pub(crate) command: &'static [&'static str],
}

impl Peer {
    /// Returns `true` if the program is in `PATH`.
    pub(crate) fn is_installed(&self) -> bool {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).any(|directory| directory.join(self.command[0]).is_file())
    }
}

/// Files in a temporary directory, which are removed with this value.
pub(crate) struct Data {
    directory: PathBuf,
    quick: bool,
    large: Vec<PathBuf>,
    sizes: Vec<(u64, PathBuf)>,
}

const LARGE: usize = 32 << 20;

impl Data {
    /// Writes the files, so that they are in the page cache.
    pub(crate) fn write(quick: bool) -> io::Result<Self> {
        let directory = env::temp_dir().join(format!("hsum-charts-{}", std::process::id()));
        fs::create_dir(&directory)?;
        let mut data = Self { directory, quick, large: Vec::new(), sizes: Vec::new() };
        for number in 0..if quick { 16 } else { 64 } {
            data.large.push(write(&data.directory.join(format!("large{number}")), LARGE as u64)?);
        }
        for power in (6..=if quick { 28 } else { 30 }).step_by(2) {
            let size = 1 << power;
            data.sizes.push((size, write(&data.directory.join(format!("size{power}")), size)?));
        }
        Ok(data)
    }

    pub(crate) fn title(&self) -> String {
        format!("{} files of 32 MiB, whole commands", self.large.len())
    }

    pub(crate) fn large(&self) -> &[PathBuf] {
        &self.large
    }

    pub(crate) fn large_bytes(&self) -> f64 {
        (self.large.len() * LARGE) as f64
    }

    pub(crate) fn sizes(&self) -> &[(u64, PathBuf)] {
        &self.sizes
    }

    pub(crate) fn rounds(&self) -> usize {
        if self.quick { 3 } else { 7 }
    }

    /// Returns the number of rounds for one file of `size` bytes: more for short times.
    pub(crate) fn rounds_of(&self, size: u64) -> usize {
        if size < 1 << 24 { 5 * self.rounds() } else { self.rounds() }
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // What remains is in the system's temporary directory.
        _ = fs::remove_dir_all(&self.directory);
    }
}

fn write(path: &Path, size: u64) -> io::Result<PathBuf> {
    let block: Vec<u8> =
        (0..1 << 20).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut file = fs::File::create(path)?;
    let mut left = size;
    while left > 0 {
        let length = left.min(block.len() as u64);
        io::Write::write_all(&mut file, &block[..length as usize])?;
        left -= length;
    }
    Ok(path.to_owned())
}

/// Runs each command with the files, A B C A B C …, and returns the median of each, in seconds.
pub(crate) fn alternately(
    commands: &[(&str, Vec<&str>)],
    files: &[PathBuf],
    rounds: usize,
) -> io::Result<Vec<f64>> {
    let mut times = vec![Vec::new(); commands.len()];
    for round in 0..=rounds {
        for ((name, command), times) in commands.iter().zip(&mut times) {
            let start = Instant::now();
            let mut process = Command::new(command[0]);
            process.args(&command[1..]).args(files).stdout(Stdio::null());
            if !process.status()?.success() {
                return Err(io::Error::other(format!("{name} failed")));
            }
            // The first round only warms up.
            if round > 0 {
                times.push(start.elapsed().as_secs_f64());
            }
        }
    }
    Ok(times.into_iter().map(median).collect())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Returns the rate at which one core hashes `count` messages of 16 KiB side by side, in GB/s.
pub(crate) fn lanes(algorithm: Algorithm, count: usize, quick: bool) -> f64 {
    const LENGTH: usize = 16 << 10;
    let text = vec![7; LENGTH * count];
    let messages: Vec<&[u8]> = text.chunks(LENGTH).collect();
    let mut digests = vec![digest(algorithm, b""); count];
    let seconds = fastest(Duration::from_millis(if quick { 100 } else { 400 }), || {
        digest_many(algorithm, black_box(&messages), &mut digests);
    });
    (LENGTH * count) as f64 / seconds / 1e9
}

/// Returns the rate at which one core reads memory that is in no cache, in GB/s.
pub(crate) fn memory() -> f64 {
    let words = vec![1_u64; 64 << 20];
    let seconds = fastest(Duration::from_secs(1), || {
        black_box(black_box(&words).iter().fold(0, |sum: u64, word| sum.wrapping_add(*word)));
    });
    (words.len() * 8) as f64 / seconds / 1e9
}

/// Returns the time of the fastest of many calls, in seconds: other programs may run meanwhile.
fn fastest(limit: Duration, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut best = f64::INFINITY;
    while start.elapsed() < limit {
        let start = Instant::now();
        work();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}
