//! minisign: Ed25519 signatures over the BLAKE2b-512 of a file.

use std::fmt;
use std::fs::File;
use std::io::Read;

use base64ct::{Base64, Encoding};
use minisign_verify::{Error, PublicKey, Signature};

use crate::fs::bounded::read_some;
use crate::trust::signature::error::SignatureError;
use crate::trust::signature::signed_data::SignedData;

/// The limit for files with legacy signatures, in bytes: they are held in memory.
const MAX_LEGACY: u64 = 1 << 30;

/// A public key of minisign or signify.
#[derive(Clone, Debug)]
pub struct MinisignKey {
    key: PublicKey,
    id: String,
}

/// A minisign signature that is not verified yet.
#[derive(Clone)]
pub struct MinisignSignature(Signature);

/// The handling of legacy signatures, which cover the file itself instead of its BLAKE2b-512.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LegacySignatures {
    /// They are rejected.
    #[default]
    Refused,
    /// They are accepted for files of up to 1 GiB.
    Accepted,
}

impl MinisignKey {
    /// Parses a `minisign.pub` file, or only its line of base64.
    ///
    /// # Errors
    /// [`SignatureError::InvalidKey`] if it is neither.
    pub fn parse(text: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(text).map_err(|_| SignatureError::InvalidKey)?.trim();
        let read = match text.contains('\n') {
            true => PublicKey::decode(text),
            false => PublicKey::from_base64(text),
        };
        let key = read.map_err(|_| SignatureError::InvalidKey)?;
        // Two bytes name the algorithm, then comes the ID, which `minisign` prints in reverse.
        let line = usize::from(text.contains('\n'));
        let base64 = text.lines().nth(line).unwrap_or_default().trim();
        let bytes = Base64::decode_vec(base64).map_err(|_| SignatureError::InvalidKey)?;
        let mut id = bytes.get(2..10).ok_or(SignatureError::InvalidKey)?.to_vec();
        id.reverse();
        Ok(Self { key, id: hex::encode_upper(id) })
    }

    /// Returns the ID of the key in hex, as `minisign` prints it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Verifies that `signature` covers `signed` and is by this key. Returns the trusted comment.
    ///
    /// The comment is signed too, but must be escaped before it is shown on a terminal.
    ///
    /// # Errors
    /// If the signature does not match, or a file cannot be read.
    pub fn verify(
        &self,
        signature: &MinisignSignature,
        signed: SignedData<'_>,
        legacy: LegacySignatures,
    ) -> Result<String, SignatureError> {
        match signed {
            SignedData::Bytes(bytes) => self.verify_reader(signature, bytes, legacy),
            SignedData::File(path) => self.verify_reader(signature, File::open(path)?, legacy),
        }
    }

    fn verify_reader(
        &self,
        signature: &MinisignSignature,
        mut signed: impl Read,
        legacy: LegacySignatures,
    ) -> Result<String, SignatureError> {
        match self.key.verify_stream(&signature.0) {
            Ok(mut verifier) => {
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    match read_some(&mut signed, &mut buffer)? {
                        0 => break,
                        count => verifier.update(&buffer[..count]),
                    }
                }
                verifier.finalize().map_err(convert)?;
            }
            Err(Error::UnsupportedLegacyMode) if legacy == LegacySignatures::Accepted => {
                let mut bytes = Vec::new();
                signed.take(MAX_LEGACY + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > MAX_LEGACY {
                    return Err(SignatureError::Legacy);
                }
                self.key.verify(&bytes, &signature.0, true).map_err(convert)?;
            }
            Err(error) => return Err(convert(error)),
        }
        Ok(signature.0.trusted_comment().to_owned())
    }
}

impl MinisignSignature {
    /// Parses a `.minisig` file.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] if the text is not a signature.
    pub fn parse(text: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
        Signature::decode(text).map(Self).map_err(|_| SignatureError::Malformed)
    }
}

fn convert(error: Error) -> SignatureError {
    match error {
        Error::UnexpectedKeyId => SignatureError::OtherKey,
        Error::UnsupportedLegacyMode => SignatureError::Legacy,
        Error::IoError(cause) => SignatureError::Io(cause),
        Error::InvalidEncoding | Error::UnexpectedAlgorithm | Error::UnsupportedAlgorithm => {
            SignatureError::Malformed
        }
        Error::InvalidSignature => SignatureError::Mismatch,
    }
}

impl fmt::Debug for MinisignSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MinisignSignature").finish_non_exhaustive()
    }
}
