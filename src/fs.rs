//! File-system helpers: atomic replacement, links, temporary files and bounded reads.

pub(crate) mod bounded;
pub(crate) mod links;
pub(crate) mod lock;
pub(crate) mod replace;
pub(crate) mod temporary;
