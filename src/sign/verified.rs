//! The result of a successful verification.

use std::fmt;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::hasher::Hasher;
use crate::sign::component::Component;

/// A request that was signed by the holder of the key.
#[derive(Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct VerifiedRequest {
    pub(crate) scheme: &'static str,
    pub(crate) key_index: usize,
    pub(crate) timestamp: Option<u64>,
    pub(crate) fresh_until: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) coverage: Coverage,
    /// The first 32 bytes of the MAC under the first key, whichever key matched: removing one of
    /// several signatures must not change the replay key.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) mac: [u8; 32],
    /// The first 32 bytes of the MACs under the other keys.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) other_macs: Vec<[u8; 32]>,
}

impl VerifiedRequest {
    /// Returns the name of the scheme.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Returns the index of the key that matched.
    pub fn key_index(&self) -> usize {
        self.key_index
    }

    /// Returns the signed time, in seconds since 1970, if the scheme has one.
    pub fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }

    /// Returns the last second, since 1970, at which a repetition would be fresh.
    ///
    /// `None` if it always would be: the scheme has no time, or the verifier ignores it.
    pub fn fresh_until(&self) -> Option<u64> {
        self.fresh_until
    }

    /// Returns the signed identifier, if the scheme has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the components that the signature covers. Anyone may have written the others.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Returns an identifier that depends on the signed content only.
    ///
    /// Remember it until [`fresh_until`](Self::fresh_until), and refuse requests that repeat it. It
    /// reveals nothing about the signature.
    ///
    /// It also depends on the first key of the verifier. If the keys may change while requests are
    /// fresh, remember all [`replay_keys`](Self::replay_keys).
    pub fn replay_key(&self) -> [u8; 32] {
        self.replay_key_of(&self.mac)
    }

    /// Returns a replay key for each key of the verifier; the first is [`replay_key`](Self::replay_key).
    ///
    /// Remember all of them, and refuse a request if any is known: then a repetition is found as
    /// long as one of the keys stays.
    pub fn replay_keys(&self) -> impl Iterator<Item = [u8; 32]> {
        [&self.mac].into_iter().chain(&self.other_macs).map(|mac| self.replay_key_of(mac))
    }

    fn replay_key_of(&self, mac: &[u8; 32]) -> [u8; 32] {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(self.scheme.as_bytes());
        hasher.update(b"\0");
        hasher.update(mac);
        let mut key = [0; 32];
        key.copy_from_slice(hasher.finish().as_bytes());
        key
    }
}

impl fmt::Debug for VerifiedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedRequest")
            .field("scheme", &self.scheme)
            .field("key_index", &self.key_index)
            .field("timestamp", &self.timestamp)
            .field("fresh_until", &self.fresh_until)
            .field("id", &self.id)
            .field("coverage", &self.coverage)
            .finish_non_exhaustive()
    }
}

/// The components of a request that a signature covers.
#[derive(Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Coverage {
    pub(crate) has_body: bool,
    #[cfg_attr(feature = "serde", serde(serialize_with = "serialize_components"))]
    pub(crate) components: Arc<[Component]>,
}

#[cfg(feature = "serde")]
fn serialize_components<S: serde::Serializer>(
    components: &Arc<[Component]>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(components.iter())
}

impl Coverage {
    /// Returns `true` if the whole body is signed.
    pub fn has_body(&self) -> bool {
        self.has_body
    }

    /// Returns the other signed components.
    pub fn components(&self) -> &[Component] {
        &self.components
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.has_body.then_some(&Component::Body);
        let names: Vec<String> =
            self.components.iter().chain(body).map(ToString::to_string).collect();
        f.write_str(&names.join(", "))?;
        if self.has_body { Ok(()) } else { f.write_str("; not the body") }
    }
}

impl fmt::Debug for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}
