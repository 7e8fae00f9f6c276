//! Any text is a digest or an error, never a panic; a digest in any notation parses to itself.
#![no_main]

use hsum::Algorithm;
use hsum::notation::{Expected, Notation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (hint, text) = input;
    let hint = Algorithm::ALL.get(usize::from(hint) % (Algorithm::ALL.len() + 1));
    let hint = hint.map(|algorithm| (*algorithm).into());
    let Ok(expected) = Expected::parse(text, hint) else { return };
    assert!(!expected.digests().is_empty());
    for digest in expected.digests() {
        assert!(expected.contains(digest));
        for &notation in Notation::ALL {
            let Ok(written) = notation.write(digest) else { continue };
            let again = Expected::parse(&written, Some(digest.hash_function()));
            assert_eq!(again, Ok((*digest).into()), "{written}");
        }
    }
    assert!(expected.is_met_by(expected.digests()));
});
