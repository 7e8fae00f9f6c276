//! Verifying requests.

use std::fmt;
use std::sync::Arc;

use crate::hmac::Tag;
use crate::sign::clock::{Clock, SystemClock};
use crate::sign::component::Component;
use crate::sign::encoding::Mac;
use crate::sign::error::{SchemeError, VerifyError};
use crate::sign::input::{Input, Running};
use crate::sign::message::Message;
use crate::sign::rules::{Bodies, BodyCheck, Claim, Keys, Rules, SignedTimes, Window};
use crate::sign::schemes::Scheme;
use crate::sign::secret::SecretKey;
use crate::sign::verified::{Coverage, VerifiedRequest};

/// A verifier of requests that are signed by one scheme.
///
/// The scheme, not the request, decides on the algorithm, the encoding and the key. A signature is
/// compared completely and in constant time, before the signed time is checked: a stale request is
/// authentic.
///
/// ```
/// use hsum::sign::{Message, Scheme, SecretKey, Verifier};
///
/// let key = SecretKey::from_text("It's a Secret to Everybody")?;
/// let verifier = Verifier::new(Scheme::Github, vec![key])?;
/// let headers = [(
///     "x-hub-signature-256",
///     "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
/// )];
/// let mut verifying = verifier.begin(&Message::new(&headers))?;
/// verifying.update(b"Hello, World!");
/// let verified = verifying.finish()?;
/// assert!(verified.coverage().has_body());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    pub(crate) scheme: &'static str,
    pub(crate) rules: Arc<dyn Rules>,
    pub(crate) keys: Arc<Keys>,
    window: Option<Window>,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Returns a verifier for `scheme` that accepts signatures under any of the keys.
    ///
    /// # Errors
    /// [`SchemeError`] if there are no keys, or if a setting of the scheme is invalid.
    pub fn new(scheme: Scheme, keys: Vec<SecretKey>) -> Result<Self, SchemeError> {
        let rules = scheme.rules()?;
        let keys = Arc::new(Keys::new(&*rules, keys)?);
        let window = Some(rules.window());
        Ok(Self { scheme: scheme.name(), rules, keys, window, clock: Arc::new(SystemClock) })
    }

    /// Sets the accepted distance between the signed time and now, in seconds.
    ///
    /// It is inclusive and applies in both directions. The default is the scheme's, 300 for most.
    pub fn tolerance(self, seconds: u32) -> Self {
        Self { window: Some(Window { past: seconds, future: seconds }), ..self }
    }

    /// Accepts any signed time.
    pub fn ignore_time(self) -> Self {
        Self { window: None, ..self }
    }

    /// Sets the clock. The default is the system's.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Starts verifying `message`, whose body follows.
    ///
    /// # Errors
    /// [`VerifyError`] if the request is refused regardless of its body.
    pub fn begin(&self, message: &Message<'_>) -> Result<Verifying, VerifyError> {
        let claim = self.rules.claim(message)?;
        let keys = self.keys.for_scope(&*self.rules, claim.scope.as_deref());
        let (input, alternative, conditions) = self.split(claim, self.clock.now());
        let inputs = [Some(input), alternative.map(|input| *input)].into_iter().flatten();
        let running = inputs.map(|input| Running::new(input, &keys)).collect();
        Ok(Verifying { running, conditions })
    }

    /// Verifies a request whose body is in memory.
    ///
    /// # Errors
    /// [`VerifyError`] if the request is refused.
    pub fn verify(
        &self,
        message: &Message<'_>,
        body: &[u8],
    ) -> Result<VerifiedRequest, VerifyError> {
        let mut verifying = self.begin(message)?;
        verifying.update(body);
        verifying.finish()
    }

    /// Splits a claim into the inputs of its MAC and the conditions that are checked after it.
    pub(crate) fn split(
        &self,
        claim: Claim<'_>,
        now: u64,
    ) -> (Input, Option<Box<Input>>, Conditions) {
        let conditions = Conditions {
            scheme: self.scheme,
            macs: claim.macs,
            checks: claim.checks,
            bodies: claim.bodies,
            body_len: 0,
            times: claim.times,
            now,
            window: self.window,
            id: claim.id.map(str::to_owned),
            coverage: claim.coverage,
        };
        (claim.input, claim.alternative, conditions)
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A request being verified.
#[must_use]
pub struct Verifying {
    running: Vec<Running>,
    conditions: Conditions,
}

impl Verifying {
    /// Appends `data` to the body.
    pub fn update(&mut self, data: &[u8]) {
        self.running.iter_mut().for_each(|running| running.update(data));
        self.conditions.update(data);
    }

    /// Returns the verdict.
    ///
    /// # Errors
    /// [`VerifyError`] if the request is refused.
    pub fn finish(self) -> Result<VerifiedRequest, VerifyError> {
        let mut matched = None;
        // All inputs are tried, so that the time does not depend on which one matches.
        for running in self.running {
            let tags = running.finish().tags;
            let found = Matched::find(tags.iter(), |tag| self.conditions.has_mac(tag));
            matched = matched.or(found);
        }
        self.conditions.decide(matched)
    }
}

impl fmt::Debug for Verifying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifying").field("scheme", &self.conditions.scheme).finish_non_exhaustive()
    }
}

/// The key under which a signature matches.
pub(crate) struct Matched {
    key_index: usize,
    /// The start of the MAC under the first key.
    mac: [u8; 32],
    /// The starts of the MACs under the other keys.
    other_macs: Vec<[u8; 32]>,
}

impl Matched {
    /// Finds the first of the tags, one per key, for which `is_match` returns `true`.
    #[inline]
    pub(crate) fn find<'t>(
        mut tags: impl Iterator<Item = &'t Tag> + Clone,
        is_match: impl Fn(&[u8]) -> bool,
    ) -> Option<Self> {
        let mut macs = tags.clone().map(start);
        let mac = macs.next()?;
        let key_index = tags.position(|tag| is_match(tag.as_bytes()))?;
        Some(Self { key_index, mac, other_macs: macs.collect() })
    }
}

/// Returns the first 32 bytes of a MAC, or all of them and zeros.
fn start(tag: &Tag) -> [u8; 32] {
    let mut mac = [0; 32];
    let bytes = tag.as_bytes();
    let length = bytes.len().min(mac.len());
    mac[..length].copy_from_slice(&bytes[..length]);
    mac
}

/// The MACs of a claim, and the conditions that are checked once one of them matches.
#[derive(Default)]
pub(crate) struct Conditions {
    scheme: &'static str,
    macs: Vec<Mac>,
    checks: Vec<BodyCheck>,
    bodies: Bodies,
    body_len: u64,
    times: SignedTimes,
    now: u64,
    window: Option<Window>,
    id: Option<String>,
    coverage: Coverage,
}

impl Conditions {
    /// Returns the conditions of a scheme that signs only the body.
    #[inline]
    pub(crate) fn none(scheme: &'static str, coverage: Coverage) -> Self {
        Self { scheme, coverage, ..Self::default() }
    }

    /// Returns `true` if one of the MACs is `tag`. Compares all of them.
    pub(crate) fn has_mac(&self, tag: &[u8]) -> bool {
        self.macs.iter().fold(false, |found, mac| found | mac.matches(tag))
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        self.body_len = self.body_len.saturating_add(data.len() as u64);
        self.checks.iter_mut().for_each(|check| check.hasher.update(data));
    }

    /// Returns the verdict. Every accepted request passes through this function.
    #[inline]
    pub(crate) fn decide(self, matched: Option<Matched>) -> Result<VerifiedRequest, VerifyError> {
        let Matched { key_index, mac, other_macs } = matched.ok_or(VerifyError::Mismatch)?;
        for mut check in self.checks {
            let excused = check.allows_empty && self.body_len == 0;
            if !excused && check.hasher.finish() != check.expected {
                return Err(VerifyError::BodyHashMismatch);
            }
        }
        if self.bodies == Bodies::Empty && self.body_len > 0 {
            return Err(VerifyError::NotCovered(Component::Body));
        }
        if let Some(window) = self.window {
            check_freshness(self.times, self.now, window)?;
        }
        let fresh_until = self.window.and_then(|window| fresh_until(self.times, window));
        let Self { scheme, times: SignedTimes { timestamp, .. }, id, coverage, .. } = self;
        Ok(VerifiedRequest {
            scheme,
            key_index,
            timestamp,
            fresh_until,
            id,
            coverage,
            mac,
            other_macs,
        })
    }
}

/// Returns the last second at which [`check_freshness`] accepts the times as not too old.
fn fresh_until(times: SignedTimes, window: Window) -> Option<u64> {
    let past = times.lifetime.unwrap_or(window.past);
    let end = times.timestamp.map(|time| time.saturating_add(past.into()));
    end.into_iter().chain(times.expires).min()
}

fn check_freshness(times: SignedTimes, now: u64, window: Window) -> Result<(), VerifyError> {
    let beyond = |distance: u64, limit: u32| distance.checked_sub(limit.into()).filter(|&d| d > 0);
    if let Some(time) = times.timestamp {
        let past = times.lifetime.unwrap_or(window.past);
        if let Some(by) = beyond(now.saturating_sub(time), past) {
            return Err(VerifyError::Stale { by });
        }
        if let Some(by) = beyond(time.saturating_sub(now), window.future) {
            return Err(VerifyError::Future { by });
        }
    }
    match times.expires {
        Some(end) if now > end => Err(VerifyError::Stale { by: now - end }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_fresh_until_the_last_second_at_which_it_is_accepted() {
        let window = Window { past: 300, future: 60 };
        for (timestamp, lifetime, expires, until) in [
            (Some(1000), None, None, Some(1300)),
            (Some(1000), Some(604_800), None, Some(605_800)),
            (Some(1000), None, Some(1100), Some(1100)),
            (Some(1000), None, Some(9999), Some(1300)),
            (None, None, Some(1100), Some(1100)),
            (None, None, None, None),
        ] {
            let times = SignedTimes { timestamp, lifetime, expires };
            assert_eq!(fresh_until(times, window), until);
            let Some(until) = until else { continue };
            assert_eq!(check_freshness(times, until, window), Ok(()));
            let late = check_freshness(times, until + 1, window);
            assert_eq!(late, Err(VerifyError::Stale { by: 1 }));
        }
    }
}
