//! Signing and verifying requests: webhooks and API calls authenticated by HMAC.
//!
//! A [`RequestSigner`] and a [`Verifier`] follow a [`Scheme`]; [`SchemeInfo::ALL`] lists all of them.
//! The body is bytes and is never parsed, and time is an argument ([`Clock`]).
//!
//! ```
//! use hsum::sign::{Message, RequestSigner, Scheme, SecretKey, SignOptions, Verifier};
//!
//! let key = || SecretKey::from_whsec("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
//! let signer = RequestSigner::new(Scheme::StandardWebhooks, vec![key()?])?;
//! let signature = signer.sign(&Message::empty(), &SignOptions::new().id("msg_1"), b"{}")?;
//!
//! let verifier = Verifier::new(Scheme::StandardWebhooks, vec![key()?])?;
//! let headers = signature.headers().to_vec();
//! let verified = verifier.verify(&Message::new(&headers), b"{}")?;
//! assert_eq!(verified.id(), Some("msg_1"));
//! assert_eq!(verified.coverage().to_string(), "id, timestamp, body");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod body_digest;
pub(crate) mod clock;
mod component;
mod encoding;
mod error;
pub(crate) mod headers;
#[cfg(feature = "http")]
mod http;
mod input;
mod many;
mod message;
mod named;
mod rules;
mod schemes;
pub(crate) mod secret;
mod setting;
mod signature;
mod signer;
mod structured_fields;
mod verified;
mod verifier;

pub use clock::{Clock, SystemClock};
pub use component::Component;
pub use encoding::MacEncoding;
pub use error::{RequestError, SchemeError, VerifyError};
pub use headers::RequestHeaders;
pub use message::Message;
pub use schemes::Scheme;
pub use schemes::info::{KeyLength, SchemeInfo};
pub use schemes::jws::{Jws, JwsAlgorithm};
pub use schemes::rfc9421::Rfc9421;
pub use schemes::sigv4::Sigv4;
pub use schemes::template::Template;
pub use secret::{KeyError, KeyFormat, LONGEST_KEY, SecretKey};
pub use setting::Setting;
pub use signature::{RequestSignature, SignOptions};
pub use signer::{RequestSigner, Signing};
pub use verified::{Coverage, VerifiedRequest};
pub use verifier::{Verifier, Verifying};
