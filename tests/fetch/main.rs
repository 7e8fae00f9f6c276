//! `hsum get`, `hsum check --sums`, `hsum head` and `hsum send` against a server that does wrong in every way that is
//! known, and some that do right: what is under the final name, what else is left, what the server
//! was told.

mod check;
mod deadline;
mod decode;
mod faults;
mod ftp;
mod identity;
mod interrupted;
mod local;
mod locked;
mod policy;
mod progress;
mod proxy;
mod resume;
mod send;
mod server;
mod signature;
mod signed;
mod statuses;
#[path = "../cli/support.rs"]
#[allow(dead_code)]
mod support;
mod terminal;
mod tls;
mod trust;
mod world;
