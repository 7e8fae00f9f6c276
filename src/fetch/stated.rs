//! What a server says of a file's digests: every field that holds one, decoded.

use super::headers::Headers;
use crate::digest::Digest;
use crate::notation::Expected;

/// The fields that state digests of the stored bytes, in the order in which they are believed:
/// RFC 9530 first, then RFC 3230, then what vendors send.
const FIELDS: [&str; 17] = [
    "Repr-Digest",
    "Content-Digest",
    "Unencoded-Digest",
    "Digest",
    "Docker-Content-Digest",
    "x-goog-hash",
    "x-amz-checksum-sha256",
    "x-amz-checksum-sha512",
    "x-amz-checksum-sha1",
    "x-amz-meta-sha256",
    "X-Checksum-Sha512",
    "X-Checksum-Sha256",
    "X-Checksum-Sha1",
    "X-Checksum-Md5",
    "x-bz-content-sha1",
    "x-ms-blob-content-md5",
    "Content-MD5",
];

/// What a server sent under one of those names.
#[derive(Clone, Debug)]
pub struct Stated {
    /// The field's name.
    pub field: &'static str,
    /// Its value, as it came.
    pub value: String,
    /// The digests in it, or why there are none.
    pub digests: Result<Vec<Digest>, String>,
}

/// All that a response states.
pub fn stated(headers: &Headers) -> Vec<Stated> {
    let mut found = Vec::new();
    for field in FIELDS {
        let values: Vec<&str> = headers.values(field).collect();
        if values.is_empty() {
            continue;
        }
        // Several lines of one field are one list (RFC 9110, section 5.3).
        let value = values.join(", ");
        let parsed = Expected::parse(format!("{field}: {value}"), None);
        let digests = match parsed {
            Ok(expected) => Ok(expected.digests().to_vec()),
            Err(error) => Err(error.to_string()),
        };
        found.push(Stated { field, value, digests });
    }
    found
}

/// The digests of the whole file that a response with this status states. A part's own digest
/// (`Content-Digest`, `Content-MD5`) says nothing of the whole.
pub(crate) fn of_the_whole(status: u16, headers: &Headers) -> Vec<Digest> {
    let identity = headers.value("Content-Encoding").is_none_or(|coding| coding == "identity");
    let counts = |stated: &Stated| match status {
        206 => stated.field == "Repr-Digest",
        // The others are of the bytes before they were encoded.
        _ if !identity => matches!(stated.field, "Repr-Digest" | "Content-Digest"),
        _ => true,
    };
    let counting = stated(headers).into_iter().filter(counts);
    counting.filter_map(|stated| stated.digests.ok()).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const BASE64: &str = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

    #[test]
    fn every_field_is_decoded() {
        let md5 = "kAFQmDzST7DWlj99KOF/cg==";
        for (name, value) in [
            ("repr-digest", format!("sha-256=:{BASE64}:, unixsum=:AA==:")),
            ("content-digest", format!("sha-256=:{BASE64}:")),
            ("digest", format!("SHA-256={BASE64}")),
            ("Docker-Content-Digest", format!("sha256:{ABC}")),
            ("x-amz-checksum-sha256", BASE64.into()),
            ("X-Checksum-Sha256", ABC.into()),
        ] {
            let mut headers = Headers::new();
            headers.push(name, value).unwrap();
            let found = stated(&headers);
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].digests.as_ref().unwrap()[0].to_hex(), ABC, "{name}");
        }
        let mut headers = Headers::new();
        headers.push("x-goog-hash", "crc32c=AAAAAA==").unwrap();
        headers.push("x-goog-hash", format!("md5={md5}")).unwrap();
        headers.push("Content-MD5", md5).unwrap();
        let digests: Vec<_> = stated(&headers).into_iter().map(|s| s.digests).collect();
        for digests in digests {
            assert_eq!(digests.unwrap()[0].to_hex(), "900150983cd24fb0d6963f7d28e17f72");
        }
    }

    #[test]
    fn a_part_states_only_the_representation() {
        let mut headers = Headers::new();
        headers.push("Content-Digest", format!("sha-256=:{BASE64}:")).unwrap();
        assert_eq!(of_the_whole(206, &headers), []);
        assert_eq!(of_the_whole(200, &headers).len(), 1);
        headers.push("Repr-Digest", format!("sha-256=:{BASE64}:")).unwrap();
        assert_eq!(of_the_whole(206, &headers).len(), 1);
    }
}
