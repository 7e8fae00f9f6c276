//! A checksum file of any format, entry by entry.

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;

use crate::manifest::entry::{ListEntry, leads_outside};
use crate::manifest::envelope::{Envelope, decode_utf16, is_utf16};
use crate::manifest::error::BadLine;
use crate::manifest::formats::{FormatRow, ListFormat, PLAIN, Recognition};
use crate::manifest::lines::{Line, Lines, strip_byte_order_mark};
use crate::manifest::options::ListOptions;
use crate::manifest::reader::{Reader, Sink};
use crate::manifest::sniff::{self, Sniffer};

/// The maximum number of bytes in lines that are held back until one decides the format.
const MAX_HELD: usize = 64 * 1024;
/// The maximum size in bytes of a list that is read whole.
const MAX_WHOLE: u64 = 16 * 1024 * 1024;

/// A checksum file of any format, as an iterator over its entries.
///
/// The format is recognised by the contents. Lists of lines are read in bounded memory; JSON, XML
/// and UTF-16 are read whole, up to 16 MiB.
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
    envelope: Envelope,
    is_signed: bool,
    state: State,
    /// Lines that have been unwrapped but not passed to the reader.
    held: VecDeque<Line>,
    sink: Sink,
}

enum State {
    /// The format is not known.
    New,
    Reading(ListFormat, Box<dyn Reader>),
    /// Every entry is in the sink.
    Done(ListFormat),
}

impl<R: BufRead> List<R> {
    /// Creates a list from its text.
    pub fn new(input: R, options: ListOptions) -> Self {
        Self {
            lines: Lines::new(Input::Given(input)),
            options,
            envelope: Envelope::Unknown,
            is_signed: false,
            state: State::New,
            held: VecDeque::new(),
            sink: Sink::default(),
        }
    }

    /// Returns the format, after reading as much of the list as that takes.
    pub fn format(&mut self) -> ListFormat {
        self.recognise();
        match &self.state {
            State::New => PLAIN.format,
            State::Reading(format, _) | State::Done(format) => *format,
        }
    }

    /// Returns `true` if the part of the list that was read has a signature.
    ///
    /// The signature has not been checked.
    pub fn is_signed(&self) -> bool {
        self.is_signed || self.sink.is_signed
    }

    /// Returns the read error that ended the list, once.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.lines.error.take()
    }

    /// Returns the next line, unwrapped, for formats whose checksums are not digests.
    pub fn next_line(&mut self) -> Option<(u64, Result<Vec<u8>, BadLine>)> {
        self.recognise();
        self.held.pop_front().or_else(|| self.read_line())
    }

    fn read_line(&mut self) -> Option<Line> {
        loop {
            let (number, line) = self.lines.next()?;
            let Ok(mut line) = line else { return Some((number, line)) };
            if number == 1 {
                strip_byte_order_mark(&mut line);
            }
            let whole = line.len();
            let kept = self.envelope.unwrap(&line).map(<[u8]>::len);
            self.is_signed |= self.envelope.is_signed();
            if let Some(length) = kept {
                return Some((number, Ok(line.split_off(whole - length))));
            }
        }
    }

    /// Finds the format, if it is not known.
    fn recognise(&mut self) {
        if !matches!(self.state, State::New) {
            return;
        }
        if self.starts_with(is_utf16) {
            match self.read_whole().and_then(|bytes| decode_utf16(&bytes)) {
                Ok(text) => self.lines = Lines::new(Input::Decoded(Cursor::new(text))),
                Err(bad) => return self.finish(PLAIN.format, vec![ListEntry::new(0, Err(bad))]),
            }
        }
        let row = match self.starts_with(sniff::document) {
            Some(row) => row,
            None => self.sniff_lines(),
        };
        match row.recognition {
            Recognition::Document(_, read) => {
                let entries = match self.read_whole() {
                    Ok(bytes) => read(&bytes),
                    Err(bad) => vec![ListEntry::new(0, Err(bad))],
                };
                self.finish(row.format, entries);
            }
            Recognition::Line(_, reader)
            | Recognition::WeakLine(_, reader)
            | Recognition::Fallback(reader) => {
                self.state = State::Reading(row.format, reader(&self.options));
            }
        }
    }

    /// Applies `test` to the first bytes of the list.
    fn starts_with<T: Default>(&mut self, test: impl FnOnce(&[u8]) -> T) -> T {
        match self.lines.list.fill_buf() {
            Ok(bytes) => test(bytes),
            Err(error) => {
                self.lines.error = Some(error);
                T::default()
            }
        }
    }

    /// Numbers and emits the entries of a list that was read whole.
    fn finish(&mut self, format: ListFormat, entries: Vec<ListEntry>) {
        self.sink.queue.extend((1..).zip(entries).map(|(line, entry)| ListEntry { line, ..entry }));
        self.state = State::Done(format);
    }

    fn read_whole(&mut self) -> Result<Vec<u8>, BadLine> {
        let mut bytes = Vec::new();
        match self.lines.list.by_ref().take(MAX_WHOLE + 1).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() as u64 > MAX_WHOLE => Err(BadLine::TooLarge { limit: MAX_WHOLE }),
            Ok(_) => Ok(bytes),
            Err(error) => {
                self.lines.error = Some(error);
                Ok(bytes)
            }
        }
    }

    /// Holds lines back until one of them decides the format.
    fn sniff_lines(&mut self) -> &'static FormatRow {
        let mut sniffer = Sniffer::new(&self.options);
        let mut bytes = 0;
        while bytes < MAX_HELD {
            let Some((number, line)) = self.read_line() else { break };
            let (length, row) = match &line {
                Ok(text) => (text.len() + 32, sniffer.line(text)),
                // The line was too long to be read.
                Err(_) => (MAX_HELD / 4, None),
            };
            bytes += length;
            self.held.push_back((number, line));
            if let Some(row) = row {
                return row;
            }
        }
        sniffer.end()
    }

    /// Passes a line, or the end of the list, to the reader. Returns `false` after the end.
    fn advance(&mut self) -> bool {
        if matches!(self.state, State::Done(_)) {
            return false;
        }
        let next = self.held.pop_front().or_else(|| self.read_line());
        let State::Reading(format, reader) = &mut self.state else { return false };
        match next {
            Some((number, Ok(line))) => {
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                reader.line(number, line.strip_suffix(b"\r").unwrap_or(line), &mut self.sink);
            }
            Some((number, Err(bad))) => reader.unreadable_line(number, bad, &mut self.sink),
            None => {
                reader.end(&mut self.sink);
                self.state = State::Done(*format);
            }
        }
        true
    }
}

impl<R: BufRead> Iterator for List<R> {
    type Item = ListEntry;

    fn next(&mut self) -> Option<ListEntry> {
        let is_confined = self.format().is_confined();
        loop {
            if let Some(entry) = self.sink.queue.pop_front() {
                let allows_outside = self.options.allows_outside;
                return Some(if is_confined { confine(entry, allows_outside) } else { entry });
            }
            if !self.advance() {
                return None;
            }
        }
    }
}

/// Refuses a name that leads out of the directory, and treats `-` as the name of a file.
fn confine(mut listed: ListEntry, allows_outside: bool) -> ListEntry {
    let Ok(entry) = &mut listed.entry else { return listed };
    if entry.path == Path::new("-") {
        entry.path = "./-".into();
    }
    if !allows_outside && leads_outside(&entry.path) {
        listed.name = Some(std::mem::take(&mut entry.path));
        listed.entry = Err(BadLine::Outside);
    }
    listed
}

/// The text that lines are read from.
enum Input<R> {
    Given(R),
    Decoded(Cursor<Vec<u8>>),
}

impl<R: BufRead> Read for Input<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Given(input) => input.read(buffer),
            Self::Decoded(text) => text.read(buffer),
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
