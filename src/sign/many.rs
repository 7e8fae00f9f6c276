//! Verification of many small requests at once, with the MACs computed in lanes.

use std::ops::Range;

use crate::hmac::{Key, Tag, sign_many};
use crate::sign::encoding::Mac;
use crate::sign::error::VerifyError;
use crate::sign::input::{Body, Input};
use crate::sign::message::Message;
use crate::sign::rules::{Claim, Keys};
use crate::sign::verified::{Coverage, VerifiedRequest};
use crate::sign::verifier::{Conditions, Matched, Verifier};

/// The number of requests in a batch: enough to fill the lanes, few enough to stay in the cache.
const BATCH: usize = 128;

type Verdict = Result<VerifiedRequest, VerifyError>;

impl Verifier {
    /// Verifies requests whose bodies are in memory, as [`Verifier::verify`] does.
    ///
    /// Several MACs are computed at once, which is the fastest way for a service under load.
    /// Requests of schemes that digest the body first, or derive keys, are verified one by one.
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
    /// let message = Message::new(&headers);
    /// let verdicts = verifier.verify_many(&[(message, b"Hello, World!"), (message, b"forged")]);
    /// assert!(verdicts[0].is_ok() && verdicts[1].is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_many(&self, requests: &[(Message<'_>, &[u8])]) -> Vec<Verdict> {
        let mut verdicts = Vec::with_capacity(requests.len());
        match &*self.keys {
            Keys::Ready(keys) => {
                let mut batch = Batch { verifier: self, keys, arena: Vec::new(), tags: Vec::new() };
                for requests in requests.chunks(BATCH) {
                    if !batch.verify_bodies(requests, &mut verdicts) {
                        batch.verify(requests, &mut verdicts);
                    }
                }
            }
            Keys::Derived(_) => {
                verdicts.extend(requests.iter().map(|(message, body)| self.verify(message, body)));
            }
        }
        verdicts
    }
}

/// The state of one batch, reused for the next.
struct Batch<'v> {
    verifier: &'v Verifier,
    keys: &'v [Key],
    /// The signed contents.
    arena: Vec<u8>,
    /// One row of tags per key.
    tags: Vec<Vec<Tag>>,
}

/// A request before the MACs are computed in lanes.
enum Step {
    /// Its conditions, and its signed content in the arena.
    Awaited(Conditions, Range<usize>),
    /// The verdict on a request whose MAC is not computed in lanes.
    Decided(Verdict),
}

impl Batch<'_> {
    fn verify(&mut self, requests: &[(Message<'_>, &[u8])], verdicts: &mut Vec<Verdict>) {
        self.arena.clear();
        let now = self.verifier.now();
        let steps: Vec<Step> =
            requests.iter().map(|(message, body)| self.step(message, body, now)).collect();
        let content = |step: &Step| match step {
            Step::Awaited(_, range) => Some(&self.arena[range.clone()]),
            Step::Decided(_) => None,
        };
        let contents: Vec<&[u8]> = steps.iter().filter_map(content).collect();
        sign_under(self.keys, &contents, &mut self.tags);
        let mut column = 0;
        verdicts.extend(steps.into_iter().zip(requests).map(|(step, (_, body))| match step {
            Step::Decided(verdict) => verdict,
            Step::Awaited(mut conditions, _) => {
                let matched = self.matched(column, |tag| conditions.has_mac(tag));
                column += 1;
                if matched.is_some() {
                    conditions.update(body);
                }
                conditions.decide(matched)
            }
        }));
    }

    fn step(&mut self, message: &Message<'_>, body: &[u8], now: u64) -> Step {
        match self.verifier.rules.claim(message) {
            Err(error) => Step::Decided(Err(error)),
            Ok(claim) => match self.content(&claim, body) {
                Some(content) => Step::Awaited(self.verifier.split(claim, now).2, content),
                None => Step::Decided(self.verifier.verify(message, body)),
            },
        }
    }

    /// Appends the signed content to the arena, if its MAC can be computed in lanes.
    fn content(&mut self, claim: &Claim<'_>, body: &[u8]) -> Option<Range<usize>> {
        let (Input::Around { before, body: role, after }, None) =
            (&claim.input, &claim.alternative)
        else {
            return None;
        };
        let body = if *role == Body::Included { body } else { b"" };
        let start = self.arena.len();
        [before, body, after].iter().for_each(|part| self.arena.extend_from_slice(part));
        Some(start..self.arena.len())
    }

    /// Verifies a batch of a scheme that signs only the body. Returns `false` for other schemes.
    fn verify_bodies(
        &mut self,
        requests: &[(Message<'_>, &[u8])],
        verdicts: &mut Vec<Verdict>,
    ) -> bool {
        let Some((first, _)) = requests.first() else { return true };
        let verifier = self.verifier;
        let mut mac = Mac::new(&[]);
        if verifier.rules.body_mac(first, &mut mac).is_none() {
            return false;
        }
        let mut bodies: [&[u8]; BATCH] = [&[]; BATCH];
        for (place, (_, body)) in bodies.iter_mut().zip(requests) {
            *place = body;
        }
        sign_under(self.keys, &bodies[..requests.len()], &mut self.tags);
        let coverage = Coverage { has_body: true, components: [].into() };
        // Each claim is dropped before the next is read, so that the memory stays in the L1 cache.
        verdicts.extend(requests.iter().enumerate().map(|(column, (message, body))| {
            match verifier.rules.body_mac(message, &mut mac) {
                Some(Ok(())) => {
                    let matched = self.matched(column, |tag| mac.matches(tag));
                    Conditions::none(verifier.scheme, Coverage::clone(&coverage)).decide(matched)
                }
                Some(Err(error)) => Err(error),
                None => verifier.verify(message, body),
            }
        }));
        true
    }

    #[inline]
    fn matched(&self, column: usize, is_match: impl Fn(&[u8]) -> bool) -> Option<Matched> {
        Matched::find(self.tags.iter().map(|tags| &tags[column]), is_match)
    }
}

/// Computes the tags of `contents` under each key, at the start of its row.
fn sign_under(keys: &[Key], contents: &[&[u8]], rows: &mut Vec<Vec<Tag>>) {
    rows.resize_with(keys.len(), Vec::new);
    for (key, tags) in keys.iter().zip(rows) {
        if tags.len() < contents.len() {
            tags.resize(contents.len(), key.sign(b""));
        }
        sign_many(key, contents, &mut tags[..contents.len()]);
    }
}
