//! State words and byte order.

/// A state word: `u32` (blocks of 64 bytes) or `u64` (blocks of 128 bytes).
pub(crate) trait Word: Copy + Default + Send + Sync + zeroize::Zeroize + 'static {
    /// Sixteen words, as bytes.
    type Block: AsRef<[u8]> + AsMut<[u8]> + Copy + Send + Sync + zeroize::Zeroize + 'static;
    /// A block of zeros.
    const ZERO: Self::Block;
    /// Bytes of the message length that ends the padding (FIPS 180-4, section 5.1).
    const LENGTH_LEN: usize;

    /// Splits `data` into whole blocks and the remaining bytes.
    fn blocks(data: &[u8]) -> (&[Self::Block], &[u8]);
    /// Views blocks as bytes.
    fn bytes(blocks: &mut [Self::Block]) -> &mut [u8];
    /// Reads the words of a block.
    fn read(block: &Self::Block, order: ByteOrder) -> [Self; 16];
    /// Writes the words to `out`, which may end within a word.
    fn write(words: &[Self; 8], order: ByteOrder, out: &mut [u8]);
}

/// The byte order of a hash function's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ByteOrder {
    /// SHA-1 and SHA-2.
    Big,
    /// MD5.
    Little,
}

macro_rules! word {
    ($word:ty, $len:literal) => {
        impl Word for $word {
            type Block = [u8; 16 * $len];
            const ZERO: Self::Block = [0; 16 * $len];
            const LENGTH_LEN: usize = 2 * $len;

            #[inline]
            fn blocks(data: &[u8]) -> (&[Self::Block], &[u8]) {
                data.as_chunks()
            }

            #[inline]
            fn bytes(blocks: &mut [Self::Block]) -> &mut [u8] {
                blocks.as_flattened_mut()
            }

            #[inline]
            fn read(block: &Self::Block, order: ByteOrder) -> [Self; 16] {
                let mut words = [0; 16];
                for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
                    *word = match order {
                        ByteOrder::Big => Self::from_be_bytes(*bytes),
                        ByteOrder::Little => Self::from_le_bytes(*bytes),
                    };
                }
                words
            }

            #[inline]
            fn write(words: &[Self; 8], order: ByteOrder, out: &mut [u8]) {
                let bytes = |word: &Self| match order {
                    ByteOrder::Big => word.to_be_bytes(),
                    ByteOrder::Little => word.to_le_bytes(),
                };
                let (whole, part) = out.as_chunks_mut();
                for (chunk, word) in whole.iter_mut().zip(words) {
                    *chunk = bytes(word);
                }
                if let Some(word) = words.get(whole.len()).filter(|_| !part.is_empty()) {
                    part.copy_from_slice(&bytes(word)[..part.len()]);
                }
            }
        }
    };
}
word!(u32, 4);
word!(u64, 8);
