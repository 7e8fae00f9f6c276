//! A checksum file of any shape → entries: the shape is found by content, then read line by line,
//! or whole where it has no lines.

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, Read};
use std::path::{Path, PathBuf};

use super::begins::{Begins, begins, utf16};
use super::layer::Layer;
use super::lines::{Line, Lines};
use super::shape::{Reader, Row, SHAPES, Shape, Sure, is_digest_first};
use super::{BadLine, Entry, Parser};
use super::{distinfo, fields, sidecar};
use crate::algorithm::HashFunction;

/// Bytes of lines that are held until one tells the shape.
const HELD: usize = 64 * 1024;
/// Tagged lines of one file that wait for its size.
const WAITING: usize = 16;
/// Bytes of a list that must be read whole.
const WHOLE: u64 = 16 * 1024 * 1024;

/// What is known of a list besides its contents.
#[derive(Clone, Debug, Default)]
pub struct Hint {
    /// Its own name: `x.iso.sha256` is of `x.iso`, the lines of `B2SUMS` are of BLAKE2b.
    pub name: Option<PathBuf>,
    /// What untagged lines hold; see [`Parser::untagged`].
    pub untagged: Option<HashFunction>,
    /// The file that a digest without any name is of.
    pub file: Option<PathBuf>,
    /// Whether names may lead out of the directory. Those of GNU, BSD and OpenSSL lines always may.
    pub outside: Outside,
}

/// Whether names may be absolute or have `..` in them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Outside {
    /// They are bad lines.
    #[default]
    Refused,
    /// They may.
    Allowed,
}

/// One line of a list, or one item of a list without lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// The line's number, from 1; of an item without a line, its own number.
    pub line: u64,
    /// The file that a bad line names, where that is known.
    pub name: Option<PathBuf>,
    /// The entry, or why it is none.
    pub entry: Result<Entry, BadLine>,
}

impl Listed {
    /// Creates an item that names no file if it is bad.
    pub fn new(line: u64, entry: Result<Entry, BadLine>) -> Self {
        Self { line, name: None, entry }
    }

    /// Creates an item that names this file if it is bad.
    pub(super) fn named(line: u64, name: &[u8], entry: Result<Entry, BadLine>) -> Self {
        let name = match entry {
            Err(bad) if bad != BadLine::Unpaired => fields::path(name).ok(),
            _ => None,
        };
        Self { line, name, entry }
    }

    fn path(&self) -> Option<&Path> {
        self.entry.as_ref().ok().map(|entry| &*entry.path)
    }

    fn size(&self) -> Option<u64> {
        self.entry.as_ref().ok().and_then(|entry| entry.size)
    }

    fn set_size(&mut self, size: u64) {
        self.entry.iter_mut().for_each(|entry| entry.size = Some(size));
    }
}

/// A checksum file, entry by entry.
///
/// Lists of lines are read in bounded memory, however long they are. JSON, XML and UTF-16 are
/// read whole, up to 16 MiB.
///
/// ```
/// use hsum::manifest::{Hint, List, Shape};
///
/// let text = "DIST a.tar.xz 3 SHA1 a9993e364706816aba3e25717850c26c9cd0d89d\n";
/// let mut list = List::new(text.as_bytes(), Hint::default());
/// let entry = list.next().unwrap().entry?;
/// assert_eq!(list.shape(), Shape::Gentoo);
/// assert_eq!((entry.path.to_str(), entry.size), (Some("a.tar.xz"), Some(3)));
/// # Ok::<(), hsum::manifest::BadLine>(())
/// ```
pub struct List<R> {
    lines: Lines<Input<R>>,
    hint: Hint,
    layer: Layer,
    signed: bool,
    state: State,
    /// Lines that are read but not looked at, the wrapping taken off.
    held: VecDeque<Line>,
    /// Entries of BSD lines, all of one file, whose size may stand in the next line.
    waiting: Vec<Listed>,
    out: Out,
}

enum State {
    /// Nothing has been read.
    New,
    Plain(Parser),
    Foreign(Shape, Box<dyn Reader>),
    /// What was read whole stands in `out`.
    Whole(Shape),
}

/// Where entries go.
#[derive(Default)]
pub(super) struct Out {
    queue: VecDeque<Listed>,
    /// Set if the list carries a signature of its own.
    pub(super) signed: bool,
}

impl Out {
    pub(super) fn push(&mut self, line: u64, entry: Result<Entry, BadLine>) {
        self.queue.push_back(Listed::new(line, entry));
    }

    /// Appends a line that names this file.
    pub(super) fn named(&mut self, line: u64, name: &[u8], entry: Result<Entry, BadLine>) {
        self.queue.push_back(Listed::named(line, name, entry));
    }
}

impl<R: BufRead> List<R> {
    /// A list that begins here.
    pub fn new(input: R, hint: Hint) -> Self {
        Self {
            lines: Lines::new(Input::Given(input)),
            hint,
            layer: Layer::Unknown,
            signed: false,
            state: State::New,
            held: VecDeque::new(),
            waiting: Vec::new(),
            out: Out::default(),
        }
    }

    /// The shape that was found; reads as much as that takes.
    pub fn shape(&mut self) -> Shape {
        self.begin();
        match &self.state {
            State::New | State::Plain(_) => Shape::Plain,
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
                Err(bad) => self.whole(Shape::PowerShell, Err(bad)),
            },
            Some(Begins::Html) => self.whole(Shape::Metalink, Err(BadLine::Html)),
            #[cfg(feature = "fs")]
            Some(Begins::Xml) => {
                let read = self.read_whole().map(|bytes| super::metalink::read(&bytes));
                self.whole(Shape::Metalink, read)
            }
            #[cfg(feature = "fs")]
            Some(Begins::Json) => {
                let read = self.read_whole().map(|bytes| super::json::read(&bytes));
                self.whole(Shape::Json, read)
            }
            _ => self.sniff(),
        };
    }

    fn whole(&mut self, shape: Shape, read: Result<Vec<Listed>, BadLine>) -> State {
        let items = read.unwrap_or_else(|bad| vec![Listed::new(0, Err(bad))]);
        let numbered = (1..).zip(items).map(|(line, item)| Listed { line, ..item });
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
                    return State::Foreign(row.shape, (row.reader)(&self.hint));
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
            Some(row) if row.shape != Shape::Sidecar || sidecar::is_bound(&self.hint) => {
                State::Foreign(row.shape, (row.reader)(&self.hint))
            }
            _ => State::Plain(self.plain_parser()),
        }
    }

    /// A parser that knows what the list's name tells.
    fn plain_parser(&self) -> Parser {
        let by_name = self.hint.name.as_deref().and_then(sidecar::rival);
        match self.hint.untagged.or(by_name) {
            Some(function) => Parser::new().untagged(function),
            None => Parser::new(),
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
                    self.waiting.iter_mut().for_each(|listed| listed.set_size(size));
                    return true;
                }
                let Some(entry) = parser.parse_line(&line).transpose() else { return true };
                let is_tagged = entry.is_ok() && tagged.is_some();
                let listed = match plain_name(&line, tagged) {
                    Some(name) if entry.is_err() => Listed::named(number, name, entry),
                    _ => Listed::new(number, entry),
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
                self.state = State::Whole(self.shape());
                return !self.out.queue.is_empty();
            }
            (Some(_), None, None) => unreachable!("one of them is there"),
        }
        true
    }
}

impl<R: BufRead> Iterator for List<R> {
    type Item = Listed;

    fn next(&mut self) -> Option<Listed> {
        self.begin();
        loop {
            if let Some(mut listed) = self.out.queue.pop_front() {
                let shape = self.shape();
                if let Ok(entry) = &mut listed.entry
                    && shape != Shape::Plain
                    && entry.path == Path::new("-")
                {
                    // Standard input is `-` in GNU, BSD and OpenSSL lines only.
                    entry.path = "./-".into();
                }
                if let Ok(entry) = &listed.entry
                    && shape.is_foreign()
                    && self.hint.outside == Outside::Refused
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

/// Whether a name is absolute or climbs up, with either kind of slash.
pub fn leads_outside(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    let slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    // `h: i` is a file's name where there are no drives.
    let drive = matches!(name, [letter, b':', rest @ ..] if letter.is_ascii_alphabetic()
        && (cfg!(windows) || rest.first().is_some_and(slash)));
    drive || name.first().is_some_and(slash) || name.split(slash).any(|part| part == b"..")
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
