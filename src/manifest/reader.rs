//! The interface between a list and the readers of its formats.

use std::collections::VecDeque;

use crate::manifest::entry::{Entry, ListEntry};
use crate::manifest::error::BadLine;

/// A reader of the lines of one list.
pub(crate) trait Reader: Send {
    /// Processes a line without its terminator.
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink);

    /// Reports a line that could not be read.
    fn unreadable_line(&mut self, number: u64, bad: BadLine, sink: &mut Sink) {
        sink.push(number, Err(bad));
    }

    /// Ends the list and emits pending entries.
    fn end(&mut self, _sink: &mut Sink) {}
}

/// The queue in which a reader puts entries.
#[derive(Default)]
pub(crate) struct Sink {
    pub(crate) queue: VecDeque<ListEntry>,
    /// Set if the list contains its own signature.
    pub(crate) is_signed: bool,
}

impl Sink {
    pub(crate) fn push(&mut self, line: u64, entry: Result<Entry, BadLine>) {
        self.queue.push_back(ListEntry::new(line, entry));
    }

    /// Appends an entry that names a file even if it is bad.
    pub(crate) fn push_named(&mut self, line: u64, name: &[u8], entry: Result<Entry, BadLine>) {
        self.queue.push_back(ListEntry::named(line, name, entry));
    }
}
