//! The order that a walk gives names.

use std::cmp::Ordering;

/// Compares names below one directory as a walk meets them: by the bytes of their components, and
/// what lies in a directory right after the directory itself.
pub fn walk_order(a: &[u8], b: &[u8]) -> Ordering {
    // A slash before every other byte: so `a/x` stands before `a.txt`.
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    match a.iter().zip(b).position(|(a, b)| a != b) {
        Some(at) => rank(&a[at]).cmp(&rank(&b[at])),
        None => a.len().cmp(&b.len()),
    }
}
