//! Decoding of hex, base64 and both kinds of base32.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};

use crate::algorithm::{HashFunction, MAX_LEN};
use crate::digest::Digest;
use crate::notation::names::NamedFunction;

/// A variant of base32.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Base32 {
    /// Nix's: lower case, without `e o t u`, the last byte first.
    Nix,
    /// RFC 4648, section 6.
    Rfc,
}

/// Decodes `text`, whose length tells hex, base32 and base64 apart.
pub(super) fn digest(named: NamedFunction, text: &str, variant: Base32) -> Option<Digest> {
    match named {
        NamedFunction::Exactly(function) if function.part_len().is_some() => {
            Digest::from_multipart_text(function, text.as_bytes())
        }
        NamedFunction::Exactly(function) => exactly(function, text, variant),
        NamedFunction::AnyLen(algorithm) => {
            exactly(algorithm.into(), text, variant).or_else(|| {
                let bytes = if is_hex(text) { hex::decode(text).ok()? } else { base64(text)? };
                Digest::from_bytes(HashFunction::new(algorithm, bytes.len())?, &bytes)
            })
        }
    }
}

fn exactly(function: HashFunction, text: &str, variant: Base32) -> Option<Digest> {
    let len = function.len();
    if text.len() == 2 * len && is_hex(text) {
        return Digest::from_hex(function, text).ok();
    }
    if text.len() == (8 * len).div_ceil(5) {
        let mut bytes = [0; MAX_LEN];
        if base32(text, variant, &mut bytes[..len]).is_some() {
            return Digest::from_bytes(function, &bytes[..len]);
        }
    }
    Digest::from_bytes(function, &base64(text)?)
}

/// Returns `true` if the text consists of hexadecimal digits, in whole bytes or not.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Joins hex in groups: `BA78 16BF …`, `3a:4f:…`.
///
/// There are three groups or more, all of 2, 4, 8 or 16 digits, or of 2 or 4 between colons.
/// `None` for anything else.
pub(super) fn grouped_hex(text: &str) -> Option<String> {
    let colons = text.contains(':');
    let groups: Vec<&str> = match colons {
        true => text.split(':').collect(),
        false => text.split_ascii_whitespace().collect(),
    };
    let len = groups.first()?.len();
    let usual = if colons { matches!(len, 2 | 4) } else { matches!(len, 2 | 4 | 8 | 16) };
    let good = usual && groups.len() > 2 && groups.iter().all(|g| g.len() == len && is_hex(g));
    good.then(|| groups.concat())
}

/// Decodes base64 in either alphabet, padded or not.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut buffer = [0; MAX_LEN + 2];
    let url = text.contains(['-', '_']);
    let padded = text.ends_with('=');
    let bytes = match (url, padded) {
        (false, true) => Base64::decode(text, &mut buffer),
        (false, false) => Base64Unpadded::decode(text, &mut buffer),
        (true, true) => Base64Url::decode(text, &mut buffer),
        (true, false) => Base64UrlUnpadded::decode(text, &mut buffer),
    };
    bytes.ok().map(<[u8]>::to_vec)
}

/// The digits of Nix's base32.
pub(super) const NIX32: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";
/// The digits of RFC 4648's base32.
const RFC32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Decodes base32 without padding; `None` if an excess bit is set.
///
/// Nix writes the last byte first and the lowest bit of a digit first, RFC 4648 neither.
fn base32(text: &str, variant: Base32, bytes: &mut [u8]) -> Option<()> {
    let is_nix = variant == Base32::Nix;
    for n in 0..text.len() {
        let digit = text.as_bytes()[if is_nix { text.len() - 1 - n } else { n }];
        let value = match is_nix {
            true => NIX32.iter().position(|known| *known == digit)?,
            false => RFC32.iter().position(|known| *known == digit.to_ascii_uppercase())?,
        };
        for i in 0..5 {
            let (at, bit) = (n * 5 + i, value >> if is_nix { i } else { 4 - i } & 1);
            match bytes.get_mut(at / 8) {
                Some(byte) => *byte |= (bit as u8) << if is_nix { at % 8 } else { 7 - at % 8 },
                None if bit == 0 => {}
                None => return None,
            }
        }
    }
    Some(())
}
