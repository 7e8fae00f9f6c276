//! HTTP Message Signatures (RFC 9421) of requests, with `hmac-sha256` and `Content-Digest`.

mod components;

use std::sync::Arc;

use sfv::{BareItem, InnerList, Item, KeyRef};

use crate::algorithm::Algorithm;
use crate::hmac::Key;
use crate::sign::body_digest::{BodyDigests, content_digest};
use crate::sign::component::Component;
use crate::sign::encoding::{Mac, MacEncoding};
use crate::sign::error::{RequestError, SchemeError, VerifyError};
use crate::sign::headers::has;
use crate::sign::input::Input;
use crate::sign::message::Message;
use crate::sign::rules::{
    Bodies, Claim, MAX_SIGNATURES, Prepared, Rules, SignedTimes, UnsignedRequest,
};
use crate::sign::schemes::info::{ConfiguredScheme, SchemeInfo};
use crate::sign::schemes::rfc9421::components::{
    AuthoritySource, component_value, field, identifier, is_content_digest, is_target_uri,
    parse_component,
};
use crate::sign::secret::SecretKey;
use crate::sign::setting::Setting::{Cover, Freshness, KeyId, Label, Nonce, Tag, Timestamp};
use crate::sign::signature::RequestSignature;
use crate::sign::structured_fields::{Member, dictionary, list_param, serialized, serialized_list};

const ALGORITHM: &str = "hmac-sha256";

/// The description of [`Rfc9421`].
pub(crate) const INFO: SchemeInfo = SchemeInfo {
    name: "rfc9421",
    headers: &["Signature-Input: LABEL=…", "Signature: LABEL=:{mac}:"],
    content: "the components it names; the body by Content-Digest (RFC 9530)",
    encoding: MacEncoding::Base64,
    note: "HTTP Message Signatures, hmac-sha256; the receiver decides what must be covered",
    settings: &[Cover, Label, KeyId, Nonce, Timestamp, Freshness],
    ..SchemeInfo::BASE
};

/// The settings of an RFC 9421 signature.
///
/// The receiver decides which components must be covered. The default is `@method`, `@authority`,
/// `@path`, `@query` and `content-digest`.
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
    /// Sets the components: a signer covers exactly these, a verifier requires at least these.
    ///
    /// Parameters follow the bare name as in the RFC: `@query-param;name="id"`.
    pub fn cover<S: Into<String>>(self, components: impl IntoIterator<Item = S>) -> Self {
        Self { cover: components.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets the label of the signature.
    ///
    /// By default a signer writes `sig1`, and a verifier expects a single signature.
    pub fn label(self, label: impl Into<String>) -> Self {
        Self { label: Some(label.into()), ..self }
    }

    /// Sets the key id, which a verifier requires.
    pub fn keyid(self, keyid: impl Into<String>) -> Self {
        Self { keyid: Some(keyid.into()), ..self }
    }

    /// Sets the application tag, which a verifier requires.
    pub fn tag(self, tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), ..self }
    }

    /// Adds a signed expiry, the given number of seconds after the time of signing.
    pub fn expires_after(self, seconds: u32) -> Self {
        Self { lifetime: Some(seconds), ..self }
    }

    fn check(&self) -> Result<(), SchemeError> {
        if self.cover.is_empty() {
            return Err(SchemeError::invalid(Cover, "", "no component is signed"));
        }
        for name in &self.cover {
            if parse_component(name).is_none() {
                return Err(SchemeError::invalid(Cover, name, "unknown component"));
            }
        }
        for (setting, text) in [(Label, &self.label), (KeyId, &self.keyid), (Tag, &self.tag)] {
            let Some(text) = text else { continue };
            let is_valid = match setting {
                Label => KeyRef::from_str(text).is_ok(),
                _ => sfv::StringRef::from_str(text).is_ok(),
            };
            if !is_valid {
                let problem = "contains characters that a structured field cannot hold";
                return Err(SchemeError::invalid(setting, text, problem));
            }
        }
        Ok(())
    }

    fn items(&self) -> Vec<Item> {
        self.cover.iter().filter_map(|name| parse_component(name)).collect()
    }

    /// Returns the signature to verify.
    fn select<'d>(&self, inputs: &'d [Member]) -> Result<&'d Member, VerifyError> {
        if inputs.len() > MAX_SIGNATURES {
            return Err(malformed_input("more than 16 signatures").into());
        }
        match (&self.label, inputs) {
            (Some(label), _) => {
                inputs.iter().find(|input| input.name == *label).ok_or(VerifyError::NoSignature)
            }
            (None, [input]) => Ok(input),
            (None, []) => Err(VerifyError::NoSignature),
            (None, _) => {
                Err(malformed_input("several signatures (expected one, or a label)").into())
            }
        }
    }

    fn check_params(&self, list: &InnerList) -> Result<(), VerifyError> {
        if string_param(list, "alg")?.is_some_and(|alg| alg != ALGORITHM) {
            return Err(VerifyError::OtherAlgorithm);
        }
        for (name, expected) in [("keyid", &self.keyid), ("tag", &self.tag)] {
            let given = string_param(list, name)?;
            if expected.is_some() && given != expected.as_deref() {
                return Err(VerifyError::UnknownKey);
            }
        }
        for name in list.params.keys() {
            if !["created", "expires", "nonce", "alg", "keyid", "tag"].contains(&name.as_str()) {
                return Err(malformed_input("unknown parameter").into());
            }
        }
        let mut names: Vec<String> = list.items.iter().map(serialized).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(malformed_input("duplicate component").into());
        }
        match self.items().iter().find(|item| names.binary_search(&serialized(item)).is_err()) {
            Some(item) => Err(VerifyError::NotCovered(identifier(item))),
            None => Ok(()),
        }
    }

    /// Returns the components and parameters of a new signature.
    fn new_input(&self, request: &UnsignedRequest<'_>) -> Result<InnerList, RequestError> {
        let mut list = InnerList::new(self.items());
        let mut add = |name: &str, value| {
            if let Ok(name) = KeyRef::from_str(name) {
                list.params.insert(name.to_owned(), value);
            }
        };
        let time = |seconds: u64| {
            let number = i64::try_from(seconds).ok().and_then(|n| sfv::Integer::try_from(n).ok());
            let problem = "too large (expected at most fifteen digits)";
            let error = || RequestError::malformed(Component::Timestamp, problem);
            number.map(BareItem::Integer).ok_or_else(error)
        };
        add("created", time(request.timestamp)?);
        if let Some(seconds) = self.lifetime {
            add("expires", time(request.timestamp.saturating_add(seconds.into()))?);
        }
        for (name, text) in [
            ("nonce", request.nonce),
            ("keyid", self.keyid.as_deref()),
            ("alg", Some(ALGORITHM)),
            ("tag", self.tag.as_deref()),
        ] {
            let Some(text) = text else { continue };
            let text = sfv::String::from_string(text.to_owned()).map_err(|_| {
                malformed_param(name, "contains characters that a structured field cannot hold")
            })?;
            add(name, BareItem::String(text));
        }
        Ok(list)
    }
}

impl ConfiguredScheme for Rfc9421 {
    fn info(&self) -> &'static SchemeInfo {
        &INFO
    }

    fn rules(&self) -> Result<Arc<dyn Rules>, SchemeError> {
        self.check()?;
        Ok(Arc::new(self.clone()))
    }
}

impl Rules for Rfc9421 {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        let inputs = dictionary(message, "Signature-Input")?;
        let signatures = dictionary(message, "Signature")?;
        let selected = self.select(&inputs)?;
        let list = selected.list.as_ref().ok_or_else(|| malformed_input("not an inner list"))?;
        self.check_params(list)?;
        let mac = read_mac(message, &signatures, &selected.name)?;
        let created = time_param(list, "created")?;
        let expires = time_param(list, "expires")?;
        let created = created
            .ok_or_else(|| VerifyError::NotCovered(Component::Identifier("created".into())))?;
        let base = signature_base(list, message, AuthoritySource::HostHeader, None)?;
        let mut alternative = None;
        if list.items.iter().any(is_target_uri) && has(message.headers, "host") {
            let other = signature_base(list, message, AuthoritySource::Url, None)?;
            alternative = (other != base).then(|| Box::new(Input::bytes(other)));
        }
        let mut digests = BodyDigests::default();
        for (name, key) in list.items.iter().filter_map(field) {
            digests.read(message, name, key)?;
        }
        digests.refuse_unusable()?;
        let components = list.items.iter().map(identifier);
        let components = components.chain([Component::Identifier("created".to_owned())]).collect();
        let mut claim = Claim::new(vec![mac], Input::bytes(base), digests.covers_body, components);
        claim.alternative = alternative;
        claim.times = SignedTimes { timestamp: Some(created), lifetime: None, expires };
        claim.checks = digests.checks;
        claim.bodies = if digests.covers_body { Bodies::Any } else { Bodies::Empty };
        Ok(claim)
    }

    fn prepare(&self, request: &UnsignedRequest<'_>) -> Result<Prepared, RequestError> {
        let message = request.message;
        let list = self.new_input(request)?;
        let covers_body = list.items.iter().any(is_content_digest);
        for name in ["Signature", "Signature-Input", "Content-Digest"] {
            if has(message.headers, name) && (name != "Content-Digest" || covers_body) {
                return Err(RequestError::malformed_header(name, "already present"));
            }
        }
        let source = AuthoritySource::HostHeader;
        let base = signature_base(&list, message, source, Some(DIGEST_PLACEHOLDER))?;
        let input = if covers_body { digest_input(&base) } else { Input::bytes(base) };
        let label = self.label.clone().unwrap_or_else(|| "sig1".to_owned());
        let input_line = format!("{label}={}", serialized_list(&list));
        Ok(Prepared {
            input,
            scope: None,
            keeps_body: false,
            render: Box::new(move |finished, _| {
                let mac = finished.tags.first().map(|tag| tag.to_base64()).unwrap_or_default();
                let mut headers = Vec::new();
                if let Some(digest) = &finished.digest {
                    headers.push(("Content-Digest".into(), content_digest(digest)));
                }
                headers.push(("Signature-Input".into(), input_line));
                headers.push(("Signature".into(), format!("{label}=:{mac}:")));
                RequestSignature { headers, value: mac, ..RequestSignature::default() }
            }),
        })
    }

    fn key(&self, secret: &SecretKey) -> Option<Key> {
        Key::new(Algorithm::Sha256, secret.bytes()).ok()
    }
}

fn malformed_input(problem: &'static str) -> RequestError {
    RequestError::malformed_header("Signature-Input", problem)
}

fn read_mac(message: &Message<'_>, signatures: &[Member], label: &str) -> Result<Mac, VerifyError> {
    let malformed = |problem| RequestError::malformed_header("Signature", problem);
    let signature = signatures.iter().find(|signature| signature.name == label);
    let bytes = match signature.map(|signature| signature.item.as_ref()) {
        None => return Err(VerifyError::NoSignature),
        Some(Some(BareItem::ByteSequence(bytes))) => bytes,
        Some(_) => return Err(malformed("not a byte sequence").into()),
    };
    let text = format!(":{}:", MacEncoding::Base64.encode(bytes));
    let mut is_canonical = false;
    message.headers.values("Signature", &mut |line| {
        is_canonical |= line.windows(text.len()).any(|window| window == text.as_bytes());
    });
    if bytes.len() != 32 || !is_canonical {
        return Err(malformed("not 32 bytes in canonical base64").into());
    }
    Ok(Mac::new(bytes))
}

/// The text in place of the digest until the body is known; headers cannot contain it.
const DIGEST_PLACEHOLDER: &str = "\n\0\n";

/// Returns the input that is `base` with the digest of the body in place of the placeholder.
fn digest_input(base: &[u8]) -> Input {
    let gap = DIGEST_PLACEHOLDER.as_bytes();
    let at = base.windows(gap.len()).position(|bytes| bytes == gap);
    let (head, rest) = base.split_at(at.unwrap_or(base.len()));
    let head = head.to_vec();
    let tail = rest.get(gap.len()..).unwrap_or_default().to_vec();
    Input::sha256(move |digest| [&head, content_digest(digest).as_bytes(), &tail].concat())
}

/// Returns the signature base (section 2.5); `content_digest` is the value of the header to add.
fn signature_base(
    list: &InnerList,
    message: &Message<'_>,
    source: AuthoritySource,
    content_digest: Option<&str>,
) -> Result<Vec<u8>, RequestError> {
    let mut text = Vec::new();
    for item in &list.items {
        text.extend_from_slice(serialized(item).as_bytes());
        text.extend_from_slice(b": ");
        match content_digest {
            Some(value) if is_content_digest(item) => text.extend_from_slice(value.as_bytes()),
            _ => {
                let value = component_value(item, message, source)?;
                if value.contains(&b'\n') {
                    return Err(RequestError::malformed(identifier(item), "contains a line end"));
                }
                text.extend_from_slice(&value);
            }
        }
        text.push(b'\n');
    }
    text.extend_from_slice(b"\"@signature-params\": ");
    text.extend_from_slice(serialized_list(list).as_bytes());
    Ok(text)
}

fn string_param<'l>(list: &'l InnerList, name: &str) -> Result<Option<&'l str>, RequestError> {
    match list_param(list, name) {
        None => Ok(None),
        Some(BareItem::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(malformed_param(name, "not a string")),
    }
}

fn time_param(list: &InnerList, name: &str) -> Result<Option<u64>, RequestError> {
    let time = match list_param(list, name) {
        None => return Ok(None),
        Some(BareItem::Integer(number)) => u64::try_from(i64::from(*number)).ok(),
        Some(_) => None,
    };
    time.map(Some).ok_or_else(|| malformed_param(name, "not a number of seconds since 1970"))
}

fn malformed_param(name: &str, problem: &'static str) -> RequestError {
    RequestError::malformed(Component::Identifier(name.to_owned()), problem)
}
