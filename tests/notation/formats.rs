//! Checksum files of every format: the corpus, in every encoding and damaged.

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::documents;
use hsum::manifest::{
    self, BadLine, List, ListEntry, ListFormat, ListOptions, NameMatching, NotListed,
};

/// A checksum file of the corpus.
struct Case {
    format: String,
    name: String,
    text: String,
    /// The expected entries, in the corpus's notation.
    entries: Vec<String>,
}

fn corpus() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut within = None;
    for line in include_str!("formats.txt").lines() {
        if let Some((format, name)) = line.strip_prefix("=== ").and_then(|l| l.split_once(", ")) {
            let (format, name) = (format.into(), name.into());
            cases.push(Case { format, name, text: String::new(), entries: Vec::new() });
            within = Some(true);
        } else if line == "---" {
            within = Some(false);
        } else {
            match (within, cases.last_mut()) {
                (Some(true), Some(case)) => case.text += &format!("{line}\n"),
                (Some(false), Some(case)) if !line.is_empty() => case.entries.push(line.into()),
                _ => within = None,
            }
        }
    }
    cases
}

fn options(name: &str) -> ListOptions {
    ListOptions::new().name(PathBuf::from(name))
}

fn read(text: &[u8], name: &str) -> (String, Vec<String>) {
    let mut list = List::new(text, options(name));
    let format = format!("{:?}", list.format());
    (format, list.map(|listed| shown(&listed)).collect())
}

fn shown(listed: &ListEntry) -> String {
    match &listed.entry {
        Ok(entry) => {
            let size = entry.size.map_or("-".into(), |size| size.to_string());
            let digests: Vec<String> = entry.digests().map(|d| format!("{d:?}")).collect();
            let name = entry.path.to_str().unwrap().replace('\n', "\\n");
            format!("{name} | {size} | {}", digests.join(","))
        }
        Err(bad) => format!("! {bad}"),
    }
}

/// Returns `true` if the entries are as expected; a part of a reason is enough.
fn agree(got: &[String], wanted: &[String]) -> bool {
    let same = |(got, wanted): (&String, &String)| match wanted.strip_prefix("! ") {
        Some(reason) => got.starts_with("! ") && got.contains(reason),
        None => got == wanted,
    };
    got.len() == wanted.len() && got.iter().zip(wanted).all(same)
}

fn assert_reads(case: &Case, text: &[u8], how: &str) {
    let (format, got) = read(text, &case.name);
    let about = format!("{} as {}, {how}:\n{}", case.name, case.format, case.text);
    assert_eq!(format, case.format, "{about}");
    let (got, wanted) = (got.join("\n"), case.entries.join("\n"));
    let lines = |text: &str| text.lines().map(String::from).collect::<Vec<_>>();
    assert!(agree(&lines(&got), &lines(&wanted)), "{about}\nwanted:\n{wanted}\ngot:\n{got}");
}

#[test]
fn the_corpus_is_read() {
    let cases = corpus();
    assert!(cases.len() >= 50, "only {} files", cases.len());
    for case in &cases {
        assert_reads(case, case.text.as_bytes(), "as it is");
    }
    // The snapshot format has tests of its own.
    for format in ListFormat::ALL.iter().filter(|format| **format != ListFormat::Snapshot) {
        let count = cases.iter().filter(|case| case.format == format!("{format:?}")).count();
        assert!(count >= 2, "{format:?}: {count} examples");
    }
}

#[test]
fn line_ends_may_be_cr_lf_or_missing() {
    for case in corpus() {
        assert_reads(&case, case.text.trim_end().as_bytes(), "without its last line end");
        assert_reads(&case, case.text.replace('\n', "\r\n").as_bytes(), "with CR LF");
    }
}

#[test]
fn utf_16_and_byte_order_marks_are_read() {
    for case in corpus() {
        let marked = format!("\u{feff}{}", case.text);
        assert_reads(&case, marked.as_bytes(), "in UTF-8 with a mark");
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_reads(&case, &big, "in UTF-16, big-endian");
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_reads(&case, &little, "in UTF-16, little-endian");
    }
}

#[test]
fn reading_byte_by_byte_gives_the_same_entries() {
    struct Slow<'t>(&'t [u8]);
    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
            let count = room.len().min(1);
            self.0.read(&mut room[..count])
        }
    }
    for case in corpus() {
        // The first byte of a document is not enough to recognise it.
        if ["Json", "Metalink"].contains(&&*case.format) {
            continue;
        }
        let slow = BufReader::new(Slow(case.text.as_bytes()));
        let got: Vec<String> = List::new(slow, options(&case.name)).map(|l| shown(&l)).collect();
        assert!(agree(&got, &case.entries), "{}: {got:#?}", case.text);
    }
}

#[test]
fn damaged_lists_neither_panic_nor_lead_outside() {
    for case in corpus() {
        for cut in (0..case.text.len()).step_by(7) {
            let mut text = case.text.as_bytes()[..cut].to_vec();
            safe(&text, &case.name);
            if let Some(byte) = text.get_mut(cut / 2) {
                *byte ^= 1 << (cut % 8);
                safe(&text, &case.name);
            }
        }
    }
}

fn safe(text: &[u8], name: &str) {
    let mut list = List::new(text, options(name));
    let bounded = matches!(list.format(), ListFormat::Plain | ListFormat::Sidecar);
    for entry in list.filter_map(|listed| listed.entry.ok()) {
        assert!(bounded || !manifest::leads_outside(&entry.path), "{entry:?}");
    }
}

#[test]
fn names_lead_outside_only_if_allowed() {
    let text = b"../a ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";
    let refused: Vec<_> = List::new(&text[..], ListOptions::new()).map(|l| l.entry).collect();
    assert_eq!(refused, [Err(BadLine::Outside)]);
    let hint = ListOptions::new().allow_outside(true);
    let allowed: Vec<_> = List::new(&text[..], hint).map(|l| l.entry.unwrap().path).collect();
    assert_eq!(allowed, [Path::new("../a")]);
    for name in ["/a", "a/../b", "..", r"..\a", r"C:\a", "c:/a", r"\\host\a", r"a\..\b"] {
        assert!(manifest::leads_outside(Path::new(name)), "{name}");
    }
    for name in ["a", "a..b", "...", "a/b", "./a", "..a", "-", "h: i"] {
        assert!(!manifest::leads_outside(Path::new(name)), "{name}");
    }
}

#[test]
fn one_file_is_found() {
    let (abc, nothing) = ("900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e");
    let find = |text: &str, name: &str, matching| {
        let list = List::new(text.as_bytes(), ListOptions::new());
        manifest::find(list, Path::new(name), matching).map(|entry| entry.digest.to_hex())
    };
    use NameMatching::{BaseName, Exact};
    let list = format!("{abc}  a\n{nothing}  ./dir/b\n{nothing}  386\\c.exe\n");
    assert_eq!(find(&list, "a", Exact).as_deref(), Ok(abc));
    assert_eq!(find(&list, "./a", Exact).as_deref(), Ok(abc));
    assert_eq!(find(&list, "dir/b", Exact).as_deref(), Ok(nothing));
    assert_eq!(find(&list, "b", Exact), Err(NotListed::Missing));
    assert_eq!(find(&list, "b", BaseName).as_deref(), Ok(nothing));
    assert_eq!(find(&list, "down/c.exe", BaseName).as_deref(), Ok(nothing));
    let twice = format!("{abc}  x/a\n{abc}  y/a\n{abc}  z\n{nothing}  z\n");
    assert_eq!(find(&twice, "a", BaseName), Err(NotListed::Ambiguous));
    assert_eq!(find(&twice, "z", Exact), Err(NotListed::Conflict));
    assert_eq!(find("<html>", "z", Exact), Err(NotListed::Bad(BadLine::Html)));
    let both = format!("MD5 (a) = {abc}\nSHA1 (a) = a9993e364706816aba3e25717850c26c9cd0d89d\n");
    let list = List::new(both.as_bytes(), ListOptions::new());
    let entry = manifest::find(list, Path::new("a"), Exact).unwrap();
    assert_eq!(entry.digests().count(), 2);
}

#[test]
fn a_bare_digest_belongs_to_the_known_file() {
    let hint = ListOptions::new().file(PathBuf::from("x"));
    let text = b"sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
    let entries: Vec<_> = List::new(&text[..], hint).map(|listed| shown(&listed)).collect();
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(entries, [format!("x | - | sha256:{abc}")]);
}

#[test]
fn a_document_has_a_size_limit() {
    let mut text = b"{\"a\": \"".to_vec();
    text.resize(17 << 20, b'x');
    let entries: Vec<_> = List::new(&text[..], ListOptions::new()).map(|l| l.entry).collect();
    assert_eq!(entries, [Err(BadLine::TooLarge { limit: 16 << 20 })]);
}

proptest! {
    #[test]
    fn no_file_with_a_digest_is_dropped(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
        documents::assert_kept(documents::json(&bytes));
        documents::assert_kept(documents::toml(&bytes));
    }
}

#[test]
fn no_kind_of_name_or_digest_is_dropped() {
    for name in 0..42 {
        for digest in 0..23 {
            documents::assert_kept(documents::json(&[name, digest]));
            documents::assert_kept(documents::toml(&[name, digest]));
        }
    }
}

#[test]
fn digests_of_one_field_are_alternatives() {
    let (a, b) = ("900150983cd24fb0d6963f7d28e17f72", "d41d8cd98f00b204e9800998ecf8427e");
    let read = |text: String| List::new(text.as_bytes(), ListOptions::new()).next().unwrap().entry;
    let entry = read(format!("{{\"name\": \"x\", \"md5\": [\"{a}\", \"{b}\"]}}")).unwrap();
    assert_eq!((entry.digests().count(), entry.alternatives.len()), (1, 1));
    assert_eq!(entry.expected().digests().len(), 2);
    let entry = read(format!("{{\"name\": \"x\", \"md5\": \"{a}\", \"checksum\": \"{b}\"}}"));
    assert_eq!(entry, Err(BadLine::Conflict));
    assert_eq!(read(format!("[x]\nmd5 = '{a}'\ndigest = 'md5:{b}'\n")), Err(BadLine::Conflict));
}

#[test]
fn a_bad_line_spoils_a_good_line_of_the_same_file() {
    let abc = "900150983cd24fb0d6963f7d28e17f72";
    let find = |text: String, name: &str| {
        let list = List::new(text.as_bytes(), ListOptions::new().file(PathBuf::from(name)));
        manifest::find(list, Path::new(name), NameMatching::BaseName)
            .map(|entry| entry.digest.to_hex())
    };
    let json = format!("[{{\"name\":\"a\",\"md5\":\"{abc}\"}},{{\"name\":\"b\",\"md5\":\"0\"}}]");
    assert_eq!(find(json.clone(), "a").as_deref(), Ok(abc));
    assert_eq!(find(json, "b"), Err(NotListed::Bad(BadLine::BadDigest)));
    let null = "{\"name\": \"a\", \"digest\": null}".to_owned();
    assert_eq!(find(null, "a"), Err(NotListed::Bad(BadLine::WithoutDigest)));
    let plain = format!("{abc}  a\nabcd  a\nabcd  b\n");
    assert_eq!(find(plain, "a"), Err(NotListed::Bad(BadLine::BadDigest)));
    let sidecar = format!("{abc}\n{}\n", abc.replace('9', "8"));
    assert_eq!(find(sidecar, "a"), Err(NotListed::Conflict));
    let sidecar = format!("{abc}\nabcd\n");
    assert!(matches!(find(sidecar, "a"), Err(NotListed::Bad(_))));
    let debian = format!("MD5Sum:\n {abc} 3 a\n {} 3 a\n", abc.replace('9', "8"));
    assert_eq!(find(debian, "a"), Err(NotListed::Conflict));
}

#[test]
fn a_dash_is_standard_input_in_plain_lines_only() {
    let abc = "900150983cd24fb0d6963f7d28e17f72";
    let path = |text: String| List::new(text.as_bytes(), ListOptions::new()).next().unwrap().entry;
    for text in [format!("{abc}  -\n"), format!("MD5 (-) = {abc}\n"), format!("MD5(-)= {abc}\n")] {
        assert_eq!(path(text).unwrap().path, Path::new("-"));
    }
    for text in [
        format!("{{\"name\": \"-\", \"md5\": \"{abc}\"}}"),
        format!("<metalink><file name=\"-\"><hash type=\"md5\">{abc}</hash></file></metalink>"),
        format!("%%%% HASHDEEP-1.0\n%%%% size,md5,filename\n3,{abc},-\n"),
        format!("- {abc}\n"),
        format!("DIST - 3 MD5 {abc}\n"),
        format!("[x]\nname = \"-\"\nmd5 = \"{abc}\"\n"),
    ] {
        assert_eq!(path(text).unwrap().path, Path::new("./-"));
    }
}

#[test]
fn expanded_names_have_a_size_limit() {
    let long = "x".repeat(900);
    let mut text = format!("pkgname=a\nv={long}\nmd5sums=\"\n");
    for i in 0..4000 {
        text += &format!("900150983cd24fb0d6963f7d28e17f72 {i}$v$v$v$v\n");
    }
    text += "\"\n";
    let entries: Vec<_> = List::new(text.as_bytes(), ListOptions::new()).map(|l| l.entry).collect();
    assert_eq!(entries, [Err(BadLine::TooLarge { limit: 4 << 20 })]);
}
