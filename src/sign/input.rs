//! What goes into the MAC, and how the body streams into it.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::digest::Digest;
use crate::hasher::Hasher;
use crate::hmac::{Hmac, Key, Tag};

/// What is authenticated, once the body has gone by.
pub(crate) enum Input {
    /// These bytes, with the body between them.
    Around { before: Vec<u8>, body: Body, after: Vec<u8> },
    /// These bytes, then the body in base64 for URLs.
    Encoded { before: Vec<u8> },
    /// What is made of a digest of the body, which the hasher has begun.
    Digested { hasher: Box<Hasher>, content: Content },
}

/// Makes the authenticated bytes of the body's digest.
pub(crate) type Content = Box<dyn FnOnce(&Digest) -> Vec<u8> + Send>;

/// Whether the body goes into the MAC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    Within,
    Without,
}

impl Input {
    pub(crate) fn bytes(before: impl Into<Vec<u8>>) -> Self {
        Self::Around { before: before.into(), body: Body::Without, after: Vec::new() }
    }
}

/// An [`Input`] that the body streams through, under one or more keys.
pub(crate) struct Running {
    macs: Vec<Hmac>,
    rest: Rest,
}

enum Rest {
    Around { body: Body, after: Vec<u8> },
    Encoded { carry: Vec<u8> },
    Digested { hasher: Box<Hasher>, content: Content },
}

/// What came of it.
pub(crate) struct Finished {
    /// One for each key.
    pub(crate) tags: Vec<Tag>,
    /// Of the body, where the input is made of it.
    pub(crate) digest: Option<Digest>,
}

impl Running {
    pub(crate) fn new(input: Input, keys: &[Key]) -> Self {
        let mut macs: Vec<Hmac> = keys.iter().map(Hmac::new).collect();
        let mut feed = |bytes: &[u8]| macs.iter_mut().for_each(|mac| mac.update(bytes));
        let rest = match input {
            Input::Around { before, body, after } => {
                feed(&before);
                Rest::Around { body, after }
            }
            Input::Encoded { before } => {
                feed(&before);
                Rest::Encoded { carry: Vec::new() }
            }
            Input::Digested { hasher, content } => Rest::Digested { hasher, content },
        };
        Self { macs, rest }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        match &mut self.rest {
            Rest::Around { body: Body::Within, .. } => {
                self.macs.iter_mut().for_each(|mac| mac.update(data));
            }
            Rest::Around { body: Body::Without, .. } => {}
            Rest::Encoded { carry } => encode(data, carry, |text| {
                self.macs.iter_mut().for_each(|mac| mac.update(text));
            }),
            Rest::Digested { hasher, .. } => hasher.update(data),
        }
    }

    pub(crate) fn finish(mut self) -> Finished {
        let mut feed = |bytes: &[u8]| self.macs.iter_mut().for_each(|mac| mac.update(bytes));
        let mut digest = None;
        match self.rest {
            Rest::Around { after, .. } => feed(&after),
            Rest::Encoded { carry } => {
                feed(Base64UrlUnpadded::encode_string(&carry).as_bytes());
            }
            Rest::Digested { mut hasher, content } => {
                feed(&content(digest.insert(hasher.finish())));
            }
        }
        Finished { tags: self.macs.into_iter().map(Hmac::finalize).collect(), digest }
    }
}

/// Encodes in pieces of whole groups of three bytes; what is left waits in `carry`.
fn encode(mut data: &[u8], carry: &mut Vec<u8>, mut feed: impl FnMut(&[u8])) {
    let mut text = [0; 4096];
    while !data.is_empty() {
        if !carry.is_empty() || data.len() < 3 {
            let (head, tail) = data.split_at(data.len().min(3 - carry.len()));
            carry.extend_from_slice(head);
            data = tail;
            if carry.len() < 3 {
                return;
            }
            feed(Base64UrlUnpadded::encode(carry, &mut text).unwrap_or("").as_bytes());
            carry.clear();
            continue;
        }
        let whole = (data.len() - data.len() % 3).min(3072);
        let (head, tail) = data.split_at(whole);
        feed(Base64UrlUnpadded::encode(head, &mut text).unwrap_or("").as_bytes());
        data = tail;
    }
}
