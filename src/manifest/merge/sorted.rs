//! One of the lists of a merge, entry by entry.

use std::cmp::Ordering;
use std::io::BufRead;
use std::ops::ControlFlow;
use std::path::Path;
use std::vec;

use crate::manifest::entry::Entry;
use crate::manifest::lines::{Lines, strip_byte_order_mark};
use crate::manifest::merge::collector::Collector;
use crate::manifest::merge::event::{EventSink, PlacedEntry};
use crate::manifest::merge::order::{name, walk_order};
use crate::manifest::parser::LineParser;
use crate::manifest::record_text::ANY_MAGIC;

/// A list, whose entries come in the order of a walk.
pub(super) struct SortedList<R> {
    /// The position of the list among all lists.
    number: usize,
    input: Input<R>,
    /// The line that was read last.
    line: Vec<u8>,
    /// The first line of the next entry.
    next: Option<Box<PlacedEntry>>,
}

enum Input<R> {
    Lines(Lines<R>, LineParser),
    /// All lines, sorted.
    Sorted(vec::IntoIter<Box<PlacedEntry>>),
}

impl<R: BufRead> SortedList<R> {
    /// Opens a list; reads and sorts it if the options say so.
    pub(super) fn open<S: EventSink>(
        number: usize,
        input: R,
        collector: &mut Collector<'_, S>,
    ) -> ControlFlow<(), Self> {
        let terminator = collector.options.terminator;
        let parser = LineParser::new().terminator(terminator);
        let parser = match collector.options.untagged {
            Some(function) => parser.untagged(function),
            None => parser,
        };
        let input = Input::Lines(Lines::with_terminator(input, terminator), parser);
        let mut list = Self { number, input, line: Vec::new(), next: None };
        if collector.options.sorts {
            let mut lines = Vec::new();
            while let Some(line) = list.next_line(collector)? {
                lines.push(line);
            }
            // Stable: the lines of one file stay in their order.
            lines.sort_by(|a, b| walk_order(a.name(), b.name()));
            list.input = Input::Sorted(lines.into_iter());
        }
        ControlFlow::Continue(list)
    }

    /// Returns the next entry with all of its digests; `after` is the file of the entry before it.
    ///
    /// Entries are boxed, because they are large and move several times.
    pub(super) fn next_entry<S: EventSink>(
        &mut self,
        after: Option<&Path>,
        collector: &mut Collector<'_, S>,
    ) -> ControlFlow<(), Option<Box<PlacedEntry>>> {
        loop {
            let next = match self.next.take() {
                Some(next) => Some(next),
                None => self.next_line(collector)?,
            };
            let Some(mut next) = next else { return ControlFlow::Continue(None) };
            let place = (self.number, next.line);
            if let Some(after) = after
                && walk_order(next.name(), name(after)) == Ordering::Less
            {
                collector.unsorted(place, &next.entry.path, after)?;
                return ControlFlow::Continue(None);
            }
            self.join_digests(&mut next.entry, collector)?;
            if collector.arrange(&mut next.entry) {
                return ControlFlow::Continue(Some(next));
            }
            collector.other_functions(place, &next.entry)?;
        }
    }

    /// Adds the digests of the same file in the lines below, one for each hash function.
    fn join_digests<S: EventSink>(
        &mut self,
        entry: &mut Entry,
        collector: &mut Collector<'_, S>,
    ) -> ControlFlow<()> {
        while let Some(below) = self.next_line(collector)? {
            let digest = below.entry.digest;
            let function = digest.hash_function();
            let is_known = entry.digests().any(|digest| digest.hash_function() == function);
            if is_known || below.name() != name(&entry.path) {
                self.next = Some(below);
                break;
            }
            entry.others.push(digest);
        }
        ControlFlow::Continue(())
    }

    /// Returns the next line that is an entry, and reports those that are not.
    fn next_line<S: EventSink>(
        &mut self,
        collector: &mut Collector<'_, S>,
    ) -> ControlFlow<(), Option<Box<PlacedEntry>>> {
        let (lines, parser) = match &mut self.input {
            Input::Sorted(lines) => return ControlFlow::Continue(lines.next()),
            Input::Lines(lines, parser) => (lines, parser),
        };
        let line = &mut self.line;
        while let Some((number, result)) = lines.next_into(line) {
            let is_record = number == 1 && result.is_ok() && line.starts_with(ANY_MAGIC.as_bytes());
            let parsed = result.and_then(|()| {
                if number == 1 {
                    strip_byte_order_mark(line);
                }
                let entry = parser.parse_line(line)?;
                entry.iter().for_each(|entry| collector.note_style(line, entry));
                Ok(entry)
            });
            match parsed {
                Ok(Some(entry)) => {
                    let entry = PlacedEntry { list: self.number, line: number, entry };
                    return ControlFlow::Continue(Some(Box::new(entry)));
                }
                Ok(None) => {}
                Err(bad) => {
                    collector.bad_line((self.number, number), bad)?;
                    // Some lines of a snapshot record look like entries.
                    if is_record {
                        return ControlFlow::Continue(None);
                    }
                }
            }
        }
        if let Some(error) = lines.error.take() {
            collector.unreadable(self.number, error)?;
        }
        ControlFlow::Continue(None)
    }
}
