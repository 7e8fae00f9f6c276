//! The input of the MAC, with the body streaming through it.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::Hasher;
use crate::hmac::{Hmac, Key, Tag};

/// The input of a MAC.
pub(crate) enum Input {
    /// Bytes around the body, or without it.
    Around { before: Vec<u8>, body: Body, after: Vec<u8> },
    /// Bytes, then the body in base64url.
    Encoded { before: Vec<u8> },
    /// Bytes made from a digest of the body; the hasher may already hold a prefix.
    Digested { hasher: Box<Hasher>, content: Content },
}

/// Makes the input of the MAC from the digest of the body.
pub(crate) type Content = Box<dyn FnOnce(&Digest) -> Vec<u8> + Send>;

/// The role of the body in an [`Input::Around`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Body {
    Included,
    Excluded,
}

impl Input {
    /// Returns an input without the body.
    pub(crate) fn bytes(before: impl Into<Vec<u8>>) -> Self {
        Self::Around { before: before.into(), body: Body::Excluded, after: Vec::new() }
    }

    /// Returns the input that `content` makes from the SHA-256 digest of the body.
    pub(crate) fn sha256(content: impl FnOnce(&Digest) -> Vec<u8> + Send + 'static) -> Self {
        let hasher = Box::new(Hasher::new(Algorithm::Sha256));
        Self::Digested { hasher, content: Box::new(content) }
    }
}

/// An [`Input`] that the body streams through, under one or more keys.
pub(crate) struct Running {
    macs: Vec<Hmac>,
    /// The rest of the input: its `before` is already in the MACs.
    input: Input,
    /// The incomplete group of an [`Input::Encoded`].
    carry: Vec<u8>,
}

/// The result of a [`Running`] input.
pub(crate) struct Finished {
    /// One tag per key.
    pub(crate) tags: Vec<Tag>,
    /// The digest of the body, if the input is made from it.
    pub(crate) digest: Option<Digest>,
}

impl Running {
    pub(crate) fn new(mut input: Input, keys: &[Key]) -> Self {
        let mut macs: Vec<Hmac> = keys.iter().map(Hmac::new).collect();
        if let Input::Around { before, .. } | Input::Encoded { before } = &mut input {
            let before = std::mem::take(before);
            macs.iter_mut().for_each(|mac| mac.update(&before));
        }
        Self { macs, input, carry: Vec::new() }
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        let mut feed = |bytes: &[u8]| self.macs.iter_mut().for_each(|mac| mac.update(bytes));
        match &mut self.input {
            Input::Around { body: Body::Included, .. } => feed(data),
            Input::Around { body: Body::Excluded, .. } => {}
            Input::Encoded { .. } => encode(data, &mut self.carry, feed),
            Input::Digested { hasher, .. } => hasher.update(data),
        }
    }

    pub(crate) fn finish(mut self) -> Finished {
        let mut feed = |bytes: &[u8]| self.macs.iter_mut().for_each(|mac| mac.update(bytes));
        let mut digest = None;
        match self.input {
            Input::Around { after, .. } => feed(&after),
            Input::Encoded { .. } => {
                feed(Base64UrlUnpadded::encode_string(&self.carry).as_bytes());
            }
            Input::Digested { mut hasher, content } => {
                feed(&content(digest.insert(hasher.finish())));
            }
        }
        Finished { tags: self.macs.into_iter().map(Hmac::finalize).collect(), digest }
    }
}

/// Encodes whole groups of three bytes; `carry` keeps the incomplete group.
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
