//! The time of the comparison does not depend on where a forged signature differs (after dudect).
//!
//! Ignored by default, since it measures: `cargo test --release --test sign timing -- --ignored`

use std::hint::black_box;
use std::time::Instant;

use hsum::sign::{Message, Scheme, Verifier};

use crate::support::secret;

const SAMPLES: usize = 200_000;

#[test]
#[ignore = "measures time"]
fn a_forgery_takes_as_long_wherever_it_differs() {
    let key = b"a key of thirty-two bytes or so!";
    let verifier = Verifier::new(Scheme::Github, vec![secret(key)]).unwrap();
    let tag = hsum::Key::new(hsum::Algorithm::Sha256, key).unwrap().sign(b"body").to_hex();
    let with = |at: usize| {
        let mut tag = tag.clone().into_bytes();
        tag[at] = if tag[at] == b'0' { b'1' } else { b'0' };
        [b"sha256=", &tag[..]].concat()
    };
    let forgeries = [with(0), with(63)];
    // Both are read from one address, which influences the time.
    let mut headers = [("X-Hub-Signature-256", forgeries[0].clone())];
    let mut times = [Vec::new(), Vec::new()];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..SAMPLES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let class = (state >> 40) as usize & 1;
        headers[0].1.copy_from_slice(black_box(&forgeries[class]));
        let message = Message::new(black_box(&headers));
        let start = Instant::now();
        let verdict = verifier.verify(black_box(&message), black_box(b"body"));
        times[class].push(start.elapsed().as_nanos() as f64);
        assert!(verdict.is_err());
    }
    // Without the slowest tenth, which interrupts dominate.
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let limit = all[all.len() * 9 / 10];
    let moments = |times: &Vec<f64>| {
        let times: Vec<f64> = times.iter().copied().filter(|t| *t <= limit).collect();
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((first, first_error), (last, last_error)) = (moments(&times[0]), moments(&times[1]));
    let t = (first - last) / (first_error + last_error).sqrt();
    println!("first byte {first:.1} ns, last byte {last:.1} ns, t = {t:.2}");
    assert!(t.abs() < 10.0, "t = {t:.2}");
}
