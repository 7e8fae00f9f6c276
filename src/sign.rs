//! Signing request payloads and verifying them: webhooks and API calls authenticated by HMAC.
//!
//! [`RequestSigner`] and [`Verifier`] go by a [`Scheme`]; [`ROWS`] lists the schemes. What is read of a
//! request is bytes, its body is never parsed, decoded or given other line ends, and time is an
//! argument ([`Clock`]).
//!
//! ```
//! use hsum::sign::{Message, Scheme, SecretKey, SignOptions, RequestSigner, Verifier};
//!
//! let key = || SecretKey::from_whsec("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
//! let signer = RequestSigner::new(Scheme::StandardWebhooks, vec![key()?])?;
//! let options = SignOptions { id: Some("msg_1"), ..SignOptions::default() };
//! let signed = signer.sign(&Message::empty(), &options, b"{}")?;
//!
//! let verifier = Verifier::new(Scheme::StandardWebhooks, vec![key()?])?;
//! let headers = signed.headers().to_vec();
//! let verified = verifier.verify(&Message::new(&headers), b"{}")?;
//! assert_eq!(verified.id(), Some("msg_1"));
//! assert_eq!(verified.covers().to_string(), "id, timestamp, body");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body_digest;
mod claim;
mod clock;
mod encoding;
mod fields;
mod headers;
mod input;
mod jws;
mod keys;
mod many;
mod message;
mod pattern;
mod place;
mod plain;
#[cfg(feature = "http")]
mod requests;
mod rfc9421;
mod scheme;
mod secret;
mod signer;
mod sigv4;
mod template;
mod twilio;
mod verdict;
mod verifier;

pub use clock::{Clock, SystemClock};
pub use encoding::MacEncoding;
pub use headers::RequestHeaders;
#[doc(hidden)]
pub use headers::is_token;
#[cfg(feature = "net")]
pub(crate) use headers::is_token_byte;
pub use jws::{Jws, JwsAlgorithm};
pub use message::Message;
pub use rfc9421::Rfc9421;
pub use scheme::{ROWS, Row, Scheme, SchemeError, Setting};
pub use secret::{KeyError, KeyFormat, LONGEST_KEY, SecretKey};
pub use signer::{RequestSigner, SignError, SignOptions, Signed, Signing};
pub use sigv4::Sigv4;
pub use template::Template;
pub use verdict::{Covers, VerifiedRequest, VerifyError};
pub use verifier::{Verifier, Verifying};
