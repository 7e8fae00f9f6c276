//! hsum under the names of GNU coreutils: every rule of its behaviour, and coreutils beside it.

mod cases;
mod checking;
mod differential;
mod known;
mod options;
mod packages;
mod printing;
mod process;
mod scratch;
