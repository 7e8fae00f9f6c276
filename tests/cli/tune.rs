//! `hsum bench --tune`: the file of costs chooses kernels, and never changes a digest.

use hsum::internals::{KernelCost, built_in_costs, cpu_model};
use hsum::simd::Tier;

use crate::support::*;

/// Returns the contents of a file in which only these kernels are cheap.
fn costs(is_cheap: impl Fn(&KernelCost) -> bool) -> String {
    let mut text = format!("hsum {}\ncpu {}\n", env!("CARGO_PKG_VERSION"), cpu_model());
    for cost in built_in_costs() {
        let KernelCost { function, tier, lanes, .. } = cost;
        let cycles = if is_cheap(&cost) { lanes } else { 1_000_000 };
        text += &format!("{function} {tier} {lanes} {cycles}\n");
    }
    text
}

#[test]
fn measured_costs_are_written_and_read() {
    let dir = Dir::new();
    let ran = dir.words("bench --tune").env("XDG_CONFIG_HOME", dir.path("")).run();
    let report = ran.exits(0);
    let path = dir.path("hsum/tune");
    let wrote =
        format!("Wrote the costs of {} kernels to {}.", built_in_costs().len(), path.display());
    assert_eq!(report.lines().next(), Some(&*wrote));
    let listing = dir.words("algorithms --tiers").env("HSUM_TUNE", &path);
    let listing = listing.run();
    assert!(listing.exits(0).contains(": measured on this machine."), "{}", listing.stderr);
    assert_eq!(listing.stderr, "");
    dir.words("bench --tune").env("HSUM_TUNE", "").refuses("set HSUM_TUNE");
    let ran = dir.words("bench --tune --json").env("HSUM_TUNE", &path).run();
    assert_eq!(ran.exits(0).lines().count(), built_in_costs().len() + 1);
}

#[test]
fn costs_choose_kernels_and_keep_digests() {
    let dir = Dir::new();
    let names: Vec<String> = (0..40).map(|i| format!("{i:02}")).collect();
    for (name, i) in names.iter().zip(0..) {
        dir.write(name, vec![7; i * 97]);
    }
    let sums = || dir.words("-a md5,sha1,sha256,sha512,sha3-256").args(&names);
    let expected = sums().run().exits(0);
    let kernels = built_in_costs();
    for tier in Tier::ALL.iter().filter(|tier| kernels.iter().any(|of| of.tier == **tier)) {
        dir.write("tune", costs(|cost| cost.tier == *tier));
        sums().env("HSUM_TUNE", "tune").prints(&expected);
        let listing = dir.words("algorithms --tiers").env("HSUM_TUNE", "tune").run().exits(0);
        let chosen = |function: &str| {
            listing.lines().any(|row| row.starts_with(function) && row.contains(tier.name()))
        };
        let of_tier: Vec<&str> =
            kernels.iter().filter(|of| of.tier == *tier).map(|of| of.function).collect();
        for function in ["md5", "sha1", "sha256", "sha512"] {
            assert!(chosen(function) || !of_tier.contains(&function), "{tier}: {listing}");
        }
    }
}

#[test]
fn an_unusable_file_is_ignored_with_a_warning() {
    // Smaller files would be hashed one after the other.
    let (dir, contents) = (Dir::new(), vec![7; 300_000]);
    ["a", "b", "c"].iter().for_each(|name| dir.write(name, &contents));
    let line = |name: &str| format!("{}  {name}\n", sha256(&contents));
    let run = |arguments: &str, name: &str| {
        dir.words(arguments).args(["a", "b", "c"]).env("HSUM_TUNE", name)
    };
    let expected = ["a", "b", "c"].map(line).concat();
    let good = costs(|_| true);
    dir.write("good", &good);
    dir.write("bad", good.replace(&cpu_model(), "another"));
    dir.write("home/.config/hsum/tune", "?");
    let warning = |what: &str| format!("hsum: {what}; run 'hsum bench --tune' again\n");
    run("sum", "good").prints(&expected);
    run("sum", "").prints(&expected);
    run("sum", "bad").gives(
        0,
        &expected,
        &warning("bad: ignored: written on another CPU (another)"),
    );
    run("sum", "none").gives(0, &expected, &warning("none: ignored: No such file or directory"));
    // Neither a program of GNU nor a single file has a use for it.
    run("gnu sha256sum", "bad").prints(&expected);
    dir.words("sum a").env("HSUM_TUNE", "bad").prints(line("a"));
    dir.write("small", "small");
    dir.words("sum small").env("HSUM_TUNE", "bad").prints(list(&["small"]));
    // The default path.
    let at_home = || dir.words("sum a b c").env("HOME", dir.path("home"));
    let path = dir.path("home/.config/hsum/tune");
    let what = format!("{}: ignored: not written by 'hsum bench --tune'", path.display());
    at_home().gives(0, &expected, &warning(&what));
    at_home().env("XDG_CONFIG_HOME", dir.path("")).prints(&expected);
    at_home().env("HSUM_TUNE", "").prints(&expected);
}
