//! Hexadecimal, several digits at a time.

/// Encodes bytes in lower-case hexadecimal; `text` has two digits for each of them.
pub(crate) fn encode_hex(bytes: &[u8], text: &mut [u8]) {
    for (digits, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        // Arithmetic instead of a table, so that the compiler vectorizes it.
        *digits =
            [byte >> 4, byte & 0x0f].map(|value| value + if value < 10 { b'0' } else { b'a' - 10 });
    }
}

/// Decodes hexadecimal, eight digits at a time without branches.
///
/// Returns `None` if the text is not exactly two digits for each byte.
// Digit by digit, decoding a MAC takes as long as computing it in lanes for a small payload
// (`cargo bench --bench verify`).
pub(crate) fn decode_hex(text: &[u8], out: &mut [u8]) -> Option<()> {
    let (eights, rest) = text.as_chunks::<8>();
    if !rest.is_empty() || text.len() != 2 * out.len() {
        return hex::decode_to_slice(text, out).ok();
    }
    let (fours, _) = out.as_chunks_mut::<4>();
    let bad = eights.iter().zip(fours).fold(0, |bad, (digits, bytes)| {
        let (value, wrong) = eight_digits(u64::from_le_bytes(*digits));
        *bytes = value.to_le_bytes();
        bad | wrong
    });
    (bad == 0).then_some(())
}

/// Decodes the eight digits in a word into four bytes; the second value is 0 if all are digits.
#[inline]
fn eight_digits(digits: u64) -> (u32, u64) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    // Sets the high bit of each byte that is at least `least`. ASCII characters never carry into
    // the next byte, and others are refused.
    let at_least = |text: u64, least: u8| text.wrapping_add((0x80 - u64::from(least)) * EACH);
    let within = |text, first, last| at_least(text, first) & !at_least(text, last + 1) & HIGH;
    let letters = within(digits | (0x20 * EACH), b'a', b'f');
    let wrong = (digits | !(within(digits, b'0', b'9') | letters)) & HIGH;
    let values = (digits & (0x0f * EACH)) + (letters >> 7) * 9;
    // Joins pairs of digits in every second byte, then moves the bytes together.
    let pairs = ((values << 4) | (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let pairs = (pairs | (pairs >> 8)) & 0x0000_ffff_0000_ffff;
    ((pairs | (pairs >> 16)) as u32, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_decoded_as_by_the_hex_crate() {
        for high in 0..=255 {
            for low in 0..=255 {
                let mut text = *b"00112233445566778899aabbccddeeffABCDEF0123456789fedcba9876543210";
                let at = usize::from(high ^ low) % 32 * 2;
                (text[at], text[at + 1]) = (high, low);
                let (mut ours, mut theirs) = ([0; 32], [0; 32]);
                let read = decode_hex(&text, &mut ours).is_some();
                assert_eq!(read, hex::decode_to_slice(text, &mut theirs).is_ok(), "{text:?}");
                assert!(!read || ours == theirs, "{text:?}");
            }
        }
        for length in 0..=64 {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 37 + 5) as u8).collect();
            let mut text = vec![0; 2 * length];
            encode_hex(&bytes, &mut text);
            assert_eq!(text, hex::encode(&bytes).into_bytes());
        }
        assert!(decode_hex(b"abc", &mut [0]).is_none());
        assert!(decode_hex(b"ab", &mut [0; 2]).is_none());
        assert!(decode_hex(&[b'0'; 62], &mut [0; 32]).is_none());
        assert!(decode_hex(&[b'0'; 64], &mut [0; 20]).is_none());
    }
}
