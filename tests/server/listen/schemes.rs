//! Every scheme: a signed request is verified, and each change of it is rejected.

use hsum::sign::{
    Jws, JwsAlgorithm, KeyFormat, Message, RequestSigner, Rfc9421, Scheme, SchemeInfo, SecretKey,
    SignOptions, Sigv4, Template,
};

use super::{Listening, SECRET, Sent, WHSEC, now};
use crate::support::*;

const URL: &str = "https://hooks.example.org/hook?x=1";

/// A scheme, its settings on the command line, and the bodies of its requests.
struct Case {
    scheme: Scheme,
    words: &'static [&'static str],
    body: Shape,
    /// The bytes of the body that the signature covers contain this text.
    covered: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Json,
    Form,
    Mailgun,
    Adyen,
    Kraken,
}

const TEMPLATE: [&str; 6] = [
    "--template",
    "{method}:{path}:{timestamp}:{body}",
    "--signature-header",
    "X-Time: {timestamp}",
    "--signature-header",
    "X-Sig: {mac}",
];

fn case(info: &SchemeInfo) -> Case {
    let named = || Scheme::from_name(info.name).expect("a scheme without settings");
    let case = |scheme, words| Case { scheme, words, body: Shape::Json, covered: "number" };
    let shaped = |body, covered| Case { body, covered, ..case(named(), &[]) };
    match info.name {
        "twilio" => shaped(Shape::Form, "number"),
        "mailgun" => shaped(Shape::Mailgun, "\"token\":\"a"),
        "adyen" => shaped(Shape::Adyen, "AUTHORISATION"),
        "kraken" => shaped(Shape::Kraken, "number"),
        "raw" => case(Scheme::Template(Template::raw("X-Signature", "")), &[]),
        "template" => {
            let headers = [TEMPLATE[3], TEMPLATE[5]];
            let template = Template::new(TEMPLATE[1], headers);
            case(Scheme::Template(template), &TEMPLATE)
        }
        "jws" => {
            let jws = Jws::detached(JwsAlgorithm::Hs256, "X-JWS");
            case(Scheme::Jws(jws), &["--signature-header", "X-JWS"])
        }
        "sigv4" => case(
            Scheme::Sigv4(Sigv4::new("eu-west-1", "execute-api", "AKID")),
            &["--region", "eu-west-1", "--service", "execute-api", "--access-key-id", "AKID"],
        ),
        "rfc9421" => case(Scheme::Rfc9421(Rfc9421::default()), &[]),
        _ => case(named(), &[]),
    }
}

/// Returns the key as text for the environment, and decoded.
fn key(scheme: &Scheme) -> (String, SecretKey) {
    let bytes = b"a key of thirty-two bytes or so!";
    let text = match scheme.key_format() {
        KeyFormat::Whsec => WHSEC.to_owned(),
        KeyFormat::Hex => hex::encode(bytes),
        KeyFormat::Base64 => "YSBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyBvciBzbyE=".to_owned(),
        _ => SECRET.to_owned(),
    };
    let key = SecretKey::parse(scheme.key_format(), &text).expect("a key");
    (text, key)
}

/// Signs a request as its sender does.
fn signed(case: &Case, time: u64) -> Sent {
    let signer = RequestSigner::new(case.scheme.clone(), vec![key(&case.scheme).1]);
    let signer = signer.expect("a signer");
    let (mut body, params): (String, Vec<(&str, &str)>) = match case.body {
        Shape::Json => (r#"{"type":"opened","number":7}"#.into(), Vec::new()),
        Shape::Form => (
            "From=%2B14158675309&number=a+b".into(),
            vec![("From", "+14158675309"), ("number", "a b")],
        ),
        Shape::Kraken => ("nonce=1616492376594&number=7".into(), vec![("nonce", "1616492376594")]),
        Shape::Mailgun => (String::new(), Vec::new()),
        Shape::Adyen => (
            String::new(),
            vec![
                ("pspReference", "8515131751004933"),
                // It is absent in the body.
                ("originalReference", ""),
                ("merchantAccountCode", "TestMerchant"),
                ("merchantReference", "TestPayment"),
                ("amount.value", "1130"),
                ("amount.currency", "EUR"),
                ("eventCode", "AUTHORISATION"),
                ("success", "true"),
            ],
        ),
    };
    let is_form = matches!(case.body, Shape::Form | Shape::Kraken);
    let media_type = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
    let headers = [("Host", "hooks.example.org"), ("Content-Type", media_type)];
    let mut url = URL.to_owned();
    if case.scheme.name() == "binance" {
        url.push_str(&format!("&timestamp={}", time * 1000));
    }
    let message = Message::new(&headers).url(&url).params(&params);
    let is_timed = case.scheme.has_setting(hsum::sign::Setting::Timestamp);
    let options = SignOptions::new()
        .timestamp(is_timed.then_some(time))
        .id(case.scheme.has_setting(hsum::sign::Setting::Id).then_some("msg_1"))
        .nonce((case.body == Shape::Mailgun).then_some("a3f1c0d9"));
    let signature = signer.sign(&message, &options, body.as_bytes()).expect("signed");
    let field = |name: &str| {
        let found = signature.params().iter().find(|(title, _)| title == name);
        found.expect("a field").1.clone()
    };
    match case.body {
        Shape::Mailgun => {
            body = format!(
                r#"{{"signature":{{"timestamp":"{}","token":"{}","signature":"{}"}},"event-data":{{"event":"opened"}}}}"#,
                field("timestamp"),
                field("token"),
                field("signature")
            );
        }
        Shape::Adyen => {
            body = format!(
                r#"{{"live":"false","notificationItems":[{{"NotificationRequestItem":{{"additionalData":{{"hmacSignature":"{}"}},"amount":{{"currency":"EUR","value":1130}},"pspReference":"8515131751004933","eventCode":"AUTHORISATION","merchantAccountCode":"TestMerchant","merchantReference":"TestPayment","success":"true"}}}}]}}"#,
                field("hmacSignature")
            );
        }
        _ => {}
    }
    let url = signature.url().unwrap_or(&url);
    let mut headers: Vec<(String, String)> =
        headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    headers.extend(signature.headers().iter().cloned());
    let target = url.strip_prefix("https://hooks.example.org").expect("the origin").to_owned();
    Sent { method: "POST".into(), target, headers, body: body.into() }
}

/// Returns a text with its last letter or digit changed to another one.
fn changed(text: &str) -> String {
    let at = text.rfind(|c: char| c.is_ascii_alphanumeric()).expect("a letter or digit");
    let other = if text[at..].starts_with('1') { "2" } else { "1" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

/// Returns the request with each change that the signature must notice, and its name.
fn changes(case: &Case, good: &Sent) -> Vec<(String, Sent)> {
    let mut changes = Vec::new();
    let text = String::from_utf8(good.body.clone()).expect("UTF-8");
    let mut body = good.clone();
    body.body = text.replacen(case.covered, &changed(case.covered), 1).into();
    changes.push(("body".to_owned(), body));
    let own = |name: &str| !["Host", "Content-Type"].contains(&name);
    for at in (0..good.headers.len()).filter(|&at| own(&good.headers[at].0)) {
        let mut request = good.clone();
        request.headers[at].1 = changed(&good.headers[at].1);
        changes.push((format!("header {}", good.headers[at].0), request));
        let mut request = good.clone();
        request.headers.remove(at);
        changes.push((format!("without {}", good.headers[at].0), request));
    }
    let info = case.scheme.info();
    let content = if info.name == "template" { TEMPLATE[1] } else { info.content };
    if content.contains("{url}") || content.contains("query") {
        let mut request = good.clone();
        request.target = good.target.replace("x=1", "x=2");
        changes.push(("query".to_owned(), request));
    }
    if content.contains("method") {
        let mut request = good.clone();
        request.method = "PUT".into();
        changes.push(("method".to_owned(), request));
    }
    changes
}

#[test]
fn every_scheme_is_verified_and_each_change_is_rejected() {
    let dir = Dir::new();
    let mut count = 0;
    for info in SchemeInfo::ALL {
        let case = case(info);
        let (key, _) = key(&case.scheme);
        dir.write("key", key);
        dir.chmod("key", 0o600);
        let mut words =
            vec!["-s", info.name, "-k", "file:key", "--url", "https://hooks.example.org"];
        words.extend(case.words);
        let mut server = Listening::with_words(&dir, &words);
        let good = signed(&case, now());
        let (status, answer) = server.send(&good);
        let line = server.next();
        assert_eq!(status, 200, "{}: {answer}{line}", info.name);
        assert_eq!((&line["status"], &line["scheme"]), (&"OK".into(), &info.name.into()));
        let mut bad = changes(&case, &good);
        assert!(bad.len() > 1 || good.headers.len() == 2, "{}: few changes", info.name);
        if line["timestamp"].is_u64() {
            bad.push(("an old time".into(), signed(&case, now() - 400)));
            bad.push(("a future time".into(), signed(&case, now() + 400)));
        }
        for (change, request) in bad {
            let (status, answer) = server.send(&request);
            let line = server.next();
            assert!([400, 401].contains(&status), "{}: {change}: {answer}{line}", info.name);
            assert_eq!((&line["status"], &line["verified"]), (&"FAILED".into(), &false.into()));
            count += 1;
        }
    }
    assert!(count >= 80, "{count} changes");
}

#[test]
fn what_hsum_sends_is_verified() {
    let dir = Dir::new();
    dir.write("body.json", r#"{"type":"opened"}"#);
    for (scheme, settings) in [
        ("github", ""),
        ("slack", ""),
        ("stripe", ""),
        ("standard-webhooks", "--key-format text"),
        ("shopify", ""),
        ("paddle", ""),
        ("raw", "-a sha512 --encoding base64 --signature-header X-Sig"),
        ("jws", "--signature-header X-JWS"),
        ("sigv4", "--region eu-west-1 --service execute-api --access-key-id AKID"),
        ("rfc9421", "--cover @method,@target-uri,content-digest"),
    ] {
        let signing = format!("-s {scheme} -k env:SECRET {settings}");
        let mut server = Listening::start(&dir, &signing);
        let send = format!("send {signing} {} body.json", server.url("hook?a=%20b"));
        let ran = dir.words(&send).env("SECRET", SECRET).run();
        let line = server.next();
        assert_eq!(ran.status.code(), Some(0), "{scheme}: {}{line}", ran.stderr);
        assert_eq!(line["status"], "OK", "{line}");
        let change = format!("{send} -X PUT");
        let ran = dir.words(&change).env("SECRET", SECRET).run();
        let line = server.next();
        // Only some schemes sign the method.
        let is_signed = ["sigv4", "rfc9421"].contains(&scheme);
        assert_eq!(ran.status.code(), Some(if is_signed { 0 } else { 4 }), "{scheme}: {line}");
        server.stop();
    }
}
