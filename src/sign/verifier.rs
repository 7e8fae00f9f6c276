//! Verifying: a verifier begins, the body streams by, the verdict comes out.

use std::fmt;
use std::sync::Arc;

use super::claim::{Bodies, BodyCheck, Candidates, Claim, Rules, Window};
use super::clock::{Clock, SystemClock};
use super::input::Running;
use super::keys::Keys;
use super::message::Message;
use super::scheme::{Scheme, SchemeError};
use super::secret::SecretKey;
use super::verdict::{Covers, VerifiedRequest, VerifyError, head};

/// Verifies requests by one scheme.
///
/// The scheme, not the request, decides on the algorithm, the encoding and the key. A signature is
/// compared whole and in constant time, and before the time of the request is looked at: what is
/// stale is authentic.
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
/// assert!(verified.covers().body());
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
    /// A verifier by `scheme`; a signature under any of the keys will do.
    ///
    /// # Errors
    /// [`SchemeError`] without keys, or where the scheme's settings make no sense.
    pub fn new(scheme: Scheme, keys: Vec<SecretKey>) -> Result<Self, SchemeError> {
        let name = scheme.name();
        let rules = scheme.rules()?;
        let keys = Arc::new(Keys::new(&*rules, keys)?);
        let window = Some(rules.window());
        Ok(Self { scheme: name, rules, keys, window, clock: Arc::new(SystemClock) })
    }

    /// How many seconds a signed time may be from now, into the past and into the future, itself
    /// included; with `None` the time is not looked at. Without this call it is the scheme's: 300
    /// in most.
    pub fn tolerance(self, seconds: Option<u32>) -> Self {
        let window = seconds.map(|seconds| Window { past: seconds, future: seconds });
        Self { window, ..self }
    }

    /// With this clock instead of the system's.
    pub fn clock(self, clock: impl Clock + 'static) -> Self {
        Self { clock: Arc::new(clock), ..self }
    }

    /// Reads what `message` claims; its body comes next.
    ///
    /// # Errors
    /// [`VerifyError`] where it cannot be right, whatever the body is.
    pub fn begin(&self, message: &Message<'_>) -> Result<Verifying, VerifyError> {
        let claim = self.rules.claim(message)?;
        let keys = self.keys.of(&*self.rules, claim.scope.as_deref());
        let Claim { input, alternative, checks, bodies, .. } = claim;
        let runs = [Some(input), alternative.map(|input| *input)].into_iter().flatten();
        Ok(Verifying {
            runs: runs.map(|input| Running::new(input, &keys)).collect(),
            macs: claim.macs,
            checks,
            bodies,
            body_len: 0,
            judged: Judged {
                timestamp: claim.timestamp,
                lifetime: claim.lifetime,
                expires: claim.expires,
                now: self.clock.now(),
                window: self.window,
            },
            id: claim.id.map(str::to_owned),
            covers: claim.covers,
            scheme: self.scheme,
        })
    }

    /// Verifies a request whose body is in memory.
    ///
    /// # Errors
    /// [`VerifyError`]: why it is refused.
    pub fn verify(
        &self,
        message: &Message<'_>,
        body: &[u8],
    ) -> Result<VerifiedRequest, VerifyError> {
        let mut verifying = self.begin(message)?;
        verifying.update(body);
        verifying.finish()
    }

    pub(crate) fn judged(&self, claim: &Claim<'_>, now: u64) -> Judged {
        let Claim { timestamp, lifetime, expires, .. } = *claim;
        Judged { timestamp, lifetime, expires, now, window: self.window }
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
    runs: Vec<Running>,
    macs: Candidates,
    checks: Vec<BodyCheck>,
    bodies: Bodies,
    body_len: u64,
    judged: Judged,
    id: Option<String>,
    covers: Covers,
    scheme: &'static str,
}

impl Verifying {
    /// Appends `data` to the body.
    pub fn update(&mut self, data: &[u8]) {
        self.body_len = self.body_len.saturating_add(data.len() as u64);
        self.runs.iter_mut().for_each(|run| run.update(data));
        self.checks.iter_mut().for_each(|check| check.hasher.update(data));
    }

    /// The verdict.
    ///
    /// # Errors
    /// [`VerifyError`]: why the request is refused.
    pub fn finish(self) -> Result<VerifiedRequest, VerifyError> {
        let mut fits = None;
        for run in self.runs {
            let tags = run.finish().tags;
            let found = tags.iter().position(|tag| self.macs.contain(tag.as_bytes()));
            if let (Some(key_index), None) = (found, &fits) {
                fits = Some((key_index, head(tags[0].as_bytes())));
            }
        }
        let (key_index, mac) = fits.ok_or(VerifyError::Mismatch)?;
        for mut check in self.checks {
            let excused = check.empty_passes && self.body_len == 0;
            if !excused && check.hasher.finish() != check.expected {
                return Err(VerifyError::BodyHashMismatch);
            }
        }
        if self.bodies == Bodies::Empty && self.body_len > 0 {
            return Err(VerifyError::Coverage("the body".into()));
        }
        self.judged.freshness()?;
        let Self { scheme, id, covers, judged, .. } = self;
        Ok(VerifiedRequest { scheme, key_index, timestamp: judged.timestamp, id, covers, mac })
    }
}

impl fmt::Debug for Verifying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifying").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// The times of a request.
#[derive(Clone, Copy)]
pub(crate) struct Judged {
    pub(crate) timestamp: Option<u64>,
    lifetime: Option<u32>,
    expires: Option<u64>,
    now: u64,
    window: Option<Window>,
}

impl Judged {
    /// Whether it is neither too old nor from the future, as far as anybody asks.
    pub(crate) fn freshness(&self) -> Result<(), VerifyError> {
        let Some(window) = self.window else { return Ok(()) };
        let now = self.now;
        let beyond =
            |distance: u64, limit: u32| distance.checked_sub(limit.into()).filter(|&d| d > 0);
        if let Some(time) = self.timestamp {
            let past = self.lifetime.unwrap_or(window.past);
            if let Some(by) = beyond(now.saturating_sub(time), past) {
                return Err(VerifyError::Stale { by });
            }
            if let Some(by) = beyond(time.saturating_sub(now), window.future) {
                return Err(VerifyError::Future { by });
            }
        }
        match self.expires {
            Some(end) if now > end => Err(VerifyError::Stale { by: now - end }),
            _ => Ok(()),
        }
    }
}
