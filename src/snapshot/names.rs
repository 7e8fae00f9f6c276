//! Names of files, relative to the root of a tree.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Returns `true` if `name` is `other`, or is in the directory of that name.
pub(super) fn is_at_or_below(name: &[u8], other: &[u8]) -> bool {
    name.strip_prefix(other).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

/// Returns the part of `path` below `root`; empty for the root itself.
pub(super) fn below<'a>(root: &Path, path: &'a Path) -> &'a [u8] {
    let below = path.as_os_str().as_bytes().get(root.as_os_str().len()..).unwrap_or_default();
    let start = below.iter().position(|byte| *byte != b'/').unwrap_or(below.len());
    &below[start..]
}
