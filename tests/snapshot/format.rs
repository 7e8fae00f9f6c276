//! The format of records: names survive a round trip, and altered records are rejected.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hsum::engine::{FileStamp, Timestamp};
use hsum::manifest::{List, ListFormat, ListOptions};
use hsum::snapshot::{
    Record, RecordContent, RecordEntry, RecordError, RecordFilter, RecordRun, RecordWriter,
    SEAL_ALGORITHM, walk_order,
};
use hsum::{Algorithm, Key, digest};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::Numbers;

const RUN: RecordRun =
    RecordRun { number: 3, begun: Timestamp { seconds: 1_700_000_000, nanoseconds: 5 } };

fn key(text: &str) -> Key {
    Key::new(SEAL_ALGORITHM, text.as_bytes()).unwrap()
}

fn file(name: &[u8], seed: u64) -> RecordEntry<'static> {
    let modified =
        Timestamp { seconds: seed as i64 - 500, nanoseconds: (seed % 1_000_000_000) as u32 };
    let changed =
        (seed % 3 == 1).then_some(Timestamp { seconds: 2, nanoseconds: seed as u32 % 1000 });
    let stamp = FileStamp { size: seed.wrapping_mul(seed), modified, changed, inode: seed };
    let digest = digest(Algorithm::Sha256, &seed.to_le_bytes());
    let content =
        RecordContent::File { digest, stamp, run: if seed.is_multiple_of(3) { 0 } else { 3 } };
    RecordEntry { name: name.to_vec().into(), content }
}

fn link(name: &[u8], target: &[u8]) -> RecordEntry<'static> {
    RecordEntry { name: name.to_vec().into(), content: RecordContent::Link(target.to_vec().into()) }
}

fn written(entries: &[RecordEntry<'_>], key: Option<&Key>) -> Vec<u8> {
    let mut writer = RecordWriter::new(Vec::new(), Algorithm::Sha256, &[RUN], key).unwrap();
    entries.iter().for_each(|entry| writer.entry(entry).unwrap());
    writer.finish().unwrap()
}

fn some() -> Vec<RecordEntry<'static>> {
    vec![file(b"a/x", 7), file(b"a.txt", 9), link(b"b", b"../a"), file(b"c d", 600)]
}

#[test]
fn the_text_is_as_documented() {
    let a = digest(Algorithm::Sha256, &7u64.to_le_bytes());
    let (b, c) = (digest(Algorithm::Sha256, &9u64.to_le_bytes()), 600u64);
    let c = digest(Algorithm::Sha256, &c.to_le_bytes());
    let body = format!(
        "hsum-snapshot 2\nalgorithm\tsha256\nread\t3\t1700000000.000000005\n\
         {a}\t49\t-493.000000007\t2.000000007\t7\t3\ta/x\n{b}\t81\t-491.000000009\t9\t0\ta.txt\n\
         link\t../a\tb\n{c}\t360000\t100.000000600\t600\t0\tc d\n"
    );
    let end = format!("end\t4\t{}\n", digest(Algorithm::Sha256, body.as_bytes()));
    let seal = key("k").sign(format!("{body}{end}").as_bytes());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    assert_eq!(text(written(&some(), None)), format!("{body}{end}"));
    let sealed = format!("{body}{end}seal\thmac-sha256\t{seal}\n");
    assert_eq!(text(written(&some(), Some(&key("k")))), sealed);
}

/// Returns names of 1 to 3 components, starting with special ones, of any bytes but NUL and `/`.
fn odd_names(count: usize) -> Vec<Vec<u8>> {
    let mut numbers = Numbers::new(0xfeed);
    let mut names: Vec<Vec<u8>> =
        (1..=255).filter(|b| !b"/.".contains(b)).map(|b| vec![b]).collect();
    for special in
        ["é", "\u{202e}", "\u{2028}", "\u{85}", "\\x41", "link", "a\tb", "  ", "日本", "\u{10ffff}"]
    {
        names.push(special.into());
    }
    while names.len() < count {
        let parts = (0..=numbers.below(3)).map(|_| {
            let length = numbers.below(12) + 3; // neither `.` nor `..`
            let mut part = numbers.bytes(length);
            part.iter_mut().filter(|b| b"/\0".contains(b)).for_each(|b| *b = b'\\');
            part
        });
        names.push(parts.collect::<Vec<_>>().join(&b'/'));
    }
    names.sort_by(|a, b| walk_order(a, b));
    names.dedup();
    names
}

#[test]
fn names_survive_a_round_trip() {
    let names = odd_names(3000);
    let entry = |(i, name): (usize, &Vec<u8>)| match i % 3 {
        0 => link(name, &names[names.len() - 1 - i]),
        _ => file(name, i as u64),
    };
    let entries: Vec<_> = names.iter().enumerate().map(entry).collect();
    let bytes = written(&entries, None);
    assert!(bytes.iter().all(|b| *b >= b' ' || b"\n\t".contains(b)), "a control is in the text");
    assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), names.len() + 4);
    let record = Record::parse(bytes.clone(), None).unwrap();
    assert!(record.entries().eq(entries.iter().cloned()));
    assert_eq!(record.count(), names.len() as u64);
    let again: Vec<_> = record.entries().collect();
    assert_eq!(written(&again, None), bytes);
}

#[test]
fn the_order_is_that_of_components() {
    let mut names = odd_names(2000);
    let parts = |name: &Vec<u8>| -> Vec<Vec<u8>> {
        name.split(|b| *b == b'/').map(<[u8]>::to_vec).collect()
    };
    names.sort_by_key(parts);
    assert!(names.is_sorted_by(|a, b| walk_order(a, b).is_lt()));
}

#[test]
fn truncated_records_are_rejected() {
    for key in [None, Some(key("k"))] {
        let whole = written(&some(), key.as_ref());
        assert!(Record::parse(whole.clone(), key.as_ref()).is_ok());
        for length in 0..whole.len() {
            let cut = Record::parse(whole[..length].to_vec(), key.as_ref());
            assert!(cut.is_err(), "{length} of {} bytes", whole.len());
        }
    }
    // Without a key, a part of the seal is the only sign that there was one.
    let whole = written(&some(), Some(&key("k")));
    let unsealed = written(&some(), None);
    for length in 0..whole.len() - 1 {
        let cut = Record::parse(whole[..length].to_vec(), None);
        assert_eq!(cut.is_ok(), length == unsealed.len(), "{length} of {} bytes", whole.len());
    }
}

#[test]
fn a_record_with_a_flipped_bit_is_rejected() {
    for key in [None, Some(key("k"))] {
        let whole = written(&some(), key.as_ref());
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let result = Record::parse(flipped, key.as_ref());
            assert!(result.is_err(), "bit {bit} of {:?}", String::from_utf8_lossy(&whole));
        }
    }
}

#[test]
fn a_seal_needs_its_key() {
    let sealed = written(&some(), Some(&key("k")));
    let refusal =
        |bytes: &[u8], text: &str| Record::parse(bytes.to_vec(), Some(&key(text))).map(drop);
    assert_eq!(refusal(&sealed, "k"), Ok(()));
    assert_eq!(refusal(&sealed, "K"), Err(RecordError::WrongSeal));
    let unsealed = written(&some(), None);
    assert_eq!(refusal(&unsealed, "k"), Err(RecordError::Unsealed));
    // A seal of another record.
    let seal = sealed.split_inclusive(|b| *b == b'\n').next_back().unwrap();
    let other = [&*written(&some()[1..], None), seal].concat();
    assert_eq!(refusal(&other, "k"), Err(RecordError::WrongSeal));
    let doubled = [&*sealed, seal].concat();
    assert_eq!(refusal(&doubled, "k"), Err(RecordError::WrongSeal));
    assert!(Record::parse(doubled, None).is_err());
}

/// Parses lines with a valid end, as an attacker without the key could write them.
fn forged(lines: &str) -> Result<(), RecordError> {
    let count = lines
        .lines()
        .filter(|line| line.matches('\t').count() > 1 && !line.starts_with("read"))
        .count();
    let body = format!("hsum-snapshot 2\nalgorithm\tmd5\n{lines}");
    let end = format!("end\t{count}\t{}\n", digest(Algorithm::Md5, body.as_bytes()));
    Record::parse(format!("{body}{end}").into_bytes(), None).map(drop)
}

#[test]
fn each_record_has_one_text() {
    let d = "d41d8cd98f00b204e9800998ecf8427e";
    let good = format!("read\t1\t5.000000000\n{d}\t0\t5.000000000\t1\t1\ta\n");
    assert_eq!(forged(&good), Ok(()));
    let line = |fields: &str| format!("read\t1\t5.000000000\n{d}\t{fields}\n");
    for (bad, number) in [
        (good.replace(d, &d.to_uppercase()), 4),
        (line("00\t5.000000000\t1\t1\ta"), 4),
        (line("+1\t5.000000000\t1\t1\ta"), 4),
        (line("18446744073709551616\t5.000000000\t1\t1\ta"), 4),
        (line("0\t5.00000000\t1\t1\ta"), 4),
        (line("0\t5.0000000000\t1\t1\ta"), 4),
        (line("0\t-0.000000000\t1\t1\ta"), 4),
        (line("0\t5\t1\t1\ta"), 4),
        (line("0\t5.000000000\t6.00000000\t1\t1\ta"), 4),
        (line("0\t5.000000000\t6.000000000\t7.000000000\t1\t1\ta"), 4),
        (line("0\t5.000000000\t-\t1\t1\ta"), 4),
        (line("0\t5.000000000\t1\t2\ta"), 4),
        (line("0\t5.000000000\t1\t1\t"), 4),
        (line("0\t5.000000000\t1\t1\t/a"), 4),
        (line("0\t5.000000000\t1\t1\ta/"), 4),
        (line("0\t5.000000000\t1\t1\ta//b"), 4),
        (line("0\t5.000000000\t1\t1\t../a"), 4),
        (line("0\t5.000000000\t1\t1\ta/."), 4),
        (line("0\t5.000000000\t1\t1\ta\\"), 4),
        (line("0\t5.000000000\t1\t1\ta\\q"), 4),
        (line("0\t5.000000000\t1\t1\ta\\x41"), 4),
        (line("0\t5.000000000\t1\t1\ta\\x0A"), 4),
        (line("0\t5.000000000\t1\t1\ta\\x0a"), 4),
        (line("0\t5.000000000\t1\t1\ta\\x00"), 4),
        (line("0\t5.000000000\t1\t1\ta\\xc3\\xa9"), 4),
        (line("0\t5.000000000\t1\t1\ta\r"), 4),
        (format!("{good}{d}\t0\t5.000000000\t1\t1\ta\n"), 5),
        (format!("{good}link\ta\tA\n"), 5),
        ("read\t0\t5.000000000\n".into(), 3),
        ("read\t2\t5.000000000\nread\t1\t5.000000000\n".into(), 4),
        ("# a comment\n".into(), 3),
        ("\n".into(), 3),
    ] {
        let result = forged(&bad);
        let at = matches!(result, Err(RecordError::Line { number: at, .. }) if at == number);
        assert!(at, "{bad:?}: {result:?}");
    }
    let parse = |text: &str| Record::parse(text.as_bytes().to_vec(), None).map(drop);
    assert_eq!(parse(""), Err(RecordError::NotARecord));
    assert_eq!(parse("d41d8cd98f00b204e9800998ecf8427e  a\n"), Err(RecordError::NotARecord));
    assert_eq!(parse("hsum-snapshot 4\n"), Err(RecordError::UnknownVersion));
    assert_eq!(parse("hsum-snapshot 2\n"), Err(RecordError::Incomplete));
    assert_eq!(parse("hsum-snapshot 1\n"), Err(RecordError::Incomplete));
    let unknown = parse("hsum-snapshot 1\nalgorithm\tsha257\nend\t0\t00\n");
    assert!(matches!(unknown, Err(RecordError::Line { number: 2, .. })), "{unknown:?}");
}

#[test]
fn filters_are_recorded() {
    let filter = RecordFilter::new(&["b*", "a*", "b*"], &["a\tb\n", "*/x"]).unwrap();
    let key = key("k");
    let writer = RecordWriter::with_filter(Vec::new(), Algorithm::Md5, &filter, &[], Some(&key));
    let bytes = writer.unwrap().finish().unwrap();
    let head = "hsum-snapshot 3\nalgorithm\tmd5\ninclude\ta*\ninclude\tb*\nexclude\t*/x\n\
        exclude\ta\\tb\\n\nend\t0\t";
    assert!(bytes.starts_with(head.as_bytes()), "{}", bytes.escape_ascii());
    let record = Record::parse(bytes.clone(), Some(&key)).unwrap();
    assert_eq!(record.filter(), &filter);
    assert!(listed(&bytes).is_empty());
    // The seal covers the filter.
    let other = String::from_utf8(bytes).unwrap().replace("include\tb*\n", "");
    assert_eq!(Record::parse(other.into(), Some(&key)).map(drop), Err(RecordError::WrongSeal));
}

#[test]
fn each_filter_has_one_text() {
    let parse = |header: &str| {
        let body = format!("{header}read\t1\t5.000000000\n");
        let end = format!("end\t0\t{}\n", digest(Algorithm::Md5, body.as_bytes()));
        Record::parse(format!("{body}{end}").into_bytes(), None).map(drop)
    };
    let filter = |lines: &str| parse(&format!("hsum-snapshot 3\nalgorithm\tmd5\n{lines}"));
    assert_eq!(filter("include\ta\nexclude\tb\n"), Ok(()));
    let many = |count| (0..count).map(|n| format!("exclude\t{n:04}\n")).collect::<String>();
    assert_eq!(filter(&many(1000)), Ok(()));
    for bad in [
        "",
        "include\t*\n",
        "include\tb\ninclude\ta\n",
        "include\ta\ninclude\ta\n",
        "exclude\ta\ninclude\tb\n",
        "exclude\t[\n",
        "exclude\ta\\q\n",
        "exclude\t\\xff\n",
        &many(1001),
    ] {
        let result = filter(bad);
        assert!(
            matches!(result, Err(RecordError::Line { number: 3.., .. })),
            "{bad:?}: {result:?}"
        );
    }
    let old = parse("hsum-snapshot 2\nalgorithm\tmd5\nexclude\ta\n");
    assert!(matches!(old, Err(RecordError::Line { number: 3, .. })), "{old:?}");
    assert!(RecordFilter::new(&vec!["a"; 1001], &[]).is_ok_and(|filter| !filter.is_empty()));
    let numbers: Vec<String> = (0..=1000).map(|n| n.to_string()).collect();
    assert!(RecordFilter::new(&numbers, &[]).is_err());
}

#[test]
fn the_writer_rejects_what_the_parser_rejects() {
    let mut writer = RecordWriter::new(Vec::new(), Algorithm::Sha256, &[RUN], None).unwrap();
    for name in [&b""[..], b"/a", b"a/", b"..", b"a\0"] {
        assert!(writer.entry(&file(name, 1)).is_err(), "{name:?}");
    }
    assert!(writer.entry(&link(b"a", b"\0")).is_err());
    writer.entry(&file(b"b", 1)).unwrap();
    assert!(writer.entry(&file(b"b", 1)).is_err());
    assert!(writer.entry(&file(b"a.c", 1)).is_err());
    assert_eq!(Record::parse(writer.finish().unwrap(), None).unwrap().count(), 1);
}

#[test]
fn every_algorithm_has_records() {
    for algorithm in Algorithm::ALL {
        let digest = digest(*algorithm, b"x");
        let content = RecordContent::File { digest, stamp: FileStamp::default(), run: 0 };
        let entry = RecordEntry { name: b"x".into(), content };
        let mut writer = RecordWriter::new(Vec::new(), *algorithm, &[], None).unwrap();
        writer.entry(&entry).unwrap();
        let record = Record::parse(writer.finish().unwrap(), None).unwrap();
        assert_eq!(record.hash_function(), (*algorithm).into());
        assert!(record.entries().eq([entry]));
    }
}

/// Reads a record as `hsum check` does: the name and the digest of each file.
fn listed(bytes: &[u8]) -> Vec<(Vec<u8>, hsum::Digest)> {
    let hint = ListOptions::new().allow_outside(true);
    let mut list = List::new(bytes, hint);
    assert_eq!(list.format(), ListFormat::Snapshot);
    let entries = list.map(|listed| listed.entry.expect("an entry"));
    // In a list, `-` alone is standard input.
    let name = |path: &Path| path.strip_prefix(".").unwrap_or(path).as_os_str().as_bytes().to_vec();
    entries.map(|entry| (name(&entry.path), entry.digest)).collect()
}

fn files(record: &Record) -> Vec<(Vec<u8>, hsum::Digest)> {
    let file = |entry: RecordEntry<'_>| Some((entry.name.to_vec(), entry.content.digest()?));
    record.entries().filter_map(file).collect()
}

#[test]
fn a_record_lists_each_of_its_files() {
    let names = odd_names(3000);
    let entries: Vec<_> = names.iter().enumerate().map(|(i, n)| file(n, i as u64)).collect();
    for key in [None, Some(key("k"))] {
        let bytes = written(&entries, key.as_ref());
        let record = Record::parse(bytes.clone(), None).unwrap();
        assert_eq!(files(&record).len(), names.len());
        assert_eq!(listed(&bytes), files(&record));
    }
}

/// Generates lines, most of which are valid.
fn any_line() -> impl Strategy<Value = String> {
    let digest = prop_oneof![
        9 => Just("d41d8cd98f00b204e9800998ecf8427e"),
        1 => Just("D41D8CD98F00B204E9800998ECF8427E"),
        1 => Just("link"),
        1 => Just(""),
    ];
    let number = prop_oneof![9 => Just("7"), 1 => Just("07"), 1 => Just("-"), 1 => Just("5.0")];
    let time = prop_oneof![9 => Just("5.000000000"), 1 => Just("5"), 1 => Just("")];
    let changed = prop_oneof![2 => Just("6.000000000\t"), 2 => Just(""), 1 => Just("\t")];
    let name = "[a-c]{1,3}(/[a-c]|\\\\|\\\\\\\\|\\\\t|\t|\\.\\.)?";
    (digest, number, time, changed, name).prop_map(|(digest, number, time, changed, name)| {
        format!("{digest}\t{number}\t{time}\t{changed}7\t1\t{name}\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    /// Both parsers read the same entries, or both reject the record.
    #[test]
    fn no_line_is_dropped(mut lines in vec(any_line(), 0..6), sorted in any::<bool>()) {
        if sorted {
            lines.sort_by_key(|line| line.rsplit('\t').next().map(str::to_owned));
        }
        let body = format!(
            "hsum-snapshot 2\nalgorithm\tmd5\nread\t1\t9.000000000\n{}", lines.concat()
        );
        let end = digest(Algorithm::Md5, body.as_bytes());
        let bytes = format!("{body}end\t{}\t{end}\n", lines.len()).into_bytes();
        let links = lines.iter().filter(|line| line.starts_with("link\t")).count();
        if let Ok(record) = Record::parse(bytes.clone(), None) {
            prop_assert_eq!(record.entries().count(), lines.len());
            prop_assert_eq!(listed(&bytes), files(&record));
        }
        let list: Vec<_> = List::new(&bytes[..], ListOptions::new()).map(|l| l.entry).collect();
        if list.iter().all(Result::is_ok) {
            prop_assert_eq!(list.len() + links, lines.len());
        }
    }
}
