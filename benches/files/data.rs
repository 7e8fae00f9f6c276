//! The sets of files, made once.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// The number of bytes per write, as in `cp`.
///
/// The page cache stores small writes in small pieces, which are read at half the rate.
const WRITE: usize = 256 * 1024;

/// A set of files.
pub(crate) struct Data {
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    /// The directory in which commands run.
    pub(crate) folder: PathBuf,
    /// The path for a list of the files, outside of the directory.
    pub(crate) list: PathBuf,
    pub(crate) files: Vec<String>,
}

/// The kind of a set, which determines its tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Large files of equal size.
    Even,
    /// Files of very different sizes.
    Mixed,
    /// Small files in a tree.
    Small,
    /// One large file.
    One,
    /// The checksum files of installed packages.
    Packages,
}

/// Returns the sets, which take 6 GB; for a smoke test, tiny ones.
pub(crate) fn sets(root: &Path, smoke: bool) -> Vec<Data> {
    if smoke {
        let root = root.join("smoke");
        return vec![
            even(&root, Kind::Even, "3 × 192 KiB", 3, 192 << 10),
            small(&root, "100 small files", 100),
        ];
    }
    let sets = vec![
        even(root, Kind::Even, "64 × 32 MiB", 64, 32 << 20),
        mixed(root, "400 files, bytes to 400 MiB", 400, 400 << 20),
        small(root, "40,000 small files", 40_000),
        even(root, Kind::One, "1 × 2 GiB", 1, 2 << 30),
    ];
    sets.into_iter().chain(packages(root)).collect()
}

fn even(root: &Path, kind: Kind, title: &'static str, count: usize, size: usize) -> Data {
    let folder = if kind == Kind::One { "one" } else { "even" };
    make(root, folder, kind, title, (0..count).map(move |i| (format!("f{i:02}"), size)))
}

/// Creates files around 4 KiB, over three orders of magnitude; 200 files per folder.
fn small(root: &Path, title: &'static str, count: usize) -> Data {
    let mut random = Random(7);
    let sizes = (0..count).map(move |i| {
        // A sum of uniform numbers is nearly normal, so its exponential is nearly log-normal.
        let normal: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        (format!("{:03}/{i:05}", i / 200), (8.3 + 1.2 * normal).exp() as usize)
    });
    make(root, "small", Kind::Small, title, sizes)
}

/// Creates files over eight orders of magnitude; one of the last is the largest.
fn mixed(root: &Path, title: &'static str, count: usize, largest: usize) -> Data {
    let mut random = Random(11);
    let sizes = (0..count).map(move |i| {
        let normal: f64 = (0..12).map(|_| random.unit()).sum::<f64>() - 6.0;
        let size = ((11.0 + 2.75 * normal).exp() as usize).min(largest / 2);
        (format!("f{i:03}"), if i + 9 == count { largest } else { size })
    });
    make(root, "mixed", Kind::Mixed, title, sizes)
}

fn make(
    root: &Path,
    name: &str,
    kind: Kind,
    title: &'static str,
    files: impl Iterator<Item = (String, usize)>,
) -> Data {
    let folder = root.join(name);
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
    let files = files.into_iter().map(|(name, _)| name).collect();
    Data { title, kind, list: folder.with_extension("list"), folder, files }
}

/// Returns the checksum files of the packages that dpkg has installed; `None` on other systems. Their
/// names, and those of the files, are relative to `/`.
fn packages(root: &Path) -> Option<Data> {
    let entries = fs::read_dir("/var/lib/dpkg/info").ok()?;
    let path = |path: PathBuf| Some(path.strip_prefix("/").ok()?.to_str()?.to_owned());
    let paths = entries.filter_map(|entry| path(entry.ok()?.path()));
    let mut files: Vec<String> = paths.filter(|path| path.ends_with(".md5sums")).collect();
    files.sort();
    Some(Data {
        title: "lists of installed packages",
        kind: Kind::Packages,
        folder: "/".into(),
        list: root.join("packages.list"),
        files,
    })
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
