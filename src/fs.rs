//! File-system helpers: atomic replacement, links, mapped windows, temporary files and bounded
//! reads.

pub(crate) mod bounded;
pub(crate) mod links;
pub(crate) mod lock;
pub(crate) mod map;
pub(crate) mod replace;
pub(crate) mod temporary;
