//! The clap structs of each verb's arguments, and nothing else.

pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod convert;
pub(crate) mod get;
pub(crate) mod gnu;
pub(crate) mod hmac;
pub(crate) mod machine;
pub(crate) mod merge;
pub(crate) mod packaging;
pub(crate) mod publish;
pub(crate) mod send;
pub(crate) mod server;
pub(crate) mod shared;
pub(crate) mod sign;
pub(crate) mod snapshot;
pub(crate) mod sum;
pub(crate) mod units;
