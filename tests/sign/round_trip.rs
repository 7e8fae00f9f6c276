//! Round trips through every scheme, with any key and any body.

use std::time::Instant;

use hsum::sign::{
    Jws, JwsAlgorithm, Message, RequestSigner, Rfc9421, Scheme, SignOptions, Sigv4, Template,
    Verifier,
};
use hsum::{Algorithm, sign::MacEncoding, sign::SchemeInfo};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::*;

/// Returns every scheme, with a request that it can sign.
pub(crate) fn all() -> Vec<(Scheme, Request)> {
    let plain = Request::new("").url("https://example.org/hook?b=2&a=1").header("Date", "today");
    let mut all: Vec<(Scheme, Request)> = SchemeInfo::ALL
        .iter()
        .filter_map(|row| Scheme::from_name(row.name))
        .map(|scheme| {
            let request = plain.clone();
            let request = match scheme.name() {
                "binance" => request.url("https://example.org/order?a=1&timestamp=1700000000000"),
                "adyen" => request.params(&[
                    ("pspReference", "7914073381342284"),
                    ("originalReference", ""),
                    ("merchantAccountCode", "Test"),
                    ("merchantReference", "é"),
                    ("amount.value", "1130"),
                    ("amount.currency", "EUR"),
                    ("eventCode", "AUTHORISATION"),
                    ("success", "true"),
                ]),
                _ => request,
            };
            (scheme, request)
        })
        .collect();
    let template = Template::new(
        "{{{method} {path}?{query} {header:date}.{timestamp}.{nonce}|{body.sha256}}}",
        ["X-Sig: t={timestamp},n={nonce},v={mac}"],
    );
    all.push((Scheme::Template(template.algorithm(Algorithm::Sha512)), plain.clone()));
    let raw = Template::raw("X-Signature", "{sha1}=").algorithm(Algorithm::Sha1);
    all.push((Scheme::Template(raw.encoding(MacEncoding::Base64Url)), plain.clone()));
    for &algorithm in JwsAlgorithm::ALL {
        all.push((Scheme::Jws(Jws::new(algorithm).kid("a\"b").typ("JWT")), plain.clone()));
        all.push((Scheme::Jws(Jws::detached(algorithm, "X-JWS")), plain.clone()));
    }
    let sigv4 = || Sigv4::new("eu-west-1", "execute-api", "AKID");
    let s3 = || Sigv4::new("eu-west-1", "s3", "AKID").session_token("token");
    for sigv4 in [sigv4(), sigv4().presign(60), s3(), s3().presign(60).unsigned_payload()] {
        all.push((Scheme::Sigv4(sigv4), plain.clone()));
    }
    let covered = Rfc9421::default().cover([
        "@target-uri",
        "@scheme",
        "@request-target",
        "date",
        "date;bs",
        "content-digest",
        "@query-param;name=\"a\"",
    ]);
    all.push((Scheme::Rfc9421(covered.keyid("k").tag("t").expires_after(60)), plain.clone()));
    all.push((Scheme::Rfc9421(Rfc9421::default()), plain));
    all
}

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) fn options() -> SignOptions<'static> {
    SignOptions::new().timestamp(NOW).id("msg_1").nonce("n0nce")
}

fn round_trip(key: &[u8], body: &[u8]) {
    for (scheme, request) in all() {
        let request = Request { body: body.to_vec(), ..request };
        let signed = request.sign(&scheme, key, &options());
        let sent = request.signed(&signed);
        let verdict = sent.verify(&scheme, key, NOW);
        let verified = verdict.unwrap_or_else(|error| panic!("{}: {error}", scheme.name()));
        assert_eq!(verified.scheme(), scheme.name());
        assert_eq!(verified.key_index(), 0);
        let other = sent.verify(&scheme, &[key, b"x"].concat(), NOW).unwrap_err();
        assert_eq!(other.reason(), "mismatch", "{}", scheme.name());
    }
}

#[test]
fn odd_bodies_are_verified() {
    let key = b"a key of thirty-two bytes or so!";
    let all_bytes: Vec<u8> = (0..=255).collect();
    for body in [&b""[..], b"\n", b"\r\n", b"\0", b"\xff\xfe", b"{}\n", &all_bytes] {
        round_trip(key, body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn any_key_and_any_body_are_verified(
        key in vec(any::<u8>(), 1..200).prop_filter("blank", |k| !k.trim_ascii().is_empty()),
        body in vec(any::<u8>(), 0..1000),
    ) {
        round_trip(&key, &body);
    }
}

/// Streams a body of 100 MB, which is never in memory as a whole.
#[test]
fn a_large_body_streams() {
    let start = Instant::now();
    let piece = vec![0x5a; 1 << 20];
    let message = Message::empty();
    for scheme in [Scheme::Github, Scheme::Jws(Jws::detached(JwsAlgorithm::Hs256, "X-JWS"))] {
        let signer = RequestSigner::new(scheme.clone(), vec![secret(b"key")]).unwrap();
        let mut signing = signer.begin(&message, &SignOptions::new()).unwrap();
        (0..100).for_each(|_| signing.update(&piece));
        let headers = signing.finish().headers().to_vec();
        let verifier = Verifier::new(scheme, vec![secret(b"key")]).unwrap();
        let mut verifying = verifier.begin(&Message::new(&headers)).unwrap();
        (0..100).for_each(|_| verifying.update(&piece));
        verifying.finish().unwrap();
    }
    eprintln!("400 MB in {:?}", start.elapsed());
}
