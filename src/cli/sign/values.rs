//! The timestamp, id and nonce of a signature; id and nonce are random by default.

use anyhow::{Result, anyhow};
use hsum::sign::{Component, RequestError, RequestSigner, Scheme, SignOptions, Signing};

use crate::cli::exit::Usage;
use crate::cli::hints::{self, SigningVerb};
use crate::cli::sign::request::Request;

/// The values of a signature that are not part of the request.
#[derive(Clone, Default)]
pub(crate) struct Values {
    pub(crate) timestamp: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) nonce: Option<String>,
}

impl Values {
    /// Begins to sign `request`, with a random id or nonce if the scheme needs one that is missing.
    pub(crate) fn begin(
        &self,
        signer: &RequestSigner,
        scheme: &Scheme,
        request: &Request,
        verb: SigningVerb,
    ) -> Result<Signing> {
        let mut values = self.clone();
        loop {
            let options = SignOptions::new()
                .timestamp(values.timestamp)
                .id(values.id.as_deref())
                .nonce(values.nonce.as_deref());
            match request.message(|message| signer.begin(message, &options)) {
                Ok(signing) => return Ok(signing),
                Err(RequestError::Missing(Component::Id)) if values.id.is_none() => {
                    values.id = Some(random_id()?);
                }
                Err(RequestError::Missing(Component::Nonce))
                    if values.nonce.is_none() && !scheme.info().has_nonce_in_body =>
                {
                    values.nonce = Some(hex::encode(random()?));
                }
                Err(error) => {
                    return Err(Usage(hints::request_error(&error, scheme, verb)).into());
                }
            }
        }
    }
}

pub(crate) fn random_id() -> Result<String> {
    Ok(format!("msg_{}", hex::encode(random()?)))
}

/// Returns random bytes from the system's generator.
pub(crate) fn random() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    fill_random(&mut bytes)?;
    Ok(bytes)
}

/// Fills `bytes` from the system's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| anyhow!("cannot get random numbers: {error}"))
}
