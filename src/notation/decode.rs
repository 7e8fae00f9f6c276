//! Decoding of hex, base64 and both kinds of base32.

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};

use crate::algorithm::{HashFunction, MAX_LEN};
use crate::digest::Digest;
use crate::notation::names::Named;

/// A variant of base32.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Base32 {
    /// Nix's: lower case, without `e o t u`, the last byte first.
    Nix,
    /// RFC 4648, section 6.
    Rfc,
}

/// Decodes `text`, whose length tells hex, base32 and base64 apart.
pub(super) fn digest(named: Named, text: &str, base32: Base32) -> Option<Digest> {
    match named {
        Named::Exactly(function) => exactly(function, text, base32),
        Named::AnyLen(algorithm) => exactly(algorithm.into(), text, base32).or_else(|| {
            let bytes = if is_hex(text) { hex::decode(text).ok()? } else { base64(text)? };
            Digest::from_bytes(HashFunction::new(algorithm, bytes.len())?, &bytes)
        }),
    }
}

fn exactly(function: HashFunction, text: &str, base32: Base32) -> Option<Digest> {
    let len = function.len();
    if text.len() == 2 * len && is_hex(text) {
        return Digest::from_hex(function, text).ok();
    }
    if text.len() == (8 * len).div_ceil(5) {
        let mut bytes = [0; MAX_LEN];
        let decoded = match base32 {
            Base32::Nix => nix32(text, &mut bytes[..len]),
            Base32::Rfc => rfc32(text, &mut bytes[..len]),
        };
        if decoded.is_some() {
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

/// Decodes Nix's base32: five bits a digit, the last digit lowest; excess bits must be zero.
fn nix32(text: &str, bytes: &mut [u8]) -> Option<()> {
    for (n, digit) in text.bytes().rev().enumerate() {
        let value = NIX32.iter().position(|known| *known == digit)? as u16;
        let wide = value << (n * 5 % 8);
        let at = n * 5 / 8;
        *bytes.get_mut(at)? |= wide as u8;
        match bytes.get_mut(at + 1) {
            Some(next) => *next |= (wide >> 8) as u8,
            None if wide >> 8 == 0 => {}
            None => return None,
        }
    }
    Some(())
}

/// Decodes RFC 4648's base32, unpadded, in either case; excess bits must be zero.
fn rfc32(text: &str, bytes: &mut [u8]) -> Option<()> {
    let (mut held, mut bits, mut at) = (0u16, 0, 0);
    for digit in text.bytes() {
        let value = match digit.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            number @ b'2'..=b'7' => number - b'2' + 26,
            _ => return None,
        };
        held = held << 5 | u16::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            *bytes.get_mut(at)? = (held >> bits) as u8;
            held &= (1 << bits) - 1;
            at += 1;
        }
    }
    (held == 0 && at == bytes.len()).then_some(())
}
