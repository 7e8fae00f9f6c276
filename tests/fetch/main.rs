//! `hsum get`, `hsum check --sums`, `hsum head` and `hsum send` against good and faulty servers: the
//! file in place, other files left behind, and the requests that the server received.

mod check;
mod deadline;
mod decode;
mod examples;
mod faults;
mod ftp;
// The other functions serve tests/cli.
#[allow(dead_code)]
#[path = "../common/help_text.rs"]
mod help_text;
mod identity;
mod interrupted;
mod local;
mod locked;
mod policy;
mod progress;
mod proxy;
mod resume;
#[path = "../common/schema.rs"]
mod schema;
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
