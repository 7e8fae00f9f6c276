//! SHA-224 and SHA-256 (FIPS 180-4, sections 6.2 and 6.3).

use super::{ByteOrder, Merkle};

/// FIPS 180-4, section 5.3.2.
pub(crate) static SHA224: Merkle<u32> = Merkle {
    initial: [
        0xc105_9ed8,
        0x367c_d507,
        0x3070_dd17,
        0xf70e_5939,
        0xffc0_0b31,
        0x6858_1511,
        0x64f9_8fa7,
        0xbefa_4fa4,
    ],
    order: ByteOrder::Big,
    compress: sha2::block_api::compress256,
};

/// FIPS 180-4, section 5.3.3.
pub(crate) static SHA256: Merkle<u32> = Merkle {
    initial: [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ],
    order: ByteOrder::Big,
    compress: sha2::block_api::compress256,
};
