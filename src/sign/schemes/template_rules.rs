//! The rules of schemes that are defined by patterns.

use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::hasher::Hasher;
use crate::hmac::Key;
use crate::sign::body_digest::BodyDigests;
use crate::sign::component::Component;
use crate::sign::encoding::{Mac, MacEncoding};
use crate::sign::error::{RequestError, VerifyError};
use crate::sign::input::{Body, Input};
use crate::sign::message::{Message, check_word};
use crate::sign::rules::{Bodies, BodyCheck, Claim, Prepared, Rules, UnsignedRequest, Window};
use crate::sign::schemes::info::UrlRule;
use crate::sign::schemes::location::{FoundFields, Location};
use crate::sign::schemes::pattern::{Piece, Side, Values, single_param, write};
use crate::sign::schemes::twilio;
use crate::sign::secret::SecretKey;
use crate::sign::signature::RequestSignature;

/// The rules of a template whose patterns have been checked.
pub(crate) struct TemplateRules {
    pub(crate) before: Vec<Piece>,
    pub(crate) body: Option<Piece>,
    pub(crate) after: Vec<Piece>,
    pub(crate) locations: Arc<[Location]>,
    pub(crate) components: Arc<[Component]>,
    pub(crate) algorithm: Algorithm,
    pub(crate) encoding: MacEncoding,
    pub(crate) mac_len: usize,
    pub(crate) url_rule: UrlRule,
    pub(crate) window: Window,
}

impl Rules for TemplateRules {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        let mut found = FoundFields::default();
        for location in &*self.locations {
            location.read(message, self.encoding, self.mac_len, &mut found)?;
        }
        let values = Values {
            timestamp: self.found_value(Component::Timestamp, found.timestamp, message)?,
            id: self.found_value(Component::Id, found.id, message)?,
            nonce: self.found_value(Component::Nonce, found.nonce, message)?,
            url: message.url,
            query: self.query(message, found.unsigned_query),
        };
        let mut digests = BodyDigests::default();
        for component in &*self.components {
            if let Component::Header(name) = component {
                digests.read(message, name, None)?;
            }
        }
        if self.body.is_none() {
            digests.refuse_unusable()?;
        }
        let has_body = self.body.is_some() || digests.covers_body;
        let input = self.input(message, &values)?;
        let mut claim = Claim::new(found.macs, input, has_body, Arc::clone(&self.components));
        claim.checks = digests.checks;
        claim.times.timestamp = match (self.url_rule, values.timestamp) {
            (UrlRule::Binance, _) => Some(query_milliseconds(values.query)? / 1000),
            (_, b"") => None,
            (_, text) => Some(parse_seconds(text)?),
        };
        if !values.id.is_empty() {
            let id = std::str::from_utf8(values.id);
            claim.id = Some(id.map_err(|_| RequestError::malformed(Component::Id, "not UTF-8"))?);
        }
        if self.url_rule == UrlRule::Twilio {
            let url = twilio::with_other_port(message.url);
            let other = self.input(message, &Values { url: &url, ..values })?;
            claim.alternative = Some(Box::new(other));
            match twilio::body_digest(message)? {
                Some(expected) => {
                    claim.checks.push(BodyCheck::new(expected));
                    claim.coverage.has_body = true;
                }
                None if message.params.is_empty() => claim.bodies = Bodies::Empty,
                None => {}
            }
        }
        Ok(claim)
    }

    fn body_mac(&self, message: &Message<'_>, mac: &mut Mac) -> Option<Result<(), VerifyError>> {
        let (Some(Piece::Body), [location]) = (&self.body, &*self.locations) else { return None };
        let is_body_alone = self.before.is_empty() && self.after.is_empty();
        if !is_body_alone || location.is_list() || self.url_rule != UrlRule::Plain {
            return None;
        }
        if location.decode_only_mac(message, self.encoding, self.mac_len, mac).is_some() {
            return Some(Ok(()));
        }
        let mut found = FoundFields::default();
        match location.read(message, self.encoding, self.mac_len, &mut found) {
            Ok(()) => match found.macs[..] {
                [single] => {
                    *mac = single;
                    Some(Ok(()))
                }
                _ => None,
            },
            Err(error) => Some(Err(error)),
        }
    }

    fn prepare(&self, request: &UnsignedRequest<'_>) -> Result<Prepared, RequestError> {
        let UnsignedRequest { message, timestamp, .. } = *request;
        let timestamp = timestamp.to_string().into_bytes();
        let id = self.given_value(Component::Id, request.id, message)?;
        let nonce = self.given_value(Component::Nonce, request.nonce, message)?;
        let query = self.query(message, None);
        let values = Values { timestamp: &timestamp, id, nonce, url: message.url, query };
        if self.url_rule == UrlRule::Binance {
            query_milliseconds(query)?;
            if query.split('&').any(|item| item.starts_with("signature=")) {
                return Err(RequestError::malformed(Component::Query, "already signed"));
            }
        }
        let adds_digest = self.url_rule == UrlRule::Twilio
            && message.params.is_empty()
            && twilio::body_digest(message)?.is_none();
        let input = match adds_digest {
            true => twilio::digest_input(message.url)?,
            false => self.input(message, &values)?,
        };
        let (id, nonce, url) = (id.to_vec(), nonce.to_vec(), message.url.to_owned());
        let (locations, encoding) = (Arc::clone(&self.locations), self.encoding);
        Ok(Prepared {
            input,
            scope: None,
            keeps_body: false,
            render: Box::new(move |finished, _| {
                let mut signature = RequestSignature::default();
                let values =
                    Values { timestamp: &timestamp, id: &id, nonce: &nonce, url: &url, query: "" };
                for location in &*locations {
                    location.write(&values, finished, encoding, &mut signature);
                }
                if let (true, Some(digest)) = (adds_digest, &finished.digest) {
                    signature.url = Some(twilio::with_digest(&url, digest));
                }
                signature
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

impl TemplateRules {
    /// Returns a received value, from its location or the parameters.
    fn found_value<'m>(
        &self,
        component: Component,
        found: Option<&'m [u8]>,
        message: &Message<'m>,
    ) -> Result<&'m [u8], RequestError> {
        if !self.components.contains(&component) {
            return Ok(b"");
        }
        let value = match found {
            Some(value) => Some(value),
            None => single_param(message, &component.to_string())?,
        };
        match value {
            Some(b"") => Err(RequestError::malformed(component, "empty")),
            Some(value) => Ok(value),
            None => Err(RequestError::Missing(component)),
        }
    }

    /// Returns a value to sign: `given`, or a parameter.
    fn given_value<'m>(
        &self,
        component: Component,
        given: Option<&'m str>,
        message: &Message<'m>,
    ) -> Result<&'m [u8], RequestError> {
        if !self.components.contains(&component) {
            return Ok(b"");
        }
        let location = self.locations.iter().find(|location| location.has_value(&component));
        let param = location.and_then(|location| message.param(&location.name));
        match given.or(param).or_else(|| message.param(&component.to_string())) {
            Some(value) => check_word(component, value).map(|()| value.as_bytes()),
            None => Err(RequestError::Missing(component)),
        }
    }

    fn query<'m>(&self, message: &Message<'m>, unsigned: Option<&'m str>) -> &'m str {
        match unsigned {
            Some(query) => query,
            None if self.components.contains(&Component::Query) => {
                message.query().unwrap_or_default()
            }
            None => "",
        }
    }

    fn input(&self, message: &Message<'_>, values: &Values<'_>) -> Result<Input, RequestError> {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        write(&self.before, Side::Before, message, values, &mut before)?;
        write(&self.after, Side::After, message, values, &mut after)?;
        Ok(match &self.body {
            None => Input::bytes(before),
            Some(Piece::BodySha256) => {
                Input::sha256(move |digest| [before, digest.to_hex().into_bytes(), after].concat())
            }
            Some(Piece::NonceBodySha256) => {
                let mut hasher = Box::new(Hasher::new(Algorithm::Sha256));
                hasher.update(values.nonce);
                Input::Digested {
                    hasher,
                    content: Box::new(move |digest| [&before, digest.as_bytes(), &after].concat()),
                }
            }
            Some(_) => Input::Around { before, body: Body::Included, after },
        })
    }
}

/// Parses a decimal number without sign or leading zeros.
fn parse_seconds(text: &[u8]) -> Result<u64, RequestError> {
    let is_canonical =
        text.iter().all(u8::is_ascii_digit) && (text.len() == 1 || !text.starts_with(b"0"));
    let text = std::str::from_utf8(text).ok().filter(|_| is_canonical);
    text.and_then(|text| text.parse().ok()).ok_or(RequestError::Malformed {
        component: Component::Timestamp,
        problem: "not a canonical decimal number of seconds",
    })
}

/// Returns the time in a query, which must appear exactly once.
fn query_milliseconds(query: &str) -> Result<u64, RequestError> {
    let mut times = query.split('&').filter_map(|item| item.strip_prefix("timestamp="));
    let component = || Component::QueryParam("timestamp".into());
    match (times.next(), times.next()) {
        (Some(time), None) => parse_seconds(time.as_bytes()),
        (None, _) => Err(RequestError::Missing(component())),
        _ => Err(RequestError::malformed(component(), "appears more than once")),
    }
}
