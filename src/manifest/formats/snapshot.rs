//! Snapshot records: `hsum-snapshot 2` or `3`, entries with fields between tabs, and a last line with the
//! number of entries and a digest of the lines before it.

use std::str;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::hasher::Hasher;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self};
use crate::manifest::reader::{Reader, Sink};
use crate::manifest::record_text::{
    ALGORITHM, ANY_MAGIC, END, EXCLUDE, Fields, INCLUDE, READ, SEAL, is_below, is_lower_hex,
    number, unescape,
};

/// The supported versions of the format.
const VERSIONS: [&str; 3] = ["1", "2", "3"];

#[derive(Default)]
pub(super) struct Snapshot {
    part: Part,
    /// The number of the last line.
    line: u64,
    /// The first line, until the algorithm is known.
    first: String,
}

#[derive(Default)]
enum Part {
    #[default]
    First,
    Algorithm,
    Entries(Box<Entries>),
    /// The entries have ended; a seal may follow.
    Ended,
    /// The record is damaged, and that has been reported.
    Refused,
}

struct Entries {
    function: HashFunction,
    /// The hasher of the lines so far.
    hasher: Hasher,
    count: u64,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    line.starts_with(ANY_MAGIC.as_bytes())
}

impl Reader for Snapshot {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        self.line = number;
        let entry = match str::from_utf8(line) {
            Ok(line) => self.take(line, sink),
            Err(_) => Err(BadLine::Damaged),
        };
        match entry {
            Ok(entry) => entry.into_iter().for_each(|entry| sink.push(number, Ok(entry))),
            Err(bad) => self.refuse(bad, sink),
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        if !matches!(self.part, Part::Ended | Part::Refused) {
            self.refuse(BadLine::Damaged, sink);
        }
    }
}

impl Snapshot {
    fn refuse(&mut self, bad: BadLine, sink: &mut Sink) {
        sink.push(self.line, Err(bad));
        self.part = Part::Refused;
    }

    /// Reads a line, and returns the entry if it is that of a file.
    fn take(&mut self, line: &str, sink: &mut Sink) -> Result<Option<Entry>, BadLine> {
        match &mut self.part {
            Part::First => {
                let version = line.strip_prefix(ANY_MAGIC).ok_or(BadLine::Damaged)?;
                if !VERSIONS.contains(&version) {
                    return Err(BadLine::Version);
                }
                line.clone_into(&mut self.first);
                self.part = Part::Algorithm;
            }
            Part::Algorithm => {
                let name = line.strip_prefix(ALGORITHM).ok_or(BadLine::Damaged)?;
                let function: HashFunction = name.parse().map_err(|_| BadLine::UnknownTag)?;
                let mut entries = Entries { function, hasher: Hasher::new(function), count: 0 };
                entries.hash(&self.first);
                entries.hash(line);
                self.part = Part::Entries(Box::new(entries));
            }
            Part::Entries(entries) => match line.strip_prefix(END) {
                Some(end) => {
                    entries.check_end(end).ok_or(BadLine::Damaged)?;
                    self.part = Part::Ended;
                }
                None => {
                    entries.hash(line);
                    let header = [INCLUDE, EXCLUDE, READ];
                    let is_header = header.iter().any(|word| line.starts_with(word));
                    return match entries.count == 0 && is_header {
                        true => Ok(None),
                        false => entries.entry(line),
                    };
                }
            },
            Part::Ended if line.starts_with(SEAL) => sink.is_signed = true,
            Part::Ended => return Err(BadLine::Damaged),
            Part::Refused => {}
        }
        Ok(None)
    }
}

impl Entries {
    fn hash(&mut self, line: &str) {
        self.hasher.update(line.as_bytes());
        self.hasher.update(b"\n");
    }

    /// Parses an entry's line; symbolic links are skipped.
    fn entry(&mut self, line: &str) -> Result<Option<Entry>, BadLine> {
        self.count += 1;
        let fields = Fields::split(line, 2 * self.function.len()).map_err(|_| BadLine::Damaged)?;
        let (Fields::File { name, .. } | Fields::Link { name, .. }) = fields;
        let name = unescape(name).filter(|name| is_below(name)).ok_or(BadLine::Damaged)?;
        let Fields::File { digest, size, .. } = fields else { return Ok(None) };
        let digest = Some(digest).filter(|digest| is_lower_hex(digest)).ok_or(BadLine::Damaged)?;
        let digest = Digest::from_hex(self.function, digest).map_err(|_| BadLine::Damaged)?;
        fields::entry(&name, [digest], Some(size)).map(Some)
    }

    /// Compares the fields of the last line with the lines before it.
    fn check_end(&self, end: &str) -> Option<()> {
        let (count, digest) = end.split_once('\t')?;
        let is_whole = number(count)? == self.count
            && is_lower_hex(digest)
            && Digest::from_hex(self.function, digest).ok()? == self.hasher.clone().finalize();
        is_whole.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::hasher::digest;

    const D: &str = "d41d8cd98f00b204e9800998ecf8427e";

    fn with_end(lines: &str, count: u64) -> String {
        let body = format!("hsum-snapshot 2\nalgorithm\tmd5\nread\t1\t9.000000000\n{lines}");
        let end = digest(Algorithm::Md5, body.as_bytes());
        format!("{body}end\t{count}\t{end}\n")
    }

    fn read(text: &str) -> (Vec<Result<String, BadLine>>, bool) {
        assert!(is_mark(text.as_bytes()));
        let (mut reader, mut sink) = (Snapshot::default(), Sink::default());
        (1..).zip(text.lines()).for_each(|(i, line)| reader.line(i, line.as_bytes(), &mut sink));
        reader.end(&mut sink);
        let name = |entry: Entry| entry.path.into_os_string().into_string().unwrap();
        let items = std::iter::from_fn(|| sink.queue.pop_front())
            .map(|listed| listed.entry.map(name))
            .collect();
        (items, sink.is_signed)
    }

    #[test]
    fn every_file_is_an_entry() {
        let lines = format!(
            "{D}\t0\t5.000000000\t6.000000000\t1\t1\ta/x\n{D}\t0\t5.000000000\t1\t0\tb\\tc\n\
             link\ta\tl\n"
        );
        let names = [Ok("a/x".to_owned()), Ok("b\tc".to_owned())];
        assert_eq!(read(&with_end(&lines, 3)), (names.to_vec(), false));
        let sealed = with_end(&lines, 3) + "seal\thmac-sha256\t00\n";
        assert_eq!(read(&sealed), (names.to_vec(), true));
        let filter = "hsum-snapshot 3\nalgorithm\tmd5\nexclude\t*.tmp\n";
        let end = digest(Algorithm::Md5, format!("{filter}{lines}").as_bytes());
        let filtered = format!("{filter}{lines}end\t3\t{end}\n");
        assert_eq!(read(&filtered), (names.to_vec(), false));
    }

    #[test]
    fn a_damaged_record_is_refused() {
        let line = format!("{D}\t0\t5.000000000\t6.000000000\t1\t1\ta\n");
        let whole = with_end(&line, 1);
        let refusals = [Err(BadLine::Damaged), Err(BadLine::UnknownTag)];
        let is_refused = |text: &str| read(text).0.last().is_some_and(|l| refusals.contains(l));
        assert!(!is_refused(&whole));
        for length in "hsum-snapshot 2".len()..whole.len() - 1 {
            assert!(is_refused(&whole[..length]), "{length} of {} bytes", whole.len());
        }
        for bad in [
            whole.replace("\t6.0", "\t7.0"),
            with_end(&line, 2),
            with_end(&line.replace("\ta", "\t../a"), 1),
            with_end(&line.replace("\ta", "\t\\q"), 1),
            with_end(&line.replace(D, &D.to_uppercase()), 1),
            with_end(&line.replace("\t0\t", "\t"), 1),
            with_end(&format!("{line}\n"), 2),
            with_end(&format!("{line}read\t2\t9.000000000\n"), 1),
            whole.clone() + "\n",
            whole.clone() + &whole,
        ] {
            assert!(is_refused(&bad), "{bad:?}");
        }
        let (later, _) = read("hsum-snapshot 4\nwhat follows\n");
        assert_eq!(later, [Err(BadLine::Version)]);
    }
}
