//! The signed URL is the one that is sent, however it is written.

use crate::support::*;

const KEY: &str = "a-secret-that-is-long-enough";
const SIGV4: &str = "-s sigv4 --region r --service s --access-key-id A -k env:KEY -X GET";
const TIME: &str = "--timestamp 1700000000 --format value /dev/null";

fn hsum(args: &[&str]) -> Ran {
    Dir::new().hsum(args).env("KEY", KEY).run()
}

/// Returns the output of `hsum sign WORDS MORE…`; only `more` may contain blanks.
fn value(words: &str, more: &[&str]) -> String {
    let args = ["sign"].into_iter().chain(words.split_whitespace()).chain(more.iter().copied());
    let ran = hsum(&args.chain(TIME.split_whitespace()).collect::<Vec<_>>());
    assert_eq!(ran.stderr, "", "{words} {more:?}");
    ran.exits(0).trim_end().to_owned()
}

/// The signature that botocore computes.
const PLAIN: &str = "463c1cb967f803f074e6eacb28e738c139cdd1e5f11e709f70440d6d1f032c67";
const SPACED: &str = "631bce433d4f85e50ff1565111c5253ea103bbe0d79da81fa91d5e6fbf5dd851";

#[test]
fn sigv4_signs_the_host_that_clients_send() {
    for url in [
        "https://example.com/k",
        "https://example.com:443/k",
        "https://EXAMPLE.com/k",
        "HTTPS://Example.COM:0443/k",
        "https://example.com:/k#fragment",
        "https://user:password@example.com/k",
        "http://example.com:80/k",
    ] {
        assert_eq!(value(&format!("{SIGV4} --url {url}"), &[]), PLAIN, "{url}");
    }
    for url in ["https://example.com:80/k", "http://example.com:443/k", "https://example.com./k"] {
        assert_ne!(value(&format!("{SIGV4} --url {url}"), &[]), PLAIN, "{url}");
    }
    // A Host header is sent unchanged.
    let given =
        value(&format!("{SIGV4} --url https://other.example/k"), &["-H", "Host: example.com"]);
    assert_eq!(given, PLAIN);
    let given =
        value(&format!("{SIGV4} --url https://example.com/k"), &["-H", "Host: example.com:443"]);
    assert_ne!(given, PLAIN);
    let words = format!("sign {SIGV4} --url https://bücher.example/k");
    let ran = hsum(&words.split_whitespace().collect::<Vec<_>>());
    ran.is_in(2, b"", "host: not ASCII");
}

#[test]
fn sigv4_prints_the_url_to_send_if_it_differs() {
    let sign = |url: &str, format: &str| {
        let words =
            format!("sign {SIGV4} --url {url} --timestamp 1700000000 --format {format} /dev/null");
        hsum(&words.split_whitespace().collect::<Vec<_>>())
    };
    let ran = sign("https://EXAMPLE.com:443/k", "headers");
    assert!(ran.exits(0).contains(PLAIN));
    assert_eq!(ran.stderr, "hsum: note: signed for the URL 'https://example.com/k'\n");
    let curl = sign("https://EXAMPLE.com/k", "curl").exits(0);
    assert!(curl.contains(PLAIN) && curl.ends_with("'https://example.com/k'\n"), "{curl}");
    let presigned = |url: &str| {
        let words =
            format!("sign {SIGV4} --presign 60 --url {url} --timestamp 1700000000 /dev/null");
        hsum(&words.split_whitespace().collect::<Vec<_>>()).exits(0)
    };
    let plain = presigned("https://example.com/k");
    assert!(plain.starts_with("https://example.com/k?X-Amz-Algorithm="), "{plain}");
    assert_eq!(presigned("HTTPS://u:p@EXAMPLE.com:443/k#f"), plain);
}

/// Runs `verify-request` with the signature `mac` over the headers `signed`.
fn verify_sigv4(mac: &str, signed: &str, url: &str, headers: &[&str]) -> i32 {
    let authorization = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=A/20231114/r/s/aws4_request, \
         SignedHeaders={signed}, Signature={mac}"
    );
    let words = format!("verify-request {SIGV4} --now 1700000000 --url {url}");
    let mut args: Vec<&str> = words.split_whitespace().collect();
    for header in headers.iter().chain(&["X-Amz-Date: 20231114T221320Z", &authorization]) {
        args.extend(["-H", header]);
    }
    args.push("/dev/null");
    hsum(&args).status.code().expect("an exit status")
}

#[test]
fn sigv4_verifies_the_host_as_received_and_in_its_normal_form() {
    let verify =
        |mac: &str, url: &str, headers: &[&str]| verify_sigv4(mac, "host;x-amz-date", url, headers);
    for url in ["https://example.com/k", "https://EXAMPLE.com:443/k", "https://u@example.com/k#f"] {
        assert_eq!(verify(PLAIN, url, &[]), 0, "{url}");
    }
    for host in
        ["Host: example.com", "Host: example.com:443", "Host: EXAMPLE.COM", "host:example.com:"]
    {
        assert_eq!(verify(PLAIN, "/k", &[host]), 0, "{host}");
    }
    assert_eq!(verify(PLAIN, "http://x/k", &["Host: example.com:80"]), 0);
    for host in [
        "Host: example.org",
        "Host: example.com:80",
        "Host: example.com:8443",
        "Host: example.com.",
    ] {
        assert_eq!(verify(PLAIN, "/k", &[host]), 1, "{host}");
    }
    // A sender may sign the host with its port.
    let with_port =
        value(&format!("{SIGV4} --url https://example.com/k"), &["-H", "Host: example.com:443"]);
    assert_eq!(verify(&with_port, "/k", &["Host: example.com:443"]), 0);
    assert_eq!(verify(&with_port, "/k", &["Host: example.com"]), 1);
}

#[test]
fn sigv4_replaces_white_space_in_a_value_by_one_space() {
    let sign = |note: &str| value(&format!("{SIGV4} --url https://example.com/k"), &["-H", note]);
    for note in
        ["X-Note: a b", "X-Note: a\tb", "X-Note: a \t\t b", "X-Note:\ta\t b \t", "X-Note: a\x0bb"]
    {
        assert_eq!(sign(note), SPACED, "{note:?}");
        let verdict =
            verify_sigv4(SPACED, "host;x-amz-date;x-note", "https://example.com/k", &[note]);
        assert_eq!(verdict, 0, "{note:?}");
    }
    assert_ne!(sign("X-Note: ab"), SPACED);
}

#[test]
fn rfc9421_signs_the_target_uri_that_is_sent() {
    let sign = |cover: &str, url: &str| {
        value(&format!("-s rfc9421 -k env:KEY -X GET --cover {cover} --url {url}"), &[])
    };
    const PATH: &str = "kvGdLjnnavhEfigVrkAmdaBorsjUGO0h8i2NUT2TZa4=";
    const ROOT: &str = "a9/3s5c+ENJ7aSLx72CusVyseSkdBwm7XDRT4Hr2XRM=";
    for url in [
        "https://e.org/p",
        "https://e.org/p#frag",
        "https://u:p@e.org/p",
        "HTTPS://E.ORG/p",
        "https://e.org:443/p",
    ] {
        assert_eq!(sign("@target-uri", url), PATH, "{url}");
    }
    for url in ["https://e.org/", "https://e.org", "https://e.org#f", "https://E.org:"] {
        assert_eq!(sign("@target-uri", url), ROOT, "{url}");
    }
    assert_ne!(sign("@target-uri", "https://e.org:8443/p"), PATH);
    assert_ne!(sign("@target-uri", "http://e.org/p"), PATH);
    for cover in ["@path", "@request-target", "@authority", "@scheme"] {
        let root = sign(cover, "https://e.org/");
        for url in ["https://e.org", "HTTPS://u@E.ORG:443#f"] {
            assert_eq!(sign(cover, url), root, "{cover} {url}");
        }
    }
    assert_eq!(sign("@request-target", "https://e.org?a=1"), sign("@request-target", "/?a=1"));
}

/// A receiver takes the host of `@target-uri` from the Host header, which a proxy may have changed.
#[test]
fn rfc9421_target_uri_contains_the_host_that_is_sent() {
    let words = "-s rfc9421 -k env:KEY -X GET --cover @target-uri";
    let own = value(&format!("{words} --url https://e.org/p"), &[]);
    let host = ["-H", "Host: E.org:443"];
    assert_eq!(value(&format!("{words} --url https://10.0.0.1:8443/p"), &host), own);
    let input = "Signature-Input: sig1=(\"@target-uri\");created=1700000000;alg=\"hmac-sha256\"";
    let signature = format!("Signature: sig1=:{own}:");
    let verify = |url: &str, host: &str| {
        let words = format!("verify-request {words} --now 1700000000 --url {url}");
        let args = words.split_whitespace();
        let args = args.chain(["-H", host, "-H", input, "-H", &signature, "/dev/null"]);
        hsum(&args.collect::<Vec<_>>()).status.code()
    };
    assert_eq!(verify("https://e.org/p", "Host: e.org"), Some(0));
    assert_eq!(verify("https://10.0.0.1:8443/p", "Host: e.org"), Some(0));
    assert_eq!(verify("https://e.org/p", "Host: 10.0.0.1:8443"), Some(0));
    assert_eq!(verify("https://10.0.0.1/p", "Host: 10.0.0.1"), Some(1));
    assert_eq!(verify("https://e.org/q", "Host: e.org"), Some(1));
}

#[test]
fn a_url_without_a_valid_host_is_refused() {
    for url in ["https:///k", "https://a b/k", "https://[::1/k", "https://%61.example/k"] {
        for words in [SIGV4, "-s rfc9421 -k env:KEY --cover @target-uri"] {
            let args = ["sign"].into_iter().chain(words.split_whitespace());
            let args = args.chain(["--url", url, "/dev/null"]);
            hsum(&args.collect::<Vec<_>>()).is_in(2, b"", "host: not a");
        }
    }
}
