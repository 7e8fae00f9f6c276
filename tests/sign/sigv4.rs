//! AWS Signature Version 4: the vendor's test suite, signed and verified, in header and query.

use hsum::sign::{Scheme, SignOptions, Sigv4};
use serde_json::Value;

use crate::support::*;

/// Parses a request of the suite, whose lines end in LF and whose target may contain spaces.
fn parse(text: &str) -> Request {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().expect("a request line");
    let first = first.strip_suffix(" HTTP/1.1").expect("HTTP/1.1");
    let (method, target) = first.split_once(' ').expect("a target");
    let mut request = Request::new(body).url(target);
    request.method = method.into();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect("a header");
        request = request.header(name, value);
    }
    request
}

fn scheme(context: &Value) -> (Sigv4, Vec<u8>, u64) {
    let field = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let credentials = &context["credentials"];
    let mut sigv4 = Sigv4::new(
        field(context, "region"),
        field(context, "service"),
        field(credentials, "access_key_id"),
    );
    if let Some(token) = credentials["token"].as_str() {
        sigv4 = sigv4.session_token(token);
    }
    if context["normalize"] == false {
        sigv4 = sigv4.unnormalized();
    }
    if context["sign_body"] == true {
        sigv4 = sigv4.content_sha256();
    }
    assert_eq!(field(context, "timestamp"), "2015-08-30T12:36:00Z");
    (sigv4, field(credentials, "secret_access_key").into_bytes(), 1_440_938_160)
}

#[test]
fn the_vendor_suite_passes_in_header_and_query() {
    let vectors = json("sigv4.json");
    let suite = vectors["suite"].as_array().unwrap();
    for case in suite {
        let name = &case["name"];
        let request = parse(case["request"].as_str().unwrap());
        let (sigv4, key, time) = scheme(&case["context"]);
        let options = SignOptions::new().timestamp(time);
        for (place, sigv4) in [("header", sigv4.clone()), ("query", sigv4.presign(3600))] {
            let expected = &case[place];
            let scheme = Scheme::Sigv4(sigv4);
            let mac = expected["signature"].as_str().unwrap();
            let signed = request.sign(&scheme, &key, &options);
            assert_eq!(signed.value(), mac, "{name} {place}");
            let theirs = parse(expected["signed_request"].as_str().unwrap());
            if place == "query" {
                assert_eq!(signed.url(), Some(&*theirs.url), "{name}");
            }
            // The signed requests of the suite lack the body.
            let theirs = Request { body: request.body.clone(), ..theirs };
            theirs.verify(&scheme, &key, time).unwrap_or_else(|e| panic!("{name} {place}: {e}"));
            let ours = request.signed(&signed);
            refuses_all_flips(&scheme, &key, time, &ours, mac, Some("20150830T123600Z"));
        }
    }
    assert_eq!(suite.len(), 19);
}

#[test]
fn the_examples_of_the_documentation_pass() {
    let vectors = json("sigv4.json");
    let docs = vectors["docs"].as_array().unwrap();
    for case in docs {
        let field = |name: &str| case[name].as_str().unwrap();
        let request = &case["request"];
        let mut built = Request::new(request["body"].as_str().unwrap_or_default());
        built.method = request["method"].as_str().unwrap().into();
        built.url = request["target"].as_str().unwrap().into();
        for header in request["headers"].as_array().unwrap() {
            built = built.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
        }
        let mut sigv4 = Sigv4::new(field("region"), field("service"), field("access_key_id"));
        if let Some(seconds) = request["presign_expires"].as_u64() {
            sigv4 = sigv4.presign(seconds as u32);
        }
        let time = match field("amz_date") {
            "20130524T000000Z" => 1_369_353_600,
            _ => 1_440_938_160,
        };
        let scheme = Scheme::Sigv4(sigv4);
        let key = field("secret_access_key").as_bytes();
        let options = SignOptions::new().timestamp(time);
        let signed = built.sign(&scheme, key, &options);
        assert_eq!(signed.value(), field("signature"), "{}", field("name"));
        refuses_all_flips(&scheme, key, time, &built.signed(&signed), signed.value(), None);
    }
    assert_eq!(docs.len(), 6);
}
