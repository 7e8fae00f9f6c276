//! Records of trees: format, findings, interrupted runs, and the program's output.

#[path = "../cli/support.rs"]
#[allow(dead_code)] // each test crate uses its own part
mod support;

mod edits;
mod format;
mod kill;
mod model;
mod program;
mod rules;
mod tree;
