//! `hsum sign`, `verify-request`, `keygen` and `schemes`.

use std::fs;

use crate::support::*;

const KEY: &str = "It's a Secret to Everybody";
const HEADER: &str =
    "X-Hub-Signature-256: sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Settings and values with which every scheme can sign.
const ALL: [(&str, &str); 23] = [
    ("github", ""),
    ("slack", ""),
    ("zoom", ""),
    ("stripe", ""),
    ("standard-webhooks", ""),
    ("svix", ""),
    ("gitlab", ""),
    ("shopify", ""),
    ("dropbox", ""),
    ("square", "--url https://a.example/x"),
    ("paddle", ""),
    ("kraken", "--url https://a.example/x --param nonce=7"),
    ("raw", ""),
    ("raw", "--alg sha512 --encoding base64 --prefix sha512= --header X-Sig"),
    ("template", "--template v0:{timestamp}:{body} --header X-Sig:t={timestamp},v={mac}"),
    ("jws", ""),
    ("jws", "--alg HS512 --kid k1"),
    ("jws", "--alg HS384 --header X-JWS"),
    ("sigv4", "--region r --service s --access-key-id A --url https://a.example/x?b=1"),
    (
        "sigv4",
        "--region r --service s3 --access-key-id A --url https://a.example/x --session-token env:KEY",
    ),
    ("rfc9421", "--url https://a.example/x"),
    ("rfc9421", "--url https://a.example/x --cover @method,content-digest --keyid k --label l"),
    ("twilio", "--url https://a.example/x --param a=1"),
];

fn dir() -> Dir {
    let dir = Dir::new();
    dir.write("body", "Hello, World!");
    dir
}

/// Prepares `hsum WORDS` with the key in the environment, in a directory for this statement.
macro_rules! hsum {
    ($words:expr) => {
        dir().words(AsRef::<str>::as_ref(&$words)).env("KEY", KEY)
    };
}

#[test]
fn github_signatures_match_the_documentation() {
    hsum!("sign -s github -k env:KEY body").prints(format!("{HEADER}\n"));
    hsum!("sign -s github -k env:KEY").stdin("Hello, World!").prints(format!("{HEADER}\n"));
    let value = HEADER.split('=').next_back().expect("a MAC");
    hsum!("sign -s github -k env:KEY --format value body").prints(format!("{value}\n"));
    let (name, text) = HEADER.split_once(": ").expect("a header");
    let json = format!(
        "{{\"scheme\":\"github\",\"headers\":{{\"{name}\":\"{text}\"}},\"params\":{{}},\"url\":null,\"value\":\"{value}\"}}\n"
    );
    hsum!("sign -s github -k env:KEY --format json body").prints(&json);
    let typed = hsum!("sign -s github -k env:KEY --json body").run().exits(0);
    assert!(typed.starts_with(&format!("{{\"type\":\"signature\",{}", &json[1..])), "{typed}");
    let curl = format!(
        "curl --globoff --path-as-is -X POST -H '{HEADER}' -H Content-Type: --data-binary @body \
         'https://a.example/x'\n"
    );
    hsum!("sign -s github -k env:KEY --format curl --url https://a.example/x body").prints(curl);
}

#[test]
fn signed_requests_are_verified_and_changed_bodies_refused() {
    for (scheme, settings) in ALL {
        let dir = dir();
        let key = match scheme {
            "standard-webhooks" | "svix" | "gitlab" => WHSEC,
            "kraken" => "SmVmZUplZmVKZWZlSmVmZQ==",
            _ => "a key of thirty-two bytes or so, or more, for HS512 has to have sixty-four",
        };
        let call = |verb: &str, body: &str| {
            let words = format!("{verb} -s {scheme} -k env:KEY {settings} {body}");
            dir.words(&words).env("KEY", key)
        };
        let headers = call("sign", "body").run();
        let headers = headers.exits(0);
        dir.write("headers", &headers);
        let ran = call("verify-request --headers headers", "body").run();
        assert!(ran.exits(0).starts_with(&format!("OK ({scheme})\nsigned: ")), "{scheme}");
        assert_eq!(ran.stderr, "", "{scheme}");
        if scheme != "twilio" {
            dir.write("longer", "Hello, World!\n");
            let ran = call("verify-request --headers headers --explain", "longer").run();
            let text = ran.exits(1);
            assert!(text.starts_with("FAILED ("), "{scheme}: {text}");
            assert!(text.contains("the final line end of the body removed"), "{scheme}: {text}");
        }
    }
}

#[test]
fn signatures_in_parameters_and_urls_are_verified() {
    let dir = dir();
    let call = |words: &str| dir.words(words).env("KEY", KEY);
    let params = call("sign -s mailgun -k env:KEY body").run().exits(0);
    let params: Vec<String> = params.lines().map(|line| format!("--param {line}")).collect();
    let verify = format!("verify-request -s mailgun -k env:KEY {} body", params.join(" "));
    assert!(call(&verify).run().exits(0).contains("signed: timestamp, nonce; not the body"));
    let fields = "--param pspReference=1 --param originalReference= --param merchantAccountCode=T \
                  --param merchantReference=p --param amount.value=1 --param amount.currency=EUR \
                  --param eventCode=A --param success=true";
    let adyen = |verb: &str, more: &str| {
        dir.words(&format!("{verb} -s adyen -k env:HEX {fields} {more} body"))
            .env("HEX", "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056")
            .run()
    };
    let signature = adyen("sign", "").exits(0);
    let param = format!("--param {}", signature.trim());
    assert!(adyen("verify-request", &param).exits(0).starts_with("OK (adyen)"));
    for (scheme, settings, url) in [
        ("binance", "--now 1700000000", "https://a.example/x?timestamp=1700000000000"),
        ("sigv4", "--region r --service s3 --access-key-id A --presign 60", "https://a.example/x"),
    ] {
        let sign = settings.replace("--now 1700000000", "");
        let words = format!("sign -s {scheme} -k env:KEY {sign} --url {url} /dev/null");
        let signed = call(&words).run().exits(0);
        let words =
            format!("verify-request -s {scheme} -k env:KEY {settings} --url {signed} /dev/null");
        assert!(call(&words).run().exits(0).starts_with("OK"), "{scheme}");
    }
}

#[test]
fn verdicts_are_printed_as_text_and_json() {
    let line = |words: &str| {
        let dir = dir();
        dir.write(
            "headers",
            "X-Slack-Request-Timestamp: 1700000000\nX-Slack-Signature: \
            v0=9b00a4a8b1bcfa1ff63fbbca6f0a29d94a7ad01e3efa2a9e7d4fd57b4a83b9b3\n",
        );
        let signed =
            dir.words("sign -s slack -k env:KEY --timestamp 1700000000 body").env("KEY", KEY);
        let signed = signed.run().exits(0);
        dir.write("headers", signed);
        let words = format!("verify-request -s slack -k env:KEY --headers headers {words} body");
        dir.words(&words).env("KEY", KEY).run()
    };
    let good = line("--now 1700000300").exits(0);
    assert!(
        good.starts_with(
            "OK (slack)\nsigned: timestamp, body\ntimestamp: 1700000000\nreplay key: "
        )
    );
    let stale = line("--now 1700000307").exits(1);
    assert_eq!(stale, "FAILED (stale): authentic, but 7 s too old\n");
    let future = line("--now 1699999600 --json").exits(1);
    assert_eq!(
        future,
        "{\"type\":\"request\",\"status\":\"FAILED\",\"scheme\":\"slack\",\"reason\":\"future\",\
         \"error\":\"authentic, but signed 100 s too far in the future\",\"by\":100}\n\
         {\"type\":\"summary\",\"schema\":1,\"verb\":\"verify-request\",\"ok\":0,\"failed\":1,\"exit\":1}\n"
    );
    line("--now 1800000000 --no-freshness").exits(0);
    line("--now 1700000307 --tolerance 307").exits(0);
    line("--now 1700000307 --tolerance 306").exits(1);
    let json = line("--now 1700000000 --json").exits(0);
    let json: serde_json::Value =
        serde_json::from_str(json.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&json["status"], &json["body_signed"]), (&"OK".into(), &true.into()));
    assert_eq!(json["replay_key"].as_str().map(str::len), Some(64));
}

#[test]
fn captured_requests_are_verified() {
    let dir = dir();
    let call = |words: &str| dir.words(words).env("KEY", KEY);
    for end in ["\r\n", "\n"] {
        let head = format!("POST /hook HTTP/1.1{end}Host: a.example{end}{HEADER}{end}{end}");
        dir.write("request", [head.as_bytes(), b"Hello, World!"].concat());
        let words = "verify-request -s github -k env:KEY --http request";
        assert!(call(words).run().exits(0).starts_with("OK (github)"));
        dir.write("cut", head.trim_end());
        call("verify-request -s github -k env:KEY --http cut").run().is_in(2, b"", "empty line");
        let chunked = head.replace("Host", "Transfer-Encoding: chunked\r\nHost");
        dir.write("chunked", chunked);
        call("verify-request -s github -k env:KEY --http chunked").run().is_in(
            2,
            b"",
            "the body is chunked",
        );
    }
    dir.write("binary", b"\xff\xfe\0");
    call("verify-request -s github -k env:KEY --http binary").run().is_in(
        2,
        b"",
        "not an HTTP request",
    );
}

#[test]
fn explain_finds_changes_of_the_body() {
    let json = "{\"a\": [1, 2], \"b\": \"é\"}";
    let compact = "{\"a\":[1,2],\"b\":\"é\"}";
    let rows: &[(&str, &str, &str, &str, &str)] = &[
        // scheme, key, the sender's body, the receiver's body, the cause
        ("github", KEY, "x", "x\n", "the final line end of the body removed"),
        ("github", KEY, "x\n", "x", "a line end (LF) added"),
        ("github", KEY, "a\nb\n", "a\r\nb\r\n", "CRLF in the body replaced by LF"),
        ("github", KEY, "a\r\nb", "a\nb", "LF in the body replaced by CRLF"),
        ("github", KEY, "ab", "a\nb\n", "curl -d @FILE"),
        ("github", KEY, compact, json, "compact JSON"),
        ("github", KEY, json, compact, "Python's JSON"),
        ("github", KEY, "{\n  \"a\": 1\n}", "{\"a\":1}", "indented by 2"),
        ("github", KEY, "{\"b\":\"\\u00e9\"}", "{\"b\":\"é\"}", "ASCII JSON"),
        ("github", KEY, "caf?", "café", "replaced by '?'"),
        ("github", KEY, "x", "\u{feff}x", "byte order mark"),
        ("github", KEY, "", "x", "an empty body"),
    ];
    for (scheme, key, sent, received, cause) in rows {
        let dir = Dir::new();
        dir.write("sent", sent);
        dir.write("received", received);
        let sign = format!("sign -s {scheme} -k env:KEY sent");
        dir.write("headers", dir.words(&sign).env("KEY", key).run().exits(0));
        let verify =
            format!("verify-request --explain -s {scheme} -k env:KEY --headers headers received");
        let text = dir.words(&verify).env("KEY", key).run().exits(1);
        assert!(text.contains(cause), "{cause}:\n{text}");
    }
}

#[test]
fn explain_finds_changes_of_the_key() {
    for (scheme, sender, format, receiver, cause) in [
        ("github", "6a656665", "hex", "6a656665", "decoded from hex"),
        ("github", "SmVmZQ==", "base64", "SmVmZQ==", "decoded from base64"),
        ("github", "Jm-_ZQ", "base64url", "Jm-_ZQ", "decoded from base64url"),
        ("github", "Jefe ", "text", "Jefe", "no common change"),
        ("github", "Jefe", "text", "Jefe ", "without surrounding white space"),
        ("stripe", WHSEC, "whsec", WHSEC, "decoded as whsec"),
        ("standard-webhooks", WHSEC, "text", WHSEC, "the key as text"),
        ("github", "Jefe\n", "raw", "Jefe", "a line end added to the key"),
    ] {
        let dir = dir();
        dir.write("key", sender);
        let sign = format!("sign -s {scheme} -k file:key --key-format {format} body");
        dir.write("headers", dir.words(&sign).run().exits(0));
        let words =
            format!("verify-request --explain -s {scheme} -k env:KEY --headers headers body");
        let ran = dir.words(&words).env("KEY", receiver).run();
        let text = ran.exits(1);
        assert!(text.contains(cause), "{cause}:\n{text}");
    }
}

#[test]
fn explain_finds_other_encodings_urls_and_schemes() {
    let explain = |scheme: &str, settings: &str, headers: &str| {
        let dir = dir();
        dir.write("headers", headers);
        let words = format!(
            "verify-request --explain -s {scheme} -k env:KEY {settings} --headers headers body"
        );
        dir.words(&words).env("KEY", KEY).run().exits(1)
    };
    let raw =
        |settings: &str| hsum!(format!("sign -s raw -k env:KEY {settings} body")).run().exits(0);
    let cases = [
        (
            "github",
            "",
            raw("--encoding base64 --header X-Hub-Signature-256 --prefix sha256="),
            "as base64 of HMAC-sha256",
        ),
        (
            "github",
            "",
            raw("--alg sha1 --header X-Hub-Signature-256 --prefix sha256="),
            "hex of HMAC-sha1",
        ),
        ("shopify", "", raw("--header X-Shopify-Hmac-SHA256"), "as hex of HMAC-sha256"),
        (
            "github",
            "",
            raw("--alg sha1 --header X-Hub-Signature --prefix sha1="),
            "X-Hub-Signature is the older signature of the scheme github",
        ),
        (
            "github",
            "",
            raw("--header X-Hub-Signature --prefix sha256="),
            "if the sender writes HMAC-SHA256 there, use '--scheme raw",
        ),
        (
            "github",
            "",
            "X-Slack-Request-Timestamp: 1\nX-Slack-Signature: v0=00\n".into(),
            "headers of the scheme slack",
        ),
        ("github", "", format!("{HEADER}\n{HEADER}0\n"), "(duplicate-header)"),
        ("stripe", "", "Stripe-Signature: t=1,v0=00\n".into(), "(no-signature)"),
        (
            "slack",
            "",
            format!("X-Slack-Request-Timestamp: 1.5\nX-Slack-Signature: v0={}\n", "0".repeat(64)),
            "explain: a time is decimal digits only",
        ),
        (
            "github",
            "",
            HEADER.replace("sha256=", ""),
            "explain: the scheme writes 'X-Hub-Signature-256: sha256={mac}'",
        ),
        ("jws", "", "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\n".into(), "(alg)"),
        (
            "github",
            "",
            format!("{}\nContent-Length: 99\n", HEADER.replace("sha256=7", "sha256=8")),
            "Content-Length is 99",
        ),
        (
            "github",
            "",
            format!("{}\nContent-Encoding: gzip\n", HEADER.replace("sha256=7", "sha256=8")),
            "senders sign the body before it is encoded, or after",
        ),
    ];
    for (scheme, settings, headers, cause) in cases {
        let text = explain(scheme, settings, &headers);
        assert!(text.contains(cause), "{cause}:\n{text}");
        // Only after a mismatch may the key be doubted.
        let asks = text.contains("is it the right key");
        assert!(!asks || text.contains("(mismatch)"), "{text}");
    }
    for (sent, seen, cause) in [
        ("https://a.example/x", "https://a.example:8443/x", "without its port"),
        ("https://a.example/x", "http://a.example/x", "with https instead of http"),
        ("https://a.example/x/", "https://a.example/x", "with a final slash"),
        ("https://a.example/x", "https://a.example/x?q=1", "without its query"),
    ] {
        let headers = hsum!(format!("sign -s square -k env:KEY --url {sent} body")).run().exits(0);
        let text = explain("square", &format!("--url {seen}"), &headers);
        assert!(text.contains(cause), "{cause}:\n{text}");
    }
    let late = hsum!("sign -s slack -k env:KEY --timestamp 1700000000000 body").run().exits(0);
    assert!(explain("slack", "--now 1700000000", &late).contains("seems to be in milliseconds"));
    // Microseconds, but Binance uses milliseconds.
    let url = "https://a.example.org/o?timestamp=1700000000000000";
    let url = hsum!(format!("sign -s binance -k env:KEY --url {url} body")).run().exits(0);
    let late = explain("binance", &format!("--now 1700000000 --url {url}"), "");
    assert!(late.contains("or in microseconds where it has milliseconds"), "{late}");
    // The MAC that would match is never printed.
    let wrong = HEADER.replace("sha256=7", "sha256=8");
    let right = HEADER.split('=').next_back().expect("a MAC");
    assert!(!explain("github", "--json", &wrong).contains(right));
}

#[test]
fn several_keys_are_accepted() {
    let dir = dir();
    let call = |words: &str| {
        dir.words(words)
            .env("OLD", "an old key of some length")
            .env("NEW", "a new key of some length")
    };
    dir.write("headers", call("sign -s stripe -k env:NEW -k env:OLD body").run().exits(0));
    for (keys, text) in
        [("-k env:OLD", "OK"), ("-k env:NEW", "OK"), ("-k env:OLD -k env:NEW", "key: 1 of 2")]
    {
        let words = format!("verify-request -s stripe {keys} --headers headers body");
        assert!(call(&words).run().exits(0).contains(text), "{keys}");
    }
    call("sign -s github -k env:NEW -k env:OLD body").refuses("one signature");
}

#[test]
fn invalid_keys_are_not_mismatches() {
    for (key, format, word) in [
        ("", "text", "the key is empty"),
        ("  ", "text", "the key is blank"),
        ("a\nb", "text", "one line"),
        ("xyz", "hex", "not hexadecimal"),
        ("SmVmZR==", "base64", "not base64"),
        ("SmVmZQ==", "base64url", "not base64url"),
        ("  ", "hex", "the key is blank"),
        ("whsec_", "whsec", "the key is empty"),
        (
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
            "whsec",
            "not base64 with or without the prefix 'whsec_'",
        ),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec", "not base64"),
        ("whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec", "not base64"),
        ("a plain secret", "whsec", "not base64"),
    ] {
        for verb in ["sign", "verify-request"] {
            let words = format!("{verb} -s github -k env:KEY --key-format {format} body");
            let ran = dir().words(&words).env("KEY", key).run();
            ran.is_in(2, b"", word);
            assert!(
                key.trim().is_empty() || key.len() < 5 || !ran.stderr.contains(key),
                "{}",
                ran.stderr
            );
        }
    }
    hsum!("sign -s github -k env:NOT_THERE body").run().is_in(2, b"", "is not set");
    hsum!("sign -s github -k file:nope body").run().is_in(2, b"", "No such file");
    hsum!("sign -s github -k hunter2 body")
        .refuses("never put a key or password on the command line");
    let ran = hsum!("sign -s github -k hunter2 body").run();
    assert!(!ran.stderr.contains("hunter2"));
    hsum!("sign -s github -k - -").refuses("both be standard input");
    hsum!("sign -s github -k - -k fd:0 body").refuses("only one key");
    hsum!("sign -s github -k env:KEY nope").run().is_in(2, b"", "No such file");
}

#[test]
fn weak_keys_cause_warnings() {
    let dir = dir();
    dir.write("key", "0123456789abcdef0123456789abcdef\n");
    dir.chmod("key", 0o644);
    let ran = dir.words("sign -s github -k file:key body").run();
    ran.exits(0);
    assert_eq!(ran.stderr, "hsum: warning: key: others can read it (mode 0644)\n");
    dir.words("sign --strict -s github -k file:key body").run().is_in(2, b"", "others can read it");
    dir.chmod("key", 0o600);
    dir.words("sign --strict -s github -k file:key body").run().exits(0);
    for (scheme, key, word) in [
        ("github", "short", "at least 14"),
        ("jws", "0123456789abcdef", "RFC 7518"),
        ("svix", "whsec_SmVmZUplZmVKZWZlSmVmZQ==", "24 to 64"),
    ] {
        let words = format!("sign -s {scheme} -k env:KEY body");
        let ran = dir.words(&words).env("KEY", key).run();
        ran.exits(0);
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
        dir.words(&words.replace("-s", "--strict -s")).env("KEY", key).run().is_in(2, b"", word);
    }
}

#[test]
fn wrong_usage_is_explained() {
    for (words, word) in [
        ("sign -s nope -k env:KEY body", "'hsum schemes' lists all"),
        ("sign -s github body", "--key"),
        ("sign -s square -k env:KEY body", "missing url; use --url"),
        ("verify-request -s square -k env:KEY body", "--url"),
        ("sign -s kraken -k env:B64 --url https://a/x body", "nonce"),
        ("sign -s sigv4 -k env:KEY body", "--region"),
        ("sign -s template -k env:KEY body", "--template"),
        ("sign -s github -k env:KEY --alg sha1 body", "its own algorithm"),
        ("sign -s jws -k env:KEY --alg none body", "HS256"),
        ("sign -s raw -k env:KEY --alg shake128 body", "not defined"),
        ("sign -s github -k env:KEY -H nothing body", "NAME: VALUE"),
        ("sign -s twilio -k env:KEY --url https://a/x --param nothing body", "NAME=VALUE"),
        ("sign -s slack -k env:KEY --timestamp yesterday body", "seconds"),
        ("verify-request -s slack -k env:KEY --tolerance 5 --no-freshness body", "cannot be used"),
    ] {
        let ran = dir().words(words).env("KEY", KEY).env("B64", "SmVmZUplZmVKZWZlSmVmZQ==").run();
        ran.is_in(2, b"", word);
    }
}

#[test]
fn keygen_writes_random_keys() {
    let dir = Dir::new();
    for (format, length) in
        [("hex", 65), ("base64", 45), ("base64url", 44), ("raw", 32), ("whsec", 51)]
    {
        let one = dir.words(&format!("keygen --format {format}")).run();
        let two = dir.words(&format!("keygen --format {format}")).run();
        assert_eq!(one.stdout.len(), length, "{format}");
        assert_ne!(one.stdout, two.stdout, "{format}");
    }
    dir.words("keygen -o key").prints("");
    assert_eq!(dir.mode("key"), 0o600);
    let key = dir.read("key");
    dir.words("keygen -o key").run().is_in(2, b"", "a file of this name exists; remove it");
    assert_eq!(dir.read("key"), key);
    dir.write("body", "x");
    dir.words("sign --strict -s standard-webhooks -k file:key body").run().exits(0);
    dir.words("keygen --bytes 15").run().is_in(2, b"", "15");
}

#[test]
fn schemes_lists_all_schemes() {
    let text = dir().words("schemes").run().exits(0);
    let json = dir().words("schemes --json").run().exits(0);
    assert_eq!(json.lines().count(), hsum::sign::SchemeInfo::ALL.len() + 1);
    for row in hsum::sign::SchemeInfo::ALL {
        assert!(text.contains(&format!("{}\n  MAC", row.name)), "{}", row.name);
    }
}

#[test]
fn the_key_is_in_no_command_line_and_no_output() {
    let dir = dir();
    let secret = "hunter2-hunter2-hunter2";
    dir.fifo("fifo");
    for verb in ["sign", "verify-request"] {
        let words = format!("{verb} -s github -k env:KEY fifo");
        let child = dir.words(&words).env("KEY", secret).spawn();
        let fifo = open_fifo(&dir.path("fifo"));
        if let Ok(line) = fs::read(format!("/proc/{}/cmdline", child.id())) {
            assert!(!String::from_utf8_lossy(&line).contains("hunter2"));
        }
        drop(fifo);
        let ran = finish(child);
        let all = [&ran.stdout[..], ran.stderr.as_bytes()].concat();
        assert!(!String::from_utf8_lossy(&all).contains("hunter2"), "{verb}");
    }
    for line in [secret, "Authorization hunter2", "X Y: hunter2", ": hunter2"] {
        for verb in ["sign", "verify-request"] {
            let args = [verb, "-s", "github", "-k", "env:KEY", "-H", line, "body"];
            let ran = dir.hsum(args).env("KEY", secret).run();
            ran.is_in(2, b"", "-H: invalid header");
            assert!(!ran.stderr.contains("hunter2"), "{verb} {line}");
        }
    }
    for scheme in hsum::sign::SchemeInfo::ALL {
        let words = format!("verify-request --explain -s {} -k env:KEY body", scheme.name);
        let ran = dir.words(&words).env("KEY", secret).run();
        let all = [&ran.stdout[..], ran.stderr.as_bytes()].concat();
        assert!(!String::from_utf8_lossy(&all).contains("hunter2"), "{}", scheme.name);
    }
}

#[test]
fn curl_commands_are_quoted_for_a_shell() {
    let dir = Dir::new();
    dir.write("it's a body", "x");
    let call =
        dir.hsum(["sign", "-s", "github", "-k", "env:KEY", "--format", "curl", "it's a body"]);
    let line = call.env("KEY", KEY).run().exits(0);
    let script = format!("curl() {{ for a; do printf '%s|' \"$a\"; done; }}; {line}");
    let words = dir.shell(&script).run().exits(0);
    assert!(words.ends_with("|--data-binary|@it's a body|URL|"), "{words}");
}

/// Otherwise curl would declare the body a form.
#[test]
fn curl_commands_send_json_as_json() {
    let dir = Dir::new();
    dir.write("json", "{\"id\": \"evt_1\"}\n");
    dir.write("text", "no JSON");
    let curl = |words: &str, more: &[&str]| {
        let words = format!("sign -k env:KEY --format curl --url https://a.example/x {words}");
        let call = dir.words(&words).args(more.iter().copied()).env("KEY", KEY);
        call.run().exits(0)
    };
    let json = " -H 'Content-Type: application/json' ";
    assert!(curl("-s stripe json", &[]).contains(json));
    assert!(curl("-s stripe text", &[]).contains(" -H Content-Type: --data-binary "));
    let own = curl("-s stripe json", &["-H", "content-type: text/plain"]);
    assert!(own.contains(" -H 'content-type: text/plain' ") && !own.contains(json), "{own}");
    // The added header is signed in schemes that sign headers.
    let sigv4 = curl("-s sigv4 --region r --service s --access-key-id A json", &[]);
    assert!(sigv4.contains(json) && sigv4.contains("SignedHeaders=content-type;host;"), "{sigv4}");
    let rfc9421 = curl("-s rfc9421 --cover content-type json", &[]);
    assert!(rfc9421.contains(json) && rfc9421.contains("(\"content-type\")"), "{rfc9421}");
    // No header is sent twice.
    let date = curl(
        "-s sigv4 --region r --service s --access-key-id A --timestamp 1700000000 json",
        &["-H", "X-Amz-Date: 20231114T221320Z"],
    );
    assert_eq!(date.matches("X-Amz-Date: ").count(), 1, "{date}");
    // curl would not send 'NAME:'.
    let empty = curl("-s github text", &["-H", "X-Note:", "-H", "Content-Type: "]);
    assert!(empty.contains(" -H 'X-Note;' -H 'Content-Type;' "), "{empty}");
    assert!(!empty.contains("Content-Type:"), "{empty}");
}

/// `verify-request` has the options of other verbs that report.
#[test]
fn verdicts_are_quiet_and_coloured_on_request() {
    let dir = Dir::with(&["body"]);
    let call = |words: &str| dir.words(words).env("KEY", "a-secret-that-is-long-enough");
    let good = call("sign -s github -k env:KEY body").run().exits(0).replace(": ", ":");
    let good = format!("verify-request -s github -k env:KEY -H {good} body");
    let bad = good.replace(" body", " /dev/null");
    call(&format!("{good} -q")).prints("");
    let coloured = call(&format!("{good} --color always")).run().exits(0);
    assert!(coloured.starts_with("\x1b[2mOK\x1b[0m (github)\n"), "{coloured}");
    let plain = call(&bad).run().exits(1);
    assert!(plain.starts_with("FAILED (mismatch): "), "{plain}");
    assert_eq!(call(&format!("{bad} -q")).run().exits(1), plain);
    let coloured = call(&format!("{bad} --color always")).run().exits(1);
    assert_eq!(coloured, plain.replace("FAILED", "\x1b[31mFAILED\x1b[0m"));
}
