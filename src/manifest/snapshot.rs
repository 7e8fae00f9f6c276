//! hsum's own records of trees: `hsum-snapshot 2`, entries with fields between tabs, and a last line
//! with the number of entries and a digest of all lines before it.

#[cfg_attr(not(feature = "fs"), allow(dead_code))]
pub(crate) mod text;

use std::str;

use super::fields;
use super::list::Out;
use super::options::ListOptions;
use super::shape::Reader;
use super::{BadLine, Entry};
use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::hasher::Hasher;
use text::{
    ALGORITHM, ANY_MAGIC, END, Fields, READ, SEAL, is_below, is_lower_hex, number, unescape,
};

/// The versions of the format that are read.
const VERSIONS: [&str; 2] = ["1", "2"];

struct Snapshot {
    part: Part,
    /// The number of the last line.
    line: u64,
    /// The first line, until the algorithm is known.
    first: String,
}

enum Part {
    First,
    Algorithm,
    Entries(Box<Entries>),
    /// After the line that ends the entries: a seal may follow.
    Ended,
    /// The record is damaged, which has been reported.
    Refused,
}

struct Entries {
    function: HashFunction,
    /// The digest of all lines so far.
    hasher: Hasher,
    count: u64,
}

pub(super) fn sign(line: &[u8]) -> bool {
    line.starts_with(ANY_MAGIC.as_bytes())
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Snapshot { part: Part::First, line: 0, first: String::new() })
}

impl Reader for Snapshot {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        self.line = number;
        let entry = match str::from_utf8(line) {
            Ok(line) => self.take(line, out),
            Err(_) => Err(BadLine::Damaged),
        };
        match entry {
            Ok(entry) => entry.into_iter().for_each(|entry| out.push(number, Ok(entry))),
            Err(bad) => self.refuse(bad, out),
        }
    }

    fn end(&mut self, out: &mut Out) {
        if !matches!(self.part, Part::Ended | Part::Refused) {
            self.refuse(BadLine::Damaged, out);
        }
    }
}

impl Snapshot {
    fn refuse(&mut self, bad: BadLine, out: &mut Out) {
        out.push(self.line, Err(bad));
        self.part = Part::Refused;
    }

    /// Takes the next line. Returns the entry, if it is that of a file.
    fn take(&mut self, line: &str, out: &mut Out) -> Result<Option<Entry>, BadLine> {
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
                    let is_header = entries.count == 0 && line.starts_with(READ);
                    return if is_header { Ok(None) } else { entries.entry(line) };
                }
            },
            Part::Ended if line.starts_with(SEAL) => out.signed = true,
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

    /// Reads an entry's line. A symbolic link has no digest, and is skipped.
    fn entry(&mut self, line: &str) -> Result<Option<Entry>, BadLine> {
        self.count += 1;
        let fields = Fields::cut(line, 2 * self.function.len()).map_err(|_| BadLine::Damaged)?;
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
    use super::super::{List, ListFormat};
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
        let mut list = List::new(text.as_bytes(), ListOptions::new());
        assert_eq!(list.format(), ListFormat::Snapshot);
        let name = |entry: Entry| entry.path.into_os_string().into_string().unwrap();
        let items = list.by_ref().map(|listed| listed.entry.map(name)).collect();
        (items, list.is_signed())
    }

    #[test]
    fn each_file_is_an_entry() {
        let lines = format!(
            "{D}\t0\t5.000000000\t6.000000000\t1\t1\ta/x\n{D}\t0\t5.000000000\t1\t0\tb\\tc\n\
             link\ta\tl\n"
        );
        let names = [Ok("a/x".to_owned()), Ok("b\tc".to_owned())];
        assert_eq!(read(&with_end(&lines, 3)), (names.to_vec(), false));
        let sealed = with_end(&lines, 3) + "seal\thmac-sha256\t00\n";
        assert_eq!(read(&sealed), (names.to_vec(), true));
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
        let (later, _) = read("hsum-snapshot 3\nwhat follows\n");
        assert_eq!(later, [Err(BadLine::Version)]);
    }
}
