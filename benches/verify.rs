//! Verification of 100,000 small payloads: `Verifier::verify_many` and a loop that calls the `hmac`
//! crate, alternating within one run (`cargo bench --bench verify`).
//!
//! One payload in ten is forged, and every round compares the verdicts. The ratio favours the loop,
//! which does less work:
//!
//! - The library reads all headers of the name, refuses two that differ, checks the prefix, decodes
//!   the hex, computes and compares the MAC, and returns a `VerifiedRequest` or the reason.
//! - The loop reads the first header of the name, checks the prefix, decodes with the `hex` crate,
//!   computes and compares the MAC (`verify_slice`), and returns a `bool`. The key is prepared
//!   once, or for each payload, as most code does.

use std::hint::black_box;
use std::time::Instant;

use hmac::{Hmac, KeyInit, Mac};
use hsum::sign::{Message, RequestSigner, Scheme, SecretKey, SignOptions, Verifier};
use sha2::Sha256;

const KEY: &[u8] = b"a key of thirty-two bytes or so!";
/// The number of payloads that are verified at a time.
const SLICE: usize = 1000;

type Headers = [(&'static str, String); 1];

fn main() {
    let smoke = std::env::args().any(|argument| argument == "--test");
    let (count, rounds) = if smoke { (1000, 1) } else { (100_000, 15) };
    println!(
        "| payload | one by one, M/s | many, M/s | hmac crate, M/s | ratio | hmac crate, key each time, M/s | ratio |"
    );
    println!("|---|---|---|---|---|---|---|");
    for len in [64, 128, 256, 512, 1024] {
        let key = || vec![SecretKey::from_bytes(KEY).expect("a key")];
        let signer = RequestSigner::new(Scheme::Github, key()).expect("a signer");
        let verifier = Verifier::new(Scheme::Github, key()).expect("a verifier");
        let bodies: Vec<Vec<u8>> =
            (0..count).map(|i| (0..len).map(|j| (i * 31 + j * 7) as u8).collect()).collect();
        let headers: Vec<Headers> = bodies
            .iter()
            .enumerate()
            .map(|(i, body)| {
                let body = if i % 10 == 0 { &b"forged"[..] } else { body };
                let signed = signer.sign(&Message::empty(), &SignOptions::new(), body);
                [("X-Hub-Signature-256", signed.expect("signed").headers()[0].1.clone())]
            })
            .collect();
        let requests: Vec<(Message<'_>, &[u8])> = headers
            .iter()
            .zip(&bodies)
            .map(|(headers, body)| (Message::new(headers), &body[..]))
            .collect();
        let prepared = Hmac::<Sha256>::new_from_slice(KEY).expect("any length");
        let mut seconds = [0.0; 4];
        // Alternates between the variants in slices: on a busy machine, the best of several short
        // times is more accurate than one long time.
        for (requests, (headers, bodies)) in
            requests.chunks(SLICE).zip(headers.chunks(SLICE).zip(bodies.chunks(SLICE)))
        {
            let mut best = [f64::MAX; 4];
            for _ in 0..rounds {
                let many = timed(&mut best[0], || verifier.verify_many(black_box(requests)));
                let one: Vec<_> = timed(&mut best[1], || {
                    let verify =
                        |(message, body): &(Message<'_>, &[u8])| verifier.verify(message, body);
                    black_box(requests).iter().map(verify).collect()
                });
                let first = timed(&mut best[2], || crates(headers, bodies, &|| prepared.clone()));
                let second = timed(&mut best[3], || {
                    crates(headers, bodies, &|| {
                        Hmac::new_from_slice(black_box(KEY)).expect("any length")
                    })
                });
                let good = |verdicts: &[Result<_, _>]| -> Vec<bool> {
                    verdicts.iter().map(Result::is_ok).collect()
                };
                assert_eq!(good(&many), first, "verdicts differ");
                assert_eq!(good(&one), first, "verdicts differ");
                assert_eq!(second, first, "verdicts differ");
            }
            seconds.iter_mut().zip(best).for_each(|(sum, best)| *sum += best);
        }
        let rate = seconds.map(|seconds| count as f64 / seconds / 1e6);
        println!(
            "| {len} B | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            rate[1],
            rate[0],
            rate[2],
            rate[0] / rate[2],
            rate[3],
            rate[0] / rate[3]
        );
    }
}

/// Verifies the payloads with the `hmac` crate.
fn crates(headers: &[Headers], bodies: &[Vec<u8>], mac: &dyn Fn() -> Hmac<Sha256>) -> Vec<bool> {
    let verdict = |(headers, body): (&Headers, &Vec<u8>)| {
        let line = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("x-hub-signature-256"));
        let hex = line.and_then(|(_, line)| line.strip_prefix("sha256="));
        let mut tag = [0; 32];
        hex.is_some_and(|hex| hex::decode_to_slice(hex, &mut tag).is_ok())
            && mac().chain_update(body).verify_slice(&tag).is_ok()
    };
    headers.iter().zip(bodies).map(verdict).collect()
}

fn timed<T>(best: &mut f64, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    *best = best.min(start.elapsed().as_secs_f64());
    result
}
