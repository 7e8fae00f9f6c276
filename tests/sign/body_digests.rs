//! Digests of the body in headers: if a signature covers one, another body is refused.

use hsum::Algorithm;
use hsum::sign::{MacEncoding, Rfc9421, Scheme, SignOptions, Sigv4, Template};

use crate::support::*;

const KEY: &[u8] = b"a-secret-that-is-long-enough";
const NOW: u64 = 1_700_000_000;
const BODY: &str = "genuine";

/// Headers that cover a body. `<MD5>`, `<SHA1>`, `<SHA256>` and `<SHA512>` are replaced by its digests
/// in base64, `<HEX>` by SHA-256 in hexadecimal.
const COVERING: [(&str, &str); 14] = [
    ("Digest", "SHA-256=<SHA256>"),
    ("digest", "sha-256=<SHA256>"),
    ("Digest", "MD5=<MD5>, SHA-256=<SHA256>,UNIXsum=30637"),
    ("Digest", "SHA-512=<SHA512>"),
    ("Content-Digest", "sha-256=:<SHA256>:"),
    ("Content-Digest", "crc32c=:AAAAAA==:, sha-512=:<SHA512>:"),
    ("CONTENT-DIGEST", "md5=:<MD5>:, sha-256=:<SHA256>:"),
    ("Repr-Digest", "sha-256=:<SHA256>:"),
    ("X-Content-SHA256", "<SHA256>"),
    ("x-ms-content-sha256", "<SHA256>"),
    ("X-Amz-Content-SHA256", "<HEX>"),
    ("X-Goog-Content-SHA256", "<HEX>"),
    ("x-oss-content-sha256", "<HEX>"),
    ("x-amz-checksum-sha256", "<SHA256>"),
];

/// Headers with broken algorithms: compared, but the body does not count as signed.
const WEAK: [(&str, &str); 5] = [
    ("Content-MD5", "<MD5>"),
    ("Digest", "MD5=<MD5>"),
    ("Digest", "SHA=<SHA1>, MD5=<MD5>"),
    ("Content-Digest", "md5=:<MD5>:"),
    ("X-Amz-Checksum-SHA1", "<SHA1>"),
];

/// Headers without a digest that can be compared.
const UNKNOWN: [(&str, &str); 7] = [
    ("Digest", "UNIXsum=30637"),
    ("Digest", "SHA-256"),
    ("Content-Digest", "crc32c=:AAAAAA==:"),
    ("Repr-Digest", "adler=:AAAAAA==:"),
    ("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD"),
    ("X-Content-SHA256", "<MD5>"),
    ("Content-MD5", "<SHA256>"),
];

fn filled_in(value: &str) -> String {
    let of = |algorithm| hsum::digest(algorithm, BODY.as_bytes());
    value
        .replace("<MD5>", &of(Algorithm::Md5).to_base64())
        .replace("<SHA1>", &of(Algorithm::Sha1).to_base64())
        .replace("<SHA256>", &of(Algorithm::Sha256).to_base64())
        .replace("<SHA512>", &of(Algorithm::Sha512).to_base64())
        .replace("<HEX>", &of(Algorithm::Sha256).to_hex())
}

/// Schemes that sign this header, and the body in no other way.
fn covering(header: &str) -> [Scheme; 3] {
    [
        Scheme::Template(Template::new(format!("d:{{header:{header}}}"), ["X-Sig: {mac}"])),
        Scheme::Rfc9421(Rfc9421::default().cover([header.to_ascii_lowercase()])),
        // A presigned URL of S3 leaves the body out.
        Scheme::Sigv4(Sigv4::new("r", "s3", "A").presign(60)),
    ]
}

/// Returns the request, signed whether or not its digests match.
fn signed(scheme: &Scheme, header: &str, value: &str) -> Request {
    let request = Request::new(BODY).url("https://a.example/x").header("Host", "a.example");
    let request = request.header(header, filled_in(value));
    let options = SignOptions::new().timestamp(NOW);
    request.signed(&request.sign(scheme, KEY, &options))
}

fn verdict(scheme: &Scheme, request: &Request) -> Result<bool, &'static str> {
    let verdict = request.verify(scheme, KEY, NOW);
    verdict.map(|verified| verified.coverage().has_body()).map_err(|error| error.reason())
}

fn forged(request: &Request) -> Request {
    Request { body: b"FORGED".to_vec(), ..request.clone() }
}

/// Returns `true` if the signer writes this header itself.
fn is_own(scheme: &Scheme, header: &str) -> bool {
    match scheme {
        Scheme::Rfc9421(_) => header.eq_ignore_ascii_case("content-digest"),
        Scheme::Sigv4(_) => header.eq_ignore_ascii_case("x-amz-content-sha256"),
        _ => false,
    }
}

#[test]
fn a_covered_digest_covers_the_body() {
    for (header, value) in COVERING {
        for scheme in covering(header) {
            if is_own(&scheme, header) {
                continue;
            }
            let request = signed(&scheme, header, value);
            let what = format!("{header}: {value} {scheme:?}");
            assert_eq!(verdict(&scheme, &request), Ok(true), "{what}");
            assert_eq!(verdict(&scheme, &forged(&request)), Err("body-hash-mismatch"), "{what}");
            let empty = Request { body: Vec::new(), ..request };
            assert_eq!(verdict(&scheme, &empty), Err("body-hash-mismatch"), "{what}");
        }
    }
}

#[test]
fn a_broken_digest_is_compared_but_does_not_cover_the_body() {
    for (header, value) in WEAK {
        for scheme in covering(header) {
            if is_own(&scheme, header) {
                continue;
            }
            let request = signed(&scheme, header, value);
            let what = format!("{header}: {value} {scheme:?}");
            // Schemes that expect a body refuse one that is not covered.
            let expected = match scheme {
                Scheme::Template(_) => Ok(false),
                _ => Err("coverage"),
            };
            assert_eq!(verdict(&scheme, &request), expected, "{what}");
            assert_eq!(verdict(&scheme, &forged(&request)), Err("body-hash-mismatch"), "{what}");
        }
    }
}

#[test]
fn a_digest_that_cannot_be_compared_is_refused() {
    for (header, value) in UNKNOWN {
        for scheme in covering(header) {
            if is_own(&scheme, header) {
                continue;
            }
            let request = signed(&scheme, header, value);
            let what = format!("{header}: {value} {scheme:?}");
            assert_eq!(verdict(&scheme, &request), Err("coverage"), "{what}");
            assert_eq!(verdict(&scheme, &forged(&request)), Err("coverage"), "{what}");
        }
    }
    // If the body itself is signed, the digest may be anything.
    let template = Template::new("{header:Digest}\n{body}", ["X-Sig: {mac}"]);
    let scheme = Scheme::Template(template);
    let request = signed(&scheme, "Digest", "UNIXsum=30637");
    assert_eq!(verdict(&scheme, &request), Ok(true));
    assert_eq!(verdict(&scheme, &forged(&request)), Err("mismatch"));
}

#[test]
fn a_missing_digest_header_is_reported() {
    for header in ["Digest", "Content-Digest", "Content-MD5"] {
        let [scheme, ..] = covering(header);
        let request = Request::new(BODY).header("X-Sig", "0".repeat(64));
        assert_eq!(verdict(&scheme, &request), Err("missing-header"), "{header}");
    }
}

#[test]
fn malformed_and_contradictory_digests_are_refused() {
    for (header, value, reason) in [
        ("Digest", "SHA-256=T6/dhNV6", "malformed"),
        (
            "Digest",
            "SHA-256=<SHA256>,SHA-256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "duplicate-header",
        ),
        ("Digest", "SHA-256=<SHA256>,SHA-512=<SHA256>", "malformed"),
        ("Digest", "SHA-256=<SHA256>,MD5=AAAAAAAAAAAAAAAAAAAAAA==", "body-hash-mismatch"),
        ("Repr-Digest", "sha-256=:AAAA:", "malformed"),
        ("Repr-Digest", "sha-256=abc", "malformed"),
    ] {
        for scheme in covering(header) {
            let request = signed(&scheme, header, value);
            assert_eq!(verdict(&scheme, &request), Err(reason), "{header}: {value} {scheme:?}");
        }
    }
    // The body is only a part of the digested representation.
    let [template, ..] = covering("Repr-Digest");
    let part = signed(&template, "Repr-Digest", "sha-256=:<SHA256>:");
    let part = part.header("Content-Range", "bytes 0-6/100");
    assert_eq!(verdict(&template, &part), Err("coverage"));
}

/// Other members may have been added on the way.
#[test]
fn only_the_signed_member_of_a_digest_header_counts() {
    let cover = |component: &str| Scheme::Rfc9421(Rfc9421::default().cover([component]));
    let strong = cover("repr-digest;key=\"sha-256\"");
    let request = signed(&strong, "Repr-Digest", "sha-256=:<SHA256>:, md5=:<MD5>:");
    assert_eq!(verdict(&strong, &request), Ok(true));
    assert_eq!(verdict(&strong, &forged(&request)), Err("body-hash-mismatch"));
    let weak = cover("repr-digest;key=\"md5\"");
    let request = signed(&weak, "Repr-Digest", "md5=:<MD5>:, sha-256=:<SHA256>:");
    assert_eq!(verdict(&weak, &request), Err("coverage"));
    let crc = cover("repr-digest;key=\"crc32c\"");
    let request = signed(&crc, "Repr-Digest", "crc32c=:AAAAAA==:, sha-256=:<SHA256>:");
    assert_eq!(verdict(&crc, &request), Err("coverage"));
}

/// A request as httpsig signs it (draft-cavage).
#[test]
fn a_digest_header_in_a_pattern_covers_the_body() {
    let line = "Signature keyId=\"k\",algorithm=\"hmac-sha256\",headers=\"(request-target) digest\",\
                signature=\"EJVeuG69NtWjhpP/UNM9gfS40azGJ6ukef2+cUMahqA=\"";
    let pattern = line.replace("EJVeuG69NtWjhpP/UNM9gfS40azGJ6ukef2+cUMahqA=", "{mac}");
    let template = Template::new(
        "(request-target): post {path}\ndigest: {header:Digest}",
        [format!("Authorization: {pattern}")],
    );
    let scheme = Scheme::Template(template.encoding(MacEncoding::Base64));
    let request = Request::new("FORGED")
        .url("https://e.org/p")
        .header("Digest", "SHA-256=AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=")
        .header("Authorization", line);
    assert_eq!(verdict(&scheme, &request), Err("body-hash-mismatch"));
}
