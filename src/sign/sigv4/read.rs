//! What a request claims: its `Authorization` header, or its query.

use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

use super::canonical::Canonical;
use super::{LONGEST, NAME, Payload, Sigv4, UNSIGNED};
use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::{Hasher, digest};
use crate::sign::body_digest::BodyDigests;
use crate::sign::claim::{Bodies, BodyCheck, Claim};
use crate::sign::clock::from_basic_format;
use crate::sign::encoding::MacEncoding;
use crate::sign::headers::one;
use crate::sign::input::Input;
use crate::sign::message::Message;
use crate::sign::verdict::{Covers, VerifyError};

/// The parts of a claim, wherever they stood.
struct Parts<'p> {
    credential: &'p str,
    signed_headers: &'p str,
    signature: &'p str,
    time: &'p str,
    token: Option<&'p str>,
    lifetime: Option<u32>,
    /// The query that is signed.
    query: &'p str,
}

impl Sigv4 {
    pub(super) fn claim_of_header<'m>(
        &self,
        message: &Message<'m>,
    ) -> Result<Claim<'m>, VerifyError> {
        let wrong = |why| VerifyError::malformed("Authorization", why);
        let line = text(message, "Authorization")?;
        let (name, rest) = line.split_once(' ').ok_or_else(|| wrong("it has no fields"))?;
        if name != NAME {
            return Err(VerifyError::Alg);
        }
        let [mut credential, mut signed_headers, mut signature] = [None; 3];
        for field in rest.split(',') {
            let (name, value) =
                field.trim().split_once('=').ok_or_else(|| wrong("a field has no '='"))?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(wrong("it has a field that is not known")),
            };
            if place.replace(value).is_some() {
                return Err(wrong("a field stands there twice"));
            }
        }
        let missing = |name: &str| VerifyError::MissingHeader(format!("{name} in Authorization"));
        self.claim_of(
            message,
            &Parts {
                credential: credential.ok_or_else(|| missing("Credential"))?,
                signed_headers: signed_headers.ok_or_else(|| missing("SignedHeaders"))?,
                signature: signature.ok_or_else(|| missing("Signature"))?,
                time: text(message, "X-Amz-Date")?,
                token: match one(message.headers, "X-Amz-Security-Token")? {
                    Some(_) => Some(text(message, "X-Amz-Security-Token")?),
                    None => None,
                },
                lifetime: None,
                query: message.query().unwrap_or_default(),
            },
        )
    }

    pub(super) fn claim_of_query<'m>(
        &self,
        message: &Message<'m>,
    ) -> Result<Claim<'m>, VerifyError> {
        let mut rest = Vec::new();
        let mut fields = Vec::new();
        let mut signature = None;
        for item in message.query().unwrap_or_default().split('&') {
            let (name, value) = item.split_once('=').unwrap_or((item, ""));
            let wrong = |why| VerifyError::malformed(name.to_owned(), why);
            let decoded = |text: &str| {
                let text = percent_decode_str(text).decode_utf8();
                text.map(|text| text.into_owned()).map_err(|_| wrong("it is not UTF-8"))
            };
            let title = decoded(name)?;
            if title == "X-Amz-Signature" {
                if signature.replace(decoded(value)?).is_some() {
                    return Err(wrong("it stands there twice"));
                }
                continue;
            }
            rest.push(item);
            if title.starts_with("X-Amz-") {
                if fields.iter().any(|(other, _)| *other == title) {
                    return Err(wrong("it stands there twice"));
                }
                fields.push((title, decoded(value)?));
            }
        }
        let field = |name: &str| {
            let found = fields.iter().find(|(title, _)| title == name);
            found.map(|(_, value)| value.as_str())
        };
        let missing = |name: &str| VerifyError::MissingHeader(format!("{name} in the query"));
        let needed = |name: &str| field(name).ok_or_else(|| missing(name));
        if needed("X-Amz-Algorithm")? != NAME {
            return Err(VerifyError::Alg);
        }
        let expires = needed("X-Amz-Expires")?;
        let lifetime = expires.parse().ok().filter(|seconds| (1..=LONGEST).contains(seconds));
        let why = "it is not a number of seconds up to a week";
        let lifetime = lifetime.ok_or_else(|| VerifyError::malformed("X-Amz-Expires", why))?;
        self.claim_of(
            message,
            &Parts {
                credential: needed("X-Amz-Credential")?,
                signed_headers: needed("X-Amz-SignedHeaders")?,
                signature: signature.as_deref().ok_or_else(|| missing("X-Amz-Signature"))?,
                time: needed("X-Amz-Date")?,
                token: field("X-Amz-Security-Token"),
                lifetime: Some(lifetime),
                query: &rest.join("&"),
            },
        )
    }

    fn claim_of<'m>(
        &self,
        message: &Message<'m>,
        parts: &Parts<'_>,
    ) -> Result<Claim<'m>, VerifyError> {
        let wrong = |what: &str, why| VerifyError::malformed(what, why);
        let timestamp = from_basic_format(parts.time.as_bytes())
            .ok_or_else(|| wrong("X-Amz-Date", "it is not as 20150830T123600Z"))?;
        let date = &parts.time[..8];
        let scope = self.scope(date);
        if parts.credential != format!("{}/{scope}", self.access_key_id) {
            return Err(VerifyError::UnknownKey);
        }
        if let Some(token) = &self.token {
            let given = parts.token.unwrap_or_default();
            if !bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
                return Err(VerifyError::UnknownKey);
            }
        }
        let mac = MacEncoding::Hex.decode(parts.signature.as_bytes(), 32);
        let mac = mac.ok_or_else(|| wrong("Signature", "it is not 64 hexadecimal digits"))?;
        let names = self.signed_names(message, parts)?;
        let mut canonical = Canonical::new(self.path, message);
        canonical.set_query(parts.query);
        // A sender has signed the host as it was received, or in its normal form.
        let given = message.host_as_given()?;
        let normal = message.host()?;
        let mut other = None;
        if normal.as_deref() != given {
            let mut canonical = canonical.clone();
            canonical.set_headers(message, &names, &[], normal.as_deref())?;
            other = Some(canonical);
        }
        canonical.set_headers(message, &names, &[], given)?;

        let shown = match parts.lifetime {
            None => one(message.headers, "x-amz-content-sha256")?,
            Some(_) => None,
        };
        let mut digests = BodyDigests::default();
        for name in names.iter().filter(|name| shown.is_none() || *name != "x-amz-content-sha256") {
            digests.read(message, name, None)?;
        }
        let (mut checks, mut bodies) = (digests.checks, Bodies::Any);
        let (fixed, signs_body) = match shown {
            Some(shown) if shown == UNSIGNED.as_bytes() => match self.payload {
                Payload::Unsigned => (Some(UNSIGNED.to_owned()), false),
                Payload::Signed => return Err(VerifyError::Coverage("the body".into())),
            },
            Some(shown) => {
                let expected = Digest::from_hex(Algorithm::Sha256, shown).map_err(|_| {
                    wrong("X-Amz-Content-SHA256", "it is not 64 hexadecimal digits")
                })?;
                let hasher = Hasher::new(Algorithm::Sha256);
                checks.push(BodyCheck { hasher, expected, empty_passes: false });
                (Some(String::from_utf8_lossy(shown).into_owned()), true)
            }
            None => match self.stand_in() {
                Some(stand_in) if parts.lifetime.is_some() => {
                    if self.payload == Payload::Signed && !digests.vouches {
                        bodies = Bodies::Empty;
                    }
                    (Some(stand_in.to_owned()), false)
                }
                _ => (None, true),
            },
        };
        let head = format!("{NAME}\n{}\n{scope}\n", parts.time);
        let signed_names = names.join(";");
        let input = |canonical: Canonical| {
            let (head, signed_names) = (head.clone(), signed_names.clone());
            let content = move |payload: &str| {
                let request = canonical.write(&signed_names, payload);
                format!("{head}{}", digest(Algorithm::Sha256, &request)).into_bytes()
            };
            match &fixed {
                Some(payload) => Input::bytes(content(payload)),
                None => Input::Digested {
                    hasher: Box::new(Hasher::new(Algorithm::Sha256)),
                    content: Box::new(move |of_body| content(&of_body.to_hex())),
                },
            }
        };
        let titles = ["timestamp", "method", "path", "query"].map(str::to_owned).into_iter();
        let parts_covered =
            titles.chain(names.iter().map(|name| format!("header {name}"))).collect();
        Ok(Claim {
            macs: mac.into(),
            input: input(canonical),
            alternative: other.map(|canonical| Box::new(input(canonical))),
            timestamp: Some(timestamp),
            lifetime: parts.lifetime,
            expires: None,
            id: None,
            checks,
            bodies,
            covers: Covers { body: signs_body || digests.vouches, parts: parts_covered },
            scope: Some(date.to_owned()),
        })
    }

    /// The names that are signed, if they are in order and leave out none that must be there.
    fn signed_names(
        &self,
        message: &Message<'_>,
        parts: &Parts<'_>,
    ) -> Result<Vec<String>, VerifyError> {
        let names: Vec<String> = parts.signed_headers.split(';').map(str::to_owned).collect();
        let is_name = |name: &String| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
        };
        if !names.iter().all(is_name) || !names.windows(2).all(|pair| pair[0] < pair[1]) {
            let why = "they are not names in lower case, sorted, each once";
            return Err(VerifyError::malformed("SignedHeaders", why));
        }
        let covered = |name: &str| names.iter().any(|other| other == name);
        let mut gap = (!covered("host")).then(|| "host".to_owned());
        message.headers.names(&mut |name| {
            let name = name.to_ascii_lowercase();
            if name.starts_with("x-amz-") && !covered(&name) {
                gap = Some(name);
            }
        });
        match gap {
            Some(name) => Err(VerifyError::Coverage(format!("the header {name}"))),
            None => Ok(names),
        }
    }
}

fn text<'m>(message: &Message<'m>, name: &str) -> Result<&'m str, VerifyError> {
    let value = one(message.headers, name)?;
    let value = value.ok_or_else(|| VerifyError::MissingHeader(name.to_owned()))?;
    std::str::from_utf8(value).map_err(|_| VerifyError::malformed(name, "it is not text"))
}
