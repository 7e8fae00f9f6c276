//! `Content-Digest` (RFC 9530): SHA-256 and SHA-512, the two that are not deprecated.

use sfv::BareItem;

use super::fields::dictionary;
use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::Hasher;
use crate::sign::claim::BodyCheck;
use crate::sign::message::Message;
use crate::sign::verdict::VerifyError;

/// The header's value.
pub(super) fn written(digest: &Digest) -> String {
    format!("sha-256=:{}:", digest.to_base64())
}

/// What the body must be by the header: all of its digests that are any good, one at least.
pub(super) fn content_digest(message: &Message<'_>) -> Result<Vec<BodyCheck>, VerifyError> {
    const NAME: &str = "Content-Digest";
    let wrong = |why| VerifyError::malformed(NAME, why);
    let mut checks = Vec::new();
    for member in dictionary(message, NAME)? {
        let algorithm = match member.name.as_str() {
            "sha-256" => Algorithm::Sha256,
            "sha-512" => Algorithm::Sha512,
            _ => continue,
        };
        let Some(BareItem::ByteSequence(bytes)) = member.item else {
            return Err(wrong("a digest is a byte sequence"));
        };
        let expected = Digest::from_bytes(algorithm, &bytes)
            .ok_or_else(|| wrong("a digest has the wrong length"))?;
        checks.push(BodyCheck { hasher: Hasher::new(algorithm), expected, empty_passes: false });
    }
    match checks.is_empty() {
        true => Err(wrong("it has neither sha-256 nor sha-512")),
        false => Ok(checks),
    }
}
