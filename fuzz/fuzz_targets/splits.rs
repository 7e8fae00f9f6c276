//! Any sequence of updates, clones and resets gives the digest that another crate computes at once.
#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use arbitrary::Arbitrary;
use hsum::{Algorithm, HashFunction, Hasher};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    algorithm: u8,
    len: u8,
    steps: Vec<Step<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Update(&'a [u8]),
    /// A long piece from few bytes of input: 0 to 16 blocks and their edges.
    Fill(u8, u16),
    Empty,
    /// Finalize the original and continue with the clone.
    Clone,
    /// Finalize a clone that gets another piece, and continue with the original.
    Fork(&'a [u8]),
    Reset,
}

fuzz_target!(|input: Input| {
    let algorithm = Algorithm::ALL[usize::from(input.algorithm) % Algorithm::ALL.len()];
    let len = usize::from(input.len) % algorithm.max_len() + 1;
    let function = HashFunction::new(algorithm, len).unwrap_or(algorithm.into());
    let mut hasher = Hasher::new(function);
    let mut message = Vec::new();
    for step in input.steps {
        match step {
            Step::Update(piece) => {
                hasher.update(piece);
                message.extend_from_slice(piece);
            }
            Step::Fill(byte, len) => {
                let piece = vec![byte; usize::from(len % 2200)];
                hasher.update(&piece);
                message.extend_from_slice(&piece);
            }
            Step::Empty => hasher.update(&[]),
            Step::Clone => {
                let clone = hasher.clone();
                let closed = std::mem::replace(&mut hasher, clone).finalize();
                assert_eq!(closed.as_bytes(), common::oracle(function, &message));
            }
            Step::Fork(piece) => {
                let mut fork = hasher.clone();
                fork.update(piece);
                let whole = [&message[..], piece].concat();
                assert_eq!(fork.finalize().as_bytes(), common::oracle(function, &whole));
            }
            Step::Reset => {
                hasher.reset();
                message.clear();
            }
        }
    }
    assert_eq!(hasher.clone().finalize(), hsum::digest(function, &message));
    if let Some(mut reader) = hasher.clone().finalize_xof() {
        let mut out = vec![0; 3 * len];
        let (a, b) = out.split_at_mut(len);
        reader.fill(a);
        reader.fill(b);
        assert_eq!(out, common::oracle_xof(algorithm, &message, 3 * len));
    }
    assert_eq!(hasher.finalize().as_bytes(), common::oracle(function, &message));
});
