//! The command line: what was typed, what it means, what is printed.

pub(crate) mod algorithms;
pub(crate) mod args;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod exit;
mod findings;
pub(crate) mod gnu;
pub(crate) mod hmac;
mod key;
mod output;
mod plan;
mod print;
mod progress;
mod quote;
pub(crate) mod self_test;
pub(crate) mod snapshot;
pub(crate) mod startup;
pub(crate) mod sum;
