//! `HSUM_TIER`: every tier computes the same digests, and `algorithms` lists its kernels.

use hsum::Algorithm;
use hsum::simd::{CostBasis, KernelChoice, Tier, choices, tiers};

use crate::support::*;

#[test]
fn every_tier_gives_the_same_digests() {
    let dir = Dir::new();
    for len in [0, 1, 56, 64, 119, 200, 5000] {
        dir.write(format!("{len}"), vec![7; len]);
    }
    let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let names = names.join(",");
    // A single file, and several files at once.
    for files in [vec!["5000"], vec!["0", "1", "56", "64", "119", "200", "5000"]] {
        let sums = || dir.hsum(["-a", &names]).args(&files);
        let expected = sums().run().exits(0);
        for tier in tiers() {
            let by_tier = sums().env("HSUM_TIER", tier.name()).run().exits(0);
            assert_eq!(by_tier, expected, "{}", tier.name());
        }
    }
}

#[test]
fn the_listing_says_whether_costs_were_measured() {
    let listing = Dir::new().words("algorithms --tiers").run().exits(0);
    assert!(listing.lines().all(|line| line.chars().count() <= 80), "{listing}");
    let line = |choice: &KernelChoice| format!(": {}.", choice.basis);
    for choice in choices() {
        let of_basis = listing.lines().find(|text| text.ends_with(&line(&choice)));
        assert!(of_basis.is_some_and(|text| text.contains(choice.tier.name())), "{listing}");
    }
    let of_arm = [Tier::Sha3, Tier::Sha2, Tier::Neon];
    let mut of_arm = choices().filter(|choice| of_arm.contains(&choice.tier));
    assert!(of_arm.all(|choice| matches!(choice.basis, CostBasis::Derived(_))));
}

#[test]
fn the_portable_tier_also_applies_to_one_message() {
    let dir = Dir::new();
    let listing = dir.words("algorithms --tiers").env("HSUM_TIER", "portable");
    let listing = listing.run().exits(0);
    let rows: Vec<&str> = listing.lines().skip_while(|line| !line.starts_with("NAME")).collect();
    assert!(rows.len() > 10, "{listing}");
    for row in &rows[1..] {
        assert_eq!(row.matches("portable ×1").count(), 4, "{row}");
    }
}
