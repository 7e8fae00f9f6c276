//! Every kernel of every list against the RustCrypto crates.

use super::simd::{Lanes, Tier};
use super::{Merkle, Word, keccak, md5::MD5, sha1::SHA1, sha256::SHA256, sha512::SHA512};

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        std::iter::repeat_with(|| self.next() as u8).take(len).collect()
    }
}

type Oracle<W> = fn(&mut [W; 8], &[<W as Word>::Block]);

/// Random states and blocks, at addresses of every alignment, 0 to 20 blocks per call.
fn check<W: Word + PartialEq + std::fmt::Debug>(
    merkle: &Merkle<W>,
    oracle: Oracle<W>,
    word: fn(&mut Random) -> W,
) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let single = Lanes {
        tier: Tier::Portable,
        lanes: 1,
        cost: 0,
        run: |states, inputs| panic!("{} {}", states.len(), inputs.len()),
    };
    for (kernel, is_single) in
        merkle.core.lanes().iter().map(|kernel| (kernel, false)).chain([(&single, true)])
    {
        for blocks in 0..=20 {
            let len = blocks * size_of::<W::Block>();
            let data: Vec<_> = (0..kernel.lanes).map(|lane| random.bytes(len + lane)).collect();
            let inputs: Vec<_> =
                data.iter().enumerate().map(|(lane, bytes)| W::blocks(&bytes[lane..]).0).collect();
            let before: Vec<[W; 8]> =
                (0..kernel.lanes).map(|_| std::array::from_fn(|_| word(&mut random))).collect();
            let mut states = before.clone();
            if is_single {
                merkle.compress(&mut states[0], inputs[0]);
            } else {
                (kernel.run)(&mut states, &inputs);
            }
            for lane in 0..kernel.lanes {
                let mut expected = before[lane];
                oracle(&mut expected, inputs[lane]);
                assert_eq!(
                    states[lane], expected,
                    "{:?} × {}: lane {lane}, {blocks} blocks",
                    kernel.tier, kernel.lanes
                );
            }
        }
    }
}

#[test]
fn md5() {
    let oracle = |state: &mut [u32; 8], blocks: &[_]| {
        md5::block_api::compress(state.first_chunk_mut().unwrap(), blocks);
    };
    check(&MD5, oracle, |random| random.next() as u32);
}

#[test]
fn sha1() {
    let oracle = |state: &mut [u32; 8], blocks: &[_]| {
        sha1::block_api::compress(state.first_chunk_mut().unwrap(), blocks);
    };
    check(&SHA1, oracle, |random| random.next() as u32);
}

#[test]
fn sha256() {
    check(&SHA256, sha2::block_api::compress256, |random| random.next() as u32);
}

#[test]
fn sha512() {
    check(&SHA512, sha2::block_api::compress512, Random::next);
}

/// The rates of SHA3-512, SHA3-384, SHA3-256, SHA3-224 and SHAKE128.
const RATES: [usize; 5] = [72, 104, 136, 144, 168];

fn permute_by_crate(state: &mut [u64; 25]) {
    ::keccak::Keccak::new().with_f1600(|f1600| f1600(state));
}

#[test]
fn keccak_one_state() {
    let mut random = Random(1);
    for _ in 0..20 {
        let mut state = std::array::from_fn(|_| random.next());
        let mut expected = state;
        permute_by_crate(&mut expected);
        keccak::permute(&mut state);
        assert_eq!(state, expected);
    }
}

#[test]
fn keccak_lanes() {
    let mut random = Random(2);
    for kernel in keccak::lanes() {
        for (rate, blocks) in RATES.iter().flat_map(|rate| (0..6).map(move |n| (*rate, n))) {
            let data: Vec<_> =
                (0..kernel.lanes).map(|lane| random.bytes(rate * blocks + lane)).collect();
            let inputs: Vec<_> = (0..kernel.lanes).map(|lane| &data[lane][lane..]).collect();
            let before: Vec<[u64; 25]> =
                (0..kernel.lanes).map(|_| std::array::from_fn(|_| random.next())).collect();
            let mut states = before.clone();
            (kernel.run)(&mut states, rate, &inputs);
            for lane in 0..kernel.lanes {
                let mut expected = before[lane];
                for block in inputs[lane].chunks(rate) {
                    for (word, bytes) in expected.iter_mut().zip(block.as_chunks().0) {
                        *word ^= u64::from_le_bytes(*bytes);
                    }
                    permute_by_crate(&mut expected);
                }
                assert_eq!(
                    states[lane], expected,
                    "{:?} × {}: lane {lane}, rate {rate}, {blocks} blocks",
                    kernel.tier, kernel.lanes
                );
            }
        }
    }
}

/// A tier that the CPU has and that no list names would go untested.
#[test]
fn every_available_tier_is_listed() {
    let listed = |tier: Tier| {
        [&MD5, &SHA1, &SHA256].iter().any(|m| m.core.lanes().iter().any(|k| k.tier == tier))
            || SHA512.core.lanes().iter().any(|k| k.tier == tier)
            || keccak::lanes().iter().any(|k| k.tier == tier)
    };
    for tier in Tier::ALL {
        assert_eq!(listed(*tier), tier.is_available(), "{}", tier.name());
    }
}
