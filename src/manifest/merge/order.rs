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
    // Neighbours have long prefixes in common, which are compared word by word.
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let same = words.take_while(|(a, b)| a == b).count() * 8;
    let rest = a[same..].iter().zip(&b[same..]);
    let first = same + rest.take_while(|(a, b)| a == b).count();
    // The end of a name precedes a slash, which precedes every other byte.
    let rank = |name: &[u8]| match name.get(first) {
        None => 0,
        Some(b'/') => 1,
        Some(byte) => u16::from(*byte) + 2,
    };
    rank(a).cmp(&rank(b))
}

/// Returns the bytes of a name. Paths that differ compare as equal if only `//` or `/./` differ.
pub(super) fn name(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}
