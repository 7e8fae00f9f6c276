//! JSON Web Signature, compact (RFC 7515), with HMAC (RFC 7518, section 3.2).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::claim::{Bodies, BodyCheck, Claim, Intent, Rules, Settled};
use super::encoding::MacEncoding;
use super::headers::one;
use super::input::Input;
use super::message::Message;
use super::secret::SecretKey;
use super::signer::{SignError, Signed};
use super::verdict::{Covers, VerifyError};
use crate::algorithm::Algorithm;
use crate::hasher::{Hasher, digest};
use crate::hmac::Key;

/// The algorithm of a JWS: of the verifier's choosing, never of the token's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)] // the names of RFC 7518, section 3.1
pub enum JwsAlgorithm {
    Hs256,
    Hs384,
    Hs512,
}

impl JwsAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hs256, Self::Hs384, Self::Hs512];

    /// `HS256`, `HS384` or `HS512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        }
    }

    /// The hash function; a key must have at least as many bytes as its digests (RFC 7518,
    /// section 3.2).
    pub fn hash(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::Sha256,
            Self::Hs384 => Algorithm::Sha384,
            Self::Hs512 => Algorithm::Sha512,
        }
    }
}

/// A JWS in a header: with the payload in the token, or detached, where the body is the payload.
///
/// With the payload in the token the body is that payload, or empty. `exp`, `nbf` and the other
/// claims of a JWT are the payload's business and not looked at.
#[derive(Clone, Debug)]
pub struct Jws {
    algorithm: JwsAlgorithm,
    payload: Payload,
    header: String,
    kid: Option<String>,
    typ: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Payload {
    /// In the token; the header begins with `Bearer`.
    Attached,
    /// RFC 7515, appendix F.
    Detached,
}

impl Jws {
    /// `Authorization: Bearer TOKEN`, the payload in the token.
    pub fn new(algorithm: JwsAlgorithm) -> Self {
        let header = "Authorization".to_owned();
        Self { algorithm, payload: Payload::Attached, header, kid: None, typ: None }
    }

    /// `NAME: HEADER..SIGNATURE`, the body being the payload (RFC 7515, appendix F).
    pub fn detached(algorithm: JwsAlgorithm, name: &str) -> Self {
        Self { payload: Payload::Detached, header: name.to_owned(), ..Self::new(algorithm) }
    }

    /// With this key id: written, and demanded.
    pub fn kid(self, kid: impl Into<String>) -> Self {
        Self { kid: Some(kid.into()), ..self }
    }

    /// With this type, such as `JWT`: written, and not looked at.
    pub fn typ(self, typ: impl Into<String>) -> Self {
        Self { typ: Some(typ.into()), ..self }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> JwsAlgorithm {
        self.algorithm
    }

    fn encoded_header(&self) -> String {
        let mut json = format!("{{\"alg\":\"{}\"", self.algorithm.name());
        for (name, value) in [("typ", &self.typ), ("kid", &self.kid)] {
            if let Some(value) = value {
                json.push_str(&format!(",\"{name}\":{}", Value::from(value.as_str())));
            }
        }
        json.push('}');
        Base64UrlUnpadded::encode_string(json.as_bytes())
    }

    /// The token, which is signed from its start.
    fn check_header(&self, text: &str) -> Result<(), VerifyError> {
        let wrong = |why| VerifyError::malformed("the token's header", why);
        let json = Base64UrlUnpadded::decode_vec(text).map_err(|_| wrong("it is not base64url"))?;
        let Ok(Members(members)) = serde_json::from_slice(&json) else {
            return Err(wrong("it is not a JSON object whose names differ"));
        };
        let member = |name: &str| members.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        if member("alg").and_then(Value::as_str) != Some(self.algorithm.name()) {
            return Err(VerifyError::Alg);
        }
        if member("crit").is_some() || member("b64").is_some() {
            return Err(wrong("it makes demands (crit, b64) that are not understood"));
        }
        match &self.kid {
            Some(kid) if member("kid").and_then(Value::as_str) != Some(kid) => {
                Err(VerifyError::UnknownKey)
            }
            _ => Ok(()),
        }
    }
}

impl Rules for Jws {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        let missing = || VerifyError::MissingHeader(self.header.clone());
        let wrong = |why| VerifyError::malformed(self.header.clone(), why);
        let value = one(message.headers, &self.header)?.ok_or_else(missing)?;
        let text = std::str::from_utf8(value).map_err(|_| wrong("it is not text"))?;
        let token = match self.payload {
            Payload::Detached => text,
            Payload::Attached => match text.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
                _ => return Err(wrong("it is not 'Bearer TOKEN'")),
            },
        };
        let mut segments = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(wrong("a token has three segments"));
        };
        self.check_header(header)?;
        let length = self.algorithm.hash().default_len();
        if signature.is_empty() {
            return Err(VerifyError::NoSignature);
        }
        let mac = MacEncoding::Base64Url.decode(signature.as_bytes(), length);
        let mac = mac.ok_or_else(|| wrong("the signature is not base64url of the right length"))?;
        let mut checks = Vec::new();
        let input = match self.payload {
            Payload::Detached if !payload.is_empty() => {
                return Err(wrong("a detached payload stands in the body, not in the token"));
            }
            Payload::Detached => Input::Encoded { before: format!("{header}.").into() },
            Payload::Attached => {
                let payload_bytes = Base64UrlUnpadded::decode_vec(payload)
                    .map_err(|_| wrong("the payload is not base64url"))?;
                let expected = digest(Algorithm::Sha256, &payload_bytes);
                let hasher = Hasher::new(Algorithm::Sha256);
                checks.push(BodyCheck { hasher, expected, empty_passes: true });
                Input::bytes(&token[..header.len() + 1 + payload.len()])
            }
        };
        Ok(Claim {
            macs: mac.into(),
            input,
            alternative: None,
            timestamp: None,
            lifetime: None,
            expires: None,
            id: None,
            checks,
            bodies: Bodies::Any,
            covers: Covers { body: true, parts: ["JWS header".to_owned()].into() },
            scope: None,
        })
    }

    fn intend(&self, _: &Message<'_>, _: &Settled<'_>) -> Result<Intent, SignError> {
        let header = self.encoded_header();
        let (name, payload) = (self.header.clone(), self.payload);
        Ok(Intent {
            input: Input::Encoded { before: format!("{header}.").into() },
            scope: None,
            keep_body: payload == Payload::Attached,
            render: Box::new(move |finished, body| {
                let mac = finished.tags.first().map_or(&[][..], |tag| tag.as_bytes());
                let mac = MacEncoding::Base64Url.encode(mac);
                let value = format!("{header}.{}.{mac}", Base64UrlUnpadded::encode_string(body));
                let line = match payload {
                    Payload::Attached => format!("Bearer {value}"),
                    Payload::Detached => value.clone(),
                };
                Signed { headers: vec![(name, line)], value, ..Signed::default() }
            }),
        })
    }

    fn key(&self, secret: &SecretKey) -> Option<Key> {
        Key::new(self.algorithm.hash(), secret.bytes()).ok()
    }
}

/// A JSON object, no name of which stands twice (RFC 7515, section 4).
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Unique;
        impl<'de> Visitor<'de> for Unique {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, Value)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    // No header has more, and comparing each with each takes its time.
                    if members.len() == 64 || members.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom("a name stands twice, or there are too many"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}
