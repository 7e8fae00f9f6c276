//! Signing: a signer begins, the body streams by, the headers to send come out.

use std::fmt;
use std::sync::Arc;

use super::claim::{Intent, Rules, Settled};
use super::clock::{Clock, SystemClock};
use super::input::Running;
use super::keys::Keys;
use super::message::Message;
use super::scheme::{Scheme, SchemeError};
use super::secret::SecretKey;
use super::verdict::VerifyError;

/// Signs requests by one scheme.
///
/// ```
/// use hsum::sign::{Message, Scheme, SecretKey, SignOptions, RequestSigner};
///
/// let key = SecretKey::from_text("It's a Secret to Everybody")?;
/// let signer = RequestSigner::new(Scheme::Github, vec![key])?;
/// let mut signing = signer.begin(&Message::empty(), &SignOptions::default())?;
/// signing.update(b"Hello, ");
/// signing.update(b"World!");
/// let signed = signing.finish();
/// assert_eq!(signed.headers()[0], (
///     "X-Hub-Signature-256".into(),
///     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17".into(),
/// ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RequestSigner {
    rules: Arc<dyn Rules>,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
}

impl RequestSigner {
    /// A signer by `scheme` with these keys; more than one where the scheme has place for several
    /// signatures.
    ///
    /// # Errors
    /// [`SchemeError`] without keys, with too many, or where the scheme's settings make no sense.
    pub fn new(scheme: Scheme, keys: Vec<SecretKey>) -> Result<Self, SchemeError> {
        if keys.len() > 1 && !scheme.carries_several() {
            return Err(SchemeError::OneKey);
        }
        let rules = scheme.rules()?;
        let keys = Arc::new(Keys::new(&*rules, keys)?);
        Ok(Self { rules, keys, clock: Arc::new(SystemClock) })
    }

    /// With this clock instead of the system's.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Begins to sign `message`, whose body comes next.
    ///
    /// # Errors
    /// [`SignError`] where something is missing that the scheme signs.
    pub fn begin(
        &self,
        message: &Message<'_>,
        options: &SignOptions<'_>,
    ) -> Result<Signing, SignError> {
        for (what, value) in [("id", options.id), ("nonce", options.nonce)] {
            if value.is_some_and(|value| !is_plain(value)) {
                return Err(SignError::malformed(what, "visible ASCII characters, at least one"));
            }
        }
        let timestamp = options.timestamp.unwrap_or_else(|| self.clock.now());
        let settled = Settled { timestamp, options };
        let intent = self.rules.intend(message, &settled)?;
        let keys = self.keys.of(&*self.rules, intent.scope.as_deref());
        let Intent { input, keep_body, render, .. } = intent;
        let running = Running::new(input, &keys);
        Ok(Signing { running, body: keep_body.then(Vec::new), render })
    }

    /// Signs a message whose body is in memory.
    ///
    /// # Errors
    /// As [`RequestSigner::begin`].
    pub fn sign(
        &self,
        message: &Message<'_>,
        options: &SignOptions<'_>,
        body: &[u8],
    ) -> Result<Signed, SignError> {
        let mut signing = self.begin(message, options)?;
        signing.update(body);
        Ok(signing.finish())
    }
}

/// Whether it can stand in a header, or anywhere else, as one word.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSigner").finish_non_exhaustive()
    }
}

/// What a signature holds apart from the request.
#[derive(Clone, Copy, Default, Debug)]
pub struct SignOptions<'a> {
    /// Seconds since 1970; the clock's time if there is none.
    pub timestamp: Option<u64>,
    /// The message's identifier, in schemes that have one.
    pub id: Option<&'a str>,
    /// A number or text used once, in schemes that have one.
    pub nonce: Option<&'a str>,
}

/// A message being signed.
#[must_use]
pub struct Signing {
    running: Running,
    body: Option<Vec<u8>>,
    render: super::claim::Render,
}

impl Signing {
    /// Appends `data` to the body.
    pub fn update(&mut self, data: &[u8]) {
        self.running.update(data);
        if let Some(body) = &mut self.body {
            body.extend_from_slice(data);
        }
    }

    /// Returns `true` if the body is kept in memory because it becomes part of the signature, as in
    /// a compact JWS.
    pub fn keeps_body(&self) -> bool {
        self.body.is_some()
    }

    /// The signature.
    pub fn finish(self) -> Signed {
        (self.render)(&self.running.finish(), self.body.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signing").finish_non_exhaustive()
    }
}

/// A signature, and where it goes in the request. `Debug` shows the places only.
#[derive(Clone, Default)]
pub struct Signed {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) url: Option<String>,
    pub(crate) value: String,
}

impl Signed {
    /// The header lines to add to the request.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The fields to put into the body or the query, in schemes that have the signature there.
    pub fn params(&self) -> &[(String, String)] {
        &self.params
    }

    /// The URL to send to, in schemes that put the signature there.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// The signature alone, without what the scheme writes around it.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.clone()).collect()
        };
        f.debug_struct("Signed")
            .field("headers", &names(&self.headers))
            .field("params", &names(&self.params))
            .finish_non_exhaustive()
    }
}

/// Why a message cannot be signed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SignError {
    /// The scheme signs something that is not there.
    Missing(String),
    /// A part of the message is not what the scheme can sign.
    Malformed {
        /// Which part.
        what: String,
        /// What it should be.
        why: &'static str,
    },
}

impl SignError {
    pub(crate) fn malformed(what: impl Into<String>, why: &'static str) -> Self {
        Self::Malformed { what: what.into(), why }
    }
}

impl From<VerifyError> for SignError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::MissingHeader(what) => Self::Missing(what),
            VerifyError::Malformed { what, why } => Self::Malformed { what, why },
            VerifyError::DuplicateHeader(what) => {
                Self::Malformed { what, why: "stands there twice, and differs" }
            }
            error => Self::Malformed { what: error.to_string(), why: "cannot be signed" },
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "the scheme signs {what}, which is missing"),
            Self::Malformed { what, why } => write!(f, "{what}: {why}"),
        }
    }
}

impl std::error::Error for SignError {}
