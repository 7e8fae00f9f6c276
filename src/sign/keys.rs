//! Keys made ready: once for all messages, or for each where the scheme derives them.

use std::borrow::Cow;

use super::claim::Rules;
use super::scheme::SchemeError;
use super::secret::SecretKey;
use crate::hmac::Key;

/// The keys of a signer or verifier. Secrets stay only where keys are derived from them.
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

    /// Those for a message of this scope.
    pub(crate) fn of(&self, rules: &dyn Rules, scope: Option<&str>) -> Cow<'_, [Key]> {
        match self {
            Self::Ready(keys) => keys.into(),
            Self::Derived(secrets) => {
                let scope = scope.unwrap_or_default();
                secrets.iter().map(|secret| rules.derive(secret, scope)).collect()
            }
        }
    }
}
