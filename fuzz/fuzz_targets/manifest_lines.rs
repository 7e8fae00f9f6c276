//! Any bytes are entries and bad lines: no panic, and an entry that is written is read back the same.
#![no_main]

use std::os::unix::ffi::OsStrExt;

use hsum::Algorithm;
use hsum::manifest::{LineFormat, LineParser, LineStyle, write_line};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (untagged, list) = input;
    let mut parser = LineParser::new();
    // 0: by length.
    if let Some(i) = usize::from(untagged % 18).checked_sub(1) {
        parser = parser.untagged(Algorithm::ALL[i % Algorithm::ALL.len()]);
    }
    for line in list.split_inclusive(|byte| *byte == b'\n') {
        let Ok(Some(entry)) = parser.parse_line(line) else { continue };
        let name = entry.path.as_os_str().as_bytes();
        assert!(!name.is_empty() && !name.contains(&0));
        let mut again = Vec::new();
        let style = LineStyle::new(LineFormat::Tagged);
        write_line(&mut again, &entry.digest, name, style);
        assert_eq!(LineParser::new().parse_line(&again), Ok(Some(entry)));
    }
});
