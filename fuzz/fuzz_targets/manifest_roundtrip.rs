//! A written line is read back as the same name and digest, whatever the name's bytes are.
#![no_main]

use std::os::unix::ffi::OsStrExt;

use arbitrary::Arbitrary;
use hsum::manifest::{DigestEncoding, LineFormat, LineParser, LineStyle, Terminator, write_line};
use hsum::{Algorithm, Digest, HashFunction};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    format: bool,
    encoding: bool,
    terminator: bool,
    algorithm: u8,
    lines: Vec<Line<'a>>,
}

#[derive(Arbitrary, Debug)]
struct Line<'a> {
    name: &'a [u8],
    len: u8,
    bytes: [u8; 64],
}

fuzz_target!(|input: Input| {
    let algorithm = Algorithm::ALL[usize::from(input.algorithm) % Algorithm::ALL.len()];
    let style = LineStyle::new(if input.format { LineFormat::Tagged } else { LineFormat::Untagged })
        .encoding(if input.encoding { DigestEncoding::Base64 } else { DigestEncoding::Hex })
        .terminator(if input.terminator { Terminator::Nul } else { Terminator::Newline });
    let mut list = Vec::new();
    let mut expected = Vec::new();
    for line in &input.lines {
        let name: Vec<u8> = line.name.iter().copied().filter(|byte| *byte != 0).collect();
        if name.is_empty() {
            continue;
        }
        // An untagged line has digests of the default length only.
        let len = match style.format {
            LineFormat::Tagged => usize::from(line.len) % algorithm.max_len() + 1,
            LineFormat::Untagged | LineFormat::Binary => algorithm.default_len(),
        };
        let function = HashFunction::new(algorithm, len).unwrap_or(algorithm.into());
        let digest = Digest::from_bytes(function, &line.bytes[..function.len()]).unwrap();
        write_line(&mut list, &digest, &name, style);
        expected.push((name, digest));
    }
    let end = match style.terminator {
        Terminator::Newline => b'\n',
        Terminator::Nul => 0,
    };
    let mut lines: Vec<&[u8]> = list.split(|byte| *byte == end).collect();
    assert_eq!(lines.pop(), Some(&b""[..]), "the list ends with a line's end");
    assert_eq!(lines.len(), expected.len(), "a name broke its line");
    // Only lines are parsed; a list with NULs may have line ends in names.
    if style.terminator == Terminator::Nul {
        return;
    }
    let mut parser = match style.format {
        LineFormat::Tagged => LineParser::new(),
        LineFormat::Untagged | LineFormat::Binary => LineParser::new().untagged(algorithm),
    };
    for (line, (name, digest)) in lines.into_iter().zip(expected) {
        let entry = parser.parse_line(line).expect("its own line").expect("an entry");
        assert_eq!(entry.path.as_os_str().as_bytes(), name);
        assert_eq!(entry.digest, digest);
    }
});
