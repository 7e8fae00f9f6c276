//! Accepted and rejected cookies, the requests they are sent with, and the cookie file.

use url::Url;

use crate::net::cookies::cookie::CookieRejection;
use crate::net::cookies::jar::{CookieJar, MAX_COOKIES, MAX_FIELD};

const NOW: i64 = 1_700_000_000;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn jar(from: &str, fields: &[&str]) -> CookieJar {
    let mut jar = CookieJar::default();
    for field in fields {
        jar.set(&url(from), field.as_bytes(), NOW).unwrap();
    }
    jar
}

fn sent(jar: &CookieJar, to: &str) -> String {
    let field = jar.field(&url(to), NOW);
    field.map_or_else(String::new, |field| field.to_str().unwrap().to_owned())
}

fn refused(from: &str, field: &str) -> CookieRejection {
    CookieJar::default().set(&url(from), field.as_bytes(), NOW).unwrap_err()
}

// RFC 6265, section 3.1.
#[test]
fn examples_of_the_rfc() {
    let mut jar = jar("https://example.com/", &["SID=31d4d96e407aad42; Path=/; Secure; HttpOnly"]);
    assert_eq!(sent(&jar, "https://example.com/any"), "SID=31d4d96e407aad42");
    assert_eq!(sent(&jar, "https://www.example.com/"), "");
    assert_eq!(sent(&jar, "http://example.com/"), "");
    let from = url("https://example.com/");
    jar.set(&from, b"lang=en-US; Path=/; Domain=example.com", NOW).unwrap();
    assert_eq!(sent(&jar, "https://example.com/"), "SID=31d4d96e407aad42; lang=en-US");
    assert_eq!(sent(&jar, "https://www.example.com/"), "lang=en-US");
    jar.set(
        &from,
        b"lang=; Domain=example.com; Path=/; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
        NOW,
    )
    .unwrap();
    assert_eq!(sent(&jar, "https://example.com/"), "SID=31d4d96e407aad42");
}

#[test]
fn domains_and_the_hosts_below_them() {
    let taken = |from: &str, domain: &str| {
        let mut jar = CookieJar::default();
        let field = format!("a=b; Domain={domain}; Path=/");
        jar.set(&url(from), field.as_bytes(), NOW).map(|()| jar)
    };
    let jar = taken("http://a.b.example/", ".B.Example").unwrap();
    assert_eq!(sent(&jar, "http://b.example/"), "a=b");
    assert_eq!(sent(&jar, "http://x.y.b.example/"), "a=b");
    assert_eq!(sent(&jar, "http://xb.example/"), "");
    assert_eq!(sent(&jar, "http://example/"), "");
    for domain in ["example", "com", ".", "other.example", "a.a.b.example", "b.example.", "xample"]
    {
        let result = taken("http://a.b.example/", domain);
        match domain {
            // An empty domain is ignored (section 5.2.3).
            "." => assert_eq!(sent(&result.unwrap(), "http://x.a.b.example/"), ""),
            _ => assert_eq!(result.unwrap_err(), CookieRejection::Domain, "{domain}"),
        }
    }
    // A single label and an address are for that host only.
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let domain = host.trim_matches(['[', ']']);
        let jar = taken(&format!("http://{host}/"), domain).unwrap();
        assert_eq!(sent(&jar, &format!("http://{host}:8080/")), "a=b");
    }
    let jar = taken("http://localhost/", "localhost").unwrap();
    assert_eq!(sent(&jar, "http://x.localhost/"), "");
    assert_eq!(taken("http://127.0.0.1/", "0.0.1").unwrap_err(), CookieRejection::Domain);
}

#[test]
fn no_cookie_is_for_a_public_suffix() {
    for (host, domain) in [
        ("evil.co.uk", "co.uk"),
        ("evil.co.uk", ".CO.UK"),
        ("a.github.io", "github.io"),
        ("a.b.kobe.jp", "b.kobe.jp"),
        ("a.xn--55qx5d.cn", "xn--55qx5d.cn"),
        // There is a public suffix below the domain.
        ("a.s3.amazonaws.com", "amazonaws.com"),
        ("s3.amazonaws.com", "amazonaws.com"),
        ("a.b.platformsh.site", "platformsh.site"),
        ("city.kobe.jp", "kobe.jp"),
    ] {
        let field = format!("a=b; Domain={domain}");
        assert_eq!(
            refused(&format!("http://{host}/"), &field),
            CookieRejection::Domain,
            "{domain}"
        );
    }
    // A host that is a public suffix may set it for itself only (RFC 6265, section 5.3, step 5).
    let own = jar("http://github.io/", &["a=b; Domain=github.io"]);
    assert_eq!(sent(&own, "http://github.io/"), "a=b");
    assert_eq!(sent(&own, "http://b.github.io/"), "");
    let below = jar("http://www.bbc.co.uk/", &["a=b; Domain=bbc.co.uk"]);
    assert_eq!(sent(&below, "http://news.bbc.co.uk/"), "a=b");
    // A file may contain such a cookie.
    let (old, bad) = CookieJar::parse(b".co.uk\tTRUE\t/\tFALSE\t0\ta\tb\n", NOW);
    assert_eq!((sent(&old, "http://bank.co.uk/"), bad.len()), (String::new(), 0));
}

#[test]
fn longer_paths_come_first() {
    let jar = jar(
        "http://h/docs/a/b.html",
        &["d=1", "p=2; Path=/docs", "r=3; Path=relative", "s=4; Path=/"],
    );
    assert_eq!(sent(&jar, "http://h/docs/a/x"), "d=1; r=3; p=2; s=4");
    assert_eq!(sent(&jar, "http://h/docs/a"), "d=1; r=3; p=2; s=4");
    assert_eq!(sent(&jar, "http://h/docs/ab"), "p=2; s=4");
    assert_eq!(sent(&jar, "http://h/docsx"), "s=4");
    assert_eq!(sent(&jar, "http://h"), "s=4");
}

#[test]
fn max_age_and_expires() {
    let set = |field: &str| jar("http://h/", &[field]);
    let at = |jar: &CookieJar, now| jar.field(&url("http://h/"), now).is_some();
    let jar = set("a=b; Max-Age=60; Expires=Sun, 06 Nov 1994 08:49:37 GMT");
    assert!(at(&jar, NOW + 59) && !at(&jar, NOW + 60));
    assert!(set("a=b; Max-Age=0").is_empty() && set("a=b; Max-Age=-1").is_empty());
    assert!(at(&set("a=b; Max-Age=99999999999999999999999"), i64::MAX - 1));
    assert!(at(&set("a=b; Max-Age=soon; Expires=whenever"), i64::MAX));
    let jar = set("a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT");
    assert!(at(&jar, NOW) && !at(&jar, 253_402_300_799));
}

#[test]
fn a_new_value_replaces_the_old_one() {
    let mut jar = jar("http://h/", &["a=1", "b=2", "a=3"]);
    assert_eq!(sent(&jar, "http://h/"), "a=3; b=2");
    jar.set(&url("http://h/"), b"a=x; Max-Age=0", NOW).unwrap();
    assert_eq!((sent(&jar, "http://h/"), jar.len()), ("b=2".into(), 1));
}

#[test]
fn rejections() {
    for field in ["", "novalue", "=x", "a=b\r\nX: y", "a=b\0", "a=\tb\tc", "; Path=/"] {
        assert_eq!(refused("https://h/", field), CookieRejection::Malformed, "{field:?}");
    }
    assert_eq!(refused("https://h/", &format!("a={}", "x".repeat(4096))), CookieRejection::TooLong);
    assert_eq!(refused("http://h/", "a=b; Secure"), CookieRejection::Insecure);
    assert_eq!(refused("https://h/", "__Secure-a=b"), CookieRejection::Prefix);
    assert_eq!(refused("https://h/", "__Host-a=b; Secure"), CookieRejection::Prefix);
    assert_eq!(
        refused("https://h.x/", "__hOST-a=b; Secure; Path=/; Domain=h.x"),
        CookieRejection::Prefix
    );
    assert_eq!(
        sent(&jar("https://h/", &["__Host-a=b; Secure; Path=/"]), "https://h/"),
        "__Host-a=b"
    );
}

#[test]
fn http_does_not_replace_a_secure_cookie() {
    let mut jar = jar("https://h.x/a/", &["sid=good; Secure; Path=/a"]);
    let error = jar.set(&url("http://w.h.x/a/"), b"sid=evil; Domain=h.x; Path=/a/b", NOW);
    assert_eq!(error, Err(CookieRejection::Insecure));
    assert_eq!(sent(&jar, "https://h.x/a/b"), "sid=good");
    jar.set(&url("https://h.x/a/"), b"sid=new; Path=/a", NOW).unwrap();
    assert_eq!(sent(&jar, "https://h.x/a/"), "sid=new");
}

#[test]
fn jar_and_field_are_limited() {
    let mut jar = CookieJar::default();
    let mut result = Ok(());
    for i in 0..=MAX_COOKIES {
        result = jar.set(&url("http://h/"), format!("n{i}={}", "x".repeat(90)).as_bytes(), NOW);
    }
    assert_eq!((result, jar.len()), (Err(CookieRejection::Full), MAX_COOKIES));
    let length = sent(&jar, "http://h/").len();
    assert!((MAX_FIELD - 100..=MAX_FIELD).contains(&length), "{length}");
}

/// A file written by curl 8, with a session cookie and a cookie without a value.
const FILE: &str = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n\
    #HttpOnly_.example.org\tTRUE\t/\tTRUE\t1900000000\tsid\t31d4=96e\n\
    www.example.org\tFALSE\t/a\tFALSE\t0\tlang\ten\r\n\
    h\tFALSE\t/\tFALSE\t0\tempty\n\
    old.example\tFALSE\t/\tFALSE\t1600000000\tgone\tx\n";

#[test]
fn reads_a_file_written_by_curl() {
    let (jar, bad) = CookieJar::parse(FILE.as_bytes(), NOW);
    assert_eq!((bad.len(), jar.len()), (0, 3));
    assert_eq!(sent(&jar, "https://www.example.org/a/b"), "lang=en; sid=31d4=96e");
    assert_eq!(sent(&jar, "http://www.example.org/a/b"), "lang=en");
    assert_eq!(sent(&jar, "http://h/"), "empty=");
}

#[test]
fn a_file_survives_a_round_trip() {
    let (jar, _) = CookieJar::parse(FILE.as_bytes(), NOW);
    let text = jar.to_bytes(NOW);
    let lines: Vec<_> = std::str::from_utf8(&text).unwrap().lines().collect();
    assert_eq!(lines[0], "# Netscape HTTP Cookie File");
    assert_eq!(lines[3], "#HttpOnly_.example.org\tTRUE\t/\tTRUE\t1900000000\tsid\t31d4=96e");
    assert_eq!(lines[4], "www.example.org\tFALSE\t/a\tFALSE\t0\tlang\ten");
    assert_eq!(lines[5], "h\tFALSE\t/\tFALSE\t0\tempty\t");
    assert_eq!(lines.len(), 6);
    assert_eq!(CookieJar::parse(&text, NOW).0.to_bytes(NOW), text);
}

#[test]
fn invalid_lines_are_returned_and_the_rest_is_read() {
    let text = "h\tFALSE\t/\tFALSE\t0\ta\tb\none two\nh\tMAYBE\t/\tFALSE\t0\ta\tb\n\
                h\tFALSE\tp\tFALSE\t0\ta\tb\nh\tFALSE\t/\tFALSE\tsoon\ta\tb\n\
                \tFALSE\t/\tFALSE\t0\ta\tb\nh\tFALSE\t/\tFALSE\t0\t\tsecret\n\
                h\tFALSE\t/\tFALSE\t0\ta\tsec\0ret\n.#h\tFALSE\t/\tFALSE\t0\ta\tb\nh\tFALSE\t/\tFALSE\t1900000000.5\tc\td\n";
    let (jar, bad) = CookieJar::parse(text.as_bytes(), NOW);
    assert_eq!(bad.iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(bad.iter().all(|bad| !bad.to_string().contains("sec")));
    assert_eq!(sent(&jar, "http://h/"), "a=b; c=d");
}

#[test]
fn debug_shows_no_value() {
    let shown = format!("{:?}", jar("http://h/", &["sid=opensesame"]));
    assert_eq!(shown, "CookieJar { cookies: [sid of h/] }");
}
