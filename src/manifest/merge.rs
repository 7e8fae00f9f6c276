//! Merging of checksum files: many lists of one tree into one, in constant memory.
//!
//! The lists consist of lines as hsum writes them, in the order in which a walk of the tree finds
//! the files ([`walk_order`]), and so does the merged list.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use hsum::manifest::merge::{MergeEvent, MergeOptions, merge};
//!
//! let one = "9ed34b8c27d9f23ae5d3e4a3f1a6e0b7  t/a\n27d2c4ab27d9f23ae5d3e4a3f1a6e0b7  t/c\n";
//! let two = "0cc175b9c0f1b6a831c399e269772661  t/b\n27d2c4ab27d9f23ae5d3e4a3f1a6e0b7  t/c\n";
//! let mut merged = Vec::new();
//! let summary = merge([one.as_bytes(), two.as_bytes()], &MergeOptions::new(), |event| {
//!     if let MergeEvent::Entry(entry) = event {
//!         entry.write_to(&mut merged);
//!     }
//!     ControlFlow::Continue(())
//! });
//! let expected = [one.lines().next(), two.lines().next(), one.lines().nth(1)];
//! assert!(str::from_utf8(&merged)?.lines().eq(expected.into_iter().flatten()));
//! assert_eq!((summary.files, summary.duplicates, summary.is_complete()), (3, 1, true));
//! # Ok::<(), std::str::Utf8Error>(())
//! ```

mod collector;
mod event;
#[cfg(feature = "fs")]
mod file;
mod options;
pub(crate) mod order;
mod sorted;

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::BufRead;
use std::mem;
use std::ops::ControlFlow;

use crate::manifest::merge::collector::Collector;
use crate::manifest::merge::event::EventSink;
pub use crate::manifest::merge::event::{
    LineProblem, MergeEvent, MergeSummary, MergedEntry, PlacedEntry,
};
#[cfg(feature = "fs")]
pub use crate::manifest::merge::file::ListFile;
pub use crate::manifest::merge::options::MergeOptions;
pub use crate::manifest::merge::order::walk_order;
use crate::manifest::merge::sorted::SortedList;

/// Merges lists of lines into one, in constant memory.
///
/// Passes each event to `sink` until `sink` breaks. A file that several lists name with the same
/// digests is merged into one entry. Problems are events, and the rest of the lists is merged.
pub fn merge<R: BufRead>(
    lists: impl IntoIterator<Item = R>,
    options: &MergeOptions,
    sink: impl FnMut(MergeEvent<'_>) -> ControlFlow<()>,
) -> MergeSummary {
    let mut collector = Collector::new(options, sink);
    // The caller knows whether its sink has ended the merge.
    let _ = run(lists, &mut collector);
    collector.summary
}

/// A list and its next entry, which orders the lists in the heap.
struct Head<R> {
    next: Box<PlacedEntry>,
    list: SortedList<R>,
}

impl<R> Ord for Head<R> {
    /// Reverses the order, as the heap returns its greatest element; orders equal names by list.
    fn cmp(&self, other: &Self) -> Ordering {
        let names = walk_order(other.next.name(), self.next.name());
        names.then_with(|| other.next.list.cmp(&self.next.list))
    }
}

impl<R> PartialOrd for Head<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> PartialEq for Head<R> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<R> Eq for Head<R> {}

// Boxed, because the heap moves its elements.
type Heads<R> = BinaryHeap<Box<Head<R>>>;

fn run<R: BufRead, S: EventSink>(
    lists: impl IntoIterator<Item = R>,
    collector: &mut Collector<'_, S>,
) -> ControlFlow<()> {
    let mut heads = Heads::new();
    for (number, input) in lists.into_iter().enumerate() {
        let mut list = SortedList::open(number, input, collector)?;
        if let Some(next) = list.next_entry(None, collector)? {
            heads.push(Box::new(Head { next, list }));
        }
    }
    while let Some(first) = pop(&mut heads, collector)? {
        merge_file(&first, &mut heads, collector)?;
    }
    ControlFlow::Continue(())
}

/// Removes the next entry of all lists.
fn pop<R: BufRead, S: EventSink>(
    heads: &mut Heads<R>,
    collector: &mut Collector<'_, S>,
) -> ControlFlow<(), Option<Box<PlacedEntry>>> {
    let Some(mut head) = heads.peek_mut() else { return ControlFlow::Continue(None) };
    let Head { next, list } = &mut **head;
    let entry = match list.next_entry(Some(&next.entry.path), collector)? {
        Some(after) => mem::replace(next, after),
        None => PeekMut::pop(head).next,
    };
    ControlFlow::Continue(Some(entry))
}

/// Merges the first entry of a file with its other entries, which come next in the heap.
fn merge_file<R: BufRead, S: EventSink>(
    first: &PlacedEntry,
    heads: &mut Heads<R>,
    collector: &mut Collector<'_, S>,
) -> ControlFlow<()> {
    let (mut copies, mut other) = (0, None);
    while heads.peek().is_some_and(|head| head.next.name() == first.name()) {
        let Some(entry) = pop(heads, collector)? else { break };
        match entry.entry.digests().eq(first.entry.digests()) {
            true => copies += 1,
            false => other = other.or(Some(entry)),
        }
    }
    match &other {
        Some(other) => collector.conflict(first, other),
        None => collector.file(&first.entry, copies),
    }
}

#[cfg(test)]
mod tests;
