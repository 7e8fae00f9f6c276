//! Every kernel against the RustCrypto crates.

use crate::kernel::functions::{KECCAK, MD5, Merkle, SHA1, SHA256, SHA512, permute};
use crate::kernel::table::Common;
use crate::kernel::tier::Tier;
use crate::kernel::word::Word;

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

/// Compares all kernels on random states and blocks, unaligned, with 0 to 20 blocks per call, and with up
/// to two blocks that the lanes share.
fn check<W: Word + PartialEq + std::fmt::Debug>(
    merkle: &Merkle<W>,
    oracle: Oracle<W>,
    word: fn(&mut Random) -> W,
) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for kernel in merkle.kernels.all() {
        let lanes = kernel.lanes;
        for blocks in 0..=20 {
            let len = blocks * size_of::<W::Block>();
            let data: Vec<_> = (0..lanes).map(|lane| random.bytes(len + lane)).collect();
            let inputs: Vec<_> =
                data.iter().enumerate().map(|(lane, bytes)| W::blocks(&bytes[lane..]).0).collect();
            let before: Vec<[W; 8]> =
                (0..lanes).map(|_| std::array::from_fn(|_| word(&mut random))).collect();
            let mut states = before.clone();
            (kernel.run)(&mut states, &inputs, None);
            for lane in 0..lanes {
                let mut expected = before[lane];
                oracle(&mut expected, inputs[lane]);
                assert_eq!(
                    states[lane], expected,
                    "{:?} × {lanes}: lane {lane}, {blocks} blocks",
                    kernel.tier
                );
            }

            let (initial, end) = (&before[0], random.bytes(blocks % 3 * size_of::<W::Block>()));
            let (end, _) = W::blocks(&end);
            (kernel.run)(&mut states, &inputs, Some(Common { initial, end }));
            for lane in 0..lanes {
                let mut expected = *initial;
                oracle(&mut expected, inputs[lane]);
                oracle(&mut expected, end);
                assert_eq!(
                    states[lane], expected,
                    "{:?} × {lanes}: lane {lane}, {blocks} blocks and a shared end",
                    kernel.tier
                );
            }
        }
    }
}

#[test]
fn md5_kernels_match_the_crate() {
    let oracle = |state: &mut [u32; 8], blocks: &[_]| {
        md5::block_api::compress(state.first_chunk_mut().unwrap(), blocks);
    };
    check(&MD5, oracle, |random| random.next() as u32);
}

#[test]
fn sha1_kernels_match_the_crate() {
    let oracle = |state: &mut [u32; 8], blocks: &[_]| {
        sha1::block_api::compress(state.first_chunk_mut().unwrap(), blocks);
    };
    check(&SHA1, oracle, |random| random.next() as u32);
}

#[test]
fn sha256_kernels_match_the_crate() {
    check(&SHA256, sha2::block_api::compress256, |random| random.next() as u32);
}

/// Runs every combination of hashes, from unrelated states.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_stitched_kernel_matches_the_crates() {
    use crate::kernel::simd::stitched::StitchedKernel;
    let Some(kernel) = StitchedKernel::detect() else { return };
    let mut random = Random(4);
    for (wanted, blocks) in
        [0b011, 0b101, 0b110, 0b111].map(|w| (0..=20).map(move |n| (w, n))).into_iter().flatten()
    {
        let data = random.bytes(64 * blocks + blocks % 7);
        let (blocks, _) = data[blocks % 7..].as_chunks();
        let before: [[u32; 8]; 3] =
            std::array::from_fn(|_| std::array::from_fn(|_| random.next() as u32));
        let mut expected = before;
        // MD5 and SHA-1 have fewer words and leave the others unchanged.
        md5::block_api::compress(expected[0].first_chunk_mut().unwrap(), blocks);
        sha1::block_api::compress(expected[1].first_chunk_mut().unwrap(), blocks);
        sha2::block_api::compress256(&mut expected[2], blocks);
        let mut states = before;
        let mut part = 0;
        let parts = states.each_mut().map(|state| {
            part += 1;
            (wanted >> (part - 1) & 1 == 1).then_some(state)
        });
        kernel.run(parts, blocks);
        for part in 0..3 {
            let wanted = if wanted >> part & 1 == 1 { expected[part] } else { before[part] };
            assert_eq!(states[part], wanted, "part {part}, {} blocks", blocks.len());
        }
    }
}

#[test]
fn sha512_kernels_match_the_crate() {
    check(&SHA512, sha2::block_api::compress512, Random::next);
}

/// The rates of SHA3-512, SHA3-384, SHA3-256, SHA3-224 and SHAKE128.
const RATES: [usize; 5] = [72, 104, 136, 144, 168];

fn permute_by_crate(state: &mut [u64; 25]) {
    ::keccak::Keccak::new().with_f1600(|f1600| f1600(state));
}

#[test]
fn one_keccak_state_matches_the_crate() {
    let mut random = Random(1);
    for _ in 0..20 {
        let mut state = std::array::from_fn(|_| random.next());
        let mut expected = state;
        permute_by_crate(&mut expected);
        permute(&mut state);
        assert_eq!(state, expected);
    }
}

#[test]
fn keccak_kernels_match_the_crate() {
    let mut random = Random(2);
    for kernel in KECCAK.all() {
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

/// Fails if an available tier has no kernels.
#[test]
fn every_available_tier_has_kernels() {
    let listed = |tier: Tier| {
        [&MD5, &SHA1, &SHA256].iter().any(|m| m.kernels.all().iter().any(|k| k.tier == tier))
            || SHA512.kernels.all().iter().any(|k| k.tier == tier)
            || KECCAK.all().iter().any(|k| k.tier == tier)
    };
    for tier in Tier::ALL {
        assert_eq!(listed(*tier), tier.is_available(), "{}", tier.name());
    }
}
