//! AWS Signature Version 4, in the `Authorization` header or in the query of a presigned URL.

mod canonical;
mod claim;
mod prepare;
mod settings;

use std::sync::Arc;

use crate::hmac::Key;
use crate::sign::error::{RequestError, SchemeError, VerifyError};
use crate::sign::message::Message;
use crate::sign::rules::{Claim, Prepared, Rules, UnsignedRequest};
use crate::sign::schemes::info::{ConfiguredScheme, SchemeInfo};
use crate::sign::secret::SecretKey;
use crate::sign::setting::Setting;

pub use settings::Sigv4;

/// The description of [`Sigv4`].
pub(crate) const INFO: SchemeInfo = SchemeInfo {
    name: "sigv4",
    headers: &["X-Amz-Date: TIME", "Authorization: AWS4-HMAC-SHA256 …, Signature={mac}"],
    content: "method, path, query, signed headers, SHA-256 of the body",
    note: "AWS Signature Version 4, in the header or the query (presigned)",
    settings: &[
        Setting::Region,
        Setting::Service,
        Setting::AccessKeyId,
        Setting::SessionToken,
        Setting::Presign,
        Setting::UnsignedPayload,
        Setting::Timestamp,
        Setting::Freshness,
    ],
    ..SchemeInfo::BASE
};

impl ConfiguredScheme for Sigv4 {
    fn info(&self) -> &'static SchemeInfo {
        &INFO
    }

    fn rules(&self) -> Result<Arc<dyn Rules>, SchemeError> {
        self.check()?;
        Ok(Arc::new(self.clone()))
    }
}

impl Rules for Sigv4 {
    fn claim<'m>(&self, message: &Message<'m>) -> Result<Claim<'m>, VerifyError> {
        claim::read(self, message)
    }

    fn prepare(&self, request: &UnsignedRequest<'_>) -> Result<Prepared, RequestError> {
        prepare::prepare(self, request.message, request.timestamp)
    }

    fn key(&self, _: &SecretKey) -> Option<Key> {
        None
    }

    fn derive(&self, secret: &SecretKey, date: &str) -> Key {
        self.derive_key(secret.bytes(), date)
    }
}
