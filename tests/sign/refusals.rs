//! Refused requests: one test for each mistake that other verifiers have made.

use hsum::Algorithm;
use hsum::sign::{
    KeyError, KeyFormat, Message, RequestError, RequestSigner, Rfc9421, Scheme, SchemeError,
    SecretKey, Sigv4, Template, Verifier,
};

use crate::round_trip::{NOW, all, options};
use crate::support::*;

const KEY: &[u8] = b"a key of thirty-two bytes or so!";

fn reason(scheme: &Scheme, request: &Request) -> &'static str {
    request.verify(scheme, KEY, NOW).map_or_else(|error| error.reason(), |_| "ok")
}

fn signed(scheme: &Scheme, request: Request) -> Request {
    request.signed(&request.sign(scheme, KEY, &options()))
}

#[test]
fn invalid_keys_are_refused() {
    use KeyError::*;
    for text in ["", " ", "\t\n", "\r\n"] {
        for result in [
            SecretKey::from_text(text),
            SecretKey::from_bytes(text),
            SecretKey::parse(KeyFormat::Hex, text),
            SecretKey::parse(KeyFormat::Base64, text),
            SecretKey::parse(KeyFormat::Base64Url, text),
            SecretKey::from_whsec(text),
        ] {
            assert_eq!(result.unwrap_err(), if text.is_empty() { Empty } else { Blank });
        }
    }
    let error = |result: Result<SecretKey, KeyError>| result.map(|key| key.len()).unwrap_err();
    assert_eq!(error(SecretKey::from_text("secret\n")), LineEnd);
    assert_eq!(error(SecretKey::parse(KeyFormat::Hex, "abc")), Hex);
    assert_eq!(error(SecretKey::parse(KeyFormat::Hex, "0x00")), Hex);
    for text in ["a", "SmVmZQ", "SmVmZR==", "SmVm ZQ==", "SmVm\nZQ==", "Sm-_ZQ==", "===="] {
        assert_eq!(error(SecretKey::parse(KeyFormat::Base64, text)), Base64, "{text}");
    }
    for text in ["SmVmZQ==", "SmVmZR", "a+/b"] {
        assert_eq!(error(SecretKey::parse(KeyFormat::Base64Url, text)), Base64Url, "{text}");
    }
    for text in
        ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_!", "whsec-MfKQ", "WHSEC_MfKQ", "v1,MfKQ"]
    {
        assert_eq!(error(SecretKey::from_whsec(text)), Whsec, "{text}");
    }
    assert_eq!(error(SecretKey::from_whsec("whsec_")), Empty);
    assert_eq!(error(SecretKey::from_bytes(vec![7; (64 << 10) + 1])), TooLong);
    assert_eq!(error(SecretKey::from_bytes(vec![7; 1 << 20])), TooLong);
    assert_eq!(SecretKey::from_bytes(vec![7; 64 << 10]).unwrap().len(), 64 << 10);
    assert_eq!(
        SecretKey::from_whsec("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap().len(),
        24
    );
    assert_eq!(SecretKey::from_whsec("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap().len(), 24);
    assert_eq!(Verifier::new(Scheme::Github, vec![]).unwrap_err(), SchemeError::NoKey);
    assert_eq!(RequestSigner::new(Scheme::Github, vec![]).unwrap_err(), SchemeError::NoKey);
}

#[test]
fn the_window_has_two_sides_and_inclusive_ends() {
    let stamped = all().into_iter().filter(|(_, request)| {
        let text = format!("{request:?}");
        !text.contains("timestamp=")
    });
    let mut tried = 0;
    for (scheme, request) in stamped {
        let sent = signed(&scheme, request);
        let Some(time) = sent.verify(&scheme, KEY, NOW).unwrap().timestamp() else { continue };
        assert_eq!(time, NOW);
        tried += 1;
        let at = |now: u64| sent.verify(&scheme, KEY, now).map_or_else(|e| e.reason(), |_| "ok");
        assert_eq!(at(NOW - 300), "ok", "{scheme:?}");
        assert_eq!(at(NOW - 301), "future", "{scheme:?}");
        assert_eq!(at(0), "future", "{scheme:?}");
        assert_eq!(at(u64::MAX), "stale", "{scheme:?}");
        let lives =
            sent.url.contains("X-Amz-Expires") || format!("{scheme:?}").contains("lifetime: Some");
        if !lives {
            assert_eq!(at(NOW + 300), "ok", "{scheme:?}");
            assert_eq!(at(NOW + 301), "stale", "{scheme:?}");
        } else {
            assert_eq!(at(NOW + 60), "ok", "{scheme:?}");
            assert_eq!(at(NOW + 61), "stale", "{scheme:?}");
        }
        // The MAC comes first: a forgery is not called stale.
        let forged = sent.verify(&scheme, b"another key", u64::MAX).unwrap_err();
        assert_eq!(forged.reason(), "mismatch", "{scheme:?}");
    }
    assert!(tried >= 12, "{tried}");
}

#[test]
fn the_tolerance_can_be_changed() {
    let sent = signed(&Scheme::Slack, Request::new("x"));
    let verifier = || Verifier::new(Scheme::Slack, vec![secret(KEY)]).unwrap();
    let of = |verifier: Verifier| {
        sent.message(|m| verifier.verify(m, b"x").map(|_| ()).map_err(|e| e.to_string()))
    };
    assert_eq!(of(verifier().clock(|| NOW + 10).tolerance(10)), Ok(()));
    assert_eq!(
        of(verifier().clock(|| NOW + 17).tolerance(10)),
        Err("authentic, but 7 s too old".into())
    );
    assert_eq!(
        of(verifier().clock(|| NOW + 1).tolerance(0)),
        Err("authentic, but 1 s too old".into())
    );
    assert_eq!(of(verifier().clock(|| u64::MAX).ignore_time()), Ok(()));
    assert!(of(verifier().clock(|| u64::MAX).tolerance(u32::MAX)).is_err());
}

#[test]
fn only_canonical_timestamps_are_accepted() {
    for time in [
        "+1700000000",
        "-1700000000",
        "01700000000",
        "1700000000.0",
        "1.7e9",
        "",
        " ",
        "0x65",
        "١٧",
        "-9223372036854775808",
        "99999999999999999999999",
        "1700000000 1",
    ] {
        // Signed over these exact bytes: the MAC matches.
        let content = [b"v0:", time.as_bytes(), b":x"].concat();
        let mac = hsum::Key::new(Algorithm::Sha256, KEY).unwrap().sign(&content);
        let request = Request::new("x")
            .header("X-Slack-Request-Timestamp", time)
            .header("X-Slack-Signature", format!("v0={mac}"));
        assert_eq!(reason(&Scheme::Slack, &request), "malformed", "{time}");
    }
}

#[test]
fn a_duplicate_header_with_different_values_is_refused() {
    for (scheme, request) in all() {
        let sent = signed(&scheme, request);
        for (name, value) in &sent.headers {
            if name == "Date" {
                continue;
            }
            let mut same = sent.clone();
            same.headers.push((name.to_uppercase(), [b" ", &value[..], b"\t"].concat()));
            let mut other = sent.clone();
            other.headers.push((name.to_lowercase(), [&value[..], b"0"].concat()));
            let signature = ["Signature", "Signature-Input", "Content-Digest"].contains(&&**name);
            // SigV4 joins the lines to one value, which even a repetition changes.
            if !signature && !name.starts_with("X-Amz-") {
                assert_eq!(reason(&scheme, &same), "ok", "{name}");
            }
            assert_ne!(reason(&scheme, &other), "ok", "{name}");
            if !signature && name != "X-Amz-Security-Token" {
                assert_eq!(reason(&scheme, &other), "duplicate-header", "{name}");
            }
        }
        for at in 0..sent.headers.len() {
            let mut without = sent.clone();
            let (name, _) = without.headers.remove(at);
            if name != "Date" {
                let reason = reason(&scheme, &without);
                assert!(["missing-header", "unknown-key"].contains(&reason), "{name}: {reason}");
            }
        }
    }
}

#[test]
fn lists_have_a_limit_and_other_versions_are_ignored() {
    let sent = signed(&Scheme::Stripe, Request::new("x"));
    let line = String::from_utf8(sent.headers[0].1.clone()).unwrap();
    let (time, mac) = line.split_once(',').unwrap();
    let with =
        |line: String| reason(&Scheme::Stripe, &Request::new("x").header("Stripe-Signature", line));
    let wrong = format!("v1={}", "0".repeat(64));
    assert_eq!(with(format!("{time},{mac}")), "ok");
    assert_eq!(with(format!("{mac},{time}")), "ok");
    assert_eq!(with(format!("{time},{},{mac}", vec![&*wrong; 15].join(","))), "ok");
    assert_eq!(with(format!("{time},{},{mac}", vec![&*wrong; 16].join(","))), "malformed");
    assert_eq!(with(format!("{time},v1=short,v2=x,{mac}")), "ok");
    assert_eq!(with(format!("{time},v1=short")), "malformed");
    assert_eq!(with(format!("{time},{}", mac.replace("v1", "v0"))), "no-signature");
    assert_eq!(with(time.to_owned()), "no-signature");
    assert_eq!(with(mac.to_owned()), "missing-header");
    assert_eq!(with(format!("{time},t=1,{mac}")), "malformed");
    // An undecodable signature, ignored by itself, does not hide these errors.
    assert_eq!(with(format!("t=1,{time},{mac},v1=short")), "malformed");
    assert_eq!(with(format!("{time},{},{mac},v1=short", vec![&*wrong; 16].join(","))), "malformed");
    // Neither a prefix nor an extension of the right signature is accepted.
    for len in 1..mac.len() {
        assert_ne!(with(format!("{time},{}", &mac[..len])), "ok", "{len}");
    }
    assert_eq!(with(format!("{time},{mac}00")), "malformed");

    let sent = signed(&Scheme::StandardWebhooks, Request::new("x"));
    let value = String::from_utf8(sent.headers[2].1.clone()).unwrap();
    let with = |line: String| {
        let mut sent = sent.clone();
        sent.headers[2].1 = line.into_bytes();
        reason(&Scheme::StandardWebhooks, &sent)
    };
    assert_eq!(with(format!("v1a,abc {value} v2,x")), "ok");
    assert_eq!(with(value.replace("v1,", "v1a,")), "no-signature");
    assert_eq!(with(value.replace("v1,", "")), "no-signature");
    assert_eq!(with(value.replace('=', "")), "malformed");
}

#[test]
fn an_id_cannot_contain_the_separator() {
    for scheme in [Scheme::StandardWebhooks, Scheme::Svix, Scheme::Gitlab] {
        let signer = RequestSigner::new(scheme.clone(), vec![secret(KEY)]).unwrap();
        let options = options().id("m.1700000000");
        let error = signer.sign(&Message::empty(), &options, b"x").unwrap_err();
        assert!(matches!(error, RequestError::Malformed { .. }), "{error}");
        for id in ["", "a\nb", "é"] {
            let options = options.id(id);
            assert!(signer.sign(&Message::empty(), &options, b"x").is_err(), "{id:?}");
        }
        // id m, time T, body "T2.x" has the bytes of id "m.T", time T2, body "x".
        let row = scheme.info();
        let name = |i: usize| row.headers[i].split(':').next().unwrap();
        let sent = signed(&scheme, Request::new(format!("{NOW}.x")));
        let mut forged = Request::new("x");
        forged.headers = sent.headers.clone();
        forged.headers[0].1 = format!("msg_1.{NOW}").into_bytes();
        assert_eq!(reason(&scheme, &sent), "ok");
        assert_eq!(reason(&scheme, &forged), "malformed", "{}", name(0));
    }
    // After the body, which may contain anything, the character before the id separates them.
    let scheme = Scheme::Template(Template::new("{body}.{id}", ["X-Id: {id}", "X-Sig: {mac}"]));
    let sent = signed(&scheme, Request::new("a.b"));
    let mut forged = Request { body: b"a".to_vec(), ..sent.clone() };
    forged.headers[0].1 = [b"b.", &sent.headers[0].1[..]].concat();
    assert_eq!((reason(&scheme, &sent), reason(&scheme, &forged)), ("ok", "malformed"));
}

#[test]
fn twilio_accepts_other_ports_and_compares_bodies() {
    let of = |sent: &Request| reason(&Scheme::Twilio, sent);
    for (signed_url, seen) in [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("http://a.example:80", "http://a.example"),
        ("https://user:pw@a.example/x", "https://user:pw@a.example:443/x"),
        ("https://[::1]/x", "https://[::1]:443/x"),
    ] {
        let form = Request::new("A=1").url(signed_url).params(&[("A", "1")]);
        let sent = signed(&Scheme::Twilio, form);
        assert_eq!(of(&sent.clone().url(seen)), "ok", "{signed_url} {seen}");
        assert_eq!(of(&sent.url("https://b.example/x")), "mismatch");
    }
    let json = signed(&Scheme::Twilio, Request::new("{}").url("https://a.example/x"));
    assert!(json.url.contains("?bodySHA256="));
    assert_eq!(of(&json), "ok");
    assert_eq!(of(&Request { body: b"{}\n".to_vec(), ..json.clone() }), "body-hash-mismatch");
    // Without fields and digest, the body is not signed.
    let get = signed(&Scheme::Twilio, Request::new("").url("https://a.example/x"));
    assert_eq!(of(&get), "ok");
    assert_eq!(of(&Request { body: b"x".to_vec(), ..get }), "coverage");
    let twice = json.url.replace('?', "?bodySHA256=00&");
    assert_eq!(of(&json.url(&twice)), "malformed");
}

#[test]
fn sigv4_requires_its_scope_and_all_headers() {
    let scheme = |region: &str| Scheme::Sigv4(Sigv4::new(region, "api", "AKID"));
    let request = Request::new("x").url("https://a.example/").header("X-Amz-Target", "T");
    let sent = signed(&scheme("r"), request);
    let of = |sent: &Request| reason(&scheme("r"), sent);
    assert_eq!(of(&sent), "ok");
    assert_eq!(reason(&scheme("s"), &sent), "unknown-key");
    let other = Scheme::Sigv4(Sigv4::new("r", "api", "AKIE"));
    assert_eq!(reason(&other, &sent), "unknown-key");
    assert_eq!(of(&sent.clone().header("X-Amz-Meta", "1")), "coverage");
    assert_eq!(of(&replaced(&sent, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1")), "alg");
    assert_eq!(of(&replaced(&sent, "SignedHeaders=", "SignedHeaders=a;")), "missing-header");
    assert_eq!(of(&replaced(&sent, "host;", "")), "coverage");
    assert_eq!(of(&replaced(&sent, "SignedHeaders=host;", "SignedHeaders=x;host;")), "malformed");
    assert_eq!(of(&replaced(&sent, ", Signature", ", Signature=a, Signature")), "malformed");
    assert_eq!(of(&replaced(&sent, ", Signature", ", Extra=a, Signature")), "malformed");
    assert_eq!(of(&replaced(&sent, "20231114T", "20231115T")), "unknown-key");
    // Only a verifier with this setting accepts an unsigned body.
    let unsigned = Scheme::Sigv4(Sigv4::new("r", "api", "AKID").unsigned_payload());
    let open = signed(&unsigned, Request::new("x").url("https://a.example/"));
    assert_eq!(reason(&unsigned, &open), "ok");
    assert_eq!(of(&open), "coverage");
    let s3 = Scheme::Sigv4(Sigv4::new("r", "s3", "AKID").presign(60));
    let presigned = signed(&s3, Request::new("").url("https://a.example/k"));
    assert_eq!(reason(&s3, &presigned), "ok");
    assert_eq!(reason(&s3, &Request { body: b"x".to_vec(), ..presigned.clone() }), "coverage");
    for (old, new) in [("=60&", "=0&"), ("=60&", "=604801&"), ("=60&", "=60&X-Amz-Expires=60&")] {
        assert_eq!(reason(&s3, &replaced(&presigned, old, new)), "malformed");
    }
    assert_eq!(reason(&s3, &replaced(&presigned, "=60&", "=61&")), "mismatch");
}

#[test]
fn rfc9421_requires_coverage_and_a_label() {
    let scheme = Scheme::Rfc9421(Rfc9421::default());
    let sent = signed(&scheme, Request::new("x").url("https://a.example/p?q=1"));
    let of = |sent: &Request| reason(&scheme, sent);
    assert_eq!(of(&sent), "ok");
    assert_eq!(of(&replaced(&sent, "\"@query\" ", "")), "coverage");
    assert_eq!(of(&replaced(&sent, "\"@path\" ", "\"@path\" \"@path\" ")), "malformed");
    assert_eq!(of(&replaced(&sent, "\"@path\" ", "\"@path\" \"@status\" ")), "malformed");
    assert_eq!(of(&replaced(&sent, "\"@path\" ", "\"@path\" \"date\" ")), "missing-header");
    assert_eq!(of(&replaced(&sent, "\"@path\" ", "\"@path\";req \"@path\" ")), "malformed");
    assert_eq!(of(&replaced(&sent, "hmac-sha256", "ed25519")), "alg");
    assert_eq!(of(&replaced(&sent, "created=", "created=-")), "malformed");
    assert_eq!(of(&replaced(&sent, "created=", "createt=")), "malformed");
    assert_eq!(of(&replaced(&sent, &format!(";created={NOW}"), "")), "coverage");
    assert_eq!(of(&replaced(&sent, "sig1=(", "sig2=(")), "no-signature");
    assert_eq!(of(&replaced(&sent, "sig1=(", "sig1=(), sig1=(")), "duplicate-header");
    let input = sent.headers.iter().find(|(name, _)| name == "Signature-Input").unwrap().1.clone();
    let input = String::from_utf8(input).unwrap();
    let two = replaced(&sent, &input, &format!("other=(), {input}"));
    assert_eq!(of(&two), "malformed");
    assert_eq!(reason(&Scheme::Rfc9421(Rfc9421::default().label("sig1")), &two), "ok");
    assert_eq!(reason(&Scheme::Rfc9421(Rfc9421::default().label("sig3")), &two), "no-signature");
    assert_eq!(reason(&Scheme::Rfc9421(Rfc9421::default().keyid("k")), &sent), "unknown-key");
    let digest = |value: &str| {
        let mut sent = sent.clone();
        sent.headers.retain(|(name, _)| name != "Content-Digest");
        sent.header("Content-Digest", value)
    };
    // The body matches, but the header is not the signed one.
    assert_eq!(of(&digest("md5=:Sd/dVLAcvNLSq16eXua5uQ==:")), "mismatch");
    assert_eq!(of(&digest("crc32c=:AAAAAA==:")), "coverage");
    assert_eq!(of(&digest("sha-256=:AAAA:")), "malformed");
    // A signed digest, but of another body.
    assert_eq!(of(&Request { body: b"y".to_vec(), ..sent }), "body-hash-mismatch");
    // Headers are bytes.
    let scheme = Scheme::Rfc9421(Rfc9421::default().cover(["x-name", "content-digest"]));
    let sent = signed(&scheme, Request::new("x").header("X-Name", b"caf\xe9".to_vec()));
    assert_eq!(reason(&scheme, &sent), "ok");
}

#[test]
fn invalid_templates_are_refused() {
    let error = |content: &str, headers: &[&str]| {
        let template = Template::new(content, headers.iter().copied());
        Verifier::new(Scheme::Template(template), vec![secret(KEY)]).err().map(|e| e.to_string())
    };
    assert_eq!(error("{body}", &["X: {mac}"]), None);
    for (content, headers) in [
        ("", &["X: {mac}"][..]),
        ("constant", &["X: {mac}"]),
        ("{mac}{body}", &["X: {mac}"]),
        ("{body}{body}", &["X: {mac}"]),
        ("{body}{body.sha256}", &["X: {mac}"]),
        ("{nothing}", &["X: {mac}"]),
        ("{header:}", &["X: {mac}"]),
        ("{body", &["X: {mac}"]),
        ("body}", &["X: {mac}"]),
        ("{body}", &[]),
        ("{body}", &["X: v0"]),
        ("{body}", &["X: {mac}", "Y: {mac}"]),
        ("{body}", &["X: {mac},t={timestamp}"]),
        ("{body}{timestamp}", &["X: {mac}{timestamp}"]),
        ("{body}", &["X {mac}"]),
        ("{body}", &["X Y: {mac}"]),
        ("{body}", &["X: {mac} {body}"]),
        ("{body}", &["X: {mac}\r\nY: 1"]),
    ] {
        assert!(error(content, headers).is_some(), "{content} {headers:?}");
    }
    let shake = Template::raw("X", "").algorithm(Algorithm::Shake128);
    let error = RequestSigner::new(Scheme::Template(shake), vec![secret(KEY)]).unwrap_err();
    assert_eq!(error, SchemeError::UnsupportedAlgorithm(Algorithm::Shake128));
    for cover in [&[][..], &["@nothing"], &["a b"], &["date;sf"], &["@query-param"], &["@path;req"]]
    {
        let rules = Rfc9421::default().cover(cover.iter().copied());
        assert!(
            RequestSigner::new(Scheme::Rfc9421(rules), vec![secret(KEY)]).is_err(),
            "{cover:?}"
        );
    }
}
