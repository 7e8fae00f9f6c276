//! The server program: `serve`, `listen`, `rpc` and `cert`.

pub(crate) mod args;
mod cert;
mod connections;
mod listen;
mod rpc;
mod serve;
mod tls;
pub(crate) mod verbs;
