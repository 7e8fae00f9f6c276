//! JSON Web Signature, compact (RFC 7515), with HMAC (RFC 7518, section 3.2).

use std::fmt;
use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::hasher::digest;
use crate::hmac::Key;
use crate::sign::component::Component;
use crate::sign::encoding::MacEncoding;
use crate::sign::error::{RequestError, SchemeError, VerifyError};
use crate::sign::headers::required_text;
use crate::sign::input::Input;
use crate::sign::message::Message;
use crate::sign::named::named_variants;
use crate::sign::rules::{BodyCheck, Claim, Prepared, Rules, UnsignedRequest};
use crate::sign::schemes::info::{ConfiguredScheme, KeyLength, SchemeInfo};
use crate::sign::secret::SecretKey;
use crate::sign::setting::Setting;
use crate::sign::signature::RequestSignature;

/// The description of [`Jws`].
pub(crate) const INFO: SchemeInfo = SchemeInfo {
    name: "jws",
    headers: &["Authorization: Bearer HEADER.PAYLOAD.{mac}"],
    content: "base64url(HEADER).base64url(body)",
    encoding: MacEncoding::Base64Url,
    note: "RFC 7515 compact, HS256/384/512; exp and nbf are in the payload and not checked",
    settings: &[Setting::Algorithm, Setting::Header, Setting::KeyId],
    ..SchemeInfo::BASE
};

named_variants! {
    /// The algorithm of a JWS, chosen by the verifier and never by the token.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    #[non_exhaustive]
    #[allow(missing_docs)] // the names of RFC 7518, section 3.1
    JwsAlgorithm {
        Hs256 = "HS256",
        Hs384 = "HS384",
        Hs512 = "HS512",
    }
}

impl JwsAlgorithm {
    /// Returns the hash function; keys need at least the length of its digest.
    pub fn hash(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::Sha256,
            Self::Hs384 => Algorithm::Sha384,
            Self::Hs512 => Algorithm::Sha512,
        }
    }
}

/// The settings of a JSON Web Signature in a header.
///
/// Either the payload is in the token, and the body equals the payload or is empty, or the JWS is
/// detached, and the body is the payload. `exp`, `nbf` and other claims of a JWT are not checked.
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
    /// In the token, after `Bearer`.
    Attached,
    /// RFC 7515, appendix F.
    Detached,
}

impl Jws {
    /// Returns a JWS in `Authorization: Bearer TOKEN`, with the payload in the token.
    pub fn new(algorithm: JwsAlgorithm) -> Self {
        let header = "Authorization".to_owned();
        Self { algorithm, payload: Payload::Attached, header, kid: None, typ: None }
    }

    /// Returns a detached JWS in the header `name`, as `HEADER..SIGNATURE` (RFC 7515, appendix F).
    pub fn detached(algorithm: JwsAlgorithm, name: &str) -> Self {
        Self { payload: Payload::Detached, header: name.to_owned(), ..Self::new(algorithm) }
    }

    /// Sets the key id, which a verifier requires.
    pub fn kid(self, kid: impl Into<String>) -> Self {
        Self { kid: Some(kid.into()), ..self }
    }

    /// Sets the type, such as `JWT`, which a verifier ignores.
    pub fn typ(self, typ: impl Into<String>) -> Self {
        Self { typ: Some(typ.into()), ..self }
    }

    /// Returns the algorithm.
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

    fn check_header(&self, text: &str) -> Result<(), VerifyError> {
        let malformed = |problem| RequestError::malformed(Component::JwsHeader, problem);
        let json = Base64UrlUnpadded::decode_vec(text).map_err(|_| malformed("not base64url"))?;
        let Ok(Members(members)) = serde_json::from_slice(&json) else {
            return Err(malformed("not a JSON object without duplicate names").into());
        };
        let member = |name: &str| members.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        if member("alg").and_then(Value::as_str) != Some(self.algorithm.name()) {
            return Err(VerifyError::OtherAlgorithm);
        }
        if member("crit").is_some() || member("b64").is_some() {
            return Err(malformed("unsupported extension (crit, b64)").into());
        }
        match &self.kid {
            Some(kid) if member("kid").and_then(Value::as_str) != Some(kid) => {
                Err(VerifyError::UnknownKey)
            }
            _ => Ok(()),
        }
    }
}

impl ConfiguredScheme for Jws {
    fn info(&self) -> &'static SchemeInfo {
        &INFO
    }

    fn rules(&self) -> Result<Arc<dyn Rules>, SchemeError> {
        Ok(Arc::new(self.clone()))
    }

    fn key_length(&self) -> KeyLength {
        KeyLength { min: self.algorithm.hash().default_len(), max: None, source: "RFC 7518" }
    }
}

impl Rules for Jws {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        let malformed = |problem| RequestError::malformed_header(&self.header, problem);
        let text = required_text(message.headers, &self.header)?;
        let token = match self.payload {
            Payload::Detached => text,
            Payload::Attached => match text.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
                _ => return Err(malformed("not in the form 'Bearer TOKEN'").into()),
            },
        };
        let mut segments = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (segments.next(), segments.next(), segments.next(), segments.next())
        else {
            return Err(malformed("not a token of three segments").into());
        };
        self.check_header(header)?;
        if signature.is_empty() {
            return Err(VerifyError::NoSignature);
        }
        let length = self.algorithm.hash().default_len();
        let mac = MacEncoding::Base64Url.decode(signature.as_bytes(), length);
        let mac = mac.ok_or_else(|| malformed("signature is not base64url of the right length"))?;
        let mut check = None;
        let input = match self.payload {
            Payload::Detached if !payload.is_empty() => {
                return Err(malformed("payload in the token (expected a detached one)").into());
            }
            Payload::Detached => Input::Encoded { before: format!("{header}.").into() },
            Payload::Attached => {
                let bytes = Base64UrlUnpadded::decode_vec(payload)
                    .map_err(|_| malformed("payload is not base64url"))?;
                let expected = digest(Algorithm::Sha256, &bytes);
                check = Some(BodyCheck { allows_empty: true, ..BodyCheck::new(expected) });
                Input::bytes(&token[..header.len() + 1 + payload.len()])
            }
        };
        let mut claim = Claim::new(vec![mac], input, true, [Component::JwsHeader].into());
        claim.checks.extend(check);
        Ok(claim)
    }

    fn prepare(&self, _: &UnsignedRequest<'_>) -> Result<Prepared, RequestError> {
        let header = self.encoded_header();
        let (name, payload) = (self.header.clone(), self.payload);
        Ok(Prepared {
            input: Input::Encoded { before: format!("{header}.").into() },
            scope: None,
            keeps_body: payload == Payload::Attached,
            render: Box::new(move |finished, body| {
                let mac = finished.tags.first().map_or(&[][..], |tag| tag.as_bytes());
                let mac = MacEncoding::Base64Url.encode(mac);
                let value = format!("{header}.{}.{mac}", Base64UrlUnpadded::encode_string(body));
                let line = match payload {
                    Payload::Attached => format!("Bearer {value}"),
                    Payload::Detached => value.clone(),
                };
                RequestSignature { headers: vec![(name, line)], value, ..Default::default() }
            }),
        })
    }

    fn key(&self, secret: &SecretKey) -> Option<Key> {
        Key::new(self.algorithm.hash(), secret.bytes()).ok()
    }
}

/// A JSON object without duplicate names (RFC 7515, section 4).
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
                    // The limit keeps the comparison of all pairs fast.
                    if members.len() == 64 || members.iter().any(|(other, _)| *other == name) {
                        return Err(A::Error::custom("duplicate name, or too many members"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Unique)
    }
}
