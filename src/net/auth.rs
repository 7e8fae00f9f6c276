//! Authentication of requests: Basic (RFC 7617), Bearer (RFC 6750) and Digest (RFC 7616), for
//! servers and for proxies.
//!
//! ```
//! use hsum::net::auth::{self, AuthMethod, Challenge, DigestRequest, DigestSession};
//! use hsum::net::Credentials;
//!
//! let fields = [&b"Basic realm=\"x\", Digest realm=\"x\", nonce=\"n1\", qop=\"auth\""[..]];
//! let challenges = Challenge::parse_all(fields);
//! let Some(AuthMethod::Digest(challenge)) = auth::strongest(&challenges) else { panic!() };
//! let mut session = DigestSession::new(challenge, "0a4f113b");
//! let request = DigestRequest { method: "GET", target: "/x", body: None };
//! let answer = session.answer(&Credentials::new("alice", "opensesame"), request)?;
//! assert!(answer.as_bytes().starts_with(b"Digest username=\"alice\", "));
//! # Ok::<(), hsum::net::auth::AuthError>(())
//! ```

pub(super) mod challenge;
pub(super) mod digest;
pub(super) mod error;
pub(super) mod method;

pub use challenge::Challenge;
pub use digest::{DigestChallenge, DigestRequest, DigestSession, Qop};
pub use error::AuthError;
pub use method::{AuthMethod, basic, bearer, strongest};
