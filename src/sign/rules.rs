//! The interface of schemes: each reads a claim from a request, and prepares a signature.

use std::borrow::Cow;
use std::sync::Arc;

use crate::digest::Digest;
use crate::hasher::Hasher;
use crate::hmac::Key;
use crate::sign::component::Component;
use crate::sign::encoding::Mac;
use crate::sign::error::{RequestError, SchemeError, VerifyError};
use crate::sign::input::{Finished, Input};
use crate::sign::message::Message;
use crate::sign::secret::SecretKey;
use crate::sign::signature::RequestSignature;
use crate::sign::verified::Coverage;

/// The most signatures that a request may carry: more would waste the verifier's time.
pub(crate) const MAX_SIGNATURES: usize = 16;

/// The rules of a scheme with its settings.
pub(crate) trait Rules: Send + Sync {
    /// Reads the claim of a request, which is not authenticated yet.
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError>;

    /// Reads the one MAC of a scheme that signs only the body, the fast path of
    /// [`verify_many`](crate::sign::Verifier::verify_many); `None` for other schemes and requests.
    ///
    /// `mac` is reused from request to request: copying it would cost more than decoding it.
    fn body_mac(&self, message: &Message<'_>, mac: &mut Mac) -> Option<Result<(), VerifyError>> {
        let _ = (message, mac);
        None
    }

    /// Prepares the signature of a request.
    fn prepare(&self, request: &UnsignedRequest<'_>) -> Result<Prepared, RequestError>;

    /// Returns the HMAC key of a secret, if the scheme uses one key for all messages.
    fn key(&self, secret: &SecretKey) -> Option<Key>;

    /// Derives the HMAC key of a secret for messages of this scope.
    fn derive(&self, secret: &SecretKey, scope: &str) -> Key {
        let _ = scope;
        self.key(secret).expect("schemes without derivation have one key")
    }

    /// Returns the accepted distance between the signed time and now.
    fn window(&self) -> Window {
        Window::DEFAULT
    }
}

/// A request to sign, and the values of its signature. Id and nonce are words.
pub(crate) struct UnsignedRequest<'a> {
    pub(crate) message: &'a Message<'a>,
    pub(crate) timestamp: u64,
    pub(crate) id: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
}

/// The accepted distance between a signed time and now, in seconds, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    pub(crate) past: u32,
    pub(crate) future: u32,
}

impl Window {
    pub(crate) const DEFAULT: Self = Self { past: 300, future: 300 };
}

/// The claim of a request: its signature and the signed content, before verification.
pub(crate) struct Claim<'m> {
    /// The MACs that the request offers, at most [`MAX_SIGNATURES`].
    pub(crate) macs: Vec<Mac>,
    pub(crate) input: Input,
    /// Another input that the sender may have signed.
    pub(crate) alternative: Option<Box<Input>>,
    pub(crate) times: SignedTimes,
    pub(crate) id: Option<&'m str>,
    pub(crate) checks: Vec<BodyCheck>,
    pub(crate) bodies: Bodies,
    pub(crate) coverage: Coverage,
    /// The scope of a derived key.
    pub(crate) scope: Option<String>,
}

impl Claim<'_> {
    /// Returns a claim without times, id, checks and scope.
    pub(crate) fn new(
        macs: Vec<Mac>,
        input: Input,
        has_body: bool,
        components: Arc<[Component]>,
    ) -> Self {
        Self {
            macs,
            input,
            alternative: None,
            times: SignedTimes::default(),
            id: None,
            checks: Vec::new(),
            bodies: Bodies::Any,
            coverage: Coverage { has_body, components },
            scope: None,
        }
    }
}

/// The times that a signature covers.
#[derive(Clone, Copy, Default)]
pub(crate) struct SignedTimes {
    pub(crate) timestamp: Option<u64>,
    /// The accepted age in seconds, instead of the window's.
    pub(crate) lifetime: Option<u32>,
    pub(crate) expires: Option<u64>,
}

/// The bodies that are accepted with a signature.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Bodies {
    #[default]
    Any,
    /// Only an empty body: the signature does not cover the body.
    Empty,
}

/// A signed digest of the body.
pub(crate) struct BodyCheck {
    pub(crate) hasher: Hasher,
    pub(crate) expected: Digest,
    /// Set if an empty body is accepted too.
    pub(crate) allows_empty: bool,
}

impl BodyCheck {
    pub(crate) fn new(expected: Digest) -> Self {
        let hasher = Hasher::new(expected.hash_function());
        Self { hasher, expected, allows_empty: false }
    }
}

/// A signature that is ready to be computed.
pub(crate) struct Prepared {
    pub(crate) input: Input,
    /// The scope of a derived key.
    pub(crate) scope: Option<String>,
    /// Set if `render` needs the body itself.
    pub(crate) keeps_body: bool,
    pub(crate) render: Render,
}

/// Writes the signature from the tags, and from the body if it was kept.
pub(crate) type Render = Box<dyn FnOnce(&Finished, &[u8]) -> RequestSignature + Send>;

/// The keys of a signer or verifier. Secrets are kept only for schemes that derive keys.
pub(crate) enum Keys {
    Ready(Vec<Key>),
    Derived(Vec<SecretKey>),
}

impl Keys {
    pub(crate) fn new(rules: &dyn Rules, secrets: Vec<SecretKey>) -> Result<Self, SchemeError> {
        if secrets.is_empty() {
            return Err(SchemeError::NoKey);
        }
        let ready: Option<Vec<Key>> = secrets.iter().map(|secret| rules.key(secret)).collect();
        Ok(ready.map_or(Self::Derived(secrets), Self::Ready))
    }

    /// Returns the keys for messages of this scope.
    pub(crate) fn for_scope(&self, rules: &dyn Rules, scope: Option<&str>) -> Cow<'_, [Key]> {
        match self {
            Self::Ready(keys) => keys.into(),
            Self::Derived(secrets) => {
                let scope = scope.unwrap_or_default();
                secrets.iter().map(|secret| rules.derive(secret, scope)).collect()
            }
        }
    }
}
