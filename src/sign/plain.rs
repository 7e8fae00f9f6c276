//! The rules of the schemes that are patterns.

use std::sync::Arc;

use super::body_digest::BodyDigests;
use super::claim::{Bodies, BodyCheck, Claim, Intent, Rules, Settled, Window};
use super::encoding::{Mac, MacEncoding};
use super::input::{Body, Input};
use super::message::Message;
use super::pattern::{Part, Side, Values, param, write};
use super::place::{Found, Place};
use super::scheme::Quirk;
use super::secret::SecretKey;
use super::signer::{SignError, Signed, is_plain};
use super::twilio;
use super::verdict::{Covers, VerifyError};
use crate::algorithm::Algorithm;
use crate::hasher::{Hasher, digest};
use crate::hmac::Key;

/// A pattern scheme, read and found good.
pub(crate) struct Plain {
    pub(crate) content: Vec<Part>,
    pub(crate) before: Vec<Part>,
    pub(crate) body: Option<Part>,
    pub(crate) after: Vec<Part>,
    pub(crate) places: Arc<[Place]>,
    pub(crate) titles: Arc<[String]>,
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: MacEncoding,
    pub(crate) mac_len: usize,
    pub(crate) quirk: Quirk,
    pub(crate) window: Window,
}

impl Rules for Plain {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        let mut found = Found::default();
        for place in &*self.places {
            place.read(message, self.encoding, self.mac_len, &mut found)?;
        }
        let values = Values {
            timestamp: self.value(&Part::Timestamp, found.timestamp, message, "timestamp")?,
            id: self.value(&Part::Id, found.id, message, "id")?,
            nonce: self.value(&Part::Nonce, found.nonce, message, "nonce")?,
            url: message.url,
            query: self.query(message, found.query),
        };
        let timestamp = match (self.quirk, values.timestamp) {
            (Quirk::Binance, _) => Some(milliseconds(values.query)? / 1000),
            (_, b"") => None,
            (_, text) => Some(seconds(text)?),
        };
        let id = match values.id {
            b"" => None,
            id => Some(
                std::str::from_utf8(id).map_err(|_| VerifyError::malformed("id", "not text"))?,
            ),
        };
        let mut digests = BodyDigests::default();
        for part in &self.content {
            if let Part::Header(name) = part {
                digests.read(message, name, None)?;
            }
        }
        if self.body.is_none() {
            digests.refuse_unknown()?;
        }
        let mut claim = Claim {
            macs: found.macs,
            input: self.input(message, &values)?,
            alternative: None,
            timestamp,
            lifetime: None,
            expires: None,
            id,
            checks: digests.checks,
            bodies: Bodies::Any,
            covers: Covers {
                body: self.body.is_some() || digests.vouches,
                parts: Arc::clone(&self.titles),
            },
            scope: None,
        };
        if self.quirk == Quirk::Twilio {
            let other = twilio::other_port(message.url);
            let other = self.input(message, &Values { url: &other, ..values })?;
            claim.alternative = Some(Box::new(other));
            match twilio::body_digest(message)? {
                Some(expected) => {
                    let hasher = Hasher::new(Algorithm::Sha256);
                    claim.checks.push(BodyCheck { hasher, expected, empty_passes: false });
                    claim.covers.body = true;
                }
                None if message.params.is_empty() => claim.bodies = Bodies::Empty,
                None => {}
            }
        }
        Ok(claim)
    }

    fn claim_of_body(
        &self,
        message: &Message<'_>,
        mac: &mut Mac,
    ) -> Option<Result<(), VerifyError>> {
        let ([Part::Body], [place]) = (&self.content[..], &*self.places) else { return None };
        if place.is_list() || self.quirk != Quirk::None {
            return None;
        }
        // What is right is read at once, what is wrong with the rest is said below.
        if place.only_mac(message, self.encoding, self.mac_len, mac).is_some() {
            return Some(Ok(()));
        }
        let mut found = Found::default();
        match place.read(message, self.encoding, self.mac_len, &mut found) {
            Ok(()) => found.macs.single().map(|single| {
                *mac = single;
                Ok(())
            }),
            Err(error) => Some(Err(error)),
        }
    }

    fn covers_of_body(&self) -> Covers {
        Covers { body: true, parts: Arc::clone(&self.titles) }
    }

    fn intend(&self, message: &Message<'_>, settled: &Settled<'_>) -> Result<Intent, SignError> {
        let timestamp = settled.timestamp.to_string();
        let id = self.given(&Part::Id, settled.options.id, message, "id")?;
        let nonce = self.given(&Part::Nonce, settled.options.nonce, message, "nonce")?;
        let values = Values {
            timestamp: timestamp.as_bytes(),
            id,
            nonce,
            url: message.url,
            query: self.query(message, None),
        };
        if self.quirk == Quirk::Binance {
            milliseconds(values.query)?;
            if values.query.split('&').any(|item| item.starts_with("signature=")) {
                return Err(SignError::malformed("query", "it is signed already"));
            }
        }
        let adds_digest = self.quirk == Quirk::Twilio
            && message.params.is_empty()
            && twilio::body_digest(message)?.is_none();
        let input = match adds_digest {
            true => twilio::digesting(message.url)?,
            false => self.input(message, &values)?,
        };
        let (url, timestamp) = (message.url.to_owned(), timestamp.clone().into_bytes());
        let (id, nonce) = (id.to_vec(), nonce.to_vec());
        let (places, encoding) = (Arc::clone(&self.places), self.encoding);
        Ok(Intent {
            input,
            scope: None,
            keep_body: false,
            render: Box::new(move |finished, _| {
                let mut signed = Signed::default();
                let values =
                    Values { timestamp: &timestamp, id: &id, nonce: &nonce, url: &url, query: "" };
                for place in &*places {
                    place.write(&values, finished, encoding, &mut signed);
                }
                if let (true, Some(digest)) = (adds_digest, &finished.digest) {
                    signed.url = Some(twilio::with_digest(&url, digest));
                }
                signed
            }),
        })
    }

    fn key(&self, secret: &SecretKey) -> Option<Key> {
        Key::new(self.algorithm, secret.bytes()).ok()
    }

    fn window(&self) -> Window {
        self.window
    }
}

impl Plain {
    fn signs(&self, field: &Part) -> bool {
        self.content.contains(field)
            || *field == Part::Nonce && self.body == Some(Part::NonceBodySha256)
    }

    /// A value of the request: where its place is, or among the parameters.
    fn value<'m>(
        &self,
        field: &Part,
        found: Option<&'m [u8]>,
        message: &Message<'m>,
        name: &str,
    ) -> Result<&'m [u8], VerifyError> {
        if !self.signs(field) {
            return Ok(b"");
        }
        let value = match found {
            Some(value) => Some(value),
            None => param(message, name)?,
        };
        match value {
            Some(b"") => Err(VerifyError::malformed(name, "it is empty")),
            Some(value) => Ok(value),
            None => Err(VerifyError::MissingHeader(name.to_owned())),
        }
    }

    /// A value to sign: an option, or among the parameters.
    fn given<'m>(
        &self,
        field: &Part,
        option: Option<&'m str>,
        message: &Message<'m>,
        name: &str,
    ) -> Result<&'m [u8], SignError> {
        if !self.signs(field) {
            return Ok(b"");
        }
        let of_place = self.places.iter().find(|place| place.carries(field));
        let among = of_place.and_then(|place| message.param(&place.name));
        match option.or(among).or(message.param(name)) {
            Some(value) if !is_plain(value) => {
                Err(SignError::malformed(name, "visible ASCII characters, at least one"))
            }
            Some(value) => Ok(value.as_bytes()),
            None => Err(SignError::Missing(name.to_owned())),
        }
    }

    fn query<'m>(&self, message: &Message<'m>, unsigned: Option<&'m str>) -> &'m str {
        match unsigned {
            Some(query) => query,
            None if self.content.contains(&Part::Query) => message.query().unwrap_or_default(),
            None => "",
        }
    }

    fn input(&self, message: &Message<'_>, values: &Values<'_>) -> Result<Input, VerifyError> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        write(&self.before, Side::Before, message, values, &mut before)?;
        write(&self.after, Side::After, message, values, &mut after)?;
        let sha256 = || Box::new(Hasher::new(Algorithm::Sha256));
        Ok(match &self.body {
            None => Input::bytes(before),
            Some(Part::BodySha256) => Input::Digested {
                hasher: sha256(),
                content: Box::new(move |digest| {
                    [before, digest.to_hex().into_bytes(), after].concat()
                }),
            },
            Some(Part::NonceBodySha256) => {
                let mut hasher = sha256();
                hasher.update(values.nonce);
                Input::Digested {
                    hasher,
                    content: Box::new(move |digest| [&before, digest.as_bytes(), &after].concat()),
                }
            }
            Some(_) => Input::Around { before, body: Body::Within, after },
        })
    }
}

/// Seconds since 1970 in their one spelling: digits, no zero before them, within 64 bits.
pub(crate) fn seconds(text: &[u8]) -> Result<u64, VerifyError> {
    let wrong =
        || VerifyError::malformed("timestamp", "it is not a canonical decimal number of seconds");
    let digits =
        text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || !text.starts_with(b"0"));
    let text = std::str::from_utf8(text).ok().filter(|_| digits).ok_or_else(wrong)?;
    text.parse().map_err(|_| wrong())
}

/// The time in a query, which says it once.
fn milliseconds(query: &str) -> Result<u64, VerifyError> {
    let mut times = query.split('&').filter_map(|item| item.strip_prefix("timestamp="));
    match (times.next(), times.next()) {
        (Some(time), None) => seconds(time.as_bytes()),
        (None, _) => Err(VerifyError::MissingHeader("timestamp in the query".into())),
        _ => Err(VerifyError::malformed("timestamp", "it stands in the query twice")),
    }
}

/// Of no body.
pub(crate) fn is_empty(of_body: &crate::digest::Digest) -> bool {
    *of_body == digest(Algorithm::Sha256, b"")
}
