//! Headers that hold a digest of the body. A signature over one of them covers the body too.

use sfv::BareItem;

use crate::algorithm::{Algorithm, HashFunction, Registry, Strength};
use crate::digest::Digest;
use crate::sign::component::Component;
use crate::sign::error::{RequestError, VerifyError};
use crate::sign::headers::{has, trim};
use crate::sign::message::Message;
use crate::sign::rules::BodyCheck;
use crate::sign::structured_fields::{dictionary, joined};

/// The syntax of a digest header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Syntax {
    /// A dictionary of byte sequences (RFC 9530).
    Dictionary,
    /// `SHA-256=base64,…` (RFC 3230).
    List,
    /// One digest, in base64 or hexadecimal.
    One(Algorithm),
}

/// Returns the value of `Content-Digest` for a body with this SHA-256 digest.
pub(crate) fn content_digest(digest: &Digest) -> String {
    format!("sha-256=:{}:", digest.to_base64())
}

/// The digests of the body in covered headers.
#[derive(Default)]
pub(crate) struct BodyDigests {
    /// All digests that can be compared. The body must match each.
    pub(crate) checks: Vec<BodyCheck>,
    /// `true` if the algorithm of one of them is sound. The others are compared, but prove nothing.
    pub(crate) covers_body: bool,
    /// A digest header without a digest that can be compared.
    unusable: Option<String>,
}

impl BodyDigests {
    /// Reads the digests in the header `name`: all of them, or that of `member`.
    pub(crate) fn read(
        &mut self,
        message: &Message<'_>,
        name: &str,
        member: Option<&str>,
    ) -> Result<(), RequestError> {
        let lower = name.to_ascii_lowercase();
        let syntax = match &*lower {
            "content-digest" | "repr-digest" => Syntax::Dictionary,
            "digest" => Syntax::List,
            "content-md5" => Syntax::One(Algorithm::Md5),
            "x-amz-checksum-sha1" => Syntax::One(Algorithm::Sha1),
            "x-amz-checksum-sha256" => Syntax::One(Algorithm::Sha256),
            // X-Amz-…, X-Ms-…, X-Goog-… and X-Content-SHA256.
            _ if lower.ends_with("content-sha256") => Syntax::One(Algorithm::Sha256),
            _ => return Ok(()),
        };
        if !has(message.headers, name) {
            // Reported when the signed content is assembled.
            return Ok(());
        }
        let found = match syntax {
            // The body is only a part of the representation, and cannot be compared with it.
            _ if lower == "repr-digest" && has(message.headers, "content-range") => Vec::new(),
            Syntax::Dictionary => dictionary_digests(message, name, member)?,
            Syntax::List => list_digests(message, name)?,
            Syntax::One(algorithm) => {
                let text = joined(message, name).unwrap_or_default();
                decode(algorithm, &text).into_iter().collect()
            }
        };
        if found.is_empty() {
            self.unusable = Some(name.to_owned());
        }
        for expected in found {
            self.covers_body |= expected.hash_function().algorithm().strength() == Strength::Sound;
            // One check per algorithm, however many digests a request carries.
            let same =
                |check: &&BodyCheck| check.expected.hash_function() == expected.hash_function();
            match self.checks.iter().find(same) {
                Some(check) if check.expected == expected => {}
                Some(_) => return Err(RequestError::Duplicate(Component::header(name))),
                None => self.checks.push(BodyCheck::new(expected)),
            }
        }
        Ok(())
    }

    /// Refuses a signature over a digest that cannot be compared, unless another digest covers the
    /// body. Otherwise users would take it for a signature over the body.
    pub(crate) fn refuse_unusable(&self) -> Result<(), VerifyError> {
        match &self.unusable {
            Some(header) if !self.covers_body => {
                Err(VerifyError::UnusableDigest { header: header.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Finds an algorithm by its lower-case name in IANA's registry of HTTP digests.
fn algorithm(name: &str) -> Option<Algorithm> {
    let is_named = |algorithm: &&Algorithm| {
        HashFunction::from(**algorithm).registered_name(Registry::Http) == Some(name)
    };
    Algorithm::ALL.iter().find(is_named).copied()
}

fn dictionary_digests(
    message: &Message<'_>,
    name: &str,
    member: Option<&str>,
) -> Result<Vec<Digest>, RequestError> {
    let malformed = |problem| RequestError::malformed_header(name, problem);
    let mut found = Vec::new();
    for entry in dictionary(message, name)? {
        let Some(algorithm) = algorithm(&entry.name) else { continue };
        if member.is_some_and(|member| member != entry.name) {
            continue;
        }
        let Some(BareItem::ByteSequence(bytes)) = entry.item else {
            return Err(malformed("digest is not a byte sequence"));
        };
        let digest = Digest::from_bytes(algorithm, &bytes);
        found.push(digest.ok_or_else(|| malformed("digest of the wrong length"))?);
    }
    Ok(found)
}

fn list_digests(message: &Message<'_>, name: &str) -> Result<Vec<Digest>, RequestError> {
    let text = joined(message, name).unwrap_or_default();
    let mut found = Vec::new();
    for item in text.split(|&byte| byte == b',').map(trim) {
        let Some(at) = item.iter().position(|&byte| byte == b'=') else { continue };
        let title = String::from_utf8_lossy(&item[..at]).to_ascii_lowercase();
        let Some(algorithm) = algorithm(&title) else { continue };
        let digest = decode(algorithm, &item[at + 1..]);
        let problem = "digest is not base64 of the right length";
        found.push(digest.ok_or_else(|| RequestError::malformed_header(name, problem))?);
    }
    Ok(found)
}

fn decode(algorithm: Algorithm, text: &[u8]) -> Option<Digest> {
    Digest::from_base64(algorithm, text).or_else(|_| Digest::from_hex(algorithm, text)).ok()
}
