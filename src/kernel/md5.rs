//! MD5 (RFC 1321).

use super::{ByteOrder, Merkle};

/// RFC 1321, section 3.3.
pub(crate) static MD5: Merkle<u32> = Merkle {
    initial: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0, 0, 0, 0],
    order: ByteOrder::Little,
    compress,
};

fn compress(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    let state = state.first_chunk_mut().expect("8 ≥ 4");
    md5::block_api::compress(state, blocks);
}
