//! The digest fields of RFC 9530: `Want-Repr-Digest` and `Repr-Digest`.

use axum::http::HeaderMap;
use hsum::{Algorithm, Digest, HashFunction};
use sfv::{BareItem, Dictionary, ListEntry, Parser};

/// The algorithms of RFC 9530, section 5, that are not deprecated, the preferred first.
const ALGORITHMS: [(&str, Algorithm); 2] =
    [("sha-512", Algorithm::Sha512), ("sha-256", Algorithm::Sha256)];

const WANT: &str = "want-repr-digest";

/// Returns the value of `Repr-Digest`; `None` if none of the digests can be in it, or the request
/// wants none of them.
///
/// Without `Want-Repr-Digest`, all are.
pub(crate) fn field(headers: &HeaderMap, digests: &[Digest]) -> Option<String> {
    let find = |algorithm: Algorithm| {
        let function = HashFunction::from(algorithm);
        digests.iter().find(|digest| digest.hash_function() == function)
    };
    let known = ALGORITHMS.iter().filter_map(|(name, algorithm)| Some((*name, find(*algorithm)?)));
    match wanted(headers) {
        None => {
            let members: Vec<_> = known.map(|(name, digest)| member(name, digest)).collect();
            (!members.is_empty()).then(|| members.join(", "))
        }
        Some(wanted) => {
            let weight = |name: &str| {
                let of = wanted.iter().find(|(wanted, _)| wanted == name);
                of.map_or(0, |(_, weight)| *weight)
            };
            let best = known.rev().max_by_key(|(name, _)| weight(name))?;
            (weight(best.0) > 0).then(|| member(best.0, best.1))
        }
    }
}

fn member(name: &str, digest: &Digest) -> String {
    format!("{name}=:{}:", digest.to_base64())
}

/// Returns the names in `Want-Repr-Digest` with their weights from 0 to 10; `None` without a valid
/// field.
fn wanted(headers: &HeaderMap) -> Option<Vec<(String, i64)>> {
    let fields: Vec<_> = headers.get_all(WANT).iter().filter_map(|f| f.to_str().ok()).collect();
    if fields.is_empty() {
        return None;
    }
    let members = Parser::new(&fields.join(", ")).parse::<Dictionary>().ok()?;
    let weight = |(name, entry): (sfv::Key, ListEntry)| match entry {
        ListEntry::Item(item) => match item.bare_item {
            BareItem::Integer(weight) => Some((name.as_str().to_owned(), weight.into())),
            _ => None,
        },
        ListEntry::InnerList(_) => None,
    };
    let weights: Option<Vec<_>> = members.into_iter().map(weight).collect();
    weights.filter(|weights| weights.iter().all(|(_, weight)| (0..=10).contains(weight)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_digest_is_sent() {
        let digests: Vec<_> = [Algorithm::Sha256, Algorithm::Sha512, Algorithm::Blake3]
            .map(|algorithm| hsum::digest(algorithm, b"hello"))
            .into();
        let names = |want: &[&str], digests: &[Digest]| {
            let mut headers = HeaderMap::new();
            want.iter().for_each(|want| {
                headers.append(WANT, want.parse().unwrap());
            });
            let text = field(&headers, digests).unwrap_or_default();
            let name = |member: &str| member.split('=').next().unwrap_or_default().to_owned();
            text.split(", ").map(name).collect::<Vec<_>>().join(" ")
        };
        for (want, expected) in [
            (&[][..], "sha-512 sha-256"),
            (&["sha-256=1"], "sha-256"),
            (&["sha-512=3, sha-256=10, unixsum=0"], "sha-256"),
            (&["sha-512=10", "sha-256=3"], "sha-512"),
            (&["sha-512=5, sha-256=5"], "sha-512"),
            (&["sha-256=0"], ""),
            (&["md5=10"], ""),
            (&["blake3=10"], ""),
            (&["md5=10, sha-256=1"], "sha-256"),
            // Malformed fields are ignored.
            (&["sha-256=11"], "sha-512 sha-256"),
            (&["sha-256=-1"], "sha-512 sha-256"),
            (&["sha-256=1.5"], "sha-512 sha-256"),
            (&["sha-256"], "sha-512 sha-256"),
            (&["SHA-256=1"], "sha-512 sha-256"),
            (&["sha-256=(1 2)"], "sha-512 sha-256"),
        ] {
            assert_eq!(names(want, &digests), expected, "{want:?}");
        }
        assert_eq!(names(&["sha-512=10, sha-256=1"], &digests[..1]), "sha-256");
        assert_eq!(names(&["sha-512=10"], &digests[..1]), "");
        assert_eq!(names(&[], &digests[2..]), "");
        assert_eq!(
            field(&HeaderMap::new(), &digests[..1]).as_deref(),
            Some("sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:")
        );
    }
}
