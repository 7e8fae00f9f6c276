//! Digest access authentication: the examples of the RFCs, and cases that they do not cover.

use super::*;
use crate::hasher::digest;

fn challenge(field: &str) -> DigestChallenge {
    let challenges = Challenge::parse_all([field.as_bytes()]);
    DigestChallenge::from_challenge(&challenges[0]).unwrap()
}

fn get(target: &str) -> DigestRequest<'_> {
    DigestRequest { method: "GET", target, body: None }
}

fn answer(
    session: &mut DigestSession,
    user: &str,
    password: &str,
    request: DigestRequest,
) -> String {
    let answer = session.answer(&Credentials::new(user, password), request).unwrap();
    answer.to_str().unwrap().to_owned()
}

fn param(answer: &str, name: &str) -> Option<String> {
    let challenges = Challenge::parse_all([answer.as_bytes()]);
    challenges[0].param(name).map(|value| String::from_utf8(value.to_vec()).unwrap())
}

// RFC 7616, section 3.9.1.
#[test]
fn the_first_example_of_rfc_7616() {
    let cases = [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ];
    for (algorithm, response) in cases {
        let challenge = challenge(&format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        ));
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let mut session = DigestSession::new(challenge, cnonce);
        let answer = answer(&mut session, "Mufasa", "Circle of Life", get("/dir/index.html"));
        assert_eq!(
            answer,
            format!(
                "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", uri=\"/dir/index.html\", \
                 algorithm={algorithm}, cnonce=\"{cnonce}\", nc=00000001, qop=auth, \
                 response=\"{response}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            )
        );
    }
}

// RFC 7616, section 3.9.2, with SHA-512/256 where the RFC computed a truncated SHA-512 (erratum
// 4897).
#[test]
fn the_second_example_of_rfc_7616_corrected() {
    let challenge = challenge(
        "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
         nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", \
         opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8, userhash=true",
    );
    let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
    let mut session = DigestSession::new(challenge, cnonce);
    let answer = answer(&mut session, "J\u{e4}s\u{f8}n Doe", "Secret, or not?", get("/doe.json"));
    let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
    assert_eq!(param(&answer, "response").as_deref(), Some(response));
    let user = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b";
    assert_eq!(param(&answer, "username").as_deref(), Some(user));
    assert!(answer.ends_with(", userhash=true"), "{answer}");
}

// RFC 2617, section 3.5: the challenge names no algorithm, so the answer names none.
#[test]
fn the_example_of_rfc_2617() {
    let challenge = challenge(
        "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
         nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
    );
    let mut session = DigestSession::new(challenge, "0a4f113b");
    let answer = answer(&mut session, "Mufasa", "Circle Of Life", get("/dir/index.html"));
    let response = "6629fae49393a05397450978507c4ef1";
    assert_eq!(param(&answer, "response").as_deref(), Some(response));
    assert!(!answer.contains("algorithm"));
}

// RFC 2069, section 2.4, with the response of its erratum 749.
#[test]
fn a_server_without_qop() {
    let challenge = challenge(
        "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
         opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
    );
    let mut session = DigestSession::new(challenge, "unused");
    let answer = answer(&mut session, "Mufasa", "CircleOfLife", get("/dir/index.html"));
    let response = "1949323746fe6a43ef61f9606e7febea";
    assert_eq!(param(&answer, "response").as_deref(), Some(response));
    assert!(!answer.contains("nc=") && !answer.contains("cnonce"), "{answer}");
}

fn md5(text: &str) -> String {
    digest(Algorithm::Md5, text.as_bytes()).to_hex()
}

// Section 3.4.2: the session's key is derived from the first nonce, even if the nonce changes.
#[test]
fn a_session_keeps_its_key() {
    let challenge = challenge("Digest realm=r, nonce=n1, qop=auth, algorithm=md5-SESS");
    let mut session = DigestSession::new(challenge, "c");
    let key = md5(&format!("{}:n1:c", md5("u:r:p")));
    let a2 = md5("GET:/");
    let first = answer(&mut session, "u", "p", get("/"));
    assert_eq!(param(&first, "response"), Some(md5(&format!("{key}:n1:00000001:c:auth:{a2}"))));
    assert!(first.contains("algorithm=MD5-sess"), "{first}");
    let second = answer(&mut session, "u", "p", get("/"));
    assert_eq!(param(&second, "response"), Some(md5(&format!("{key}:n1:00000002:c:auth:{a2}"))));
    session.follow(b"qop=auth, nextnonce=\"n2\", rspauth=\"00\"");
    let third = answer(&mut session, "u", "p", get("/"));
    assert_eq!(param(&third, "response"), Some(md5(&format!("{key}:n2:00000001:c:auth:{a2}"))));
}

#[test]
fn auth_int_covers_the_body() {
    let challenge = challenge("Digest realm=r, nonce=n, qop=\"auth-int\"");
    let mut session = DigestSession::new(challenge, "c");
    let mut request = DigestRequest { method: "POST", target: "/", body: None };
    let credentials = Credentials::new("u", "p");
    assert_eq!(session.answer(&credentials, request).unwrap_err(), AuthError::Body);
    request.body = Some(digest(Algorithm::Sha256, b"k=v"));
    assert_eq!(session.answer(&credentials, request).unwrap_err(), AuthError::Body);
    request.body = Some(digest(Algorithm::Md5, b"k=v"));
    let answer = answer(&mut session, "u", "p", request);
    let nc = param(&answer, "nc").unwrap();
    let a2 = md5(&format!("POST:/:{}", md5("k=v")));
    let expected = md5(&format!("{}:n:{nc}:c:auth-int:{a2}", md5("u:r:p")));
    assert_eq!(param(&answer, "response"), Some(expected));
}

#[test]
fn quotes_are_escaped_but_hashed_unescaped() {
    let challenge = challenge(r#"Digest realm="a \"b\" \\", nonce=n, qop=auth"#);
    let mut session = DigestSession::new(challenge, "c\"\\\r\nX: y");
    let answer = answer(&mut session, "x\"y", "p", get("/"));
    assert!(answer.contains(r#"username="x\"y", realm="a \"b\" \\", "#), "{answer}");
    assert!(answer.contains("cnonce=\"cX:y\""), "{answer}");
    let a1 = md5("x\"y:a \"b\" \\:p");
    let expected = md5(&format!("{a1}:n:00000001:cX:y:auth:{}", md5("GET:/")));
    assert_eq!(param(&answer, "response"), Some(expected));
}

#[test]
fn invalid_challenges_are_none() {
    let parse = |field: &str| {
        let challenges = Challenge::parse_all([field.as_bytes()]);
        DigestChallenge::from_challenge(&challenges[0])
    };
    assert!(parse("Digest realm=r, nonce=n").is_some());
    for field in [
        "Basic realm=r, nonce=n",
        "Digest realm=r",
        "Digest nonce=n",
        "Digest realm=r, nonce=n, algorithm=SHA-1",
        "Digest realm=r, nonce=n, qop=\"other\"",
        "Digest realm=r, nonce=n, nonce=m",
        "Digest realm=r, nonce=\"n\r\nX-Evil: 1\"",
    ] {
        assert_eq!(parse(field), None, "{field}");
    }
}

#[test]
fn control_characters_never_reach_a_header() {
    let mut session = DigestSession::new(challenge("Digest realm=r, nonce=n, qop=auth"), "c");
    for (user, password) in [("u\r\nX: y", "p"), ("u", "p\n")] {
        let credentials = Credentials::new(user, password);
        assert_eq!(session.answer(&credentials, get("/")).unwrap_err(), AuthError::Control);
    }
}

#[test]
fn a_stale_nonce_is_not_a_wrong_password() {
    assert!(challenge("Digest realm=r, nonce=n, stale=TRUE").is_stale());
    assert!(!challenge("Digest realm=r, nonce=n, stale=\"false\"").is_stale());
    assert!(!challenge("Digest realm=r, nonce=n").is_stale());
}
