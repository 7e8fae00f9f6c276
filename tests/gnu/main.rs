//! hsum under the names of GNU coreutils: each rule of its behaviour, and comparisons with coreutils.

mod cases;
mod checking;
mod differential;
mod known;
mod options;
mod packages;
mod printing;
mod process;
mod scratch;
