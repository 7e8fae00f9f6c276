//! New private keys.

use getrandom::SysRng;
use rcgen::KeyPair;

use rsa::pkcs8::EncodePrivateKey;
use zeroize::Zeroizing;

use crate::server::args::cert::making::KeyAlgorithm;
use crate::server::cert::key::{KeyError, PrivateKey};

/// Makes a private key.
///
/// # Errors
/// Returns an error if the system has no random numbers.
pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<PrivateKey, KeyError> {
    match algorithm {
        KeyAlgorithm::P256 => elliptic(&rcgen::PKCS_ECDSA_P256_SHA256),
        KeyAlgorithm::P384 => elliptic(&rcgen::PKCS_ECDSA_P384_SHA384),
        KeyAlgorithm::Ed25519 => {
            let mut seed = Zeroizing::new([0; 32]);
            getrandom::fill(&mut *seed).map_err(no_random_numbers)?;
            PrivateKey::from_ed25519_seed(&seed)
        }
        KeyAlgorithm::Rsa2048 => rsa(2048),
        KeyAlgorithm::Rsa3072 => rsa(3072),
        KeyAlgorithm::Rsa4096 => rsa(4096),
    }
}

fn elliptic(algorithm: &'static rcgen::SignatureAlgorithm) -> Result<PrivateKey, KeyError> {
    let key = KeyPair::generate_for(algorithm).map_err(no_random_numbers)?;
    PrivateKey::from_pkcs8(&Zeroizing::new(key.serialize_der()))
}

fn rsa(bits: usize) -> Result<PrivateKey, KeyError> {
    let key = rsa::PrivateKey::new(&mut SysRng, bits).map_err(no_random_numbers)?;
    let der = key.to_pkcs8_der().map_err(no_random_numbers)?;
    PrivateKey::from_pkcs8(der.as_bytes())
}

fn no_random_numbers(error: impl ToString) -> KeyError {
    KeyError::NoRandomNumbers(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::iter;

    use rcgen::{PublicKeyData, SigningKey};

    use super::*;

    /// Every algorithm but the slow ones.
    const ALGORITHMS: [KeyAlgorithm; 4] =
        [KeyAlgorithm::P256, KeyAlgorithm::P384, KeyAlgorithm::Ed25519, KeyAlgorithm::Rsa2048];

    #[test]
    fn keys_are_read_from_every_format_that_they_are_written_in() {
        for algorithm in ALGORITHMS {
            let key = generate(algorithm).expect("a key");
            assert!(key.sign(b"message").is_ok());
            let der = key.pkcs8_der().to_vec();
            let encrypted = key.encrypted_pem(b"secret").expect("a key");
            let wrong = PrivateKey::parse(encrypted.as_bytes(), Some(b"Secret"));
            assert_eq!(wrong.expect_err("an error"), KeyError::WrongPassword);
            let missing = PrivateKey::parse(encrypted.as_bytes(), None);
            assert_eq!(missing.expect_err("an error"), KeyError::PasswordNeeded);
            let texts = [Ok(key.pkcs8_pem()), Ok(encrypted), key.pkcs1_pem(), key.sec1_pem()];
            let texts: Vec<_> = texts.into_iter().filter_map(Result::ok).collect();
            assert_eq!(texts.len(), if algorithm == KeyAlgorithm::Ed25519 { 2 } else { 3 });
            for text in texts.iter().map(|text| text.as_bytes()).chain(iter::once(&*der)) {
                let read = PrivateKey::parse(text, Some(b"secret")).expect("a key");
                assert_eq!(read.der_bytes(), key.der_bytes());
                assert_eq!(read.pkcs8_pem().lines().next(), Some("-----BEGIN PRIVATE KEY-----"));
            }
        }
    }

    #[test]
    fn ed25519_is_written_as_version_1() {
        // ring writes version 2, with the public key in its own encoding.
        let made = KeyPair::generate_for(&rcgen::PKCS_ED25519).expect("a key");
        assert!(made.serialized_der().len() > 48);
        let key = PrivateKey::from_pkcs8(made.serialized_der()).expect("a key");
        assert_eq!(key.der_bytes(), made.der_bytes());
        assert_eq!(key.pkcs8_der().len(), 48);
        let start = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 4];
        assert_eq!(key.pkcs8_der()[..13], start);
    }

    #[test]
    fn damaged_keys_are_rejected() {
        let key = generate(KeyAlgorithm::P256).expect("a key");
        for text in [key.pkcs8_der(), key.pkcs8_pem().as_bytes()] {
            for length in 0..text.len() - 1 {
                assert!(PrivateKey::parse(&text[..length], None).is_err(), "{length}");
            }
        }
        let mut der = key.pkcs8_der().to_vec();
        for i in 0..der.len() {
            for bit in 0..8 {
                der[i] ^= 1 << bit;
                let _ = PrivateKey::parse(&der, None);
                der[i] ^= 1 << bit;
            }
        }
        assert!(PrivateKey::parse(&der, None).is_ok());
    }
}
