//! Any text is a digest or a refusal, never a panic; and a digest, written in any notation, is read as the same.
#![no_main]

use hsum::Algorithm;
use hsum::notation::{Expected, Notation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (hint, text) = input;
    // 0: none.
    let hint = usize::from(hint % 19).checked_sub(1);
    let hint = hint.map(|i| Algorithm::ALL[i % Algorithm::ALL.len()].into());
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
