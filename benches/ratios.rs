//! The speed of lanes on one core, as a multiple of one stream of the RustCrypto crates.
//!
//! `cargo bench --bench ratios [-- ALGORITHM]`; `HSUM_TIER` selects a tier. Each figure is
//! the best of several interleaved runs, on data in the cache.

mod batches;

use std::hint::black_box;
use std::time::Instant;

use batches::{even, uneven};
use hsum::{Algorithm, Digest, digest, digest_many};

type Single = fn(&[u8]);

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--test");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let data: Vec<u8> =
        (0..1 << 21).map(|i: u32| (i.wrapping_mul(2_654_435_769) >> 24) as u8).collect();
    let singles: [(Algorithm, Single); 5] = [
        (Algorithm::Md5, hash::<md5::Md5>),
        (Algorithm::Sha1, hash::<sha1::Sha1>),
        (Algorithm::Sha256, hash::<sha2::Sha256>),
        (Algorithm::Sha512, hash::<sha2::Sha512>),
        (Algorithm::Sha3_256, hash::<sha3::Sha3_256>),
    ];
    let batches = [
        ("1 × 16 KiB", even(&data, 1, 16 << 10)),
        ("4 × 16 KiB", even(&data, 4, 16 << 10)),
        ("16 × 16 KiB", even(&data, 16, 16 << 10)),
        ("64 × 16 KiB", even(&data, 64, 16 << 10)),
        ("1000 uneven", uneven(&data)),
        ("1000 × 64 B", even(&data, 1000, 64)),
        ("1000 × 256 B", even(&data, 1000, 256)),
        ("1000 × 1 KiB", even(&data, 1000, 1024)),
    ];
    print!("| | crate, one stream, GB/s |");
    batches.iter().for_each(|(name, _)| print!(" {name} |"));
    println!("\n|---{}", "|---".repeat(batches.len() + 1) + "|");
    for (algorithm, single) in singles {
        if !wanted.is_empty() && !wanted.iter().any(|name| *name == algorithm.name()) {
            continue;
        }
        let one = [&data[..16 << 10]];
        let mut best = [0_f64; 9];
        for _ in 0..if smoke { 1 } else { 40 } {
            best[0] = best[0].max(speed(&one, || single(one[0])));
            for (best, (_, messages)) in best[1..].iter_mut().zip(&batches) {
                let mut out: Vec<Digest> = vec![digest(algorithm, b""); messages.len()];
                let run = || digest_many(algorithm, black_box(messages), black_box(&mut out));
                *best = best.max(speed(messages, run));
            }
        }
        print!("| {algorithm} | {:.2} |", best[0]);
        best[1..].iter().for_each(|speed| print!(" {speed:.2} = {:.2}× |", speed / best[0]));
        println!();
    }
}

fn hash<D: sha2::Digest>(data: &[u8]) {
    black_box(D::digest(data));
}

/// Measures GB/s over a few milliseconds.
fn speed(messages: &[&[u8]], mut run: impl FnMut()) -> f64 {
    let bytes: usize = messages.iter().map(|message| message.len()).sum();
    let times = (1 << 21) / bytes + 1;
    run();
    let start = Instant::now();
    for _ in 0..times {
        run();
    }
    (bytes * times) as f64 / start.elapsed().as_secs_f64() / 1e9
}
