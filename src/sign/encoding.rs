//! MACs, which are decoded strictly and compared in constant time.

use std::hint::black_box;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use subtle::ConstantTimeEq;

use crate::sign::named::named_variants;
use crate::text::hex::decode_hex;

named_variants! {
    /// The encoding of a MAC in a request.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    MacEncoding {
        /// Hexadecimal: written in lower case, read in either case.
        Hex = "hex",
        /// Base64 in the standard alphabet, padded (RFC 4648, section 4).
        Base64 = "base64",
        /// Base64 in the URL-safe alphabet, without padding (RFC 4648, section 5).
        Base64Url = "base64url",
    }
}

impl MacEncoding {
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => hex::encode(bytes),
            Self::Base64 => Base64::encode_string(bytes),
            Self::Base64Url => Base64UrlUnpadded::encode_string(bytes),
        }
    }

    /// Decodes a MAC of exactly `length` bytes.
    ///
    /// Base64 must be canonical: otherwise one signature would have several texts.
    pub(crate) fn decode(self, text: &[u8], length: usize) -> Option<Mac> {
        let mut mac = Mac::new(&[]);
        self.decode_into(text, length, &mut mac)?;
        Some(mac)
    }

    /// Decodes into a reused `mac`, which is invalid after `None`.
    pub(crate) fn decode_into(self, text: &[u8], length: usize, mac: &mut Mac) -> Option<()> {
        mac.length = length;
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
        Some(())
    }
}

/// A MAC of at most 64 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Mac {
    bytes: [u8; 64],
    length: usize,
}

impl Mac {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut mac = Self { bytes: [0; 64], length: bytes.len() };
        mac.bytes[..bytes.len()].copy_from_slice(bytes);
        mac
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Returns `true` if `tag` is this MAC.
    ///
    /// Every comparison of signatures uses this function, whose time does not depend on where they
    /// differ. It collects the differences of whole words and tests them once: comparing bytes one
    /// by one takes as long as half a block of SHA-256.
    #[inline]
    pub(crate) fn matches(&self, tag: &[u8]) -> bool {
        if tag.len() != self.length {
            return false; // the length of a MAC is public
        }
        let (ours, our_rest) = self.as_bytes().as_chunks::<8>();
        let (theirs, their_rest) = tag.as_chunks::<8>();
        let words = ours.iter().zip(theirs).fold(0, |differ, (ours, theirs)| {
            differ | (u64::from_ne_bytes(*ours) ^ u64::from_ne_bytes(*theirs))
        });
        let rest = our_rest.iter().zip(their_rest).fold(0, |differ, (a, b)| differ | (a ^ b));
        black_box(words | u64::from(rest)).ct_eq(&0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_matches_only_itself() {
        for length in [0, 1, 7, 8, 16, 20, 28, 31, 32, 48, 63, 64] {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8 ^ 0x5a).collect();
            let mac = Mac::new(&bytes);
            assert!(mac.matches(&bytes));
            for bit in 0..8 * length {
                let mut other = bytes.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(!mac.matches(&other), "{length} bytes, bit {bit}");
            }
            assert!(!mac.matches(&[&bytes[..], b"\0"].concat()));
            assert!(length == 0 || !mac.matches(&bytes[1..]));
        }
    }
}
