//! Lanes against the RustCrypto crates: every kernel, uneven lengths, streams in pieces.

mod common;

use common::{oracle, oracle_hmac};
use hsum::internals::{kernels, with_kernel, with_tier};
use hsum::simd::{self_test, tiers};
use hsum::{Algorithm, Digest, Hasher, Key, digest, digest_many, sign_many, update_many};

/// Runs `f` with each kernel of each algorithm in turn, and without a restriction.
fn with_each_kernel(mut f: impl FnMut(Algorithm, &str, usize)) {
    for &algorithm in Algorithm::ALL {
        for (tier, lanes) in kernels(algorithm) {
            with_kernel(tier, lanes, || {
                f(algorithm, &format!("{algorithm} {} x{lanes}", tier.name()), lanes);
            });
        }
        f(algorithm, &format!("{algorithm}"), 20);
    }
}

fn digests(algorithm: Algorithm, messages: &[&[u8]]) -> Vec<Digest> {
    let mut out = vec![digest(algorithm, b""); messages.len()];
    digest_many(algorithm, messages, &mut out);
    out
}

fn check(algorithm: Algorithm, kernel: &str, messages: &[&[u8]]) {
    for (i, (message, digest)) in messages.iter().zip(digests(algorithm, messages)).enumerate() {
        let expected = oracle(algorithm, message);
        let len = message.len();
        assert_eq!(digest.as_bytes(), expected, "{kernel}: {len} bytes, number {i}");
    }
}

#[test]
fn every_kernel_agrees_around_every_border() {
    let data = Random(1).bytes(2000);
    let lengths: Vec<usize> = (0..=300).chain([335, 336, 337, 503, 504, 505, 1023, 1024]).collect();
    let expected: Vec<Vec<Vec<u8>>> = Algorithm::ALL
        .iter()
        .map(|a| lengths.iter().map(|n| oracle(*a, &data[n % 7..][..*n])).collect())
        .collect();
    with_each_kernel(|algorithm, kernel, _| {
        let messages: Vec<&[u8]> = lengths.iter().map(|n| &data[n % 7..][..*n]).collect();
        for (i, digest) in digests(algorithm, &messages).iter().enumerate() {
            let expected = &expected[algorithm as usize][i];
            assert_eq!(digest.as_bytes(), expected, "{kernel}: {} bytes", lengths[i]);
        }
    });
}

/// Lengths around the ends of blocks and of padding.
const BORDERS: [usize; 21] = [
    0, 1, 55, 56, 63, 64, 65, 111, 112, 119, 120, 127, 128, 129, 135, 136, 167, 168, 239, 240, 300,
];

#[test]
fn any_number_of_equal_messages_is_hashed_right() {
    let data = Random(2).bytes(1000);
    for tier in tiers().map(Some).chain([None]) {
        for &algorithm in Algorithm::ALL {
            let expected: Vec<_> = (0..5).map(|at| oracle(algorithm, &data[at..][..300])).collect();
            for count in (0..=70).chain([95, 96, 97, 128, 129, 200]) {
                let messages: Vec<&[u8]> = (0..count).map(|i| &data[i % 5..][..300]).collect();
                let digests = match tier {
                    Some(tier) => with_tier(tier, || digests(algorithm, &messages)),
                    None => digests(algorithm, &messages),
                };
                for (i, digest) in digests.iter().enumerate() {
                    assert_eq!(digest.as_bytes(), expected[i % 5], "{algorithm} {tier:?} {count}");
                }
            }
        }
    }
}

#[test]
fn messages_of_one_length_are_hashed_right() {
    let data = Random(8).bytes(400);
    let secret = &data[..20];
    let messages =
        |len, count| -> Vec<&[u8]> { (0..count).map(|i| &data[i % 90..][..len]).collect() };
    let expected: Vec<Vec<Vec<Vec<u8>>>> = Algorithm::ALL
        .iter()
        .map(|a| BORDERS.map(|n| messages(n, 90).iter().map(|m| oracle(*a, m)).collect()).into())
        .collect();
    with_each_kernel(|algorithm, kernel, lanes| {
        let key = Key::new(algorithm, secret).ok();
        for (len, expected) in BORDERS.iter().zip(&expected[algorithm as usize]) {
            for count in [2, lanes, lanes + 1] {
                let messages = messages(*len, count);
                for (digest, expected) in digests(algorithm, &messages).iter().zip(expected) {
                    assert_eq!(digest.as_bytes(), expected, "{kernel}: {count} × {len} bytes");
                }
                let Some(key) = &key else { continue };
                let mut tags = vec![key.sign(b""); count];
                sign_many(key, &messages, &mut tags);
                for (message, tag) in messages.iter().zip(tags) {
                    let expected = key.sign(message).into_bytes();
                    assert_eq!(tag.into_bytes(), expected, "{kernel}: {count} × {len} bytes");
                }
            }
        }
    });
}

#[test]
fn messages_of_different_lengths_share_lanes() {
    let mut random = Random(3);
    let data = random.bytes(1 << 17);
    with_each_kernel(|algorithm, kernel, lanes| {
        for count in [1, 2, lanes.max(2) - 1, lanes, lanes + 1, 1 + random.below(200)] {
            let messages: Vec<&[u8]> = (0..count)
                .map(|_| {
                    let bits = random.below(11);
                    let len = random.below(2 << bits);
                    &data[random.below(1 << 16)..][..len]
                })
                .collect();
            check(algorithm, kernel, &messages);
        }
    });
}

#[test]
fn more_messages_than_a_window_are_hashed_right() {
    let mut random = Random(4);
    let data = random.bytes(4096);
    for algorithm in [Algorithm::Md5, Algorithm::Sha512, Algorithm::Sha3_256] {
        for count in [1023, 1024, 1025, 3000] {
            let messages: Vec<&[u8]> =
                (0..count).map(|_| &data[random.below(700)..][..random.below(700)]).collect();
            check(algorithm, "many", &messages);
        }
    }
}

#[test]
fn one_long_message_among_short_ones_is_hashed_right() {
    let data = Random(5).bytes(100_000);
    for &algorithm in Algorithm::ALL {
        let mut messages = vec![&data[..10]; 30];
        messages[17] = &data;
        check(algorithm, "one long", &messages);
    }
}

/// Streams of one algorithm or of several, in pieces of random lengths, each by another kernel.
#[test]
fn streams_advance_together() {
    let mut random = Random(6);
    let data = random.bytes(1 << 16);
    let every: Vec<(Algorithm, _)> = Algorithm::ALL
        .iter()
        .flat_map(|a| kernels(*a).into_iter().map(|kernel| (*a, kernel)))
        .collect();
    for round in 0..120 {
        let count = 1 + random.below(70);
        let algorithms: Vec<Algorithm> = (0..count)
            .map(|_| match round % 2 {
                0 => Algorithm::ALL[round / 2 % Algorithm::ALL.len()],
                _ => Algorithm::ALL[random.below(Algorithm::ALL.len())],
            })
            .collect();
        let messages: Vec<&[u8]> =
            (0..count).map(|_| &data[random.below(100)..][..random.below(4000)]).collect();
        let mut hashers: Vec<Hasher> = algorithms.iter().map(|a| Hasher::new(*a)).collect();
        let mut rest = messages.clone();
        while rest.iter().any(|rest| !rest.is_empty()) {
            let mut batch: Vec<(&mut Hasher, &[u8])> = Vec::new();
            for (hasher, rest) in hashers.iter_mut().zip(&mut rest) {
                let most = [70, 300, 5000][random.below(3)];
                let (now, later) = rest.split_at(random.below(most).min(rest.len()));
                *rest = later;
                batch.push((hasher, now));
            }
            let (tier, lanes) = every[random.below(every.len())].1;
            match random.below(4) {
                0 => update_many(&mut batch),
                1 => batch.iter_mut().for_each(|(hasher, data)| hasher.update(data)),
                2 => with_tier(tier, || update_many(&mut batch)),
                _ => with_kernel(tier, lanes, || update_many(&mut batch)),
            }
        }
        for ((hasher, message), algorithm) in hashers.into_iter().zip(messages).zip(algorithms) {
            let len = message.len();
            let digest = hasher.finalize();
            assert_eq!(digest.as_bytes(), oracle(algorithm, message), "{algorithm}: {len} bytes");
        }
    }
}

#[test]
fn update_many_leaves_the_batch_unchanged() {
    let mut hashers = [Algorithm::Sha256; 3].map(Hasher::new);
    let mut batch: Vec<(&mut Hasher, &[u8])> =
        hashers.iter_mut().map(|hasher| (hasher, [1; 100].as_slice())).collect();
    update_many(&mut batch);
    update_many(&mut batch);
    assert!(batch.iter().all(|(_, data)| data.len() == 100));
    assert!(hashers.iter().all(|h| h.clone().finalize() == digest(Algorithm::Sha256, &[1; 200])));
}

#[test]
fn tags_of_many_messages_are_those_of_each() {
    let mut random = Random(7);
    let data = random.bytes(5000);
    with_each_kernel(|algorithm, kernel, lanes| {
        if algorithm.block_len().is_none() {
            return;
        }
        let secret = &data[..random.below(300)];
        let key = Key::new(algorithm, secret).unwrap();
        for count in [0, 1, lanes + 1, 1 + random.below(100)] {
            let messages: Vec<&[u8]> =
                (0..count).map(|_| &data[random.below(900)..][..random.below(600)]).collect();
            let mut tags = vec![key.sign(b""); count];
            sign_many(&key, &messages, &mut tags);
            for (message, tag) in messages.iter().zip(tags) {
                let len = message.len();
                let expected = oracle_hmac(algorithm, secret, message)
                    .unwrap_or_else(|| key.sign(message).into_bytes());
                assert_eq!(tag.into_bytes(), expected, "{kernel}: {len} bytes");
            }
        }
    });
}

#[test]
fn the_self_test_passes_and_covers_every_kernel() {
    let all = Algorithm::ALL.iter().map(|algorithm| kernels(*algorithm).len()).sum::<usize>();
    let results: Vec<_> = self_test().collect();
    #[cfg(target_arch = "x86_64")]
    let stitched = is_x86_feature_detected!("sha") && is_x86_feature_detected!("bmi1");
    #[cfg(not(target_arch = "x86_64"))]
    let stitched = false;
    assert_eq!(results.len(), all + usize::from(stitched));
    for result in results {
        assert!(result.passed, "{result:?}");
    }
}

#[test]
#[should_panic(expected = "as many digests as messages")]
fn digest_many_needs_a_digest_for_each_message() {
    digest_many(Algorithm::Md5, &[b"", b""], &mut [digest(Algorithm::Md5, b"")]);
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

    /// Returns a number below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}
