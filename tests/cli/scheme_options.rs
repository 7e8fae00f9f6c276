//! Options of schemes: an option without effect is refused.

use hsum::sign::SchemeInfo;

use crate::support::*;

/// The options of schemes, each with a value.
const SETTINGS: [&str; 15] = [
    "--algorithm sha256",
    "--encoding base64",
    "--prefix x=",
    "--signature-header X-Sig:{mac}",
    "--template {body}",
    "--region r",
    "--service s",
    "--access-key-id A",
    "--session-token env:KEY",
    "--presign 60",
    "--unsigned-payload",
    "--cover @method",
    "--label l",
    "--keyid k",
    "--kid k",
];
const SIGN: [&str; 5] =
    ["--param a=1", "--timestamp 1700000000", "--timestamp now", "--id m", "--nonce n"];
const VERIFY: [&str; 4] = ["--param a=1", "--tolerance 10", "--no-freshness", "--now 1700000000"];

/// The options of schemes that sign the time.
const TIMED: &str = "timestamp tolerance no-freshness now";
/// Schemes, the options that they need, and those that have an effect.
const TAKEN: [(&str, &str, &str); 11] = [
    ("twilio", "", "param"),
    ("mailgun", "", "param nonce timestamp tolerance no-freshness now"),
    ("adyen", "", "param"),
    ("binance", "", "tolerance no-freshness now"),
    ("kraken", "", "param nonce"),
    ("raw", "", "algorithm encoding prefix signature-header"),
    (
        "template",
        "--template {body} --signature-header X-Sig:{mac}",
        "algorithm encoding signature-header template",
    ),
    (
        "template",
        "--template {timestamp}.{id}.{nonce}.{body} --signature-header X-Sig:{timestamp},{id},{nonce},{mac}",
        "algorithm encoding signature-header template param id nonce timestamp tolerance no-freshness now",
    ),
    ("jws", "", "algorithm signature-header keyid kid"),
    (
        "sigv4",
        "--region r --service s --access-key-id A",
        "region service access-key-id session-token presign unsigned-payload timestamp tolerance \
         no-freshness now",
    ),
    ("rfc9421", "", "cover label keyid kid nonce timestamp tolerance no-freshness now"),
];

/// Returns the options that have an effect in a scheme that is not in [`TAKEN`].
fn taken_by(info: &SchemeInfo) -> String {
    let id = if info.content.contains("{id}") { "id " } else { "" };
    let time = if info.content.contains("{timestamp}") { TIMED } else { "" };
    format!("{id}{time}")
}

#[test]
fn an_option_without_effect_is_refused() {
    let dir = Dir::with(&["body"]);
    let key = "SmVmZUplZmVKZWZlSmVmZUplZmVKZWZlSmVmZUplZmU=";
    let others =
        SchemeInfo::ALL.iter().filter(|row| TAKEN.iter().all(|(name, ..)| *name != row.name));
    let others = others.map(|row| (row.name, "", taken_by(row)));
    let schemes = TAKEN.map(|(scheme, needed, taken)| (scheme, needed, taken.to_owned()));
    for (scheme, needed, taken) in schemes.into_iter().chain(others) {
        let format = if scheme == "adyen" { "--key-format base64" } else { "" };
        let verbs = [("sign", &SIGN[..]), ("verify-request", &VERIFY[..])];
        for (verb, option) in verbs
            .into_iter()
            .flat_map(|(verb, more)| SETTINGS.iter().chain(more).map(move |option| (verb, *option)))
        {
            let (flag, value) = option.split_once(' ').unwrap_or((option, ""));
            // The scheme needs this option, so that it is already there.
            let twice = needed.contains(flag) && flag != "--signature-header";
            let option = if twice { "" } else { option };
            let option = match (scheme, flag) {
                ("jws", "--algorithm") => "--algorithm HS512",
                ("raw" | "jws", "--signature-header") => "--signature-header X-Sig",
                ("template", "--signature-header") => "--signature-header X-Other:x",
                _ => option,
            };
            let base = format!(
                "{verb} -s {scheme} -k env:KEY {format} --url https://a.example/x?timestamp=1700000000000 {needed}"
            );
            let ran = dir.words(&format!("{base} {option} body")).env("KEY", key).run();
            let title = flag.trim_start_matches("--");
            let effect = taken.split(' ').any(|name| name == title);
            let what = format!("{verb} {scheme} {flag} {value}: {}", ran.stderr);
            assert_eq!(ran.stderr.contains("no effect"), !effect, "{what}");
            if !effect {
                let shown = if flag == "--kid" { "--keyid" } else { flag };
                let text = format!("hsum: {shown}: no effect in the scheme {scheme}, ");
                assert!(ran.stderr.starts_with(&text), "{what}");
                ran.is_in(2, b"", "");
            }
        }
    }
}

#[test]
fn a_refusal_names_the_options_of_the_scheme() {
    let refused = |words: &str, word: &str| {
        let dir = Dir::with(&["body"]);
        dir.words(words).env("KEY", "a-secret-that-is-long-enough").refuses(word);
    };
    let url = "--url https://e.org/";
    refused(
        &format!("sign -s rfc9421 --alg ed25519 -k env:KEY {url} body"),
        "--algorithm: no effect in the scheme rfc9421, which has its own algorithm, HMAC-SHA256",
    );
    refused(
        "sign -s github -k env:KEY --alg sha1 body",
        "which has its own algorithm, HMAC-SHA256",
    );
    refused(
        "sign -s twilio -k env:KEY --alg sha256 body",
        "which has its own algorithm, HMAC-SHA1",
    );
    refused(
        "sign -s jws -k env:KEY --cover @method body",
        "which takes --algorithm, --signature-header, --keyid",
    );
    refused("sign -s github -k env:KEY --cover @method body", "which has no settings");
    refused("sign -s raw --prefix x --cover @method -k env:KEY body", "--cover: no effect");
}

#[test]
fn values_out_of_range_are_refused() {
    let sigv4 = "sign -s sigv4 -k env:KEY --url https://e.org/";
    let base = format!("{sigv4} --region r --service s --access-key-id A");
    for (words, word) in [
        (format!("{base} --presign 4294967297"), "--presign"),
        (format!("{base} --presign 604801"), "1 second to 7 days"),
        (format!("{base} --presign 0"), "1 second to 7 days"),
        (format!("{base} --timestamp 253402300800"), "beyond the year 9999"),
        (format!("{base} --timestamp 18446744073709551615 --presign 5"), "beyond the year 9999"),
        (format!("{sigv4} --region a/b --service s --access-key-id A"), "--region 'a/b': "),
        (format!("{sigv4} --region r --service s --access-key-id A,B"), "--access-key-id 'A,B': "),
        (
            "sign -s rfc9421 -k env:KEY --url https://e.org/ --timestamp 1000000000000000"
                .to_owned(),
            "fifteen digits",
        ),
    ] {
        let dir = Dir::with(&["body"]);
        let call = dir.words(&format!("{words} body"));
        call.env("KEY", "a-secret-that-is-long-enough").refuses(word);
    }
    let dir = Dir::with(&["body"]);
    for (duration, seconds) in [("1", 1), ("604800", 604_800), ("7d", 604_800), ("1.5m", 90)] {
        let call = dir.words(&format!("{base} --presign {duration} body"));
        let url = call.env("KEY", "a-secret-that-is-long-enough").run().exits(0);
        assert!(url.contains(&format!("&X-Amz-Expires={seconds}&")), "{url}");
    }
}

/// Verbs that send requests have these options too, and sign only with `--scheme`.
#[test]
fn settings_without_a_scheme_are_refused() {
    let dir = Dir::with(&["body"]);
    let url = "http://127.0.0.1:1/";
    let own = ["--strict-key", "--key-format hex", "--id m", "--signature-algorithm sha256"];
    for option in SETTINGS.iter().filter(|option| !option.starts_with("--algorithm")).chain(&own) {
        for words in
            [format!("send {option} {url} body"), format!("get {option} --no-verify {url}x")]
        {
            let ran = dir.words(&words).env("KEY", "a-secret-that-is-long-enough").run();
            ran.is_in(2, b"", "--scheme NAME");
        }
    }
    for option in ["--cover @method", "--presign 5", "--signature-header X", "--id m"] {
        let words = format!("send -s github -k env:KEY {option} {url} body");
        let flag = option.split(' ').next().expect("a flag");
        let call = dir.words(&words).env("KEY", "a-secret-that-is-long-enough");
        call.refuses(&format!("{flag}: no effect in the scheme github"));
    }
}
