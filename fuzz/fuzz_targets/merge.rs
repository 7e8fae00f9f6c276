//! The parts of any list merge into the list, in every order.
#![no_main]

use std::ops::ControlFlow;

use arbitrary::Arbitrary;
use hsum::manifest::Terminator;
use hsum::manifest::merge::{MergeEvent, MergeOptions, MergeSummary, merge};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    is_zero: bool,
    list: &'a [u8],
    /// The part of each file.
    parts: &'a [u8],
}

/// Returns the lines of each file in the merged list.
fn files(lists: &[Vec<u8>], options: &MergeOptions) -> (Vec<Vec<u8>>, MergeSummary) {
    let mut files = Vec::new();
    let summary = merge(lists.iter().map(Vec::as_slice), options, |event| {
        if let MergeEvent::Entry(entry) = event {
            let mut lines = Vec::new();
            entry.write_to(&mut lines);
            files.push(lines);
        }
        ControlFlow::Continue(())
    });
    (files, summary)
}

fuzz_target!(|input: Input| {
    let terminator = if input.is_zero { Terminator::Nul } else { Terminator::Newline };
    let options = MergeOptions::new().terminator(terminator);
    let (whole, summary) = files(&[input.list.to_vec()], &options.sort(true));
    assert_eq!(summary.files, whole.len() as u64);
    let mut parts = vec![Vec::new(); 4];
    for (file, part) in whole.iter().zip(input.parts.iter().chain(std::iter::repeat(&0))) {
        parts[usize::from(*part % 4)].extend_from_slice(file);
    }
    let (merged, summary) = files(&parts, &options);
    assert_eq!((&merged, summary.is_complete(), summary.duplicates), (&whole, true, 0));
    parts.reverse();
    parts.push(whole.concat());
    let (merged, summary) = files(&parts, &options);
    assert_eq!((&merged, summary.duplicates), (&whole, summary.files));
});
