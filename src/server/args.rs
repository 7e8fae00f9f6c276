//! The clap structs of each verb's arguments, and nothing else.

pub(crate) mod cert;
pub(crate) mod listen;
pub(crate) mod rpc;
pub(crate) mod serve;
pub(crate) mod shared;
