//! The candidates of any URL are on its host, in its folder, and never the URL itself; any body is accepted or
//! refused as a list without a panic.
#![no_main]

use hsum::net::Url;
use hsum::trust::file_name::{self, ChosenBy};
use hsum::trust::{discovery, lock_file, metalink};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &[u8])| {
    let (text, body) = input;
    let _ = discovery::inspect(body);
    let _ = metalink::files(body);
    lock_file::read(body);
    let Ok(url) = text.parse::<Url>() else { return };
    let _ = file_name::from_url(&url, ChosenBy::Other);
    let folder = url.path().rfind('/').map_or("", |end| &url.path()[..=end]);
    let mut has_weak = false;
    for candidate in discovery::candidates(&url) {
        assert_eq!(
            candidate.url.origin().ascii_serialization(),
            url.origin().ascii_serialization()
        );
        assert!(candidate.url.path().starts_with(folder), "{url} → {}", candidate.url);
        assert_ne!(candidate.url.path(), url.path());
        assert!(candidate.is_weak() || !has_weak);
        has_weak = candidate.is_weak();
    }
});
