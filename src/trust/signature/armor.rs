//! A decoder of OpenPGP keys in ASCII armor, which `gpgv` does not read (RFC 9580, section 6.2).

use base64ct::{Base64, Encoding};

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// Returns `true` if a text is an armored public key.
pub(super) fn is_armored(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(BEGIN.as_bytes())
}

/// Returns the concatenated keys of all blocks; `None` if one is malformed.
pub(super) fn keys(text: &[u8]) -> Option<Vec<u8>> {
    let mut lines = std::str::from_utf8(text).ok()?.lines().map(str::trim_end);
    let mut keys = Vec::new();
    while lines.any(|line| line == BEGIN) {
        // The headers end with an empty line.
        let mut body = String::new();
        let mut in_headers = true;
        loop {
            match lines.next()? {
                END => break,
                "" => in_headers = false,
                line if in_headers && line.contains(": ") => {}
                // Skip the checksum: a damaged key verifies no signature anyway.
                line if line.starts_with('=') => {}
                line => {
                    in_headers = false;
                    body.push_str(line);
                }
            }
        }
        keys.extend(Base64::decode_vec(&body).ok()?);
    }
    (!keys.is_empty()).then_some(keys)
}
