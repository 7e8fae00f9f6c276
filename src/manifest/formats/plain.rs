//! GNU, BSD and OpenSSL lines, with BSD's sizes: `SIZE (NAME) = N` after the digests of a file.

use crate::manifest::entry::ListEntry;
use crate::manifest::error::BadLine;
use crate::manifest::options::ListOptions;
use crate::manifest::parser::LineParser;
use crate::manifest::reader::{Reader, Sink};
use crate::manifest::tagged::{named_size, plain_name, tagged};

/// The maximum number of lines that wait for a size.
const MAX_WAITING: usize = 16;

struct Plain {
    parser: LineParser,
    /// The entries of tagged lines of one file, whose size may follow.
    waiting: Vec<ListEntry>,
}

pub(super) fn reader(options: &ListOptions) -> Box<dyn Reader> {
    Box::new(Plain { parser: LineParser::with_options(options), waiting: Vec::new() })
}

impl Reader for Plain {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let tag = tagged(line.trim_ascii_end());
        let path = self.waiting.first().and_then(ListEntry::path);
        if let Some((name, size)) = tag.and_then(named_size)
            && path.is_some_and(|path| path.as_os_str().as_encoded_bytes() == name)
            && self.waiting.iter().all(|entry| entry.size().is_none_or(|known| known == size))
        {
            let entries = self.waiting.iter_mut().flat_map(|waiting| &mut waiting.entry);
            entries.for_each(|entry| entry.size = Some(size));
            return;
        }
        let Some(entry) = self.parser.parse_bare_line(line).transpose() else { return };
        let entry = match plain_name(line, tag) {
            Some(name) if entry.is_err() => ListEntry::named(number, name, entry),
            _ => ListEntry::new(number, entry),
        };
        let may_wait = entry.path().is_some() && tag.is_some();
        if !may_wait || entry.path() != path || self.waiting.len() == MAX_WAITING {
            self.end(sink);
        }
        match may_wait {
            true => self.waiting.push(entry),
            false => sink.queue.push_back(entry),
        }
    }

    fn unreadable_line(&mut self, number: u64, bad: BadLine, sink: &mut Sink) {
        self.end(sink);
        sink.push(number, Err(bad));
    }

    fn end(&mut self, sink: &mut Sink) {
        sink.queue.extend(self.waiting.drain(..));
    }
}
