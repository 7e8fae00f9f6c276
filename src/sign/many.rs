//! Many small requests at once: their MACs are computed in lanes.

use super::claim::{Bodies, Claim};
use super::encoding::Mac;
use super::input::{Body, Input};
use super::keys::Keys;
use super::message::Message;
use super::verdict::{Covers, VerifiedRequest, VerifyError, head};
use super::verifier::Verifier;
use crate::hmac::{Key, Tag, sign_many};

/// Requests whose claims are held at a time: enough for the lanes, and still in the cache.
const BATCH: usize = 128;

impl Verifier {
    /// The verdicts on requests whose bodies are in memory, each as [`Verifier::verify`] has it,
    /// but several MACs are computed at once: the way for a service under load.
    ///
    /// Requests of schemes that digest the body first, or derive keys, go one by one.
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
    pub fn verify_many(
        &self,
        requests: &[(Message<'_>, &[u8])],
    ) -> Vec<Result<VerifiedRequest, VerifyError>> {
        let mut verdicts = Vec::with_capacity(requests.len());
        match &*self.keys {
            Keys::Ready(keys) => {
                let mut batch = Batch::default();
                for requests in requests.chunks(BATCH) {
                    if !batch.judge_bodies(self, keys, requests, &mut verdicts) {
                        batch.judge(self, keys, requests, &mut verdicts);
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

/// The room for one batch, used again for the next.
#[derive(Default)]
struct Batch {
    /// What is authenticated, where it is more than the body.
    arena: Vec<u8>,
    /// The ends of the contents in the arena.
    ends: Vec<usize>,
    /// One row of tags for each key.
    tags: Vec<Vec<Tag>>,
}

/// What is to be done with a request.
enum Step<'m> {
    /// Its MAC is computed with the others.
    Lanes {
        claim: Claim<'m>,
        content: Content,
    },
    Done(Result<VerifiedRequest, VerifyError>),
}

#[derive(Clone, Copy)]
enum Content {
    /// The body itself.
    Body,
    /// So manieth in the arena.
    Arena(usize),
}

impl Batch {
    fn judge(
        &mut self,
        verifier: &Verifier,
        keys: &[Key],
        requests: &[(Message<'_>, &[u8])],
        verdicts: &mut Vec<Result<VerifiedRequest, VerifyError>>,
    ) {
        self.arena.clear();
        self.ends.clear();
        let steps: Vec<Step<'_>> = requests
            .iter()
            .map(|(message, body)| match verifier.rules.claim(message) {
                Ok(claim) => self.step(verifier, claim, message, body),
                Err(error) => Step::Done(Err(error)),
            })
            .collect();
        let mut contents: Vec<&[u8]> = Vec::with_capacity(requests.len());
        for (step, (_, body)) in steps.iter().zip(requests) {
            if let Step::Lanes { content, .. } = step {
                contents.push(match *content {
                    Content::Body => body,
                    Content::Arena(at) => {
                        let start = if at == 0 { 0 } else { self.ends[at - 1] };
                        &self.arena[start..self.ends[at]]
                    }
                });
            }
        }
        sign_under(keys, &contents, &mut self.tags);
        let now = verifier.now();
        let mut at = 0;
        for (step, (_, body)) in steps.into_iter().zip(requests) {
            verdicts.push(match step {
                Step::Done(verdict) => verdict,
                Step::Lanes { claim, .. } => {
                    at += 1;
                    self.verdict(verifier, claim, body, at - 1, now)
                }
            });
        }
    }

    /// The verdicts of a scheme that signs the body and nothing else; `false` for other schemes,
    /// for which nothing was done.
    fn judge_bodies(
        &mut self,
        verifier: &Verifier,
        keys: &[Key],
        requests: &[(Message<'_>, &[u8])],
        verdicts: &mut Vec<Result<VerifiedRequest, VerifyError>>,
    ) -> bool {
        let Some((first, _)) = requests.first() else { return true };
        let mut mac = Mac::of(&[]);
        if verifier.rules.claim_of_body(first, &mut mac).is_none() {
            return false;
        }
        let mut bodies: [&[u8]; BATCH] = [&[]; BATCH];
        for (place, (_, body)) in bodies.iter_mut().zip(requests) {
            *place = body;
        }
        sign_under(keys, &bodies[..requests.len()], &mut self.tags);
        let covers = verifier.rules.covers_of_body();
        // Each claim is read, judged and forgotten: all in the nearest cache.
        verdicts.extend(requests.iter().enumerate().map(|(at, (message, body))| {
            match verifier.rules.claim_of_body(message, &mut mac) {
                Some(Ok(())) => self.verdict_of_body(verifier, &mac, at, &covers),
                Some(Err(error)) => Err(error),
                None => verifier.verify(message, body),
            }
        }));
        true
    }

    #[inline]
    fn verdict_of_body(
        &self,
        verifier: &Verifier,
        mac: &Mac,
        at: usize,
        covers: &Covers,
    ) -> Result<VerifiedRequest, VerifyError> {
        let found = self.tags.iter().position(|tags| mac.is(tags[at].as_bytes()));
        let key_index = found.ok_or(VerifyError::Mismatch)?;
        let (scheme, covers) = (verifier.scheme, Covers::clone(covers));
        let mac = head(self.tags[0][at].as_bytes());
        Ok(VerifiedRequest { scheme, key_index, timestamp: None, id: None, covers, mac })
    }

    /// Lays the content out, where it can go through the lanes.
    fn step<'m>(
        &mut self,
        verifier: &Verifier,
        claim: Claim<'m>,
        message: &Message<'m>,
        body: &[u8],
    ) -> Step<'m> {
        let Input::Around { before, body: within, after } = &claim.input else {
            return Step::Done(verifier.verify(message, body));
        };
        if claim.alternative.is_some() {
            return Step::Done(verifier.verify(message, body));
        }
        let content = match (&before[..], within, &after[..]) {
            (b"", Body::Within, b"") => Content::Body,
            _ => {
                self.arena.extend_from_slice(before);
                if *within == Body::Within {
                    self.arena.extend_from_slice(body);
                }
                self.arena.extend_from_slice(after);
                self.ends.push(self.arena.len());
                Content::Arena(self.ends.len() - 1)
            }
        };
        Step::Lanes { claim, content }
    }

    fn verdict(
        &self,
        verifier: &Verifier,
        claim: Claim<'_>,
        body: &[u8],
        at: usize,
        now: u64,
    ) -> Result<VerifiedRequest, VerifyError> {
        let found = self.tags.iter().position(|tags| claim.macs.contain(tags[at].as_bytes()));
        let key_index = found.ok_or(VerifyError::Mismatch)?;
        let judged = verifier.judged(&claim, now);
        for mut check in claim.checks {
            check.hasher.update(body);
            let excused = check.empty_passes && body.is_empty();
            if !excused && check.hasher.finish() != check.expected {
                return Err(VerifyError::BodyHashMismatch);
            }
        }
        if claim.bodies == Bodies::Empty && !body.is_empty() {
            return Err(VerifyError::Coverage("the body".into()));
        }
        judged.freshness()?;
        Ok(VerifiedRequest {
            scheme: verifier.scheme,
            key_index,
            timestamp: claim.timestamp,
            id: claim.id.map(str::to_owned),
            covers: claim.covers,
            mac: head(self.tags[0][at].as_bytes()),
        })
    }
}

/// The tags of the contents under each key, at the front of its row, which grows where it must.
fn sign_under(keys: &[Key], contents: &[&[u8]], rows: &mut Vec<Vec<Tag>>) {
    rows.resize_with(keys.len(), Vec::new);
    for (key, tags) in keys.iter().zip(rows) {
        if tags.len() < contents.len() {
            tags.resize(contents.len(), key.sign(b""));
        }
        sign_many(key, contents, &mut tags[..contents.len()]);
    }
}
