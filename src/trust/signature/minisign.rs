//! minisign: Ed25519 over the BLAKE2b-512 of the file.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};

use base64ct::{Base64, Encoding};
use minisign_verify::{Error, PublicKey, Signature, StreamVerifier};

use super::{SignatureError, SignedData};

/// The longest file whose old signature is verified, in bytes: it has to be held in memory.
const LONGEST: u64 = 1 << 30;

/// A public key of minisign or signify.
#[derive(Clone)]
pub struct MinisignKey {
    key: PublicKey,
    id: String,
}

/// A signature of minisign's, not verified yet.
#[derive(Clone)]
pub struct MinisignSignature(Signature);

/// What to do with signatures of the old kind, over the whole file instead of its BLAKE2b-512.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LegacySignatures {
    /// They do not count.
    #[default]
    Refused,
    /// They count, for files of up to 1 GiB.
    Accepted,
}

impl MinisignKey {
    /// Reads the text of a `minisign.pub`, or the line of base64 in it alone.
    ///
    /// # Errors
    /// [`SignatureError::BadKey`], if it is neither.
    pub fn parse(text: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(text).map_err(|_| SignatureError::BadKey)?.trim();
        let read = match text.contains('\n') {
            true => PublicKey::decode(text),
            false => PublicKey::from_base64(text),
        };
        let key = read.map_err(|_| SignatureError::BadKey)?;
        // Two bytes of the algorithm, then the ID, as `minisign` prints it: the last byte first.
        let line = usize::from(text.contains('\n'));
        let base64 = text.lines().nth(line).unwrap_or_default().trim();
        let bytes = Base64::decode_vec(base64).map_err(|_| SignatureError::BadKey)?;
        let mut id = bytes.get(2..10).ok_or(SignatureError::BadKey)?.to_vec();
        id.reverse();
        Ok(Self { key, id: hex::encode_upper(id) })
    }

    /// Returns the ID of the key in hex, as `minisign` prints it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The trusted comment of `signature`, if that is by this key and of what `signed` says.
    ///
    /// The comment is as trustworthy as the key's owner, and still not to be sent to a terminal
    /// as it is.
    ///
    /// # Errors
    /// [`SignatureError`] says why the signature does not count.
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
            Ok(verifier) => {
                let mut sink = Sink(verifier);
                io::copy(&mut signed, &mut sink)?;
                sink.0.finalize().map_err(translated)?;
            }
            Err(Error::UnsupportedLegacyMode) if legacy == LegacySignatures::Accepted => {
                let mut bytes = Vec::new();
                signed.take(LONGEST + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > LONGEST {
                    return Err(SignatureError::Legacy);
                }
                self.key.verify(&bytes, &signature.0, true).map_err(translated)?;
            }
            Err(error) => return Err(translated(error)),
        }
        Ok(signature.0.trusted_comment().to_owned())
    }
}

impl MinisignSignature {
    /// Reads the text of a `.minisig`.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`], if it is none.
    pub fn parse(text: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
        Signature::decode(text).map(Self).map_err(|_| SignatureError::Malformed)
    }
}

fn translated(error: Error) -> SignatureError {
    match error {
        Error::UnexpectedKeyId => SignatureError::OtherKey,
        Error::UnsupportedLegacyMode => SignatureError::Legacy,
        Error::IoError(cause) => SignatureError::Io(cause),
        Error::InvalidEncoding | Error::UnexpectedAlgorithm | Error::UnsupportedAlgorithm => {
            SignatureError::Malformed
        }
        Error::InvalidSignature => SignatureError::Wrong,
    }
}

struct Sink<'s>(StreamVerifier<'s>);

impl io::Write for Sink<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.update(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for MinisignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MinisignKey").finish_non_exhaustive()
    }
}

impl fmt::Debug for MinisignSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MinisignSignature").finish_non_exhaustive()
    }
}
