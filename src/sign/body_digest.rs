//! Digests of the body in headers: a signature that covers such a header vouches for the body by it.

use sfv::BareItem;

use super::claim::BodyCheck;
use super::fields::{dictionary, joined};
use super::headers::{has, trim};
use super::message::Message;
use super::verdict::VerifyError;
use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::Hasher;

/// The form in which a header writes its digests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A dictionary of byte sequences (RFC 9530).
    Dictionary,
    /// `SHA-256=base64,…` (RFC 3230).
    List,
    /// One digest, in base64 or hexadecimal.
    One(Algorithm),
}

/// Returns the value of `Content-Digest` for a body of this SHA-256.
pub(crate) fn content_digest(digest: &Digest) -> String {
    format!("sha-256=:{}:", digest.to_base64())
}

/// The digests of the body in covered headers.
#[derive(Default)]
pub(crate) struct BodyDigests {
    /// All digests that can be compared; the body must fit each.
    pub(crate) checks: Vec<BodyCheck>,
    /// Set if one of them is SHA-2: MD5 and SHA-1 are compared, but vouch for nothing.
    pub(crate) vouches: bool,
    /// A header that is meant to vouch for the body, and has nothing that can be compared.
    unknown: Option<String>,
}

impl BodyDigests {
    /// Reads the header `name`, if it holds digests: all of them, or the one of `member`.
    pub(crate) fn read(
        &mut self,
        message: &Message<'_>,
        name: &str,
        member: Option<&str>,
    ) -> Result<(), VerifyError> {
        let lower = name.to_ascii_lowercase();
        let form = match &*lower {
            "content-digest" | "repr-digest" => Form::Dictionary,
            "digest" => Form::List,
            "content-md5" => Form::One(Algorithm::Md5),
            "x-amz-checksum-sha1" => Form::One(Algorithm::Sha1),
            "x-amz-checksum-sha256" => Form::One(Algorithm::Sha256),
            // X-Amz-…, X-Ms-…, X-Goog-… and X-Content-SHA256.
            _ if lower.ends_with("content-sha256") => Form::One(Algorithm::Sha256),
            _ => return Ok(()),
        };
        if !has(message.headers, name) {
            // It is missed where the signed text is put together.
            return Ok(());
        }
        let found = match form {
            // A digest of the whole, of which the body is a part.
            _ if lower == "repr-digest" && has(message.headers, "content-range") => Vec::new(),
            Form::Dictionary => of_dictionary(message, name, member)?,
            Form::List => of_list(message, name)?,
            Form::One(algorithm) => {
                let text = joined(message, name).unwrap_or_default();
                decoded(algorithm, &text).into_iter().collect()
            }
        };
        if found.is_empty() {
            self.unknown = Some(name.to_owned());
        }
        for expected in found {
            let algorithm = expected.hash_function().algorithm();
            self.vouches |= !matches!(algorithm, Algorithm::Md5 | Algorithm::Sha1);
            // One hasher for each algorithm, however many digests a request has.
            let same =
                |check: &&BodyCheck| check.expected.hash_function() == expected.hash_function();
            match self.checks.iter().find(same) {
                Some(check) if check.expected == expected => {}
                Some(_) => {
                    return Err(VerifyError::DuplicateHeader("a digest of the body".into()));
                }
                None => {
                    let hasher = Hasher::new(algorithm);
                    self.checks.push(BodyCheck { hasher, expected, empty_passes: false });
                }
            }
        }
        Ok(())
    }

    /// Refuses a signature over a digest that cannot be compared, unless something else vouches
    /// for the body: it would be taken for one over the body.
    pub(crate) fn refuse_unknown(&self) -> Result<(), VerifyError> {
        match &self.unknown {
            Some(name) if !self.vouches => {
                let what = format!("the body: {name} has no digest that can be compared with it");
                Err(VerifyError::Coverage(what))
            }
            _ => Ok(()),
        }
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "sha-256" => Some(Algorithm::Sha256),
        "sha-512" => Some(Algorithm::Sha512),
        "sha" => Some(Algorithm::Sha1),
        "md5" => Some(Algorithm::Md5),
        _ => None,
    }
}

fn of_dictionary(
    message: &Message<'_>,
    name: &str,
    member: Option<&str>,
) -> Result<Vec<Digest>, VerifyError> {
    let wrong = |why| VerifyError::malformed(name, why);
    let mut found = Vec::new();
    for entry in dictionary(message, name)? {
        let Some(algorithm) = algorithm(&entry.name) else { continue };
        if member.is_some_and(|member| member != entry.name) {
            continue;
        }
        let Some(BareItem::ByteSequence(bytes)) = entry.item else {
            return Err(wrong("a digest is a byte sequence"));
        };
        let digest = Digest::from_bytes(algorithm, &bytes);
        found.push(digest.ok_or_else(|| wrong("a digest has the wrong length"))?);
    }
    Ok(found)
}

fn of_list(message: &Message<'_>, name: &str) -> Result<Vec<Digest>, VerifyError> {
    let text = joined(message, name).unwrap_or_default();
    let mut found = Vec::new();
    for item in text.split(|&byte| byte == b',').map(trim) {
        let Some(at) = item.iter().position(|&byte| byte == b'=') else { continue };
        let title = String::from_utf8_lossy(&item[..at]).to_ascii_lowercase();
        let Some(algorithm) = algorithm(&title) else { continue };
        let digest = decoded(algorithm, &item[at + 1..]);
        let why = "a digest is not base64 of the right length";
        found.push(digest.ok_or_else(|| VerifyError::malformed(name, why))?);
    }
    Ok(found)
}

fn decoded(algorithm: Algorithm, text: &[u8]) -> Option<Digest> {
    Digest::from_base64(algorithm, text).or_else(|_| Digest::from_hex(algorithm, text)).ok()
}
