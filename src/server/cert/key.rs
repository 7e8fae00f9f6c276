//! Private keys: reading, making, signing and writing them.

use std::fmt;
use std::sync::Arc;

use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode, Encode, Reader, SliceReader};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Prf};
use pkcs8::spki::{AlgorithmIdentifier, AlgorithmIdentifierRef};
use pkcs8::{EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use rcgen::{PublicKeyData, SignatureAlgorithm, SubjectPublicKeyInfo};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::SigningKey;
use sec1::{EcParameters, EcPrivateKey};
use zeroize::Zeroizing;

use crate::server::cert::pem;

/// The object identifiers of the key algorithms (RFC 8017, RFC 5480, RFC 8410).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The memory that decrypting a key may use, in bytes.
const MAX_SCRYPT_MEMORY: u64 = 256 << 20;
/// The iterations that decrypting a key may take.
const MAX_ITERATIONS: u32 = 10_000_000;

/// A way to sign certificates, found by the schemes that a key of TLS offers.
struct CertificateScheme {
    name: &'static str,
    tls: SignatureScheme,
    certificate: &'static SignatureAlgorithm,
}

const SCHEMES: &[CertificateScheme] = &[
    CertificateScheme {
        name: "RSA",
        tls: SignatureScheme::RSA_PKCS1_SHA256,
        certificate: &rcgen::PKCS_RSA_SHA256,
    },
    CertificateScheme {
        name: "P-256",
        tls: SignatureScheme::ECDSA_NISTP256_SHA256,
        certificate: &rcgen::PKCS_ECDSA_P256_SHA256,
    },
    CertificateScheme {
        name: "P-384",
        tls: SignatureScheme::ECDSA_NISTP384_SHA384,
        certificate: &rcgen::PKCS_ECDSA_P384_SHA384,
    },
    CertificateScheme {
        name: "Ed25519",
        tls: SignatureScheme::ED25519,
        certificate: &rcgen::PKCS_ED25519,
    },
];

/// Why a private key cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("no private key found (expected PEM or DER: PKCS#8, PKCS#1 or SEC1)")]
    NotFound,
    #[error(
        "the key is in OpenSSH's own format; convert a copy with 'ssh-keygen -p -m PEM -f KEY', \
         or make a new key with 'hsum cert key'"
    )]
    OpenSsh,
    #[error(
        "the key is encrypted in an outdated format; convert it with \
         'openssl pkcs8 -topk8 -in KEY -out NEW'"
    )]
    OldEncryption,
    #[error("the key is encrypted, and no password is given")]
    PasswordNeeded,
    #[error("the password is wrong, or the key is damaged")]
    WrongPassword,
    #[error("the encryption of the key is not supported or takes too much memory or time")]
    UnsupportedEncryption,
    #[error(
        "the key is damaged or not supported (expected RSA of 2048 to 4096 bits, P-256, P-384 or \
         Ed25519)"
    )]
    Unsupported,
    #[error(
        "the key lacks its public part, as Java writes it; \
         'openssl ec -in KEY -out NEW' adds it"
    )]
    NoPublicKey,
    #[error("{0}")]
    Pem(#[from] pem::PemError),
    #[error("a key of this algorithm cannot be written as {0}")]
    NoSuchFormat(&'static str),
    #[error("the key cannot be encrypted: {0}")]
    NotEncrypted(String),
    #[error("no random numbers: {0}")]
    NoRandomNumbers(String),
}

/// A private key that can sign certificates, requests and revocation lists.
pub(crate) struct PrivateKey {
    /// PKCS#8, version 1: OpenSSL before 3.5 cannot read version 2 of Ed25519.
    pkcs8: Zeroizing<Vec<u8>>,
    signer: Arc<dyn SigningKey>,
    scheme: &'static CertificateScheme,
    public: SubjectPublicKeyInfo,
}

impl PrivateKey {
    /// Reads the first private key of a file, PEM or DER.
    ///
    /// # Errors
    /// Returns an error if there is none, or it cannot be used.
    pub(crate) fn parse(bytes: &[u8], password: Option<&[u8]>) -> Result<Self, KeyError> {
        if !pem::is_pem(bytes) {
            return Self::from_any_der(bytes, password);
        }
        for section in pem::sections(bytes)? {
            if section.is_encrypted {
                return Err(KeyError::OldEncryption);
            }
            let der = &section.der;
            return match section.label.as_str() {
                "PRIVATE KEY" => Self::from_pkcs8(der),
                "RSA PRIVATE KEY" => Self::from_pkcs1(der),
                "EC PRIVATE KEY" => Self::from_sec1(der),
                "ENCRYPTED PRIVATE KEY" => Self::from_encrypted(der, password),
                "OPENSSH PRIVATE KEY" => Err(KeyError::OpenSsh),
                _ => continue,
            };
        }
        Err(KeyError::NotFound)
    }

    /// Parses a key in DER, of the first format that fits.
    fn from_any_der(der: &[u8], password: Option<&[u8]>) -> Result<Self, KeyError> {
        if EncryptedPrivateKeyInfoRef::try_from(der).is_ok() {
            return Self::from_encrypted(der, password);
        }
        let parsers = [Self::from_pkcs8, Self::from_pkcs1, Self::from_sec1];
        let is_der = SliceReader::new(der).is_ok_and(|mut r| AnyRef::decode(&mut r).is_ok());
        let reason = if is_der { KeyError::Unsupported } else { KeyError::NotFound };
        parsers.iter().find_map(|parse| parse(der).ok()).ok_or(reason)
    }

    /// Parses PKCS#8 (RFC 5958), version 1 or 2.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        // ring writes the public key of version 2 in its own way, so it is ignored.
        let (algorithm, key) = split_pkcs8(der).ok_or(KeyError::Unsupported)?;
        let lacks_public_key =
            || EcPrivateKey::from_der(key).is_ok_and(|key| key.public_key.is_none());
        match Self::from_parts(algorithm, key) {
            Err(_) if algorithm.oid == EC && lacks_public_key() => Err(KeyError::NoPublicKey),
            result => result,
        }
    }

    /// Parses PKCS#8 of an elliptic curve without its public part, which is `point`.
    ///
    /// # Errors
    /// Returns an error if they do not match.
    pub(crate) fn from_pkcs8_and_point(der: &[u8], point: &[u8]) -> Result<Self, KeyError> {
        let (algorithm, key) = split_pkcs8(der).ok_or(KeyError::Unsupported)?;
        let key = EcPrivateKey::from_der(key).map_err(|_| KeyError::Unsupported)?;
        let key = EcPrivateKey { parameters: None, public_key: Some(point), ..key };
        let key = Zeroizing::new(key.to_der().map_err(|_| KeyError::Unsupported)?);
        Self::from_parts(algorithm, &key)
    }

    /// Parses PKCS#1 (RFC 8017, appendix A.1.2).
    fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_parts(AlgorithmIdentifier { oid: RSA, parameters: Some(AnyRef::NULL) }, der)
    }

    /// Parses SEC1 (RFC 5915).
    fn from_sec1(der: &[u8]) -> Result<Self, KeyError> {
        let key = EcPrivateKey::from_der(der).map_err(|_| KeyError::Unsupported)?;
        let curve = key.parameters.and_then(EcParameters::named_curve);
        let curve = curve.ok_or(KeyError::Unsupported)?;
        // In PKCS#8 the curve is part of the algorithm, and only of it.
        let key = EcPrivateKey { parameters: None, ..key };
        let key = Zeroizing::new(key.to_der().map_err(|_| KeyError::Unsupported)?);
        Self::from_parts(AlgorithmIdentifier { oid: EC, parameters: Some((&curve).into()) }, &key)
    }

    fn from_encrypted(der: &[u8], password: Option<&[u8]>) -> Result<Self, KeyError> {
        let key = EncryptedPrivateKeyInfoRef::try_from(der)
            .map_err(|_| KeyError::UnsupportedEncryption)?;
        if !is_affordable(&key.encryption_algorithm) {
            return Err(KeyError::UnsupportedEncryption);
        }
        let password = password.ok_or(KeyError::PasswordNeeded)?;
        let key = key.decrypt(password).map_err(|_| KeyError::WrongPassword)?;
        Self::from_pkcs8(key.as_bytes())
    }

    fn from_parts(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Self, KeyError> {
        let key = OctetStringRef::new(key).map_err(|_| KeyError::Unsupported)?;
        let pkcs8 = PrivateKeyInfoRef::new(algorithm, key).to_der();
        let pkcs8 = Zeroizing::new(pkcs8.map_err(|_| KeyError::Unsupported)?);
        let signer = {
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.as_slice()));
            any_supported_type(&key).map_err(|_| KeyError::Unsupported)?
        };
        let scheme = SCHEMES.iter().find(|scheme| signer.choose_scheme(&[scheme.tls]).is_some());
        let scheme = scheme.ok_or(KeyError::Unsupported)?;
        let public = signer.public_key().ok_or(KeyError::Unsupported)?;
        let public = SubjectPublicKeyInfo::from_der(&public).map_err(|_| KeyError::Unsupported)?;
        Ok(Self { pkcs8, signer, scheme, public })
    }

    /// Returns the name of the algorithm, such as `P-256` or `RSA`.
    pub(crate) fn algorithm_name(&self) -> &'static str {
        self.scheme.name
    }

    pub(crate) fn is_rsa(&self) -> bool {
        self.scheme.tls == SignatureScheme::RSA_PKCS1_SHA256
    }

    /// Returns the public key (DER, SubjectPublicKeyInfo).
    pub(crate) fn public_key(&self) -> Vec<u8> {
        self.public.subject_public_key_info()
    }

    /// Returns the key in PKCS#8, version 1.
    pub(crate) fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Returns the key as `PRIVATE KEY`.
    pub(crate) fn pkcs8_pem(&self) -> Zeroizing<String> {
        pem::encode("PRIVATE KEY", &self.pkcs8)
    }

    /// Returns the key as `ENCRYPTED PRIVATE KEY`: PBES2 with scrypt and AES-256-CBC.
    ///
    /// # Errors
    /// Returns an error if the system has no random numbers.
    pub(crate) fn encrypted_pem(&self, password: &[u8]) -> Result<Zeroizing<String>, KeyError> {
        let not_encrypted = |error: pkcs8::Error| KeyError::NotEncrypted(error.to_string());
        let key = PrivateKeyInfoRef::try_from(self.pkcs8.as_slice()).map_err(not_encrypted)?;
        let der = key.encrypt(password).map_err(not_encrypted)?;
        Ok(pem::encode("ENCRYPTED PRIVATE KEY", der.as_bytes()))
    }

    /// Returns the key as `RSA PRIVATE KEY`.
    ///
    /// # Errors
    /// Returns an error if this is not an RSA key.
    pub(crate) fn pkcs1_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let (algorithm, key) = split_pkcs8(&self.pkcs8).ok_or(KeyError::Unsupported)?;
        match algorithm.oid == RSA {
            true => Ok(pem::encode("RSA PRIVATE KEY", key)),
            false => Err(KeyError::NoSuchFormat("PKCS#1 (expected an RSA key)")),
        }
    }

    /// Returns the key as `EC PRIVATE KEY`.
    ///
    /// # Errors
    /// Returns an error if this is neither a P-256 nor a P-384 key.
    pub(crate) fn sec1_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let (algorithm, key) = split_pkcs8(&self.pkcs8).ok_or(KeyError::Unsupported)?;
        if algorithm.oid != EC {
            return Err(KeyError::NoSuchFormat("SEC1 (expected a P-256 or P-384 key)"));
        }
        let curve = algorithm.parameters_oid().map_err(|_| KeyError::Unsupported)?;
        let key = EcPrivateKey::from_der(key).map_err(|_| KeyError::Unsupported)?;
        let key = EcPrivateKey { parameters: Some(EcParameters::NamedCurve(curve)), ..key };
        let der = Zeroizing::new(key.to_der().map_err(|_| KeyError::Unsupported)?);
        Ok(pem::encode("EC PRIVATE KEY", &der))
    }

    /// Returns a PKCS#8 key of Ed25519 from its seed (RFC 8410, section 7).
    pub(super) fn from_ed25519_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        // The octet string holds another one.
        let mut key = Zeroizing::new([0; 34]);
        key[..2].copy_from_slice(&[0x04, 0x20]);
        key[2..].copy_from_slice(seed);
        Self::from_parts(AlgorithmIdentifier { oid: ED25519, parameters: None }, &*key)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("algorithm", &self.scheme.name).finish_non_exhaustive()
    }
}

impl PublicKeyData for PrivateKey {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.scheme.certificate
    }
}

impl rcgen::SigningKey for PrivateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signer = self.signer.choose_scheme(&[self.scheme.tls]);
        let signer = signer.ok_or(rcgen::Error::UnsupportedSignatureAlgorithm)?;
        signer.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Returns the algorithm and the octets of a key in PKCS#8.
fn split_pkcs8(der: &[u8]) -> Option<(AlgorithmIdentifierRef<'_>, &[u8])> {
    let mut reader = SliceReader::new(der).ok()?;
    let parts = reader.sequence(|reader| {
        u8::decode(reader)?;
        let algorithm = AlgorithmIdentifierRef::decode(reader)?;
        let key = <&OctetStringRef>::decode(reader)?;
        reader.read_slice(reader.remaining_len())?;
        Ok::<_, pkcs8::der::Error>((algorithm, key.as_bytes()))
    });
    parts.ok()
}

/// Returns `true` if the encryption is supported, and the time and memory that a password needs are
/// within the limits.
fn is_affordable(encryption: &EncryptionScheme) -> bool {
    match encryption {
        EncryptionScheme::Pbes2(parameters) => match &parameters.kdf {
            // SHA-1 is not compiled in.
            Kdf::Pbkdf2(kdf) => {
                kdf.iteration_count <= MAX_ITERATIONS && kdf.prf != Pbkdf2Prf::HmacWithSha1
            }
            Kdf::Scrypt(kdf) => {
                let block = 128 * u64::from(kdf.block_size);
                let memory = kdf.cost_parameter.checked_mul(block);
                memory.is_some_and(|memory| memory <= MAX_SCRYPT_MEMORY)
                    && kdf.parallelization <= 16
            }
            _ => false,
        },
        _ => false,
    }
}
