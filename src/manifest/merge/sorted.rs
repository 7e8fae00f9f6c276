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
    /// The first line of the next entry.
    next: Option<NumberedLine>,
}

/// A line that is an entry, and its number.
type NumberedLine = (u64, Entry);

enum Input<R> {
    Lines(Lines<R>, LineParser),
    /// All lines, sorted.
    Sorted(vec::IntoIter<NumberedLine>),
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
        let mut list = Self { number, input, next: None };
        if collector.options.sorts {
            let mut lines = Vec::new();
            while let Some(line) = list.next_line(collector)? {
                lines.push(line);
            }
            // Stable: the lines of one file stay in their order.
            lines.sort_by(|(_, a), (_, b)| walk_order(name(&a.path), name(&b.path)));
            list.input = Input::Sorted(lines.into_iter());
        }
        ControlFlow::Continue(list)
    }

    /// Returns the next entry with all of its digests; `after` is the file of the last one.
    pub(super) fn next_entry<S: EventSink>(
        &mut self,
        after: Option<&Path>,
        collector: &mut Collector<'_, S>,
    ) -> ControlFlow<(), Option<PlacedEntry>> {
        loop {
            let next = match self.next.take() {
                Some(next) => Some(next),
                None => self.next_line(collector)?,
            };
            let Some((line, mut entry)) = next else { return ControlFlow::Continue(None) };
            let place = (self.number, line);
            if let Some(after) = after
                && walk_order(name(&entry.path), name(after)) == Ordering::Less
            {
                collector.unsorted(place, &entry.path, after)?;
                return ControlFlow::Continue(None);
            }
            self.join_digests(&mut entry, collector)?;
            if collector.arrange(&mut entry) {
                return ControlFlow::Continue(Some(PlacedEntry { list: self.number, line, entry }));
            }
            collector.other_functions(place, &entry)?;
        }
    }

    /// Adds the digests in the lines below an entry that are of the same file, one for each hash
    /// function.
    fn join_digests<S: EventSink>(
        &mut self,
        entry: &mut Entry,
        collector: &mut Collector<'_, S>,
    ) -> ControlFlow<()> {
        while let Some((line, below)) = self.next_line(collector)? {
            let function = below.digest.hash_function();
            let is_known = entry.digests().any(|digest| digest.hash_function() == function);
            if is_known || name(&below.path) != name(&entry.path) {
                self.next = Some((line, below));
                break;
            }
            entry.others.push(below.digest);
        }
        ControlFlow::Continue(())
    }

    /// Returns the next line that is an entry, and reports those that are not.
    fn next_line<S: EventSink>(
        &mut self,
        collector: &mut Collector<'_, S>,
    ) -> ControlFlow<(), Option<NumberedLine>> {
        let (lines, parser) = match &mut self.input {
            Input::Sorted(lines) => return ControlFlow::Continue(lines.next()),
            Input::Lines(lines, parser) => (lines, parser),
        };
        for (number, line) in lines.by_ref() {
            let is_record = number == 1
                && line.as_ref().is_ok_and(|line| line.starts_with(ANY_MAGIC.as_bytes()));
            let parsed = line.and_then(|mut line| {
                if number == 1 {
                    strip_byte_order_mark(&mut line);
                }
                let entry = parser.parse_line(&line)?;
                entry.iter().for_each(|entry| collector.note_style(&line, entry));
                Ok(entry)
            });
            match parsed {
                Ok(Some(entry)) => return ControlFlow::Continue(Some((number, entry))),
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
