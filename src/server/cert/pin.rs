//! Fingerprints of certificates and pins of public keys.

use base64ct::{Base64, Encoding};
use hsum::Algorithm;

/// Returns the SHA-256 digest of a certificate (DER), in hexadecimal digits.
pub(crate) fn fingerprint(certificate: &[u8]) -> String {
    hsum::digest(Algorithm::Sha256, certificate).to_string()
}

/// Returns the pin of a public key (DER, SubjectPublicKeyInfo), as `hsum get --pin-spki` and curl's
/// `--pinnedpubkey` take it.
pub(crate) fn spki_pin(public_key: &[u8]) -> String {
    let digest = hsum::digest(Algorithm::Sha256, public_key);
    format!("sha256//{}", Base64::encode_string(digest.as_ref()))
}
