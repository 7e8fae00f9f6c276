//! SHA-1 (FIPS 180-4, section 6.1).

use super::{ByteOrder, Merkle};

/// FIPS 180-4, section 5.3.1.
pub(crate) static SHA1: Merkle<u32> = Merkle {
    initial: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0],
    order: ByteOrder::Big,
    compress,
};

fn compress(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    let state = state.first_chunk_mut().expect("8 ≥ 5");
    sha1::block_api::compress(state, blocks);
}
