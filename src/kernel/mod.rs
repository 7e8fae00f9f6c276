//! The Merkle–Damgård machinery that MD5, SHA-1 and SHA-2 share: words, blocks, parameters.

pub(crate) mod md5;
pub(crate) mod sha1;
pub(crate) mod sha256;
pub(crate) mod sha512;

/// A state word: `u32` (blocks of 64 bytes) or `u64` (blocks of 128 bytes).
pub(crate) trait Word: Copy + Default + Send + Sync + zeroize::Zeroize + 'static {
    /// Sixteen words, as bytes.
    type Block: AsRef<[u8]> + AsMut<[u8]> + Copy + Send + Sync + zeroize::Zeroize + 'static;
    /// A block of zeros.
    const ZERO: Self::Block;
    /// Bytes of the message length that closes the padding (FIPS 180-4, section 5.1).
    const LENGTH_LEN: usize;

    /// The whole blocks at the front of `data`, and what is left.
    fn blocks(data: &[u8]) -> (&[Self::Block], &[u8]);
    /// Writes the words one after the other; `out` may end within a word.
    fn write(words: &[Self; 8], order: ByteOrder, out: &mut [u8]);
}

/// How words stand in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ByteOrder {
    /// SHA-1 and SHA-2.
    Big,
    /// MD5.
    Little,
}

/// A Merkle–Damgård hash function, as data.
pub(crate) struct Merkle<W: Word> {
    /// H(0); MD5 uses the first four words, SHA-1 the first five.
    pub(crate) initial: [W; 8],
    /// Of the message words, the length and the digest.
    pub(crate) order: ByteOrder,
    /// Runs whole blocks through the compression function.
    pub(crate) compress: fn(&mut [W; 8], &[W::Block]),
}

macro_rules! word {
    ($word:ty, $len:literal) => {
        impl Word for $word {
            type Block = [u8; 16 * $len];
            const ZERO: Self::Block = [0; 16 * $len];
            const LENGTH_LEN: usize = 2 * $len;

            fn blocks(data: &[u8]) -> (&[Self::Block], &[u8]) {
                data.as_chunks()
            }

            fn write(words: &[Self; 8], order: ByteOrder, out: &mut [u8]) {
                for (chunk, word) in out.chunks_mut($len).zip(words) {
                    let bytes = match order {
                        ByteOrder::Big => word.to_be_bytes(),
                        ByteOrder::Little => word.to_le_bytes(),
                    };
                    chunk.copy_from_slice(&bytes[..chunk.len()]);
                }
            }
        }
    };
}
word!(u32, 4);
word!(u64, 8);
