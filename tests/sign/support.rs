//! A request in memory, and checks that its changes are refused.

use hsum::sign::{
    KeyFormat, Message, RequestSignature, RequestSigner, Scheme, SecretKey, SignOptions,
    VerifiedRequest, Verifier, VerifyError,
};
use serde_json::Value;

/// A request with its body.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(body: impl Into<Vec<u8>>) -> Self {
        let (method, url) = ("POST".to_owned(), String::new());
        Self { method, url, headers: Vec::new(), params: Vec::new(), body: body.into() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub(crate) fn url(self, url: &str) -> Self {
        Self { url: url.into(), ..self }
    }

    pub(crate) fn params(mut self, params: &[(&str, &str)]) -> Self {
        self.params.extend(params.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        self
    }

    /// Calls `with` with the message.
    pub(crate) fn message<T>(&self, with: impl FnOnce(&Message<'_>) -> T) -> T {
        let params: Vec<(&str, &str)> =
            self.params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let message = Message::new(&self.headers).method(&self.method).url(&self.url);
        with(&message.params(&params))
    }

    /// Returns the request with its signature.
    pub(crate) fn signed(&self, signed: &RequestSignature) -> Self {
        let mut request = self.clone();
        request.headers.retain(|(name, _)| {
            !signed.headers().iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
        });
        let headers = signed.headers().iter();
        request.headers.extend(headers.map(|(n, v)| (n.clone(), v.clone().into_bytes())));
        request.params.retain(|(name, _)| !signed.params().iter().any(|(n, _)| n == name));
        request.params.extend(signed.params().iter().cloned());
        if let Some(url) = signed.url() {
            request.url = url.into();
        }
        request
    }

    pub(crate) fn sign(
        &self,
        scheme: &Scheme,
        key: &[u8],
        options: &SignOptions<'_>,
    ) -> RequestSignature {
        let signer = RequestSigner::new(scheme.clone(), vec![secret(key)]).expect("a signer");
        self.message(|message| signer.sign(message, options, &self.body)).expect("a signature")
    }

    /// Verifies the request at that time; all ways to verify must agree.
    pub(crate) fn verify(
        &self,
        scheme: &Scheme,
        key: &[u8],
        now: u64,
    ) -> Result<VerifiedRequest, VerifyError> {
        let verifier = Verifier::new(scheme.clone(), vec![secret(key)]).expect("a verifier");
        let verifier = verifier.clock(move || now);
        self.message(|message| {
            let whole = verifier.verify(message, &self.body);
            let many = verifier.verify_many(&[(*message, &self.body)]).remove(0);
            let pieces = verifier.begin(message).and_then(|mut verifying| {
                self.body.chunks(7).for_each(|piece| verifying.update(piece));
                verifying.finish()
            });
            let of = |verdict: &Result<VerifiedRequest, VerifyError>| {
                verdict.as_ref().map(VerifiedRequest::replay_key).map_err(Clone::clone)
            };
            assert_eq!(of(&whole), of(&many), "{scheme:?}");
            assert_eq!(of(&whole), of(&pieces), "{scheme:?}");
            whole
        })
    }
}

pub(crate) fn secret(key: &[u8]) -> SecretKey {
    SecretKey::from_bytes(key).expect("a key")
}

/// Checks that changes of any bit of key and MAC, of many bits of the body and of any digit of the
/// time are refused.
pub(crate) fn refuses_all_flips(
    scheme: &Scheme,
    key: &[u8],
    now: u64,
    request: &Request,
    mac: &str,
    time: Option<&str>,
) {
    let good = request.verify(scheme, key, now);
    assert!(good.is_ok(), "{scheme:?}: {good:?}");
    let refused = |request: &Request, key: &[u8], what: &str| {
        let verdict = request.verify(scheme, key, now);
        assert!(verdict.is_err(), "{scheme:?}: {what} changed, and accepted");
    };
    for bit in 0..key.len() * 8 {
        let mut key = key.to_vec();
        key[bit / 8] ^= 1 << (bit % 8);
        refused(request, &key, "the key");
    }
    if good.expect("checked").coverage().has_body() {
        let bits = request.body.len() * 8;
        for bit in (0..bits).step_by(bits / 97 + 1) {
            let mut request = request.clone();
            request.body[bit / 8] ^= 1 << (bit % 8);
            refused(&request, key, "the body");
        }
        let mut longer = request.clone();
        longer.body.push(b'\n');
        refused(&longer, key, "the end of the body");
    }
    for at in 0..mac.len() {
        let mut other = mac.as_bytes().to_vec();
        for bit in 0..7 {
            other[at] ^= 1 << bit;
            let is_case_of_hex = other[at].eq_ignore_ascii_case(&mac.as_bytes()[at])
                && mac.bytes().all(|b| b.is_ascii_hexdigit());
            if !is_case_of_hex && other[at].is_ascii_graphic() {
                let text = std::str::from_utf8(&other).expect("ASCII");
                refused(&replaced(request, mac, text), key, "the signature");
            }
            other[at] ^= 1 << bit;
        }
    }
    for at in 0..time.map_or(0, str::len) {
        let time = time.expect("has a length");
        let mut other = time.as_bytes().to_vec();
        other[at] ^= 1;
        let text = std::str::from_utf8(&other).expect("ASCII");
        refused(&replaced(request, time, text), key, "the time");
    }
}

/// Replaces a text everywhere except in the body.
pub(crate) fn replaced(request: &Request, old: &str, new: &str) -> Request {
    let mut request = request.clone();
    for (_, value) in &mut request.headers {
        let text = String::from_utf8_lossy(value).replace(old, new);
        *value = text.into_bytes();
    }
    for (_, value) in &mut request.params {
        *value = value.replace(old, new);
    }
    request.url = request.url.replace(old, new);
    request
}

pub(crate) fn json(name: &str) -> Value {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/signing").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).expect("JSON")
}

pub(crate) fn format(name: &str) -> KeyFormat {
    match name {
        "text" => KeyFormat::Text,
        "hex" => KeyFormat::Hex,
        "base64" => KeyFormat::Base64,
        "base64url" => KeyFormat::Base64Url,
        "whsec" => KeyFormat::Whsec,
        other => panic!("{other}: no key format"),
    }
}
