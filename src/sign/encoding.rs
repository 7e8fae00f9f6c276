//! MACs as text: strictly one spelling, compared as bytes, in full and in constant time.

use std::fmt;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use subtle::ConstantTimeEq;

/// How a MAC is written in a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// Hexadecimal: lower case when written, either case when read.
    Hex,
    /// Base64 in the standard alphabet, padded (RFC 4648, section 4).
    Base64,
    /// Base64 in the alphabet for URLs, without padding (RFC 4648, section 5).
    Base64Url,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hex, Self::Base64, Self::Base64Url];

    /// `hex`, `base64` or `base64url`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        }
    }

    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            Self::Base64 => Base64::encode_string(bytes),
            Self::Base64Url => Base64UrlUnpadded::encode_string(bytes),
        }
    }

    /// Reads a MAC of exactly `length` bytes; base64 must be canonical, for else many texts would
    /// be one signature.
    pub(crate) fn decode(self, text: &[u8], length: usize) -> Option<Mac> {
        let mut mac = Mac { bytes: [0; 64], length };
        let room = mac.bytes.get_mut(..length)?;
        match self {
            Self::Hex => decode_hex(text, room)?,
            Self::Base64 if text.len() != length.div_ceil(3) * 4 => return None,
            Self::Base64 => (Base64::decode(text, room).ok()?.len() == length).then_some(())?,
            Self::Base64Url if text.len() != (length * 4).div_ceil(3) => return None,
            Self::Base64Url => {
                (Base64UrlUnpadded::decode(text, room).ok()?.len() == length).then_some(())?;
            }
        }
        Some(mac)
    }
}

/// Without branches, so that the compiler makes vectors of it: digit by digit it would take as long
/// as the MAC of a small payload does in lanes (`cargo bench --bench verify`).
fn decode_hex(text: &[u8], out: &mut [u8]) -> Option<()> {
    if text.len() != 2 * out.len() {
        return None;
    }
    let mut bad = 0;
    let mut value = |digit: u8| {
        let decimal = digit.wrapping_sub(b'0');
        let letter = (digit | 0x20).wrapping_sub(b'a');
        let (is_decimal, is_letter) = (u8::from(decimal < 10), u8::from(letter < 6));
        bad |= 1 ^ (is_decimal | is_letter);
        // All ones or nothing, to select by.
        decimal & is_decimal.wrapping_neg() | letter.wrapping_add(10) & is_letter.wrapping_neg()
    };
    for (pair, byte) in text.chunks_exact(2).zip(out) {
        *byte = value(pair[0]) << 4 | value(pair[1]);
    }
    (bad == 0).then_some(())
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A MAC, as a request claims it or as it was computed.
#[derive(Clone, Copy)]
pub(crate) struct Mac {
    bytes: [u8; 64],
    length: usize,
}

impl Mac {
    /// Of up to 64 bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut mac = Self { bytes: [0; 64], length: bytes.len() };
        mac.bytes[..bytes.len()].copy_from_slice(bytes);
        mac
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// THE comparison: whole, and in a time that tells nothing.
    pub(crate) fn is(&self, tag: &[u8]) -> bool {
        self.as_bytes().ct_eq(tag).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_what_the_crate_takes_for_it() {
        for high in 0..=255 {
            for low in 0..=255 {
                let mut ours = [0];
                let mut theirs = [0];
                let text = [high, low];
                let read = decode_hex(&text, &mut ours).is_some();
                assert_eq!(read, hex::decode_to_slice(text, &mut theirs).is_ok(), "{text:?}");
                assert!(!read || ours == theirs, "{text:?}");
            }
        }
        assert!(decode_hex(b"abc", &mut [0]).is_none());
        assert!(decode_hex(b"ab", &mut [0; 2]).is_none());
    }
}
