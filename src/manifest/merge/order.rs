//! The order of names in lists.

use std::cmp::Ordering;
use std::path::Path;

/// Compares names in the order of a walk: component by component, each by its bytes.
///
/// ```
/// use hsum::manifest::merge::walk_order;
///
/// let mut names = [&b"t/a.c"[..], b"t/a/b", b"t/a", b"t/B"];
/// names.sort_by(|a, b| walk_order(a, b));
/// assert_eq!(names, [&b"t/B"[..], b"t/a", b"t/a/b", b"t/a.c"]);
/// ```
pub fn walk_order(a: &[u8], b: &[u8]) -> Ordering {
    const STEP: usize = 16;
    // Neighbours have long prefixes in common, which are compared in large steps.
    let steps = a.chunks_exact(STEP).zip(b.chunks_exact(STEP));
    let same = steps.take_while(|(a, b)| a == b).count() * STEP;
    // The end of a name precedes a slash, which precedes every other byte.
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { u16::from(*byte) + 1 };
    a[same..].iter().map(rank).cmp(b[same..].iter().map(rank))
}

/// Returns the bytes of a name. Paths that differ compare as equal if only `//` or `/./` differ.
pub(super) fn name(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}
