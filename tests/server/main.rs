//! Tests of the server program: `serve`, `listen`, `rpc` and `cert`.

mod cert;
mod cert_read;
mod connections;
mod help;
#[path = "../common/help_text.rs"]
mod help_text;
mod listen;
mod rpc;
mod running;
// Not all of it is used here.
#[allow(dead_code)]
#[path = "../common/schema.rs"]
mod schema;
mod serve;
// Not all of it is used here.
#[allow(dead_code)]
#[path = "../cli/support.rs"]
mod support;
mod tls;
