//! Parses any names, cookies, challenges, digests and passwords of a server or a file without a panic. No
//! header value spans two lines, and no file name leads out of the directory.
#![no_main]

use std::os::unix::ffi::OsStrExt;

use hsum::net::auth::{self, AuthMethod, Challenge, DigestRequest, DigestSession};
use hsum::net::cookies::CookieJar;
use hsum::net::netrc::Netrc;
use hsum::net::Credentials;
use hsum::trust::{file_name, header_digests};
use libfuzzer_sys::fuzz_target;

const NOW: i64 = 1_700_000_000;

fn is_one_line(value: &[u8]) -> bool {
    !value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

fuzz_target!(|input: (u8, &[u8])| {
    let (which, text) = input;
    match which % 6 {
        0 => {
            if let Ok(Some(name)) = file_name::from_disposition(text) {
                let name = name.as_bytes();
                assert!(!name.is_empty() && is_one_line(name) && !name.contains(&b'/'));
                assert!(!matches!(name[0], b'.' | b'-') && name.len() < 240);
            }
        }
        1 => {
            let url = "https://www.example.org/a/b".parse().unwrap();
            let mut jar = CookieJar::default();
            for field in text.split(|byte| *byte == b'\n') {
                let _ = jar.set(&url, field, NOW);
            }
            // A stored cookie is read back, and sent on one line.
            let file = jar.to_bytes(NOW);
            let (again, bad) = CookieJar::parse(&file, NOW);
            assert!(bad.is_empty(), "{bad:?}");
            assert_eq!(again.to_bytes(NOW), file);
            assert!(jar.field(&url, NOW).is_none_or(|field| is_one_line(field.as_bytes())));
            assert!(jar.field(&"https://example.net/".parse().unwrap(), NOW).is_none());
        }
        2 => {
            let (jar, _) = CookieJar::parse(text, NOW);
            let file = jar.to_bytes(NOW);
            assert_eq!(CookieJar::parse(&file, NOW).0.to_bytes(NOW), file);
        }
        3 => {
            let challenges = Challenge::parse_all(text.split(|byte| *byte == b'\n'));
            if let Some(AuthMethod::Digest(challenge)) = auth::strongest(&challenges) {
                let mut session = DigestSession::new(challenge, "0a4f113b");
                let request = DigestRequest { method: "GET", target: "/", body: None };
                if let Ok(answer) = session.answer(&Credentials::new("user", "word"), request) {
                    assert!(is_one_line(answer.as_bytes()));
                    assert_eq!(Challenge::parse_all([answer.as_bytes()]).len(), 1);
                }
                session.follow(text);
            }
        }
        4 => {
            let fields = ["Repr-Digest", "Digest", "x-goog-hash", "Content-MD5"];
            header_digests::stated(fields.map(|field| (field, text)));
        }
        _ => {
            if let Ok(netrc) = Netrc::parse(text) {
                netrc.find("example.org", None);
            }
        }
    }
});
