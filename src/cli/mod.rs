//! The command line: what was typed, what it means, what is printed.

pub(crate) mod algorithms;
pub(crate) mod args;
pub(crate) mod bench;
pub(crate) mod check;
mod client;
pub(crate) mod convert;
mod differ;
pub(crate) mod exit;
mod expect;
mod explain;
pub(crate) mod get;
pub(crate) mod gnu;
pub(crate) mod head;
pub(crate) mod hmac;
mod key;
mod output;
mod plan;
mod print;
mod progress;
pub(crate) mod publish;
mod quote;
mod select;
pub(crate) mod self_test;
mod sfv;
pub(crate) mod startup;
pub(crate) mod sum;
