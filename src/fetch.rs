//! Verified downloads (feature `net`): what a request is made of, and what may be believed of its answer.

pub mod auth;
pub mod cookies;
pub mod digests;
pub mod discovery;
pub mod form;
pub mod name;
pub mod netrc;
pub mod publish;
mod secret;
pub mod signature;

pub use secret::{Credentials, Secret};
pub use url::Url;
