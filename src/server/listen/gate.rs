//! The verification of requests: scheme, keys and the search for the cause of a rejection.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use anyhow::Result;
use hsum::sign::{Clock, RequestSigner, Scheme, SystemClock, Template, Verifier, VerifyError};
use hsum::sign::{Message, SecretKey, Setting, SignOptions};
use zeroize::Zeroizing;

use crate::cli::args::sign::SchemeArgs;
use crate::cli::key::{KeySource, remove_line_end};
use crate::cli::sign::explain::{Explainer, explain};
use crate::cli::sign::scheme;
use crate::cli::sign::verdict::{self, Freshness, Verdict};
use crate::server::listen::received::Received;

/// The longest body that is searched for a cause: about 150 variants of it are hashed.
const LONGEST_EXPLAINED: usize = 1 << 20;
/// The number of searches that may follow each other, and the number per second after them: anyone
/// can send a forged request.
const SEARCHES: f64 = 20.0;
const SEARCHES_PER_SECOND: f64 = 1.0;

/// A scheme, its keys and its settings.
pub(crate) struct Gate {
    args: SchemeArgs,
    scheme: Scheme,
    freshness: Freshness,
    keeps_texts: bool,
    keys: RwLock<Arc<Keys>>,
    pace: Mutex<Pace>,
}

struct Keys {
    verifier: Verifier,
    /// The keys before decoding, if they are needed for more than verification.
    texts: Vec<Zeroizing<Vec<u8>>>,
}

impl Gate {
    /// Reads the keys. With `keeps_texts`, rejections can be explained, and texts signed.
    ///
    /// # Errors
    /// Returns an error if a key cannot be read, or the scheme cannot be used with it.
    pub(crate) fn new(
        args: SchemeArgs,
        scheme: Scheme,
        freshness: Freshness,
        keeps_texts: bool,
    ) -> Result<Self> {
        let keys = RwLock::new(Arc::new(keys(&args, &scheme, freshness, keeps_texts)?));
        let pace = Mutex::new(Pace { left: SEARCHES, time: Instant::now() });
        Ok(Self { args, scheme, freshness, keeps_texts, keys, pace })
    }

    /// Returns `true` if the scheme signs parameters of the request.
    pub(crate) fn signs_params(&self) -> bool {
        self.scheme.has_setting(Setting::Params)
    }

    /// Returns `true` if all keys come from files, which can be read again.
    pub(crate) fn is_reloadable(&self) -> bool {
        let is_file = |spec| KeySource::parse(spec, "--key").is_ok_and(|key| key.file().is_some());
        self.args.key.iter().all(|spec| is_file(spec))
    }

    /// Reads the keys again.
    ///
    /// # Errors
    /// Returns the errors of [`Gate::new`]; the old keys then stay in use.
    pub(crate) fn reload(&self) -> Result<()> {
        let new = keys(&self.args, &self.scheme, self.freshness, self.keeps_texts)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(())
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn verify(&self, received: &Received) -> Verdict {
        let keys = self.keys();
        received.request.message(|message| keys.verifier.verify(message, &received.body))
    }

    /// Returns the causes of a rejection; none if too many were searched for just now.
    pub(crate) fn causes(&self, received: &Received, error: &VerifyError) -> Vec<String> {
        let keys = self.keys();
        // The lock is held during the search, so that there is one at a time.
        let Ok(mut pace) = self.pace.try_lock() else { return Vec::new() };
        if keys.texts.is_empty() || !pace.take(Instant::now()) {
            return Vec::new();
        }
        if received.body.len() > LONGEST_EXPLAINED {
            return vec!["the body is too long to search for a cause".into()];
        }
        explain(&Explainer {
            scheme: &self.scheme,
            request: &received.request,
            body: &received.body,
            key_texts: &keys.texts,
            now: SystemClock.now(),
            error,
        })
    }

    /// Returns the HMAC-SHA256 of `text` under the key of that index, in hexadecimal digits.
    pub(crate) fn sign_text(&self, key: usize, text: &str) -> Option<String> {
        let keys = self.keys();
        let key = secret(&self.args, &self.scheme, keys.texts.get(key)?)?;
        let template = Scheme::Template(Template::raw("X-Signature", ""));
        let signer = RequestSigner::new(template, vec![key]).ok()?;
        let signature = signer.sign(&Message::empty(), &SignOptions::new(), text.as_bytes());
        Some(signature.ok()?.value().to_owned())
    }
}

fn keys(
    args: &SchemeArgs,
    scheme: &Scheme,
    freshness: Freshness,
    keeps_texts: bool,
) -> Result<Keys> {
    let (keys, texts) = scheme::keys(args, scheme, keeps_texts)?;
    let verifier = verdict::verifier(args, scheme, keys, freshness, SystemClock)?;
    Ok(Keys { verifier, texts })
}

/// Decodes a key as [`scheme::keys`] does.
fn secret(args: &SchemeArgs, scheme: &Scheme, text: &[u8]) -> Option<SecretKey> {
    let mut line = Zeroizing::new(text.to_vec());
    remove_line_end(&mut line);
    SecretKey::parse(args.key_format.unwrap_or(scheme.key_format()), &*line).ok()
}

/// A limit on the rate of searches.
struct Pace {
    left: f64,
    time: Instant,
}

impl Pace {
    /// Returns `true` if there may be a search now, and counts it.
    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.time).as_secs_f64();
        self.left = (self.left + passed * SEARCHES_PER_SECOND).min(SEARCHES);
        self.time = now;
        let may = self.left >= 1.0;
        if may {
            self.left -= 1.0;
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn searches_are_limited() {
        let start = Instant::now();
        let mut pace = Pace { left: SEARCHES, time: start };
        let taken = (0..100).filter(|_| pace.take(start)).count();
        assert_eq!(taken, 20);
        assert!(pace.take(start + Duration::from_secs(2)));
        assert!(pace.take(start + Duration::from_secs(2)));
        assert!(!pace.take(start + Duration::from_secs(2)));
    }
}
