//! PKCS#12: a key and its certificates in one encrypted file (RFC 7292).

use anyhow::{Result, anyhow, bail};
use hsum::Algorithm;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12Archive,
    PrivateKeyChain,
};
use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Decode, Reader, SliceReader};
use rustls::pki_types::CertificateDer;

use crate::server::cert::certificates;
use crate::server::cert::key::{KeyError, PrivateKey};

/// The iterations of the key derivation, for the key and for the MAC.
const ITERATIONS: u32 = 100_000;
/// The iterations that old programs accept.
const OLD_ITERATIONS: u32 = 2048;
/// The most iterations that are computed for a file: seconds of work.
const MAX_ITERATIONS: u32 = 5_000_000;

/// Returns `true` if `bytes` are DER that begins like PKCS#12: version 3.
pub(crate) fn is_p12(bytes: &[u8]) -> bool {
    let Ok(mut reader) = SliceReader::new(bytes) else { return false };
    let version = reader.sequence(|reader| {
        let version = u8::decode(reader)?;
        reader.read_slice(reader.remaining_len())?;
        Ok::<_, pkcs8::der::Error>(version)
    });
    version == Ok(3)
}

/// Returns `true` if the MAC of a PKCS#12 file takes seconds at most. It is verified first, so
/// that only who knows the password can choose the other iteration counts.
pub(crate) fn is_affordable(bytes: &[u8]) -> bool {
    let Ok(mut reader) = SliceReader::new(bytes) else { return false };
    let iterations = reader.sequence(|pfx| {
        u8::decode(pfx)?;
        AnyRef::decode(pfx)?;
        if pfx.is_finished() {
            return Ok(1);
        }
        pfx.sequence(|mac| {
            AnyRef::decode(mac)?;
            AnyRef::decode(mac)?;
            Ok::<_, pkcs8::der::Error>(Option::<u32>::decode(mac)?.unwrap_or(1))
        })
    });
    iterations.is_ok_and(|iterations| iterations <= MAX_ITERATIONS)
}

/// Writes a key and its certificates; with `legacy`, encrypted with 3DES and SHA-1.
///
/// # Errors
/// Returns an error if the password is not UTF-8, or there is no certificate.
pub(crate) fn write(
    key: &PrivateKey,
    chain: &[CertificateDer<'_>],
    name: &str,
    password: &[u8],
    legacy: bool,
) -> Result<Vec<u8>> {
    let Some(leaf) = chain.first() else { bail!("no certificate for the PKCS#12 file") };
    let password = text(password)?;
    let failed = |error: p12_keystore::error::Error| anyhow!("cannot write PKCS#12: {error}");
    let certificates = chain.iter().map(|der| Certificate::from_der(der));
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let private = p12_keystore::PrivateKey::from_der(key.pkcs8_der()).map_err(failed)?;
    let chain = PrivateKeyChain::new(key_id(leaf), private, certificates);
    let mut store = KeyStore::new();
    store.add_entry(name, KeyStoreEntry::PrivateKeyChain(chain));
    let writer = store.writer(password);
    let writer = match legacy {
        false => writer.encryption_iterations(ITERATIONS).mac_iterations(ITERATIONS),
        true => writer
            .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
            .mac_algorithm(MacAlgorithm::HmacSha1)
            .encryption_iterations(OLD_ITERATIONS)
            .mac_iterations(OLD_ITERATIONS),
    };
    writer.write().map_err(failed)
}

/// Reads the first key and its certificates, the key's own first.
///
/// # Errors
/// Returns an error if the password is wrong, the file is damaged, or it contains no key.
pub(crate) fn read(
    bytes: &[u8],
    password: &[u8],
) -> Result<(PrivateKey, Vec<CertificateDer<'static>>)> {
    if !is_affordable(bytes) {
        bail!("the PKCS#12 file is damaged, or its key derivation takes too long");
    }
    let archive =
        Pkcs12Archive::from_pkcs12(bytes, text(password)?).map_err(|error| match error {
            p12_keystore::error::Error::MacError(_) => {
                anyhow!("the password is wrong, or the PKCS#12 file is damaged")
            }
            error => anyhow!("the PKCS#12 file is damaged or not supported: {error}"),
        })?;
    let Some(key) = archive.keys.first() else { bail!("the PKCS#12 file contains no key") };
    let mut chain: Vec<CertificateDer<'static>> =
        archive.certs.iter().map(|bag| bag.cert.as_der().to_vec().into()).collect();
    let key = match PrivateKey::from_pkcs8(key.key.as_der()) {
        Err(KeyError::NoPublicKey) => key_of_certificate(key.key.as_der(), &chain),
        result => result,
    }?;
    let public_key = key.public_key();
    let is_own = |der: &CertificateDer<'_>| {
        certificates::parse(der).is_ok_and(|parsed| parsed.public_key().raw == public_key)
    };
    // A stable sort: the others keep their order.
    chain.sort_by_key(|der| !is_own(der));
    Ok((key, chain))
}

/// Returns a key whose public part is only in one of the certificates, as Java writes it.
fn key_of_certificate(der: &[u8], chain: &[CertificateDer<'_>]) -> Result<PrivateKey, KeyError> {
    let with_point = |certificate: &CertificateDer<'_>| {
        let certificate = certificates::parse(certificate).ok()?;
        let point = &certificate.public_key().subject_public_key.data;
        PrivateKey::from_pkcs8_and_point(der, point).ok()
    };
    chain.iter().find_map(with_point).ok_or(KeyError::NoPublicKey)
}

/// Returns the identifier by which readers match the key with its certificate.
fn key_id(leaf: &[u8]) -> Vec<u8> {
    hsum::digest(Algorithm::Sha1, leaf).as_ref().to_vec()
}

fn text(password: &[u8]) -> Result<&str> {
    str::from_utf8(password).map_err(|_| anyhow!("a password of PKCS#12 must be UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::args::cert::making::KeyAlgorithm;
    use crate::server::cert::generate::generate;
    use crate::server::cert::names::Name;
    use crate::server::cert::self_signed::self_signed;

    #[test]
    fn damaged_files_are_rejected() {
        let names = [Name::Dns("localhost".into())];
        let made = self_signed(&names).expect("a certificate");
        let chain = certificates::from_bytes(made.chain_pem.as_bytes()).expect("PEM");
        let key = PrivateKey::parse(made.key_pem.as_bytes(), None).expect("a key");
        let mut der = write(&key, &chain, "x", b"secret", true).expect("a file");
        assert!(is_p12(&der));
        let (same, certificates) = read(&der, b"secret").expect("a key");
        assert_eq!((same.pkcs8_der(), certificates), (key.pkcs8_der(), chain));
        assert!(read(&der, b"Secret").is_err());
        for length in (0..der.len()).step_by(7) {
            assert!(read(&der[..length], b"secret").is_err(), "{length}");
        }
        for i in (0..der.len()).step_by(3) {
            for bit in [0, 7] {
                der[i] ^= 1 << bit;
                // The names of the algorithms and the MAC's parameters are not covered by the MAC.
                let _ = read(&der, b"secret");
                let _ = is_p12(&der);
                der[i] ^= 1 << bit;
            }
        }
        assert!(read(&der, b"secret").is_ok());
    }

    #[test]
    fn other_formats_are_told_apart() {
        let key = generate(KeyAlgorithm::P256).expect("a key");
        for bytes in [key.pkcs8_der(), b"", b"0", &[0x30, 3, 2, 1, 1], &[0x30; 1 << 16]] {
            assert!(!is_p12(bytes));
        }
    }
}
