//! Many messages at once: hsum and the crates with lanes, as multiples of OpenSSL's one stream,
//! and `sign_many` beside ring; interleaved in one run, the best of many rounds.

use std::hint::black_box;
use std::time::Instant;

use hsum::{Algorithm, Key, sign_many};
use hsum_rivals::{batches, digests};
use ring::hmac as ring_hmac;

#[path = "../batches/mod.rs"]
mod messages;

use messages::{even, uneven};

const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512, Algorithm::Sha3_256];

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--test");
    let rounds = if smoke { 1 } else { 60 };
    let data: Vec<u8> =
        (0..1 << 21).map(|i: u32| (i.wrapping_mul(2_654_435_769) >> 24) as u8).collect();
    let sets = [
        ("4 × 16 KiB", even(&data, 4, 16 << 10)),
        ("64 × 16 KiB", even(&data, 64, 16 << 10)),
        ("1000 uneven", uneven(&data)),
        ("1000 × 64 B", even(&data, 1000, 64)),
        ("2 × 64 B", even(&data, 2, 64)),
    ];
    print!("| GB/s | one stream, 16 KiB |");
    sets.iter().for_each(|(name, _)| print!(" {name} |"));
    println!("\n|---|{}", "---|".repeat(sets.len() + 1));
    for algorithm in ALGORITHMS {
        digest(algorithm, rounds, &data[..16 << 10], &sets);
    }
    println!("\n| HMAC-SHA256, ns a message | ring | hsum, one by one | sign_many | ratio |");
    println!("|---|---|---|---|---|");
    for len in [64, 256, 1024, 4096] {
        sign(rounds, len, &even(&data, 256, len));
    }
}

fn digest(algorithm: Algorithm, rounds: usize, one: &[u8], sets: &[(&str, Vec<&[u8]>)]) {
    let mut singles = digests(algorithm);
    let mut many = batches(algorithm);
    let mut single_best = vec![0_f64; singles.len()];
    let mut many_best = vec![vec![0_f64; sets.len()]; many.len()];
    let mut out = vec![[0; 64]; 1000];
    for _ in 0..rounds {
        for (rival, best) in singles.iter_mut().zip(&mut single_best) {
            *best = best.max(speed(&[one], || drop(black_box((rival.run)(black_box(one))))));
        }
        for (batch, best) in many.iter_mut().zip(&mut many_best) {
            for ((_, messages), best) in sets.iter().zip(best) {
                let out = &mut out[..messages.len()];
                *best = best.max(speed(messages, || (batch.run)(black_box(messages), out)));
            }
        }
    }
    let base = singles.iter().position(|rival| rival.name == "openssl");
    let base = single_best[base.expect("OpenSSL has all of these")];
    for (rival, best) in singles.iter().zip(&single_best) {
        print!("| {algorithm}, {} | {best:.3} = {:.2} |", rival.name, best / base);
        if let Some(at) = many.iter().position(|batch| batch.name == rival.name) {
            many_best[at].iter().for_each(|best| print!(" {best:.2} = {:.2} |", best / base));
        }
        println!();
    }
    for (batch, best) in many.iter().zip(&many_best).skip(1) {
        print!("| {algorithm}, {} | |", batch.name);
        best.iter().for_each(|best| print!(" {best:.2} = {:.2} |", best / base));
        println!();
    }
}

fn sign(rounds: usize, len: usize, messages: &[&[u8]]) {
    let secret = b"a key of some 32 bytes, as usual";
    let key = Key::new(Algorithm::Sha256, secret).expect("SHA-256 has an HMAC");
    let ring_key = ring_hmac::Key::new(ring_hmac::HMAC_SHA256, secret);
    let mut tags = vec![key.sign(b""); messages.len()];
    let mut best = [f64::INFINITY; 3];
    for _ in 0..rounds {
        let runs: [&mut dyn FnMut(); 3] = [
            &mut || messages.iter().for_each(|m| _ = black_box(ring_hmac::sign(&ring_key, m))),
            &mut || messages.iter().for_each(|m| _ = black_box(key.sign(m))),
            &mut || sign_many(&key, black_box(messages), &mut tags),
        ];
        for (run, best) in runs.into_iter().zip(&mut best) {
            let bytes = (len * messages.len()) as f64;
            *best = best.min(bytes / speed(messages, run) / messages.len() as f64);
        }
    }
    let [ring, single, many] = best;
    println!("| {len} B | {ring:.0} | {single:.0} | {many:.0} | {:.2} |", ring / many);
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
