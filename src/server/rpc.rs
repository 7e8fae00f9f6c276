//! XML-RPC: `hsum rpc` calls methods, `hsum serve --rpc` answers.
//!
//! The methods are functions over one state, in one table. They are exposed as XML-RPC, and as JSON.

mod body;
mod client;
mod dispatch;
mod files;
mod functions;
mod http;
mod json;
mod methods;
mod parameters;
mod problem;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod typed;
mod weight;
mod xml;

pub(crate) use client::run;
pub(crate) use files::{ServedFile, ServedFiles};
pub(crate) use server::router;
