//! Any bytes are a valid record or an error, without a panic. Written entries are read back, and writing
//! a record again gives the same bytes. `check` reads an entry from each line with a file name, or
//! rejects the record.
#![no_main]

use std::os::unix::ffi::OsStrExt;

use arbitrary::Arbitrary;
use hsum::engine::{FileStamp, Timestamp};
use hsum::manifest::{List, ListOptions};
use hsum::snapshot::{RecordContent, RecordEntry, RecordRun, Record, SEAL_ALGORITHM, RecordWriter, walk_order};
use hsum::{Algorithm, Digest, Key, digest};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// An unchanged record.
    Bytes(&'a [u8]),
    /// Lines that are completed to a record, so that the parser reaches them.
    Lines { version: u8, md5: bool, lines: &'a [u8] },
    Entries { sealed: bool, entries: Vec<(&'a [u8], Kind<'a>)> },
}

#[derive(Arbitrary, Debug)]
enum Kind<'a> {
    File { digest: [u8; 32], size: u64, times: [(i64, u32); 2], known: bool, inode: u64, read: bool },
    Link(&'a [u8]),
}

const RUN: RecordRun = RecordRun { number: 1, begun: Timestamp { seconds: 1_700_000_000, nanoseconds: 0 } };

fuzz_target!(|input: Input| match input {
    Input::Bytes(bytes) => again(bytes.to_vec()),
    Input::Lines { version, md5, lines } => {
        let algorithm = if md5 { Algorithm::Md5 } else { Algorithm::Sha256 };
        let version = 1 + version % 3;
        let mut bytes = format!("hsum-snapshot {version}\nalgorithm\t{algorithm}\n").into_bytes();
        bytes.extend_from_slice(lines);
        let header: [&[u8]; 3] = [b"include\t", b"exclude\t", b"read"];
        let is_entry = |line: &&[u8]| !header.iter().any(|word| line.starts_with(word));
        let count = lines.split_inclusive(|byte| *byte == b'\n').filter(is_entry).count();
        let end = format!("end\t{count}\t{}\n", digest(algorithm, &bytes));
        bytes.extend_from_slice(end.as_bytes());
        again(bytes);
    }
    Input::Entries { sealed, entries } => write_and_read(sealed, entries),
});

fn write(record: &Record) -> Vec<u8> {
    let (function, filter) = (record.hash_function(), record.filter());
    let writer = RecordWriter::with_filter(Vec::new(), function, filter, record.runs(), None);
    let mut writer = writer.unwrap();
    record.entries().for_each(|entry| writer.entry(&entry).expect("an entry of a record"));
    writer.finish().unwrap()
}

fn again(bytes: Vec<u8>) {
    let names = lines_of_files(&bytes);
    let listed = listed(&bytes);
    let record = Record::parse(bytes.clone(), None);
    if let Ok(record) = &record {
        let files: Vec<Vec<u8>> = files(record);
        assert_eq!(files.len(), names, "a file was dropped");
        assert_eq!(listed, Some(files), "check reads another list");
    } else if let Some(listed) = listed {
        assert!(!bytes.starts_with(b"hsum-snapshot ") || listed.len() == names, "check dropped a file");
    }
    let Ok(record) = record else { return };
    let text = write(&record);
    // Version 1 is written as version 2, with another end. A seal, which needs the key, may follow.
    let version_1 = b"hsum-snapshot 1";
    if bytes.starts_with(version_1) {
        let end = text.len() - text.iter().rev().skip(1).position(|byte| *byte == b'\n').unwrap() - 1;
        assert_eq!(bytes[version_1.len()..end], text[version_1.len()..end]);
    } else {
        assert!(bytes.starts_with(&text));
    }
}

/// The number of lines between the header and the end that are not those of links.
fn lines_of_files(bytes: &[u8]) -> usize {
    let lines = bytes.split(|byte| *byte == b'\n').skip(2);
    let header: [&[u8]; 3] = [b"include\t", b"exclude\t", b"read\t"];
    let lines = lines.skip_while(|line| header.iter().any(|word| line.starts_with(word)));
    let lines = lines.take_while(|line| !line.starts_with(b"end\t"));
    lines.filter(|line| !line.starts_with(b"link\t")).count()
}

fn files(record: &Record) -> Vec<Vec<u8>> {
    let is_file = |entry: &RecordEntry| matches!(entry.content, RecordContent::File { .. });
    record.entries().filter(is_file).map(|entry| entry.name.to_vec()).collect()
}

/// The names that `check` reads, if it understands every line.
fn listed(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let hint = ListOptions::new().allow_outside(true);
    let entries = List::new(bytes, hint).map(|listed| listed.entry.ok());
    entries.map(|entry| Some(entry?.path.as_os_str().as_bytes().to_vec())).collect()
}

fn write_and_read(sealed: bool, entries: Vec<(&[u8], Kind)>) {
    let entry = |(name, kind): (&[u8], Kind)| {
        let content = match kind {
            Kind::File { digest, size, times, known, inode, read } => {
                let [modified, changed] = times.map(|(seconds, nanoseconds)| Timestamp {
                    seconds,
                    nanoseconds: nanoseconds % 1_000_000_000,
                });
                let digest = Digest::from_bytes(Algorithm::Sha256, &digest).unwrap();
                let stamp = FileStamp { size, modified, changed: known.then_some(changed), inode };
                RecordContent::File { digest, stamp, run: read.into() }
            }
            Kind::Link(target) => RecordContent::Link(target.to_vec().into()),
        };
        RecordEntry { name: name.to_vec().into(), content }
    };
    let mut entries: Vec<RecordEntry> = entries.into_iter().map(entry).collect();
    entries.sort_by(|a, b| walk_order(&a.name, &b.name));
    let key = sealed.then(|| Key::new(SEAL_ALGORITHM, b"key").unwrap());
    let mut writer = RecordWriter::new(Vec::new(), Algorithm::Sha256, &[RUN], key.as_ref()).unwrap();
    entries.retain(|entry| writer.entry(entry).is_ok());
    let record = Record::parse(writer.finish().unwrap(), key.as_ref()).expect("what was written");
    assert!(record.entries().eq(entries));
}
