//! A checksum file of any shape → entries: the shape is found by content, then read line by line,
//! or whole where it has no lines.

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;

use super::begins::{Begins, begins, utf16};
use super::entry::{ListEntry, leads_outside};
use super::layer::Layer;
use super::lines::{Line, Lines};
use super::options::ListOptions;
use super::shape::{ListFormat, Reader, Row, SHAPES, Sure, is_digest_first};
use super::{BadLine, Entry, LineParser};
use super::{distinfo, sidecar};

/// Bytes of lines that are held until one tells the shape.
const HELD: usize = 64 * 1024;
/// Tagged lines of one file that wait for its size.
const WAITING: usize = 16;
/// Bytes of a list that must be read whole.
const WHOLE: u64 = 16 * 1024 * 1024;

/// A checksum file, entry by entry.
///
/// Lists of lines are read in bounded memory, however long they are. JSON, XML and UTF-16 are
/// read whole, up to 16 MiB.
///
/// ```
/// use hsum::manifest::{List, ListFormat, ListOptions};
///
/// let text = "DIST a.tar.xz 3 SHA1 a9993e364706816aba3e25717850c26c9cd0d89d\n";
/// let mut list = List::new(text.as_bytes(), ListOptions::new());
/// let entry = list.next().unwrap().entry?;
/// assert_eq!(list.format(), ListFormat::Gentoo);
/// assert_eq!((entry.path.to_str(), entry.size), (Some("a.tar.xz"), Some(3)));
/// # Ok::<(), hsum::manifest::BadLine>(())
/// ```
pub struct List<R> {
    lines: Lines<Input<R>>,
    options: ListOptions,
    layer: Layer,
    signed: bool,
    state: State,
    /// Lines that are read but not looked at, the wrapping taken off.
    held: VecDeque<Line>,
    /// Entries of BSD lines, all of one file, whose size may stand in the next line.
    waiting: Vec<ListEntry>,
    out: Out,
}

enum State {
    /// Nothing has been read.
    New,
    Plain(LineParser),
    Foreign(ListFormat, Box<dyn Reader>),
    /// What was read whole stands in `out`.
    Whole(ListFormat),
}

/// Where entries go.
#[derive(Default)]
pub(super) struct Out {
    queue: VecDeque<ListEntry>,
    /// Set if the list carries a signature of its own.
    pub(super) signed: bool,
}

impl Out {
    pub(super) fn push(&mut self, line: u64, entry: Result<Entry, BadLine>) {
        self.queue.push_back(ListEntry::new(line, entry));
    }

    /// Appends a line that names this file.
    pub(super) fn named(&mut self, line: u64, name: &[u8], entry: Result<Entry, BadLine>) {
        self.queue.push_back(ListEntry::named(line, name, entry));
    }
}

impl<R: BufRead> List<R> {
    /// A list that begins here.
    pub fn new(input: R, options: ListOptions) -> Self {
        Self {
            lines: Lines::new(Input::Given(input)),
            options,
            layer: Layer::Unknown,
            signed: false,
            state: State::New,
            held: VecDeque::new(),
            waiting: Vec::new(),
            out: Out::default(),
        }
    }

    /// The shape that was found; reads as much as that takes.
    pub fn format(&mut self) -> ListFormat {
        self.begin();
        match &self.state {
            State::New | State::Plain(_) => ListFormat::Plain,
            State::Foreign(shape, _) | State::Whole(shape) => *shape,
        }
    }

    /// Whether the list carries a signature, which has not been checked: known for sure once the
    /// list has been read.
    pub fn is_signed(&self) -> bool {
        self.signed || self.out.signed
    }

    /// The read error that ended the list, if one did.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.lines.broken.take()
    }

    /// The next line, without what is wrapped round the list, for shapes that hold no digests.
    pub fn next_line(&mut self) -> Option<(u64, Result<Vec<u8>, BadLine>)> {
        self.begin();
        self.held.pop_front().or_else(|| self.read_line())
    }

    /// The next line of what the wrapping holds.
    fn read_line(&mut self) -> Option<Line> {
        loop {
            let (number, line) = self.lines.next()?;
            let Ok(mut line) = line else { return Some((number, line)) };
            if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            let whole = line.len();
            let kept = self.layer.unwrap(&line).map(<[u8]>::len);
            self.signed |= self.layer.is_signed();
            match kept {
                Some(length) => return Some((number, Ok(line.split_off(whole - length)))),
                None => continue,
            }
        }
    }

    /// Finds out the shape.
    fn begin(&mut self) {
        if !matches!(self.state, State::New) {
            return;
        }
        let first = match self.lines.list.fill_buf() {
            Ok(bytes) => begins(bytes),
            Err(error) => {
                self.lines.broken = Some(error);
                None
            }
        };
        self.state = match first {
            Some(Begins::Utf16) => match self.read_whole().and_then(|bytes| utf16(&bytes)) {
                Ok(text) => {
                    self.lines = Lines::new(Input::Decoded(Cursor::new(text)));
                    return self.begin();
                }
                Err(bad) => self.whole(ListFormat::PowerShell, Err(bad)),
            },
            Some(Begins::Html) => self.whole(ListFormat::Metalink, Err(BadLine::Html)),
            #[cfg(feature = "fs")]
            Some(Begins::Xml) => {
                let read = self.read_whole().map(|bytes| super::metalink::read(&bytes));
                self.whole(ListFormat::Metalink, read)
            }
            #[cfg(feature = "fs")]
            Some(Begins::Json) => {
                let read = self.read_whole().map(|bytes| super::json::read(&bytes));
                self.whole(ListFormat::Json, read)
            }
            _ => self.sniff(),
        };
    }

    fn whole(&mut self, shape: ListFormat, read: Result<Vec<ListEntry>, BadLine>) -> State {
        let items = read.unwrap_or_else(|bad| vec![ListEntry::new(0, Err(bad))]);
        let numbered = (1..).zip(items).map(|(line, item)| ListEntry { line, ..item });
        self.out.queue.extend(numbered);
        State::Whole(shape)
    }

    fn read_whole(&mut self) -> Result<Vec<u8>, BadLine> {
        let mut bytes = Vec::new();
        match self.lines.list.by_ref().take(WHOLE + 1).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 > WHOLE => Err(BadLine::TooLarge),
            Ok(_) => Ok(bytes),
            Err(error) => {
                self.lines.broken = Some(error);
                Ok(bytes)
            }
        }
    }

    /// Holds lines until one of them tells.
    fn sniff(&mut self) -> State {
        let mut plain = self.plain_parser();
        let (mut bytes, mut weak) = (0, None::<usize>);
        while bytes < HELD {
            let Some((number, line)) = self.read_line() else { break };
            let Ok(text) = &line else {
                bytes += HELD / 4; // it was longer than it is
                self.held.push_back((number, line));
                continue;
            };
            bytes += text.len() + 32;
            let content = text.trim_ascii();
            if !content.is_empty() {
                let sign = |row: &Row| (row.sign)(text.trim_ascii_end());
                let found = SHAPES.iter().position(sign);
                if let Some(row) = found.map(|at| &SHAPES[at]).filter(|row| row.sure == Sure::Yes) {
                    self.held.push_back((number, line));
                    return State::Foreign(row.shape, (row.reader)(&self.options));
                }
                if matches!(plain.parse_line(text), Ok(Some(_))) || is_digest_first(text) {
                    self.held.push_back((number, line));
                    return State::Plain(self.plain_parser());
                }
                weak = weak.into_iter().chain(found).min();
            }
            self.held.push_back((number, line));
        }
        match weak.map(|at| &SHAPES[at]) {
            Some(row) if row.shape != ListFormat::Sidecar || sidecar::is_bound(&self.options) => {
                State::Foreign(row.shape, (row.reader)(&self.options))
            }
            _ => State::Plain(self.plain_parser()),
        }
    }

    /// A parser that knows what the list's name tells.
    fn plain_parser(&self) -> LineParser {
        let by_name = self.options.name.as_deref().and_then(sidecar::rival);
        match self.options.untagged.or(by_name) {
            Some(function) => LineParser::new().untagged(function),
            None => LineParser::new(),
        }
    }

    /// Feeds a line to the shape's reader; at the end, tells it so. False when nothing more comes.
    fn advance(&mut self) -> bool {
        let next = self.held.pop_front().or_else(|| self.read_line());
        let (parser, shape) = match &mut self.state {
            State::New | State::Whole(_) => return false,
            State::Plain(parser) => (Some(parser), None),
            State::Foreign(_, reader) => (None, Some(reader)),
        };
        match (next, parser, shape) {
            (Some((number, Ok(line))), Some(parser), _) => {
                let tagged = distinfo::tagged(line.trim_ascii_end());
                let path = self.waiting.first().and_then(|first| first.path());
                if let Some((name, size)) = tagged.and_then(distinfo::named_size)
                    && path.is_some_and(|path| path.as_os_str().as_encoded_bytes() == name)
                    && self.waiting.iter().all(|l| l.size().is_none_or(|known| known == size))
                {
                    self.waiting.iter_mut().for_each(|listed| {
                        listed.entry.iter_mut().for_each(|entry| entry.size = Some(size));
                    });
                    return true;
                }
                let Some(entry) = parser.parse_line(&line).transpose() else { return true };
                let is_tagged = entry.is_ok() && tagged.is_some();
                let listed = match plain_name(&line, tagged) {
                    Some(name) if entry.is_err() => ListEntry::named(number, name, entry),
                    _ => ListEntry::new(number, entry),
                };
                if !is_tagged || listed.path() != path || self.waiting.len() == WAITING {
                    self.out.queue.extend(self.waiting.drain(..));
                }
                match is_tagged {
                    true => self.waiting.push(listed),
                    false => self.out.queue.push_back(listed),
                }
            }
            (Some((number, Ok(line))), _, Some(reader)) => {
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                reader.line(number, line.strip_suffix(b"\r").unwrap_or(line), &mut self.out);
            }
            (Some((number, Err(bad))), _, _) => {
                self.out.queue.extend(self.waiting.drain(..));
                self.out.push(number, Err(bad));
            }
            (None, _, reader) => {
                reader.into_iter().for_each(|reader| reader.end(&mut self.out));
                self.out.queue.extend(self.waiting.drain(..));
                self.state = State::Whole(self.format());
                return !self.out.queue.is_empty();
            }
            (Some(_), None, None) => unreachable!("one of them is there"),
        }
        true
    }
}

impl<R: BufRead> Iterator for List<R> {
    type Item = ListEntry;

    fn next(&mut self) -> Option<ListEntry> {
        self.begin();
        loop {
            if let Some(mut listed) = self.out.queue.pop_front() {
                let shape = self.format();
                if let Ok(entry) = &mut listed.entry
                    && shape != ListFormat::Plain
                    && entry.path == Path::new("-")
                {
                    // Standard input is `-` in GNU, BSD and OpenSSL lines only.
                    entry.path = "./-".into();
                }
                if let Ok(entry) = &listed.entry
                    && shape.is_foreign()
                    && !self.options.allows_outside
                    && leads_outside(&entry.path)
                {
                    listed.name = Some(entry.path.clone());
                    listed.entry = Err(BadLine::Outside);
                }
                return Some(listed);
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

/// Returns the name that a line of GNU, BSD or OpenSSL has if its digest is malformed.
pub(super) fn plain_name<'l>(
    line: &'l [u8],
    tagged: Option<distinfo::Tagged<'l>>,
) -> Option<&'l [u8]> {
    if let Some((_, name, _)) = tagged {
        return Some(name);
    }
    let line = line.trim_ascii_end();
    let blank = line.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
    let rest = &line[blank + 1..];
    let name = rest.strip_prefix(b" ").or(rest.strip_prefix(b"*")).unwrap_or(rest);
    (!name.is_empty() && line[..blank].iter().all(u8::is_ascii_hexdigit)).then_some(name)
}

/// What lines are read from.
enum Input<R> {
    Given(R),
    Decoded(Cursor<Vec<u8>>),
}

impl<R: BufRead> Read for Input<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Given(input) => input.read(room),
            Self::Decoded(text) => text.read(room),
        }
    }
}

impl<R: BufRead> BufRead for Input<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Given(input) => input.fill_buf(),
            Self::Decoded(text) => text.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        match self {
            Self::Given(input) => input.consume(count),
            Self::Decoded(text) => text.consume(count),
        }
    }
}
