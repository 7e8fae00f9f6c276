//! The speed of the hashers of `hsum::rustcrypto` beside those of RustCrypto's crates, on one core.
//!
//! `cargo bench --features rustcrypto --bench rustcrypto`; `HSUM_TIER` selects a tier. Each figure is the median of
//! pairs of runs side by side, on data in the cache.

use std::hint::black_box;
use std::time::Instant;

use digest::Digest;
use digest::block_api::EagerHash;
use hsum::rustcrypto as ours;
use pbkdf2::pbkdf2_hmac;

/// Message lengths in bytes: one block with its padding, three and more, and long.
const LENGTHS: [usize; 4] = [16, 64, 1 << 10, 64 << 10];

/// Pairs of runs.
const PAIRS: usize = 41;

fn main() {
    let pairs = if std::env::args().any(|argument| argument == "--test") { 1 } else { PAIRS };
    print!("| | 16 B, ns | 64 B, ns | 1 KiB, ns | 64 KiB, GB/s |");
    println!("\n|---|---|---|---|---|");
    digests::<md5::Md5, ours::Md5>("MD5", pairs);
    digests::<sha1::Sha1, ours::Sha1>("SHA-1", pairs);
    digests::<sha2::Sha256, ours::Sha256>("SHA-256", pairs);
    digests::<sha2::Sha512, ours::Sha512>("SHA-512", pairs);
    digests::<sha3::Sha3_256, ours::Sha3_256>("SHA3-256", pairs);
    digests::<sm3::Sm3, ours::Sm3>("SM3", pairs);
    println!("\n| PBKDF2, 10,000 rounds | crate, ms | ours, ms | ratio |\n|---|---|---|---|");
    keys::<sha1::Sha1, ours::Sha1>("SHA-1", pairs);
    keys::<sha2::Sha256, ours::Sha256>("SHA-256", pairs);
    keys::<sha2::Sha512, ours::Sha512>("SHA-512", pairs);
}

/// Prints a row: the crate's figure, ours, and the ratio of speeds, for each length.
fn digests<Theirs: Digest, Ours: Digest>(name: &str, pairs: usize) {
    print!("| {name} |");
    for len in LENGTHS {
        let data = vec![0x5a; len];
        let times = (1 << 19) / (len + 64);
        let [theirs, ours, ratio] = compare(
            pairs,
            || (0..times).for_each(|_| drop(black_box(Theirs::digest(black_box(&data))))),
            || (0..times).for_each(|_| drop(black_box(Ours::digest(black_box(&data))))),
        );
        let show = |seconds: f64| match len {
            0x1_0000 => format!("{:.2}", (len * times) as f64 / seconds / 1e9),
            _ => format!("{:.0}", seconds / times as f64 * 1e9),
        };
        print!(" {} → {} = {ratio:.2}× |", show(theirs), show(ours));
    }
    println!();
}

fn keys<Theirs: EagerHash, Ours: EagerHash>(name: &str, pairs: usize) {
    let mut key = [0; 20];
    let mut other = [0; 20];
    let [theirs, ours, ratio] = compare(
        pairs,
        || pbkdf2_hmac::<Theirs>(black_box(b"password"), b"salt", 10_000, &mut key),
        || pbkdf2_hmac::<Ours>(black_box(b"password"), b"salt", 10_000, &mut other),
    );
    assert_eq!(key, other);
    println!("| {name} | {:.2} | {:.2} | {ratio:.2}× |", theirs * 1e3, ours * 1e3);
}

/// Returns the medians of seconds, and of the ratio of the first to the second.
fn compare(pairs: usize, mut first: impl FnMut(), mut second: impl FnMut()) -> [f64; 3] {
    let seconds = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    first();
    second();
    let mut samples = [const { Vec::new() }; 3];
    for pair in 0..pairs {
        // Each goes first in half of the pairs.
        let (a, b) = if pair % 2 == 0 {
            let a = seconds(&mut first);
            (a, seconds(&mut second))
        } else {
            let b = seconds(&mut second);
            (seconds(&mut first), b)
        };
        for (samples, value) in samples.iter_mut().zip([a, b, a / b]) {
            samples.push(value);
        }
    }
    samples.map(|mut samples: Vec<f64>| {
        samples.sort_by(f64::total_cmp);
        samples[samples.len() / 2]
    })
}
