//! Known answers of specifications, vendors and their libraries.

use hsum::Algorithm;
use hsum::sign::{
    Jws, JwsAlgorithm, KeyFormat, MacEncoding, Message, Rfc9421, Scheme, SecretKey, SignOptions,
    Template, Verifier,
};
use serde_json::Value;

use crate::support::*;

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}"))
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let pair = |p: &Value| (p[0].as_str().unwrap().to_owned(), p[1].as_str().unwrap().to_owned());
    value.as_array().map(|a| a.iter().map(pair).collect()).unwrap_or_default()
}

/// A vector as a request, before it is signed.
struct Case {
    scheme: Scheme,
    request: Request,
    id: Option<String>,
    nonce: Option<String>,
    time: u64,
}

fn algorithm(vector: &Value) -> Algorithm {
    text(vector, "alg")
        .strip_prefix("hmac-")
        .unwrap()
        .parse::<hsum::HashFunction>()
        .unwrap()
        .algorithm()
}

fn case(vector: &Value) -> Case {
    let parts = &vector["parts"];
    let body = parts["body"].as_str().unwrap_or_default();
    let request = Request::new(body);
    let encoding = MacEncoding::ALL.iter().find(|e| e.name() == text(vector, "encoding")).unwrap();
    let varied = |template: Template| {
        Scheme::Template(template.algorithm(algorithm(vector)).encoding(*encoding))
    };
    let mut time = parts["timestamp"].as_u64().unwrap_or(0);
    let (scheme, request) = match (text(vector, "scheme"), text(vector, "id")) {
        ("raw-body", _) => (varied(Template::raw("X-Signature", "")), request),
        (_, "scalr/valid") => {
            let template = Template::new("{body}{header:Date}", ["X-Signature: {mac}"]);
            let (name, value) = pairs(&parts["headers"]).remove(0);
            (varied(template), request.header(&name, value))
        }
        (_, "adyen/sdk") => {
            let names = [
                "pspReference",
                "originalReference",
                "merchantAccountCode",
                "merchantReference",
                "amount.value",
                "amount.currency",
                "eventCode",
                "success",
            ];
            let fields: Vec<(&str, &str)> = names.into_iter().zip(body.split(':')).collect();
            (Scheme::Adyen, Request::new("").params(&fields))
        }
        (_, "binance/docs-2") => {
            let query = text(parts, "query");
            let time_at = query.find("timestamp=").unwrap() + 10;
            time = query[time_at..time_at + 10].parse().unwrap();
            let url = format!("https://api.binance.com/api/v3/order?{query}");
            (Scheme::Binance, request.url(&url))
        }
        ("template", _) => (varied(Template::new("{body}", ["X-Signature: {mac}"])), request),
        ("kraken", _) => {
            (Scheme::Kraken, request.url(&format!("https://api.kraken.com{}", text(parts, "path"))))
        }
        ("jws", _) => {
            (Scheme::Jws(Jws::new(JwsAlgorithm::Hs256)), Request::new(text(parts, "payload")))
        }
        ("hawk" | "oauth1", _) => {
            let request = Request::new(text(vector, "mac_input"));
            (varied(Template::raw("X-Signature", "")), request)
        }
        (name, _) => {
            let scheme = Scheme::from_name(name).unwrap_or_else(|| panic!("{name}: no scheme"));
            let params = pairs(&parts["params"]);
            let params: Vec<_> = params.iter().map(|(n, v)| (&**n, &**v)).collect();
            (scheme, request.url(parts["url"].as_str().unwrap_or_default()).params(&params))
        }
    };
    let owned = |name: &str| parts[name].as_str().map(str::to_owned);
    Case { scheme, request, id: owned("msg_id"), nonce: owned("nonce"), time }
}

#[test]
fn every_vector_is_signed_verified_and_refused_with_a_bit_flipped() {
    let vectors = json("signing.json");
    let vectors = vectors["vectors"].as_array().unwrap();
    for vector in vectors {
        let name = text(vector, "id");
        let key = hex::decode(text(vector, "key_hex")).unwrap();
        let secret = &vector["secret"];
        let read = SecretKey::parse(format(text(secret, "format")), text(secret, "value")).unwrap();
        assert_eq!(read.len(), key.len(), "{name}");
        let case = case(vector);
        let options = SignOptions::new()
            .timestamp(case.time)
            .id(case.id.as_deref())
            .nonce(case.nonce.as_deref());
        let mac = text(vector, "mac");
        let signed = case.request.sign(&case.scheme, &key, &options);
        if name != "jws/rfc7515-a.1" {
            let in_header = signed.headers().iter().any(|(_, value)| value.contains(mac));
            let in_param = signed.params().iter().any(|(_, value)| value == mac);
            assert!(in_header || in_param, "{name}");
            assert_eq!(signed.value(), mac, "{name}");
        }
        let mut request = case.request.signed(&signed);
        // The vector may have other items in a list, or another spelling.
        for (header, value) in pairs(&vector["headers"]) {
            if name != "hawk/header" {
                request.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(&header));
                request.headers.push((header, value.into_bytes()));
            }
        }
        if name == "jws/rfc7515-a.1" {
            let token = format!("Bearer {}", text(&vector["parts"], "compact"));
            request.headers = vec![("authorization".into(), token.into_bytes())];
        }
        let time = (case.time != 0 && name != "binance/docs-2").then(|| case.time.to_string());
        refuses_all_flips(&case.scheme, &key, case.time, &request, mac, time.as_deref());
    }
    assert_eq!(vectors.len(), 24);
}

/// RFC 9421, appendix B.2.5.
#[test]
fn the_message_signature_of_the_rfc_is_verified() {
    let key =
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    let key = SecretKey::parse(KeyFormat::Base64, key).unwrap();
    let headers = [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        (
            "Signature-Input",
            "sig-b25=(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"",
        ),
        ("Signature", "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"),
    ];
    let rules = Rfc9421::default().cover(["date", "@authority", "content-type"]);
    let rules = rules.keyid("test-shared-secret").label("sig-b25");
    let verifier = Verifier::new(Scheme::Rfc9421(rules.clone()), vec![key]).unwrap();
    let verifier = verifier.clock(|| 1_618_884_473);
    let verdict = verifier.verify(&Message::new(&headers), b"").unwrap();
    assert_eq!(
        verdict.coverage().to_string(),
        "date, @authority, content-type, created; not the body"
    );
    // It does not cover the body, so that only an empty one is accepted.
    let with_body = verifier.verify(&Message::new(&headers), b"x").unwrap_err();
    assert_eq!(with_body.reason(), "coverage");
}

#[test]
fn content_digests_of_the_rfc_match() {
    let digests = json("signing.json");
    let cases = digests["content_digests"].as_array().unwrap();
    let rules = || Scheme::Rfc9421(Rfc9421::default().cover(["content-digest"]));
    let mut both = 0;
    for case in cases {
        let body = match case["body"].as_str() {
            Some(body) => body.as_bytes().to_vec(),
            None => hex::decode(text(case, "body_hex")).unwrap(),
        };
        let sha256 = format!("sha-256=:{}:", text(&case["digests"], "sha-256"));
        let options = SignOptions::new().timestamp(7);
        let request = Request::new(body.clone());
        let signed = request.sign(&rules(), b"key", &options);
        assert_eq!(signed.headers()[0], ("Content-Digest".into(), sha256), "{case}");
        request.signed(&signed).verify(&rules(), b"key", 7).unwrap();
        both += usize::from(case["digests"]["sha-512"].is_string());
    }
    assert_eq!((cases.len(), both), (5, 2));
}
