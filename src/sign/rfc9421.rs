//! HTTP Message Signatures (RFC 9421) of requests, with `hmac-sha256` and `Content-Digest`.

mod components;

use self::components::{
    Target, component, component_value, field, is_content_digest, is_target_uri, title,
};
use super::body_digest::{BodyDigests, content_digest};
use super::claim::{Bodies, Claim, Intent, MOST_CANDIDATES, Rules, Settled};
use super::encoding::{Mac, MacEncoding};
use super::fields::{self, Member, dictionary, serialised, string_param};
use super::headers::has;
use super::input::Input;
use super::message::Message;
use super::scheme::SchemeError;
use super::secret::SecretKey;
use super::signer::{SignError, Signed};
use super::verdict::{Covers, VerifyError};
use crate::algorithm::Algorithm;
use crate::hasher::Hasher;
use crate::hmac::Key;

use sfv::{BareItem, InnerList, Item, KeyRef};

const ALGORITHM: &str = "hmac-sha256";

/// The settings of an RFC 9421 signature.
///
/// What must be covered is the receiver's choice: unless told otherwise it is `@method`,
/// `@authority`, `@path`, `@query` and `content-digest`.
#[derive(Clone, Debug)]
pub struct Rfc9421 {
    label: Option<String>,
    cover: Vec<String>,
    keyid: Option<String>,
    tag: Option<String>,
    lifetime: Option<u32>,
}

impl Default for Rfc9421 {
    fn default() -> Self {
        let cover = ["@method", "@authority", "@path", "@query", "content-digest"];
        let cover = cover.map(str::to_owned).to_vec();
        Self { label: None, cover, keyid: None, tag: None, lifetime: None }
    }
}

impl Rfc9421 {
    /// Covers these components: signing exactly these, verifying at least these. Parameters are
    /// written as in the RFC, after the bare name: `@query-param;name="id"`.
    pub fn cover<S: Into<String>>(self, components: impl IntoIterator<Item = S>) -> Self {
        Self { cover: components.into_iter().map(Into::into).collect(), ..self }
    }

    /// The signature of this label. Without it a signer takes `sig1`, and a verifier the one
    /// signature that there is.
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// With this key id: written, and demanded.
    pub fn keyid(self, keyid: impl Into<String>) -> Self {
        Self { keyid: Some(keyid.into()), ..self }
    }

    /// With this tag: written, and demanded.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Signs with an end, so many seconds after the signature's time.
    pub fn expires_after(self, seconds: u32) -> Self {
        Self { lifetime: Some(seconds), ..self }
    }

    /// The settings, if they make sense.
    pub(crate) fn checked(&self) -> Result<Self, SchemeError> {
        for name in &self.cover {
            if component(name).is_none() {
                return Err(SchemeError::pattern(name.clone(), "it is no component of a request"));
            }
        }
        if self.cover.is_empty() {
            return Err(SchemeError::pattern("cover", "nothing of the request is signed"));
        }
        for (what, text) in [("label", &self.label), ("keyid", &self.keyid), ("tag", &self.tag)] {
            let Some(text) = text else { continue };
            let good = match what {
                "label" => KeyRef::from_str(text).is_ok(),
                _ => sfv::StringRef::from_str(text).is_ok(),
            };
            if !good {
                return Err(SchemeError::pattern(
                    what,
                    "it has characters that cannot stand there",
                ));
            }
        }
        Ok(self.clone())
    }

    fn items(&self) -> Vec<Item> {
        self.cover.iter().filter_map(|name| component(name)).collect()
    }

    /// The label to verify, of those that there are.
    fn choose<'d>(&self, inputs: &'d [Member]) -> Result<&'d Member, VerifyError> {
        if inputs.len() > MOST_CANDIDATES {
            return Err(VerifyError::malformed("Signature-Input", "more than 16 signatures"));
        }
        match (&self.label, inputs) {
            (Some(label), _) => {
                inputs.iter().find(|input| input.name == *label).ok_or(VerifyError::NoSignature)
            }
            (None, [input]) => Ok(input),
            (None, []) => Err(VerifyError::NoSignature),
            (None, _) => {
                let why = "several signatures: say which label counts";
                Err(VerifyError::malformed("Signature-Input", why))
            }
        }
    }

    fn check_params(&self, list: &InnerList) -> Result<(), VerifyError> {
        if string_param(list, "alg")?.is_some_and(|alg| alg != ALGORITHM) {
            return Err(VerifyError::Alg);
        }
        for (name, wanted) in [("keyid", &self.keyid), ("tag", &self.tag)] {
            let given = string_param(list, name)?;
            if wanted.is_some() && given != wanted.as_deref() {
                return Err(VerifyError::UnknownKey);
            }
        }
        for name in list.params.keys() {
            if !["created", "expires", "nonce", "alg", "keyid", "tag"].contains(&name.as_str()) {
                let why = "it has a parameter that is not known";
                return Err(VerifyError::malformed("Signature-Input", why));
            }
        }
        let mut names: Vec<String> = list.items.iter().map(serialised).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            let why = "a component stands there twice";
            return Err(VerifyError::malformed("Signature-Input", why));
        }
        for item in self.items() {
            if names.binary_search(&serialised(&item)).is_err() {
                return Err(VerifyError::Coverage(title(&item)));
            }
        }
        Ok(())
    }
}

impl Rules for Rfc9421 {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        let inputs = dictionary(message, "Signature-Input")?;
        let signatures = dictionary(message, "Signature")?;
        let chosen = self.choose(&inputs)?;
        let list = chosen.list.as_ref().ok_or_else(|| {
            VerifyError::malformed("Signature-Input", "a signature's input is an inner list")
        })?;
        self.check_params(list)?;
        let signature = signatures.iter().find(|signature| signature.name == chosen.name);
        let bytes = match signature.map(|signature| signature.item.as_ref()) {
            None => return Err(VerifyError::NoSignature),
            Some(Some(BareItem::ByteSequence(bytes))) => bytes,
            Some(_) => return Err(VerifyError::malformed("Signature", "it is no byte sequence")),
        };
        let mut canonical = false;
        message.headers.values("Signature", &mut |line| {
            let text = format!(":{}:", MacEncoding::Base64.encode(bytes));
            canonical |= line.windows(text.len()).any(|window| window == text.as_bytes());
        });
        if bytes.len() != 32 || !canonical {
            let why = "it is not 32 bytes in canonical base64";
            return Err(VerifyError::malformed("Signature", why));
        }
        let created = time_param(list, "created")?;
        let expires = time_param(list, "expires")?;
        let created = created.ok_or_else(|| VerifyError::Coverage("a time (created)".into()))?;
        let text = base(list, message, Target::Received, None)?;
        let mut alternative = None;
        if list.items.iter().any(is_target_uri) && has(message.headers, "host") {
            let other = base(list, message, Target::Url, None)?;
            alternative = (other != text).then(|| Box::new(Input::bytes(other)));
        }
        let mut digests = BodyDigests::default();
        for (name, key) in list.items.iter().filter_map(field) {
            digests.read(message, name, key)?;
        }
        digests.refuse_unknown()?;
        let covers_body = digests.vouches;
        let titles = list.items.iter().map(title).chain(["created".to_owned()]);
        Ok(Claim {
            macs: Mac::of(bytes).into(),
            input: Input::bytes(text),
            alternative,
            timestamp: Some(created),
            lifetime: None,
            expires,
            id: None,
            checks: digests.checks,
            bodies: if covers_body { Bodies::Any } else { Bodies::Empty },
            covers: Covers { body: covers_body, parts: titles.collect() },
            scope: None,
        })
    }

    fn intend(&self, message: &Message<'_>, settled: &Settled<'_>) -> Result<Intent, SignError> {
        let label = self.label.clone().unwrap_or_else(|| "sig1".to_owned());
        let mut list = InnerList::new(self.items());
        let mut set = |name: &str, value: BareItem| {
            if let Ok(name) = KeyRef::from_str(name) {
                list.params.insert(name.to_owned(), value);
            }
        };
        let time = |seconds: u64| {
            let number = i64::try_from(seconds).ok().and_then(|n| sfv::Integer::try_from(n).ok());
            let why = "it is more than fifteen digits of seconds";
            number.map(BareItem::Integer).ok_or(SignError::malformed("timestamp", why))
        };
        let text = |what: &str, text: &str| {
            let text = sfv::String::from_string(text.to_owned()).map(BareItem::String);
            text.map_err(|_| {
                SignError::malformed(what, "it has characters that cannot stand there")
            })
        };
        set("created", time(settled.timestamp)?);
        if let Some(seconds) = self.lifetime {
            set("expires", time(settled.timestamp.saturating_add(seconds.into()))?);
        }
        if let Some(nonce) = settled.options.nonce {
            set("nonce", text("nonce", nonce)?);
        }
        if let Some(keyid) = &self.keyid {
            set("keyid", text("keyid", keyid)?);
        }
        set("alg", text("alg", ALGORITHM)?);
        if let Some(tag) = &self.tag {
            set("tag", text("tag", tag)?);
        }
        let covers_body = list.items.iter().any(is_content_digest);
        for name in ["Signature", "Signature-Input", "Content-Digest"] {
            if has(message.headers, name) && (name != "Content-Digest" || covers_body) {
                return Err(SignError::malformed(name, "it is there already"));
            }
        }
        // Once, to find what is missing; the digest comes last.
        let before = base(&list, message, Target::Received, Some(DIGEST_TO_COME))?;
        let input_line = format!("{label}={}", fields::serialised_list(&list));
        let input = match covers_body {
            false => Input::bytes(before),
            true => {
                let gap = DIGEST_TO_COME.as_bytes();
                let at = before.windows(gap.len()).position(|bytes| bytes == gap);
                let (head, rest) = before.split_at(at.unwrap_or(before.len()));
                let head = head.to_vec();
                let tail = rest.get(gap.len()..).unwrap_or_default().to_vec();
                Input::Digested {
                    hasher: Box::new(Hasher::new(Algorithm::Sha256)),
                    content: Box::new(move |digest| {
                        [&head, content_digest(digest).as_bytes(), &tail].concat()
                    }),
                }
            }
        };
        Ok(Intent {
            input,
            scope: None,
            keep_body: false,
            render: Box::new(move |finished, _| {
                let mac = finished.tags.first().map(|tag| tag.to_base64()).unwrap_or_default();
                let mut headers = Vec::new();
                if let Some(digest) = &finished.digest {
                    headers.push(("Content-Digest".into(), content_digest(digest)));
                }
                headers.push(("Signature-Input".into(), input_line));
                headers.push(("Signature".into(), format!("{label}=:{mac}:")));
                Signed { headers, value: mac, ..Signed::default() }
            }),
        })
    }

    fn key(&self, secret: &SecretKey) -> Option<Key> {
        Key::new(Algorithm::Sha256, secret.bytes()).ok()
    }
}

/// Stands for the digest in a signature base until the body is known. No header can hold it.
const DIGEST_TO_COME: &str = "\n\0\n";

/// The signature base (section 2.5); `content_digest` for the header that is not there yet.
fn base(
    list: &InnerList,
    message: &Message<'_>,
    target: Target,
    digest_to_come: Option<&str>,
) -> Result<Vec<u8>, VerifyError> {
    let mut text = Vec::new();
    for item in &list.items {
        text.extend_from_slice(serialised(item).as_bytes());
        text.extend_from_slice(b": ");
        match digest_to_come {
            Some(value) if is_content_digest(item) => text.extend_from_slice(value.as_bytes()),
            _ => {
                let value = component_value(item, message, target)?;
                if value.contains(&b'\n') {
                    return Err(VerifyError::malformed(title(item), "it holds a line end"));
                }
                text.extend_from_slice(&value);
            }
        }
        text.push(b'\n');
    }
    text.extend_from_slice(b"\"@signature-params\": ");
    text.extend_from_slice(fields::serialised_list(list).as_bytes());
    Ok(text)
}

/// A time: an integer that is not negative.
fn time_param(list: &InnerList, name: &str) -> Result<Option<u64>, VerifyError> {
    let why = "it is not a number of seconds since 1970";
    match KeyRef::from_str(name).ok().and_then(|name| list.params.get(name)) {
        None => Ok(None),
        Some(BareItem::Integer(number)) => match u64::try_from(i64::from(*number)) {
            Ok(time) => Ok(Some(time)),
            Err(_) => Err(VerifyError::malformed(name, why)),
        },
        Some(_) => Err(VerifyError::malformed(name, why)),
    }
}
