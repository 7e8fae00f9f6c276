//! What every scheme makes of a request: a claim to be judged, or an intent to be carried out.

use super::encoding::Mac;
use super::input::{Finished, Input};
use super::message::Message;
use super::secret::SecretKey;
use super::signer::{SignError, SignOptions, Signed};
use super::verdict::{Covers, VerifyError};
use crate::digest::Digest;
use crate::hasher::Hasher;
use crate::hmac::Key;

/// More signatures in one request are an attack on the verifier's time.
pub(crate) const MOST_CANDIDATES: usize = 16;

/// The rules of one scheme, with its settings.
pub(crate) trait Rules: Send + Sync {
    /// Reads what a request claims. Nothing in it is authentic yet.
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError>;

    /// The claim in short, in schemes that sign the body and nothing else, with one MAC and
    /// without a time; what many requests at once are quickest with.
    ///
    /// The MAC goes to `mac`, which is used again for the next request: copied from call to call
    /// it would cost more than reading it.
    fn claim_of_body(
        &self,
        message: &Message<'_>,
        mac: &mut Mac,
    ) -> Option<Result<(), VerifyError>> {
        let _ = (message, mac);
        None
    }

    /// What a signature of such a scheme covers.
    fn covers_of_body(&self) -> Covers {
        Covers { body: true, parts: [].into() }
    }

    /// Works out what to sign, and where the signature goes.
    fn intend(&self, message: &Message<'_>, options: &Settled<'_>) -> Result<Intent, SignError>;

    /// The HMAC key of a secret, in schemes whose key is the same for every message.
    fn key(&self, secret: &SecretKey) -> Option<Key>;

    /// The HMAC key of a secret for a message of this scope.
    fn derive(&self, secret: &SecretKey, scope: &str) -> Key {
        let _ = scope;
        self.key(secret).expect("a scheme has keys of one of the two kinds")
    }

    /// The seconds that a time may be off.
    fn window(&self) -> Window {
        Window { past: 300, future: 300 }
    }
}

/// How far a signed time may be from now, in seconds, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Window {
    pub(crate) past: u32,
    pub(crate) future: u32,
}

/// What a request says of itself.
pub(crate) struct Claim<'m> {
    pub(crate) macs: Candidates,
    pub(crate) input: Input,
    /// What the sender may have signed instead.
    pub(crate) alternative: Option<Box<Input>>,
    pub(crate) timestamp: Option<u64>,
    /// How old it may be, where the request may say so: it is signed with the rest.
    pub(crate) lifetime: Option<u32>,
    /// When it ends, where it says so.
    pub(crate) expires: Option<u64>,
    pub(crate) id: Option<&'m str>,
    pub(crate) checks: Vec<BodyCheck>,
    pub(crate) bodies: Bodies,
    pub(crate) covers: Covers,
    /// For what the key is derived, where it is.
    pub(crate) scope: Option<String>,
}

/// Which bodies may come with a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bodies {
    Any,
    /// The signature leaves a body out, so there must be none.
    Empty,
}

/// A digest that the signature vouches for.
pub(crate) struct BodyCheck {
    pub(crate) hasher: Hasher,
    pub(crate) expected: Digest,
    /// Whether a request without the body will do.
    pub(crate) empty_passes: bool,
}

/// The MACs that a request offers: one without allocation, up to sixteen.
#[derive(Default)]
pub(crate) struct Candidates {
    first: Option<Mac>,
    more: Vec<Mac>,
}

impl Candidates {
    /// # Errors
    /// One too many.
    pub(crate) fn push(&mut self, mac: Mac, what: &str) -> Result<(), VerifyError> {
        match &mut self.first {
            None => self.first = Some(mac),
            Some(_) if self.more.len() + 1 < MOST_CANDIDATES => self.more.push(mac),
            Some(_) => return Err(VerifyError::malformed(what, "more than 16 signatures")),
        }
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The only one.
    pub(crate) fn single(self) -> Option<Mac> {
        self.first.filter(|_| self.more.is_empty())
    }

    /// Whether one of them is this tag. All are compared.
    pub(crate) fn contain(&self, tag: &[u8]) -> bool {
        self.first.iter().chain(&self.more).fold(false, |found, mac| found | mac.is(tag))
    }
}

impl From<Mac> for Candidates {
    fn from(mac: Mac) -> Self {
        Self { first: Some(mac), more: Vec::new() }
    }
}

/// The settings of a signature, its time filled in.
pub(crate) struct Settled<'o> {
    pub(crate) timestamp: u64,
    pub(crate) options: &'o SignOptions<'o>,
}

/// What is to be signed.
pub(crate) struct Intent {
    pub(crate) input: Input,
    pub(crate) scope: Option<String>,
    /// Whether the body itself is needed to write the result.
    pub(crate) keep_body: bool,
    pub(crate) render: Render,
}

/// Writes the result: of the tags, and of the body where it was kept.
pub(crate) type Render = Box<dyn FnOnce(&Finished, &[u8]) -> Signed + Send>;
