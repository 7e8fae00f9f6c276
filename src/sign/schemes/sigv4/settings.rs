//! The settings of AWS Signature Version 4.

use std::fmt;

use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::hasher::digest;
use crate::hmac::Key;
use crate::sign::error::SchemeError;
use crate::sign::schemes::sigv4::canonical::{Canonical, PathStyle};
use crate::sign::setting::Setting;

/// The name of the algorithm in requests.
pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The text in place of a body's digest when the signature leaves the body out.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The longest lifetime of a presigned URL: one week, in seconds.
pub(super) const MAX_LIFETIME: u32 = 604_800;

/// The settings of AWS Signature Version 4.
///
/// The service `s3` differs from others: its path is encoded once and not normalized, the digest of
/// the body is in `X-Amz-Content-SHA256`, and a presigned URL leaves the body out.
#[derive(Clone)]
pub struct Sigv4 {
    region: String,
    service: String,
    pub(super) access_key_id: String,
    pub(super) token: Option<Zeroizing<String>>,
    pub(super) placement: Placement,
    pub(super) payload: Payload,
    pub(super) path_style: PathStyle,
    pub(super) has_digest_header: bool,
}

/// The part of the request that carries the signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Placement {
    Header,
    Query {
        /// The lifetime of the URL, in seconds.
        lifetime: u32,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Payload {
    Signed,
    Unsigned,
}

impl Sigv4 {
    /// Returns settings that sign the body, with the signature in the `Authorization` header.
    pub fn new(
        region: impl Into<String>,
        service: impl Into<String>,
        access_key_id: impl Into<String>,
    ) -> Self {
        let service = service.into();
        let is_s3 = service == "s3";
        Self {
            region: region.into(),
            access_key_id: access_key_id.into(),
            token: None,
            placement: Placement::Header,
            payload: Payload::Signed,
            path_style: if is_s3 { PathStyle::EncodedOnce } else { PathStyle::Normalized },
            has_digest_header: is_s3,
            service,
        }
    }

    /// Signs in the query of a URL that is valid for `seconds`: 1 to 604800, a week.
    pub fn presign(self, seconds: u32) -> Self {
        Self { placement: Placement::Query { lifetime: seconds }, ..self }
    }

    /// Sets the token of temporary credentials, which a verifier requires.
    pub fn session_token(self, token: impl Into<String>) -> Self {
        Self { token: Some(Zeroizing::new(token.into())), ..self }
    }

    /// Leaves the body out of the signature. A verifier accepts signatures without it.
    pub fn unsigned_payload(self) -> Self {
        Self { payload: Payload::Unsigned, has_digest_header: true, ..self }
    }

    /// Writes the digest of the body into the header `X-Amz-Content-SHA256`.
    pub fn content_sha256(self) -> Self {
        Self { has_digest_header: true, ..self }
    }

    /// Keeps `.`, `..` and empty segments in the path.
    pub fn unnormalized(self) -> Self {
        Self { path_style: PathStyle::Unchanged, ..self }
    }

    pub(super) fn check(&self) -> Result<(), SchemeError> {
        if let Placement::Query { lifetime } = self.placement
            && !(1..=MAX_LIFETIME).contains(&lifetime)
        {
            let problem = "out of range (expected 1 to 604800 seconds)";
            return Err(SchemeError::invalid(Setting::Presign, lifetime.to_string(), problem));
        }
        for (setting, text, separators) in [
            (Setting::Region, &self.region, "/,"),
            (Setting::Service, &self.service, "/,"),
            (Setting::AccessKeyId, &self.access_key_id, ","),
        ] {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
            if text.is_empty() || !is_plain || text.contains(|c| separators.contains(c)) {
                let problem = "malformed (expected visible ASCII characters without separators)";
                return Err(SchemeError::invalid(setting, text, problem));
            }
        }
        Ok(())
    }

    pub(super) fn scope(&self, date: &str) -> String {
        format!("{date}/{}/{}/aws4_request", self.region, self.service)
    }

    /// Returns the text in place of the body's digest, if the body is left out.
    pub(super) fn digest_substitute(&self) -> Option<&'static str> {
        let is_presigned_s3 = matches!(self.placement, Placement::Query { .. })
            && self.path_style == PathStyle::EncodedOnce;
        (self.payload == Payload::Unsigned || is_presigned_s3).then_some(UNSIGNED)
    }

    /// Derives the key of a day, a region and a service.
    pub(super) fn derive_key(&self, secret: &[u8], date: &str) -> Key {
        let start = Zeroizing::new([b"AWS4", secret].concat());
        let hmac =
            |key: &[u8]| Key::new(Algorithm::Sha256, key).expect("HMAC is defined for SHA-256");
        [date, &self.region, &self.service, "aws4_request"]
            .iter()
            .fold(hmac(&start), |key, step| hmac(key.sign(step.as_bytes()).as_bytes()))
    }
}

/// Hides the token.
impl fmt::Debug for Sigv4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sigv4")
            .field("region", &self.region)
            .field("service", &self.service)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// The string to sign of a request, without the digest of its body.
#[derive(Clone)]
pub(super) struct StringToSign {
    pub(super) time: String,
    pub(super) scope: String,
    pub(super) signed_names: String,
    pub(super) canonical: Canonical,
}

impl StringToSign {
    /// Returns the string to sign for a body with this digest or substitute.
    pub(super) fn with_payload(&self, payload: &str) -> Vec<u8> {
        let Self { time, scope, signed_names, canonical } = self;
        let request = digest(Algorithm::Sha256, &canonical.write(signed_names, payload));
        format!("{ALGORITHM}\n{time}\n{scope}\n{request}").into_bytes()
    }
}
