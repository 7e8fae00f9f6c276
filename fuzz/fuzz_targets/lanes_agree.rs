//! Messages of any lengths, hashed together, have the digests that another crate computes one by one.
#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use hsum::{Algorithm, Hasher, digest, digest_many, internals, update_many};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    algorithm: u8,
    kernel: u8,
    seed: u64,
    /// The length of each message, and the position at which it is divided.
    messages: Vec<(u16, u16)>,
}

fuzz_target!(|input: Input| {
    let algorithm = Algorithm::ALL[usize::from(input.algorithm) % Algorithm::ALL.len()];
    let noise = common::noise(input.seed, 8192 + 64);
    let messages: Vec<&[u8]> = input
        .messages
        .iter()
        .take(300)
        .enumerate()
        .map(|(i, (len, _))| &noise[i % 64..][..usize::from(*len) % 8192])
        .collect();
    let expected: Vec<Vec<u8>> = messages.iter().map(|m| common::oracle(algorithm, m)).collect();

    let check = || {
        let mut digests = vec![digest(algorithm, b""); messages.len()];
        digest_many(algorithm, &messages, &mut digests);
        assert!(digests.iter().map(|digest| digest.as_bytes()).eq(expected.iter()));

        let mut hashers = vec![Hasher::new(algorithm); messages.len()];
        for second in [false, true] {
            let pieces = messages.iter().zip(&input.messages).map(|(message, (_, at))| {
                let (head, tail) = message.split_at(usize::from(*at).min(message.len()));
                if second { tail } else { head }
            });
            let mut batch: Vec<(&mut Hasher, &[u8])> = hashers.iter_mut().zip(pieces).collect();
            update_many(&mut batch);
        }
        let digests: Vec<_> = hashers.into_iter().map(Hasher::finalize).collect();
        assert!(digests.iter().map(|digest| digest.as_bytes()).eq(expected.iter()));
    };
    let kernels = internals::kernels(algorithm);
    match kernels.get(usize::from(input.kernel) % (kernels.len() + 1)) {
        Some((tier, lanes)) => internals::with_kernel(*tier, *lanes, check),
        None => check(),
    }
});
