//! Random trees and random damage: coreutils and hsum agree.

use std::fs;

use crate::support::*;

/// Creates a tree of a few dozen files, and returns their sorted paths.
fn plant(dir: &Dir, numbers: &mut Numbers) -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec!["t".to_owned()];
    dir.mkdir("t");
    for i in 0..20 + numbers.below(40) {
        let folder = folders[numbers.below(folders.len())].clone();
        let odd = ["", " ", ".", "-", "é", "'", "\\", "#", "*"][numbers.below(9)];
        if numbers.below(5) == 0 {
            folders.push(format!("{folder}/{odd}d{i}"));
            dir.mkdir(folders.last().expect("just pushed"));
        }
        let size = match numbers.below(8) {
            0 => 0,
            1 => 131_072 - 1 + numbers.below(3),
            2 => 64 * numbers.below(10),
            _ => numbers.below(5000),
        };
        paths.push(format!("{folder}/{odd}f{i}"));
        dir.write(paths.last().expect("just pushed"), numbers.bytes(size));
    }
    paths.sort();
    paths
}

fn sorted(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    lines.sort();
    lines
}

#[test]
fn digests_of_random_trees_are_the_same() {
    if !has("sha256sum") || !has("md5sum") {
        return;
    }
    for seed in 1..=12 {
        let dir = Dir::new();
        let paths = plant(&dir, &mut Numbers::new(seed));
        for (algorithm, program) in [("sha256", "sha256sum"), ("md5", "md5sum")] {
            let ours = dir.hsum(["-a", algorithm, "t"]).run();
            ours.is(0, &ours.stdout, "");
            let find = format!("find t -type f -print0 | LC_ALL=C sort -z | xargs -0 {program}");
            let theirs = dir.shell(&find).run();
            assert_eq!(sorted(&ours.stdout), sorted(&theirs.stdout), "seed {seed}");
            assert_eq!(sorted(&ours.stdout).len(), paths.len() + 1);
        }
    }
}

/// Lists of missing files, flipped bits and bad lines: results, warnings and statuses agree.
#[test]
fn results_on_random_damage_are_the_same() {
    if !has("sha256sum") {
        return;
    }
    for seed in 100..=115 {
        let dir = Dir::new();
        let mut numbers = Numbers::new(seed);
        let paths = plant(&dir, &mut numbers);
        dir.words("-o list t").prints("");
        let mut list = dir.read("list");
        for _ in 0..numbers.below(4) {
            let path = &paths[numbers.below(paths.len())];
            match numbers.below(4) {
                0 => drop(fs::remove_file(dir.path(path))),
                1 => fs::write(dir.path(path), numbers.bytes(10)).expect("written"),
                2 => list.extend_from_slice(b"nonsense\n"),
                _ => {
                    let at = numbers.below(list.len());
                    list[at] ^= 1;
                }
            }
        }
        dir.write("list", &list);
        for flags in ["--quiet", "--status", "--strict --quiet", "--ignore-missing --quiet"] {
            let ours = dir.words("check list").args(flags.split_whitespace()).run();
            let theirs = dir.command("sha256sum").args(["-c", "list"]);
            let theirs = theirs.args(flags.split_whitespace()).run();
            let about =
                format!("seed {seed} {flags}\nours: {}theirs: {}", ours.stderr, theirs.stderr);
            assert_eq!(ours.status.code(), theirs.status.code(), "{about}");
            assert_eq!(
                ours.stdout.split(|&b| b == b'\n').count(),
                theirs.stdout.split(|&b| b == b'\n').count(),
                "{about}"
            );
            let warnings = |text: &str| {
                let lines = text.lines().filter_map(|line| line.split_once("WARNING: "));
                lines.map(|(_, warning)| warning.to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(warnings(&ours.stderr), warnings(&theirs.stderr), "{about}");
        }
    }
}
