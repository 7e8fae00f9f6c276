//! Digests in response headers.
//!
//! They prove that the file was not damaged in transit, not who made it: an attacker who can change
//! the file can change them too.

use crate::digest::Digest;
use crate::notation::expected::{Expected, ParseExpectedError};

/// The bytes that a stated digest covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DigestScope {
    /// The whole resource, in its content coding if it has one, even if only a part was sent.
    Representation,
    /// The content of this message.
    Content,
    /// The whole resource, before any content coding.
    Unencoded,
}

/// A digest in a response header, or the reason why it cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatedDigest {
    /// The name of the field, as its standard or vendor writes it.
    pub field: &'static str,
    /// The bytes that it covers.
    pub scope: DigestScope,
    /// The digest, or an error if it is malformed or its algorithm is not supported.
    pub digest: Result<Digest, ParseExpectedError>,
}

use DigestScope::{Content, Representation, Unencoded};

const FIELDS: [(&str, DigestScope); 19] = [
    ("Repr-Digest", Representation),           // RFC 9530
    ("Content-Digest", Content),               // RFC 9530
    ("Unencoded-Digest", Unencoded),           // draft-ietf-httpbis-unencoded-digest
    ("Digest", Representation),                // RFC 3230
    ("Content-MD5", Content),                  // RFC 1864
    ("x-goog-hash", Representation),           // Google Cloud Storage
    ("x-amz-checksum-sha256", Representation), // S3, also the next five
    ("x-amz-checksum-sha1", Representation),
    ("x-amz-checksum-sha512", Representation),
    ("x-amz-checksum-crc32", Representation),
    ("x-amz-checksum-crc32c", Representation),
    ("x-amz-checksum-crc64nvme", Representation),
    ("x-ms-blob-content-md5", Representation), // Azure
    ("x-bz-content-sha1", Representation),     // Backblaze
    ("X-Checksum-Sha512", Representation),     // Artifactory, Nexus
    ("X-Checksum-Sha256", Representation),
    ("X-Checksum-Sha1", Representation),
    ("X-Checksum-Md5", Representation),
    ("Docker-Content-Digest", Representation), // OCI distribution
];

/// Returns the digests in the header fields of a response, in order.
///
/// ```
/// use hsum::trust::header_digests;
///
/// let header = [("x-goog-hash", &b"crc32c=Nks/tw==,md5=kAFQmDzST7DWlj99KOF/cg=="[..])];
/// let stated = header_digests::stated(header);
/// assert_eq!(stated[0].digest, Ok(hsum::digest(hsum::Algorithm::Crc32c, b"abc")));
/// assert_eq!(stated[1].digest, Ok(hsum::digest(hsum::Algorithm::Md5, b"abc")));
/// ```
pub fn stated<'h>(header: impl IntoIterator<Item = (&'h str, &'h [u8])>) -> Vec<StatedDigest> {
    let mut found = Vec::new();
    for (name, value) in header {
        let known = FIELDS.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        let Some(&(field, scope)) = known else { continue };
        // Members are parsed one by one, so that an unknown one does not hide the others.
        for member in value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
            if member.is_empty() {
                continue;
            }
            let text = [field.as_bytes(), b": ", member].concat();
            match Expected::parse(text, None) {
                Ok(expected) => found.extend(expected.digests().iter().map(|d| StatedDigest {
                    field,
                    scope,
                    digest: Ok(*d),
                })),
                Err(error) => found.push(StatedDigest { field, scope, digest: Err(error) }),
            }
        }
    }
    found
}

/// The relation of a response's body to the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyShape {
    /// The whole file, without a content coding.
    Whole,
    /// The whole file in a content coding.
    Coded,
    /// A part of the file: status 206.
    Part,
    /// A part of the file in a content coding.
    CodedPart,
}

impl StatedDigest {
    /// Returns the digest if it covers the whole file as it is stored, without decoding.
    pub fn of_file(&self, shape: BodyShape) -> Option<Digest> {
        let fits = match (self.scope, shape) {
            (Representation, _) | (Content, BodyShape::Whole | BodyShape::Coded) => true,
            (Unencoded, BodyShape::Whole | BodyShape::Part) => true,
            (Content, BodyShape::Part | BodyShape::CodedPart) => false,
            (Unencoded, BodyShape::Coded | BodyShape::CodedPart) => false,
        };
        self.digest.as_ref().ok().filter(|_| fits).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm::{self, Md5, Sha1, Sha256, Sha512};
    use crate::hasher::digest;

    fn one(name: &str, value: &str) -> Vec<Result<Digest, String>> {
        let stated = stated([(name, value.as_bytes())]);
        stated.into_iter().map(|stated| stated.digest.map_err(|e| e.to_string())).collect()
    }

    fn abc(algorithm: Algorithm) -> Result<Digest, String> {
        Ok(digest(algorithm, b"abc"))
    }

    #[test]
    fn all_fields_parse() {
        let base64 = |algorithm| digest(algorithm, b"abc").to_base64();
        let hex = |algorithm| digest(algorithm, b"abc").to_hex();
        for field in ["Repr-Digest", "content-digest", "UNENCODED-DIGEST"] {
            let value = format!("sha-256=:{}:, sha-512=:{}:;a=1", base64(Sha256), base64(Sha512));
            assert_eq!(one(field, &value), [abc(Sha256), abc(Sha512)], "{field}");
        }
        let value = format!("SHA-256={},md5={}, SHA={}", base64(Sha256), base64(Md5), base64(Sha1));
        assert_eq!(one("digest", &value), [abc(Sha256), abc(Md5), abc(Sha1)]);
        for (field, algorithm) in [
            ("Content-MD5", Md5),
            ("x-amz-checksum-sha1", Sha1),
            ("x-amz-checksum-sha256", Sha256),
            ("x-ms-blob-content-md5", Md5),
        ] {
            assert_eq!(one(field, &base64(algorithm)), [abc(algorithm)], "{field}");
        }
        for (field, algorithm) in [("x-checksum-sha512", Sha512), ("x-bz-content-sha1", Sha1)] {
            assert_eq!(one(field, &hex(algorithm)), [abc(algorithm)], "{field}");
        }
        let value = format!("sha256:{}", hex(Sha256));
        assert_eq!(one("Docker-Content-Digest", &value), [abc(Sha256)]);
    }

    #[test]
    fn unknown_and_malformed_digests_do_not_hide_others() {
        let value =
            format!("unixsum=30637, nonsense=x, sha-256=:{}:,,", abc(Sha256).unwrap().to_base64());
        let found = one("Digest", &value);
        assert_eq!(found.len(), 3);
        assert!(found[0].as_ref().is_err_and(|e| e.contains("not supported")), "{found:?}");
        assert!(found[1].is_err());
        assert_eq!(found[2], abc(Sha256));
        assert!(one("x-amz-checksum-crc32c", "NrzV")[0].is_err());
        let parts = format!("{}-7", abc(Sha256).unwrap().to_base64());
        let refused = one("x-amz-checksum-sha256", &parts);
        assert!(refused[0].as_ref().is_err_and(|e| e.contains("parts")), "{refused:?}");
        assert!(one("Content-MD5", &abc(Sha256).unwrap().to_base64())[0].is_err());
        assert!(stated([("Digest", &b"\xff=\xff"[..])])[0].digest.is_err());
        assert_eq!(one("ETag", &abc(Md5).unwrap().to_hex()), []);
        assert_eq!(one("Repr-Digest", " , "), []);
    }

    #[test]
    fn a_digest_of_a_part_is_not_used() {
        let of = |field: &str, shape| {
            let value = format!("sha-256=:{}:", abc(Sha256).unwrap().to_base64());
            stated([(field, value.as_bytes())])[0].of_file(shape).is_some()
        };
        for shape in [BodyShape::Whole, BodyShape::Coded, BodyShape::Part, BodyShape::CodedPart] {
            assert!(of("Repr-Digest", shape));
            assert_eq!(
                of("Content-Digest", shape),
                matches!(shape, BodyShape::Whole | BodyShape::Coded)
            );
            assert_eq!(
                of("Unencoded-Digest", shape),
                matches!(shape, BodyShape::Whole | BodyShape::Part)
            );
        }
    }
}
