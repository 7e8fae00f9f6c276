//! Any bytes are a record of a tree or refused, never a panic; what is written is read back, and a record, written again,
//! is the same bytes.
#![no_main]

use arbitrary::Arbitrary;
use hsum::engine::{Stamp, Time};
use hsum::snapshot::{Content, Entry, Read, Record, SEAL, Writer, walk_order};
use hsum::{Algorithm, Digest, Key, digest};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// As they are.
    Bytes(&'a [u8]),
    /// Lines that are given the beginning and the end that they need to be looked at.
    Lines { md5: bool, lines: &'a [u8] },
    Entries { sealed: bool, entries: Vec<(&'a [u8], Kind<'a>)> },
}

#[derive(Arbitrary, Debug)]
enum Kind<'a> {
    File { digest: [u8; 32], size: u64, seconds: i64, nanoseconds: u32, inode: u64, read: bool },
    Link(&'a [u8]),
}

const RUN: Read = Read { number: 1, begun: Time { seconds: 1_700_000_000, nanoseconds: 0 } };

fuzz_target!(|input: Input| match input {
    Input::Bytes(bytes) => again(bytes.to_vec()),
    Input::Lines { md5, lines } => {
        let algorithm = if md5 { Algorithm::Md5 } else { Algorithm::Sha256 };
        let mut bytes = format!("hsum-snapshot 1\nalgorithm\t{algorithm}\n").into_bytes();
        bytes.extend_from_slice(lines);
        let is_entry = |line: &&[u8]| !line.starts_with(b"read");
        let count = lines.split_inclusive(|byte| *byte == b'\n').filter(is_entry).count();
        let end = format!("end\t{count}\t{}\n", digest(algorithm, &bytes));
        bytes.extend_from_slice(end.as_bytes());
        again(bytes);
    }
    Input::Entries { sealed, entries } => write_and_read(sealed, entries),
});

fn write(record: &Record) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), record.function(), record.reads(), None).unwrap();
    record.entries().for_each(|entry| writer.entry(&entry).expect("an entry of a record"));
    writer.finish().unwrap()
}

fn again(bytes: Vec<u8>) {
    let Ok(record) = Record::parse(bytes.clone(), None) else { return };
    let text = write(&record);
    // A seal, which cannot be made again, may follow.
    assert!(bytes.starts_with(&text));
}

fn write_and_read(sealed: bool, entries: Vec<(&[u8], Kind)>) {
    let entry = |(name, kind): (&[u8], Kind)| {
        let content = match kind {
            Kind::File { digest, size, seconds, nanoseconds, inode, read } => {
                let modified = Time { seconds, nanoseconds: nanoseconds % 1_000_000_000 };
                let digest = Digest::from_bytes(Algorithm::Sha256, &digest).unwrap();
                let stamp = Stamp { size, modified, inode };
                Content::File { digest, stamp, read: read.into() }
            }
            Kind::Link(target) => Content::Link(target.to_vec().into()),
        };
        Entry { name: name.to_vec().into(), content }
    };
    let mut entries: Vec<Entry> = entries.into_iter().map(entry).collect();
    entries.sort_by(|a, b| walk_order(&a.name, &b.name));
    let key = sealed.then(|| Key::new(SEAL, b"key").unwrap());
    let mut writer = Writer::new(Vec::new(), Algorithm::Sha256, &[RUN], key.as_ref()).unwrap();
    entries.retain(|entry| writer.entry(entry).is_ok());
    let record = Record::parse(writer.finish().unwrap(), key.as_ref()).expect("what was written");
    assert!(record.entries().eq(entries));
}
