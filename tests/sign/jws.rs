//! Tokens that choose their own algorithm, and malformed tokens.

use base64ct::{Base64UrlUnpadded, Encoding};
use hsum::Algorithm;
use hsum::sign::{Jws, JwsAlgorithm, Scheme};

use crate::support::*;

const KEY: &[u8] = b"a key of thirty-two bytes or so!";

fn token(header: &str, payload: &str, algorithm: Algorithm) -> String {
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let head = format!("{}.{}", encode(header), encode(payload));
    let tag = hsum::Key::new(algorithm, KEY).unwrap().sign(head.as_bytes());
    format!("{head}.{}", Base64UrlUnpadded::encode_string(&tag.into_bytes()))
}

/// Returns the reason of a refusal, or `ok`.
fn verdict(token: &str) -> &'static str {
    let scheme = Scheme::Jws(Jws::new(JwsAlgorithm::Hs256));
    let request = Request::new("").header("Authorization", format!("Bearer {token}"));
    request.verify(&scheme, KEY, 0).map_or_else(|error| error.reason(), |_| "ok")
}

#[test]
fn the_verifier_chooses_the_algorithm() {
    assert_eq!(verdict(&token(r#"{"alg":"HS256"}"#, "{}", Algorithm::Sha256)), "ok");
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"hs256"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":null}"#,
        "{}",
    ] {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384] {
            assert_eq!(verdict(&token(header, "{}", algorithm)), "alg", "{header}");
        }
        let good = token(header, "{}", Algorithm::Sha256);
        let bare = &good[..=good.rfind('.').unwrap()];
        assert_eq!(verdict(bare), "alg", "{header}, unsigned");
    }
    let good = token(r#"{"alg":"HS256"}"#, "{}", Algorithm::Sha256);
    assert_eq!(verdict(&good[..=good.rfind('.').unwrap()]), "no-signature");
}

#[test]
fn invalid_tokens_are_malformed() {
    for header in [
        "",
        "[]",
        "null",
        "{",
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256"} x"#,
        r#"{"alg":"HS256","crit":["exp"],"exp":1}"#,
        r#"{"alg":"HS256","b64":false}"#,
    ] {
        assert_eq!(verdict(&token(header, "{}", Algorithm::Sha256)), "malformed", "{header}");
    }
    let good = token(r#"{"alg":"HS256"}"#, "{}", Algorithm::Sha256);
    let (head, mac) = good.rsplit_once('.').unwrap();
    for text in [
        String::new(),
        "a".into(),
        "a.b".into(),
        format!("{good}."),
        format!("{good}.x"),
        format!("{good}="),
        format!("{head}=.{mac}"),
        format!("={good}"),
        format!("{head} .{mac}"),
    ] {
        assert_eq!(verdict(&text), "malformed", "{text}");
    }
    assert_eq!(verdict(&format!("{head}.{}", &mac[..20])), "malformed");
    // Only one of the texts that decode to the same bytes is accepted.
    for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
        let other = format!("{}{last}", &good[..good.len() - 1]);
        assert_eq!(verdict(&other) == "ok", other == good, "{last}");
    }
}

#[test]
fn key_ids_and_bodies_are_compared() {
    let of = |jws: Jws, token: &str, body: &str| {
        let request = Request::new(body).header("Authorization", format!("bearer {token}"));
        let verdict = request.verify(&Scheme::Jws(jws), KEY, 0);
        verdict.map_or_else(|error| error.reason(), |_| "ok")
    };
    let jws = || Jws::new(JwsAlgorithm::Hs256);
    let named = token(r#"{"alg":"HS256","kid":"k1"}"#, "payload", Algorithm::Sha256);
    assert_eq!(of(jws(), &named, ""), "ok");
    assert_eq!(of(jws(), &named, "payload"), "ok");
    assert_eq!(of(jws(), &named, "payload\n"), "body-hash-mismatch");
    assert_eq!(of(jws().kid("k1"), &named, ""), "ok");
    assert_eq!(of(jws().kid("k2"), &named, ""), "unknown-key");
    assert_eq!(of(Jws::detached(JwsAlgorithm::Hs256, "Authorization"), &named, ""), "malformed");
}
