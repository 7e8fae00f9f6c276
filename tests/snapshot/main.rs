//! Records of trees: their format, what is found in trees that change, interruptions, the program.

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
