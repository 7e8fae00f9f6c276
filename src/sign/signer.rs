//! Signing requests.

use std::fmt;
use std::sync::Arc;

use crate::sign::clock::{Clock, SystemClock};
use crate::sign::component::Component;
use crate::sign::error::{RequestError, SchemeError};
use crate::sign::input::Running;
use crate::sign::message::{Message, check_word};
use crate::sign::rules::{Keys, Prepared, Render, Rules, UnsignedRequest};
use crate::sign::schemes::Scheme;
use crate::sign::secret::SecretKey;
use crate::sign::signature::{RequestSignature, SignOptions};

/// A signer of requests for one scheme.
///
/// ```
/// use hsum::sign::{Message, RequestSigner, Scheme, SecretKey, SignOptions};
///
/// let key = SecretKey::from_text("It's a Secret to Everybody")?;
/// let signer = RequestSigner::new(Scheme::Github, vec![key])?;
/// let mut signing = signer.begin(&Message::empty(), &SignOptions::new())?;
/// signing.update(b"Hello, ");
/// signing.update(b"World!");
/// let signature = signing.finish();
/// assert_eq!(signature.headers()[0], (
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
    /// Returns a signer for `scheme`.
    ///
    /// It takes several keys only if a request of the scheme can carry several signatures.
    ///
    /// # Errors
    /// [`SchemeError`] if there are no keys or too many, or if a setting of the scheme is invalid.
    pub fn new(scheme: Scheme, keys: Vec<SecretKey>) -> Result<Self, SchemeError> {
        if keys.len() > 1 && !scheme.has_signature_list() {
            return Err(SchemeError::TooManyKeys { got: keys.len() });
        }
        let rules = scheme.rules()?;
        let keys = Arc::new(Keys::new(&*rules, keys)?);
        Ok(Self { rules, keys, clock: Arc::new(SystemClock) })
    }

    /// Sets the clock. The default is the system's.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Starts signing `message`, whose body follows.
    ///
    /// # Errors
    /// [`RequestError`] if a component that the scheme signs is missing or malformed.
    pub fn begin(
        &self,
        message: &Message<'_>,
        options: &SignOptions<'_>,
    ) -> Result<Signing, RequestError> {
        for (component, value) in [(Component::Id, options.id), (Component::Nonce, options.nonce)] {
            value.map_or(Ok(()), |value| check_word(component, value))?;
        }
        let SignOptions { timestamp, id, nonce } = *options;
        let timestamp = timestamp.unwrap_or_else(|| self.clock.now());
        let prepared = self.rules.prepare(&UnsignedRequest { message, timestamp, id, nonce })?;
        let keys = self.keys.for_scope(&*self.rules, prepared.scope.as_deref());
        let Prepared { input, keeps_body, render, .. } = prepared;
        let running = Running::new(input, &keys);
        Ok(Signing { running, body: keeps_body.then(Vec::new), render })
    }

    /// Signs a message whose body is in memory.
    ///
    /// # Errors
    /// As for [`RequestSigner::begin`].
    pub fn sign(
        &self,
        message: &Message<'_>,
        options: &SignOptions<'_>,
        body: &[u8],
    ) -> Result<RequestSignature, RequestError> {
        let mut signing = self.begin(message, options)?;
        signing.update(body);
        Ok(signing.finish())
    }
}

impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestSigner").finish_non_exhaustive()
    }
}

/// A message being signed.
#[must_use]
pub struct Signing {
    running: Running,
    body: Option<Vec<u8>>,
    render: Render,
}

impl Signing {
    /// Appends `data` to the body.
    pub fn update(&mut self, data: &[u8]) {
        self.running.update(data);
        if let Some(body) = &mut self.body {
            body.extend_from_slice(data);
        }
    }

    /// Returns `true` if the body is kept in memory, as for a compact JWS that contains it.
    pub fn keeps_body(&self) -> bool {
        self.body.is_some()
    }

    /// Returns the signature.
    pub fn finish(self) -> RequestSignature {
        (self.render)(&self.running.finish(), self.body.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signing").finish_non_exhaustive()
    }
}
