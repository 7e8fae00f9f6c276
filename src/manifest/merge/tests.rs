//! Properties of merges.

use super::*;
use crate::algorithm::Algorithm::{self, Md5, Sha256};
use crate::algorithm::HashFunction;
use crate::hasher::digest;
use crate::manifest::write::{DigestEncoding, LineFormat, LineStyle, Terminator, write_line};

const NAMES: [&[u8]; 14] = [
    b"t/-",
    b"t/A",
    b"t/a",
    b"t/a/b",
    b"t/a/b c",
    b"t/a\nb",
    b"t/a\rb\r",
    b"t/a b\n",
    b"t/a.b",
    b"t/a\\n",
    b"t/a\xff",
    "t/e\u{301}".as_bytes(),
    "t/\u{e9}".as_bytes(),
    b"t/~ (x) = y",
];

/// Returns the styles of hsum's lines.
fn styles() -> Vec<LineStyle> {
    let mut styles = Vec::new();
    for format in [LineFormat::Untagged, LineFormat::Binary, LineFormat::Tagged] {
        for encoding in [DigestEncoding::Hex, DigestEncoding::Base64] {
            for terminator in [Terminator::Newline, Terminator::Nul] {
                styles.push(LineStyle::new(format).encoding(encoding).terminator(terminator));
            }
        }
    }
    styles
}

/// Returns the lines of a file whose contents are `contents`.
fn lines(name: &[u8], contents: &[u8], algorithms: &[Algorithm], style: LineStyle) -> Vec<u8> {
    let mut list = Vec::new();
    for algorithm in algorithms {
        write_line(&mut list, &digest(*algorithm, contents), name, style);
    }
    list
}

fn sorted_names() -> Vec<&'static [u8]> {
    let mut names = NAMES.to_vec();
    names.sort_by_key(|name| name.split(|byte| *byte == b'/').collect::<Vec<_>>());
    names
}

/// Returns the merged list, and a line of text for each problem.
fn merged(lists: &[Vec<u8>], options: MergeOptions) -> (Vec<u8>, Vec<String>, MergeSummary) {
    let (mut list, mut problems) = (Vec::new(), Vec::new());
    let summary = merge(lists.iter().map(Vec::as_slice), &options, |event| {
        match event {
            MergeEvent::Entry(entry) => entry.write_to(&mut list),
            MergeEvent::Conflict { first, other } => problems.push(format!(
                "{}: {}:{} {}:{}",
                first.entry.path.display(),
                first.list,
                first.line,
                other.list,
                other.line
            )),
            MergeEvent::Line { list, line, problem, .. } => {
                let problem = match problem {
                    LineProblem::Bad(bad) => bad.reason(),
                    LineProblem::Unsorted { .. } => "unsorted",
                    LineProblem::OtherFunctions { .. } => "other",
                };
                problems.push(format!("{list}:{line} {problem}"));
            }
            MergeEvent::Unreadable { list, error } => problems.push(format!("{list}: {error}")),
        }
        ControlFlow::Continue(())
    });
    (list, problems, summary)
}

/// A sequence of numbers that look random (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }
}

#[test]
fn the_parts_of_a_list_merge_into_the_list() {
    let mut numbers = Numbers(19);
    for style in styles() {
        for algorithms in [&[Sha256][..], &[Sha256, Md5]] {
            let names = sorted_names();
            let file = |name: &&[u8]| lines(name, name, algorithms, style);
            let whole: Vec<u8> = names.iter().flat_map(file).collect();
            let options = MergeOptions::new().terminator(style.terminator);
            for count in 1..6 {
                let mut parts = vec![Vec::new(); count];
                for name in &names {
                    let part = numbers.below(count);
                    parts[part].extend(file(name));
                    // Some files are in two parts.
                    let second = numbers.below(count * 2);
                    if second < count && second != part {
                        parts[second].extend(file(name));
                    }
                }
                let (list, problems, summary) = merged(&parts, options);
                assert_eq!(problems, [""; 0], "{style:?}");
                assert_eq!(list.escape_ascii().to_string(), whole.escape_ascii().to_string());
                assert!(summary.is_complete() && summary.files == names.len() as u64);
                // Merging is commutative, and idempotent.
                parts.reverse();
                assert_eq!(merged(&parts, options).0, whole);
                parts.push(whole.clone());
                let (list, _, again) = merged(&parts, options);
                assert_eq!((list, again.duplicates), (whole.clone(), summary.duplicates + 14));
            }
        }
    }
}

#[test]
fn names_are_ordered_as_by_components() {
    let components = |name: &[u8]| -> Vec<Vec<u8>> {
        name.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect()
    };
    let long = b"0123456789abcdef/0123456789abcde".as_slice();
    let mut names: Vec<Vec<u8>> = NAMES.iter().map(|name| name.to_vec()).collect();
    names.extend(NAMES.iter().map(|name| [long, name].concat()));
    names.extend([&b""[..], b"/", b"a//b", b"a/./b", b"a/b", b"\0", b"\x01"].map(<[u8]>::to_vec));
    for a in &names {
        for b in &names {
            let expected = components(a).cmp(&components(b));
            assert_eq!(walk_order(a, b), expected, "{a:?} {b:?}");
        }
    }
}

#[test]
fn conflicts_are_left_out_and_name_both_places() {
    let line = |name: &str, contents: &str| {
        lines(name.as_bytes(), contents.as_bytes(), &[Md5], LineStyle::default())
    };
    let one = [line("a", "1"), line("b", "1"), line("c", "1")].concat();
    let two = [line("b", "2"), line("b", "1"), line("d", "1")].concat();
    let (list, problems, summary) = merged(&[one, two], MergeOptions::new());
    assert_eq!(list, [line("a", "1"), line("c", "1"), line("d", "1")].concat());
    assert_eq!(problems, ["b: 0:2 1:1"]);
    assert_eq!((summary.files, summary.conflicts, summary.duplicates), (3, 1, 0));
    assert!(!summary.is_complete());
    // Within one list, too.
    let (list, problems, _) =
        merged(&[[line("b", "2"), line("b", "1")].concat()], MergeOptions::new());
    assert_eq!((list, problems), (vec![], vec!["b: 0:1 0:2".to_owned()]));
    // Names are compared without normalizing them.
    let names = ["./x", "x", "x//y", "x/y"];
    let all: Vec<Vec<u8>> = names.iter().map(|name| line(name, name)).collect();
    assert_eq!(merged(&all, MergeOptions::new()).1, [""; 0]);
}

#[test]
fn the_rest_of_a_list_that_is_not_sorted_is_left_out() {
    let line = |name: &str| lines(name.as_bytes(), b"", &[Md5], LineStyle::default());
    let parts = [["b", "c/x", "c", "z"].map(line).concat(), ["a", "c", "d"].map(line).concat()];
    let (list, problems, summary) = merged(&parts, MergeOptions::new());
    assert_eq!(list, ["a", "b", "c", "c/x", "d"].map(line).concat());
    assert_eq!((problems, summary.unsorted), (vec!["0:3 unsorted".to_owned()], 1));
    let (list, problems, summary) = merged(&parts, MergeOptions::new().sort(true));
    assert_eq!(list, ["a", "b", "c", "c/x", "d", "z"].map(line).concat());
    assert_eq!((problems, summary.duplicates), (vec![], 1));
}

#[test]
fn entries_of_other_algorithms_are_left_out() {
    let style = LineStyle::new(LineFormat::Tagged);
    let line =
        |name: &str, algorithms: &[Algorithm]| lines(name.as_bytes(), b"", algorithms, style);
    let parts = [
        [line("a", &[Md5, Sha256]), line("b", &[Md5]), line("c", &[Md5, Sha256])].concat(),
        // The order of the algorithms does not matter.
        [line("c", &[Sha256, Md5]), line("d", &[Sha256, Md5])].concat(),
    ];
    let (list, problems, summary) = merged(&parts, MergeOptions::new());
    assert_eq!(list, ["a", "c", "d"].map(|name| line(name, &[Md5, Sha256])).concat());
    assert_eq!(problems, ["0:3 other"]);
    assert_eq!((summary.other_functions, summary.duplicates), (1, 1));
}

/// Checks that the first list decides.
#[test]
fn one_style_is_written() {
    let styled = |name: &[u8], style| lines(name, b"", &[Sha256], style);
    for first in styles().iter().filter(|style| style.terminator == Terminator::Newline) {
        for second in styles().iter().filter(|style| style.terminator == Terminator::Newline) {
            let parts = [styled(b"b", *first), styled(b"a", *second)];
            let (list, problems, _) = merged(&parts, MergeOptions::new());
            let expected = [styled(b"a", *first), styled(b"b", *first)].concat();
            assert_eq!((list, problems), (expected, vec![]), "{first:?} {second:?}");
        }
    }
}

#[test]
fn foreign_line_ends_marks_and_letters_are_read() {
    let line = |name: &str| lines(name.as_bytes(), b"", &[Md5], LineStyle::default());
    let text = |name: &str| String::from_utf8(line(name)).unwrap();
    let odd = format!(
        "\u{feff}{}# a comment\r\n\r\n{}{}",
        text("a").to_uppercase().replace("A\n", "a\r\n"),
        text("b").replace('\n', "\r\n"),
        text("c").trim_end()
    );
    let (list, problems, _) = merged(&[odd.into_bytes(), vec![], line("d")], MergeOptions::new());
    assert_eq!((list, problems), (["a", "b", "c", "d"].map(line).concat(), vec![]));
    // An algorithm that the length does not tell is written as a tag.
    let heading =
        b"# SHA3-256\n0000000000000000000000000000000000000000000000000000000000000000  a\n";
    let tagged =
        b"SHA3-256 (a) = 0000000000000000000000000000000000000000000000000000000000000000\n";
    assert_eq!(merged(&[heading.to_vec()], MergeOptions::new()).0, tagged);
    // So are several, if the length tells only one of them.
    let tag = "MD5 (a) = 00000000000000000000000000000000\n";
    let both = [&heading[11..], tag.as_bytes()].concat();
    let options = MergeOptions::new().untagged(HashFunction::from(Algorithm::Sha3_256));
    assert_eq!(merged(&[both], options).0, [tagged, tag.as_bytes()].concat());
    let options = MergeOptions::new().untagged(HashFunction::from(Algorithm::Sha3_256));
    assert_eq!(merged(&[heading[11..].to_vec()], options).0, &heading[11..]);
}

#[test]
fn bad_lines_are_named() {
    let zero = LineStyle::default().terminator(Terminator::Nul);
    let [a, b] = [b"a", b"b"].map(|name| lines(name, b"", &[Md5], zero));
    let newline = lines(b"c", b"", &[Md5], LineStyle::default());
    let bad = [&newline[..], b"nonsense\n", &a, b"\n"].concat();
    assert_eq!(merged(&[bad], MergeOptions::new()).1, ["0:2 no-digest", "0:3 nul"]);
    let options = MergeOptions::new().terminator(Terminator::Nul);
    let cut = [&a[..], &b[..b.len() - 1]].concat();
    let (list, problems, summary) = merged(&[cut, newline], options);
    assert_eq!((list, summary.bad_lines), (a, 2));
    assert_eq!(problems, ["0:2 unterminated", "1:1 unterminated"]);
    // A line of a snapshot record is a digest, a blank and text, but not an entry.
    let record =
        [b"hsum-snapshot 2\n", &lines(b"c", b"", &[Md5], LineStyle::default())[..]].concat();
    assert_eq!(merged(&[record], MergeOptions::new()).0, b"");
}

#[cfg(feature = "fs")]
#[test]
fn thousands_of_lists_are_not_open_at_once() {
    use std::io::Read;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("list");
    std::fs::write(&path, vec![b'x'; 100_000]).unwrap();
    let mut contents = Vec::new();
    ListFile::new(&path, usize::MAX).read_to_end(&mut contents).unwrap();
    assert_eq!(contents, vec![b'x'; 100_000]);
    let mut list = ListFile::new(&path, usize::MAX);
    assert!(!list.fill_buf().unwrap().is_empty());
    std::fs::write(&path, vec![b'x'; 100_001]).unwrap();
    list.read_to_end(&mut contents).unwrap_err();
}
