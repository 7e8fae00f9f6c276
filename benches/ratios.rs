//! One table: what lanes make of a core, as a multiple of one stream of the RustCrypto crates.
//!
//! `cargo bench --bench ratios [-- ALGORITHM]`; `HSUM_TIER` restricts it to a tier. Each figure is
//! the best of several runs in turn, on data in the cache.

use std::hint::black_box;
use std::time::Instant;

use hsum::{Algorithm, Digest, digest, digest_many};
use sha2::Digest as _;

type Single = fn(&[u8]);

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--test");
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let data: Vec<u8> =
        (0..1 << 21).map(|i: u32| (i.wrapping_mul(2_654_435_769) >> 24) as u8).collect();
    let singles: [(Algorithm, Single); 5] = [
        (Algorithm::Md5, |data| drop(black_box(md5::Md5::digest(data)))),
        (Algorithm::Sha1, |data| drop(black_box(sha1::Sha1::digest(data)))),
        (Algorithm::Sha256, |data| drop(black_box(sha2::Sha256::digest(data)))),
        (Algorithm::Sha512, |data| drop(black_box(sha2::Sha512::digest(data)))),
        (Algorithm::Sha3_256, |data| drop(black_box(sha3::Sha3_256::digest(data)))),
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

/// GB/s over a few milliseconds.
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

/// Messages that begin at different places of a page, as those of a program do.
fn even(data: &[u8], count: usize, len: usize) -> Vec<&[u8]> {
    (0..count).map(|i| &data[i * (len + 192) % (data.len() - len)..][..len]).collect()
}

/// 1000 messages of 64 B to 64 KiB, log-uniform.
fn uneven(data: &[u8]) -> Vec<&[u8]> {
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    (0..1000)
        .map(|_| {
            let len = 64.0 * 1024_f64.powf(random() as f64 / (1_u64 << 31) as f64);
            &data[random() % (data.len() - (64 << 10))..][..len as usize]
        })
        .collect()
}
